"""A review reads verdicts and changes none: on every way to solve an exercise, right or wrong."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from review.addressing_submissions import ADDRESSING
from review.conftest import Grade, Graded, Review
from review.stand_in import StandIn, Trouble, gullible
from spotlight.course.lesson import Lesson
from spotlight.grading.report import LessonReport

STEP = 9  # the fast tier tries every ninth way
TROUBLES: tuple[Trouble, ...] = ("", "slow", "error mid-stream", "never ends", "a web page")


def ways_to_solve(lesson: Lesson) -> list[dict[str, str]]:
    """Every alternative and every mistake of a lesson, one at a time."""
    return [
        {exercise.id: exercise.variant_source(variant)}
        for exercise in lesson.exercises
        for variant in (*exercise.alternatives, *exercise.mistakes)
    ]


def marks(report: LessonReport) -> str:
    return report.model_dump_json(exclude={"review"})


def test_every_mark_is_the_same_with_and_without_a_review(
    lesson: Lesson, grade: Grade, review: Review, stand_in: StandIn, deep: bool
) -> None:
    stand_in.says = gullible
    ways = [*ways_to_solve(lesson), *({"shifted": code} for code in ADDRESSING.values())]
    tried = [{}, *(ways if deep else ways[::STEP])]
    assert len(ways) > 70
    reviewed = 0
    for answers in tried:
        graded = grade(**answers)
        before = marks(graded.report)
        (name,) = answers or ["shifted"]
        report = graded.report.with_review(review(graded.alone(name)))
        reviewed += report.review is not None
        assert marks(report) == marks(graded.report) == before
        assert (report.points, report.complete) == (graded.report.points, graded.report.complete)
    assert reviewed == len(tried)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_the_server_does(
    trouble: Trouble, partly_wrong: Graded, review: Review, stand_in: StandIn
) -> None:
    stand_in.trouble = trouble
    report = partly_wrong.report.with_review(review(partly_wrong, timeout=0.3))
    assert report.review is not None
    assert marks(report) == marks(partly_wrong.report)


def test_a_reviewer_is_handed_what_it_cannot_write_to(partly_wrong: Graded) -> None:
    with pytest.raises(ValidationError):
        partly_wrong.report.points = 8  # type: ignore[misc]
    with pytest.raises(ValidationError):
        partly_wrong.report.exercises[1].points = 2  # type: ignore[misc]

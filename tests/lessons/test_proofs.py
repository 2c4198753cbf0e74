"""Every exercise of the course is proved: whole where it is not on record, else by five seeds.

So the fast tier finds what the last change has broken, be it in a master or in the grader, and what
has not changed costs little. The deep tier proves all of it, whatever the record says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from small_course import solution_of
from spotlight.authoring.proof_keys import proof_key
from spotlight.authoring.proof_record import ProofRecord
from spotlight.authoring.proving import SEEDS, prove
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import load_course
from spotlight.sandbox.worker import Worker

COURSE = load_course(Path(__file__).parents[2])
RECORD = ProofRecord(COURSE)
FEW = 5


def exercises() -> Iterator[object]:
    for entry in COURSE.lessons:
        lesson = solution_of(COURSE, entry.id)
        for exercise in lesson.exercises:
            yield pytest.param(lesson, exercise, id=f"{entry.file}-{exercise.id}")


def seeds_for(lesson: Lesson, exercise: Exercise, deep: bool) -> range:
    """The build's own seeds; a few others where these are on record, which change with the key."""
    if deep or not RECORD.holds(lesson, exercise):
        return SEEDS
    start = len(SEEDS) + int(proof_key(lesson, exercise), 16) % 10**6
    return range(start, start + FEW)


@pytest.mark.parametrize(("lesson", "exercise"), list(exercises()))
def test_right_answers_pass_and_mistakes_are_told_by_their_names(
    lesson: Lesson, exercise: Exercise, worker: Worker, deep: bool
) -> None:
    assert prove(lesson, exercise, worker.observe, seeds_for(lesson, exercise, deep)) == []


@pytest.mark.deep
@pytest.mark.parametrize(("lesson", "exercise"), list(exercises()))
def test_the_record_is_of_the_exercise_as_it_is(lesson: Lesson, exercise: Exercise) -> None:
    assert RECORD.holds(lesson, exercise)

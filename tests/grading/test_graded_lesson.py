"""What grading gives, as a value."""

from __future__ import annotations

from spotlight.grading.graded_lesson import GradedLesson
from spotlight.grading.locate import Located
from spotlight.grading.notes import Note
from spotlight.grading.report import ExerciseReport, PredictionReport
from spotlight.grading.verdict import Verdict


def verdict(name: str, points: float) -> Verdict:
    status = "passed" if points else "failed"
    return Verdict(
        ExerciseReport(exercise=name, title=name, points=points, possible=2, status=status)
    )


GRADED = GradedLesson(
    lesson="small_steps",
    title="Small steps",
    path="lessons/01_small_steps.ipynb",
    possible=5,
    scope="lesson",
    located=Located({}, {}, ()),
    verdicts=(verdict("doubled", 2), verdict("shifted", 0)),
    predictions=(PredictionReport(prediction="order", answered=True, points=1, possible=1),),
    notes=(Note("given-changed", "You changed it."), Note("order", "They stand otherwise.")),
)


def test_its_report_adds_up_what_was_earned() -> None:
    report = GRADED.report
    assert (report.points, report.possible, report.complete) == (3, 5, False)
    assert [e.exercise for e in report.exercises] == ["doubled", "shifted"]
    assert report.notes == ("You changed it.", "They stand otherwise.")


def test_some_of_its_exercises_are_no_longer_the_lesson() -> None:
    assert GRADED.only(["shifted", "doubled"]) == GRADED
    some = GRADED.only(["shifted"])
    assert (some.scope, some.predictions) == ("exercises", GRADED.predictions)
    assert (some.report.points, some.report.possible) == (1, 5)


def test_a_note_goes_before_the_others_and_in_the_place_of_a_kind() -> None:
    older = Note("older-version", "It was begun on another version.")
    assert GRADED.with_note(older, in_place_of="given-changed").notes == (older, GRADED.notes[1])

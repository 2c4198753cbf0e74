"""A verdict: what is said of one exercise, as plain, immutable data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from spotlight.course.lesson import Exercise
from spotlight.diagnosis.finding import Ground
from spotlight.grading.report import Evidence, ExerciseReport, PassedCode, Status
from spotlight.printable_text import printable
from spotlight.sandbox.job import Trouble


@dataclass(frozen=True, eq=False)
class Comparison:
    """The matrices behind a verdict, for cards; from the run's own seed.

    `index` is where the first value differs, where it is values that do; `entry` says how that
    value should come about. `inputs` are what the exercise's function was called with, by name.
    """

    probe: str
    description: str
    expected: np.ndarray | None
    observed: np.ndarray | None
    index: tuple[int, ...] = ()
    inputs: tuple[tuple[str, np.ndarray], ...] = ()
    entry: str = ""


@dataclass(frozen=True)
class Verdict:
    """What is said of one exercise: the report, and what a card may draw beside it."""

    report: ExerciseReport
    comparison: Comparison | None = field(default=None, compare=False)
    trouble: Trouble | None = None
    ground: Ground = "status"

    def with_remarks(self, *more: str) -> Verdict:
        """The same verdict with remarks added."""
        report = self.report.model_copy(update={"remarks": (*self.report.remarks, *more)})
        return replace(self, report=report)

    def with_code(self, code: PassedCode | None) -> Verdict:
        """The same verdict with the code that passed."""
        return replace(self, report=self.report.model_copy(update={"code": code}))


def verdict(
    exercise: Exercise,
    status: Status,
    message: str = "",
    *,
    ground: Ground = "status",
    diagnosis: str | None = None,
    evidence: Evidence | None = None,
    comparison: Comparison | None = None,
    trouble: Trouble | None = None,
    explanation: str = "",
    share: float = 0.0,
    cpu_seconds: float = 0.0,
    notes: Sequence[str] = (),
) -> Verdict:
    """A verdict on `exercise`, with its points by its status.

    `share` is the part of the points that an exercise which did not pass earns all the same.
    What a student's code wrote into `message` and `trouble` is cleared of what no page or terminal
    should be handed: control characters and broken Unicode.
    """
    report = ExerciseReport(
        exercise=exercise.id,
        title=exercise.title,
        points=exercise.points if status == "passed" else round(share * exercise.points, 2),
        possible=exercise.points,
        status=status,
        diagnosis=diagnosis,
        message=printable(message),
        explanation=printable(explanation),
        remarks=tuple(notes),
        evidence=evidence,
        cpu_seconds=round(cpu_seconds, 4),
    )
    return Verdict(report, comparison, _printable_trouble(trouble), ground)


def _printable_trouble(trouble: Trouble | None) -> Trouble | None:
    if trouble is None:
        return None
    frames = tuple(replace(frame, text=printable(frame.text)) for frame in trouble.frames)
    return Trouble(printable(trouble.type), printable(trouble.message), frames)

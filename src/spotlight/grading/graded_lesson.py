"""What grading gives: one plain value, of which a report is the written form."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from spotlight.grading.locate import Located
from spotlight.grading.notes import Note, NoteKind
from spotlight.grading.report import LessonReport, PredictionReport
from spotlight.grading.verdict import Verdict

Scope = Literal["lesson", "exercises"]
"""Whether the lesson was graded, or only some exercises of it."""


@dataclass(frozen=True)
class GradedLesson:
    """What was graded of one lesson of one notebook.

    `possible` is the whole lesson's, whatever the scope; `verdicts` are in the lesson's order;
    `located` are the cells that were graded.
    """

    lesson: str
    title: str
    path: str
    possible: float
    scope: Scope
    located: Located
    verdicts: tuple[Verdict, ...]
    predictions: tuple[PredictionReport, ...] = ()
    notes: tuple[Note, ...] = ()

    @cached_property
    def report(self) -> LessonReport:
        """The same as it is written out."""
        exercises = tuple(verdict.report for verdict in self.verdicts)
        return LessonReport(
            lesson=self.lesson,
            title=self.title,
            path=self.path,
            points=sum(e.points for e in exercises) + sum(p.points for p in self.predictions),
            possible=self.possible,
            notes=tuple(note.text for note in self.notes),
            predictions=self.predictions,
            exercises=exercises,
        )

    def only(self, exercises: Collection[str]) -> GradedLesson:
        """The same with the verdicts on these exercises (by their ids) alone."""
        verdicts = tuple(v for v in self.verdicts if v.report.exercise in exercises)
        scope: Scope = self.scope if len(verdicts) == len(self.verdicts) else "exercises"
        return replace(self, scope=scope, verdicts=verdicts)

    def with_note(self, note: Note, *, in_place_of: NoteKind) -> GradedLesson:
        """The same with one more note, before all others, and without those of a kind."""
        kept = (other for other in self.notes if other.kind != in_place_of)
        return replace(self, notes=(note, *kept))

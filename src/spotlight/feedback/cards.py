"""Cards, as data: what is said of an exercise, a lesson, or anything else, before it is shown.

A notebook shows a card as HTML where there is a browser, and its words as plain text elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from spotlight.course.lesson import Exercise, without_docstrings
from spotlight.feedback.card_html import card_html
from spotlight.feedback.heat_tables import HeatTable, comparison_tables, input_tables
from spotlight.feedback.words import SAID, TONE, points, sentence
from spotlight.grading.report import LessonReport, Status
from spotlight.grading.verdict import Comparison, Verdict

_MAX_LINES = 4


class Card:
    """What `display` shows."""

    template: ClassVar[str]

    @property
    def html(self) -> str:
        """The card for a browser."""
        return card_html(self)

    @property
    def text(self) -> str:
        """The card for a terminal."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


@dataclass(frozen=True)
class ExerciseCard(Card):
    """The verdict on one exercise, and what is offered to the student next.

    Beside its sentence: the student's own lines of an error and what it means; the smallest failing
    case with what went in, target, yours and difference; how its first wrong entry comes about.
    """

    template: ClassVar = "exercise.html.j2"

    status: Status
    diagnosis: str | None
    title: str
    points: float
    possible: float
    message: str = ""
    error_lines: tuple[str, ...] = ()
    explanation: str = ""
    case: str = ""
    inputs: tuple[HeatTable, ...] = ()
    tables: tuple[HeatTable, ...] = ()
    by_hand: str = ""
    offer: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def status_words(self) -> str:
        """The status as it is said."""
        return SAID[self.status]

    @property
    def tone(self) -> str:
        """How the card is coloured."""
        return TONE[self.status]

    @property
    def head(self) -> str:
        """Title, status and points in one line."""
        return f"{self.title}: {self.status_words} ({self.points:g} of {self.possible:g})"

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """What is said below the head, less the tables and what announces them."""
        lines = "\n".join(self.error_lines)
        parts = (self.message, lines, self.explanation, self.by_hand, self.offer, *self.remarks)
        return tuple(filter(None, parts))

    @property
    def text(self) -> str:
        """The card for a terminal."""
        return "\n".join([self.head, *self.paragraphs])


def exercise_card(verdict: Verdict, remarks: Sequence[str] = (), offer: str = "") -> ExerciseCard:
    """The card of a verdict, with some more remarks and what is offered to the student next."""
    report = verdict.report
    shown = verdict.comparison
    return ExerciseCard(
        status=report.status,
        diagnosis=report.diagnosis,
        title=report.title,
        points=report.points,
        possible=report.possible,
        message=sentence(report),
        error_lines=_error_lines(verdict) if report.status in ("error", "failed") else (),
        explanation=report.explanation,
        case=shown.description if shown else "",
        inputs=input_tables(shown) if shown else (),
        tables=comparison_tables(shown) if shown else (),
        by_hand=entry_sentence(shown) if shown else "",
        offer=offer,
        remarks=(*report.remarks, *remarks),
    )


def entry_sentence(comparison: Comparison) -> str:
    """How the first wrong entry comes about, where that is known."""
    if not comparison.entry:
        return ""
    place = f" at {list(comparison.index)}" if comparison.index else ""
    return f"By hand, the number{place}: {comparison.entry}"


@dataclass(frozen=True)
class SolutionCard(Card):
    """The course's solution beside the student's own, and why it is written as it is."""

    template: ClassVar = "solution.html.j2"

    title: str
    yours: str
    reference: str
    why: str

    @property
    def text(self) -> str:
        """The card for a terminal."""
        columns = ["Yours:", self.yours, "The course's:", self.reference, self.why]
        return "\n\n".join([f"Solution  {self.title}", *columns])


def solution_card(exercise: Exercise, yours: str) -> SolutionCard:
    """The card of an exercise's solution."""
    return SolutionCard(exercise.title, without_docstrings(yours), exercise.reference, exercise.why)


@dataclass(frozen=True)
class LessonRow:
    """An exercise or a prediction in one line."""

    tone: str
    status: str
    title: str
    message: str
    points: str


@dataclass(frozen=True)
class LessonCard(Card):
    """A whole lesson: a bar, one row per exercise and prediction."""

    template: ClassVar = "lesson.html.j2"

    title: str
    points: float
    possible: float
    is_complete: bool
    rows: tuple[LessonRow, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def percent(self) -> int:
        """How much of the bar is filled."""
        return round(100 * self.points / self.possible) if self.possible else 0

    @property
    def text(self) -> str:
        """The card for a terminal."""
        head = f"{self.title}: {self.points:g} of {points(self.possible)}"
        body = [f"  {row.status:<16} {row.title}  {row.message}".rstrip() for row in self.rows]
        return "\n".join([head, *body, *self.remarks])


def lesson_card(report: LessonReport, remarks: Sequence[str] = ()) -> LessonCard:
    """The card of a lesson, with some more remarks."""
    exercises = (
        LessonRow(
            tone=TONE[e.status],
            status=SAID[e.status],
            title=e.title,
            message="" if e.status in ("passed", "blank") else sentence(e),
            points=f"{e.points:g} of {e.possible:g}",
        )
        for e in report.exercises
    )
    predictions = (
        LessonRow(
            tone="good" if p.answered else "calm",
            status="committed" if p.answered else "not done yet",
            title=f"Prediction {p.prediction}",
            message="",
            points=f"{p.points:g} of {p.possible:g}",
        )
        for p in report.predictions
    )
    of_exercises = (f"{e.title}: {remark}" for e in report.exercises for remark in e.remarks)
    return LessonCard(
        title=report.title,
        points=report.points,
        possible=report.possible,
        is_complete=report.complete,
        rows=(*exercises, *predictions),
        remarks=(*report.notes, *of_exercises, *remarks),
    )


@dataclass(frozen=True)
class NoteCard(Card):
    """A card that says something other than a verdict; `kind` names it for tests and styles."""

    template: ClassVar = "note.html.j2"

    kind: str
    head: str
    paragraphs: tuple[str, ...] = ()
    title: str = ""
    code: str = ""
    tone: str = "calm"

    @property
    def text(self) -> str:
        """The card for a terminal."""
        head = f"{self.head}  {self.title}".rstrip()
        return "\n".join(filter(None, [head, *self.paragraphs, self.code]))


def note_card(
    kind: str,
    head: str,
    *paragraphs: str,
    title: str = "",
    code: str = "",
    tone: str = "calm",
) -> NoteCard:
    """A card of some paragraphs, and perhaps some code below them."""
    return NoteCard(kind, head, paragraphs, title, code, tone)


def _error_lines(verdict: Verdict) -> tuple[str, ...]:
    """The student's own lines of a traceback, the last one being where it was raised."""
    trouble = verdict.trouble
    if trouble is None:
        return ()
    frames = [frame for frame in trouble.frames if frame.text][-_MAX_LINES:]
    if not frames:
        return ()
    if len(frames) == 1 and f"`{frames[0].text}`" in verdict.report.message:
        return ()  # the sentence above has it all
    shown = (f"line {frame.line}:  {frame.text}" for frame in frames)
    message = trouble.message.splitlines()[0] if trouble.message else ""
    return (*shown, f"{trouble.type}: {message}")

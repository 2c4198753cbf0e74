"""A model's opinion as people read it: set apart from verdicts, and never to be taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from spotlight.feedback.cards import Card
from spotlight.grading.report import AddressedLine, ExerciseReview, LessonReview

HEAD = "A model's opinion"
CAUTION = "It may be wrong, and changes no points."
_PARTS = (
    ("What it does", "summary"),
    ("What is right", "right"),
    ("To improve", "improvement"),
    ("To think about", "question"),
)


def parts(review: ExerciseReview) -> Iterator[tuple[str, str]]:
    """What a model says of one exercise, each part behind its heading."""
    for heading, name in _PARTS:
        yield heading, getattr(review, name)


def review_notes(review: LessonReview) -> tuple[str, ...]:
    """What there is to say about a review: what was not reviewed, what addressed the reviewer, and
    where the code went."""
    sent = f"The code was sent to {review.server}, which is not this machine."
    addressed = map(_addressed, review.addressed)
    return (*review.notes, *addressed, *([sent] if review.remote else []))


@dataclass(frozen=True)
class ReviewCard(Card):
    """A lesson's or an exercise's review; `sections` are exercises' titles, and what each has
    behind which heading."""

    template: ClassVar = "review.html.j2"
    head: ClassVar = HEAD
    caution: ClassVar = CAUTION

    title: str
    model: str
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The card for a terminal."""
        lines = [f"{HEAD}  {self.title}", *([_byline(self.model)] if self.sections else [])]
        for title, under in self.sections:
            lines += [title, *(f"  {heading}: {part}" for heading, part in under)]
        return "\n".join([*lines, *self.notes])


def review_card(review: LessonReview, title: str) -> ReviewCard:
    """The card of a review, for a notebook or a page."""
    sections = tuple((e.title, tuple(parts(e))) for e in review.exercises)
    return ReviewCard(title, review.model, sections, review_notes(review))


def print_review(console: Console, review: LessonReview, title: str) -> None:
    """Print a lesson's review in a frame of its own; where there is none, why not."""
    notes = review_notes(review)
    if not review.exercises:
        for note in notes:
            console.print(note, style="yellow", markup=False, soft_wrap=True)
        return
    rows: list[RenderableType] = []
    for exercise in review.exercises:
        rows += [Text(exercise.title, style="bold"), Padding(_grid(exercise), (0, 0, 1, 2))]
    rows += [Text(note, style="yellow") for note in notes]
    rows.append(Text(_byline(review.model), style="dim"))
    console.print(Panel(Group(*rows), title=Text(f"{HEAD} · {title}"), title_align="left"))


def asking(title: str, model: str, characters: int) -> str:
    """What is said while a model answers."""
    come = f", {characters} characters so far" if characters else ""
    return f"{model} reads {title}{come}"


def _byline(model: str) -> str:
    return f"By {model}. {CAUTION}"


def _addressed(line: AddressedLine) -> str:
    return f"Cell {line.cell}, line {line.line} tells a reviewer what to say: {line.text}"


def _grid(exercise: ExerciseReview) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column()
    for heading, part in parts(exercise):
        grid.add_row(heading, Text(part))
    return grid

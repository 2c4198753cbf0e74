"""A model's opinion as people read it: set apart from verdicts, and never to be taken for one."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from spotlight.feedback.cards import Card, render_card
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


def review_card(review: LessonReview, title: str) -> Card:
    """A lesson's or an exercise's review, for a notebook or a page."""
    notes = review_notes(review)
    html = render_card(
        "review.html.j2",
        head=HEAD,
        caution=CAUTION,
        title=title,
        review=review,
        exercises=[(e.title, list(parts(e))) for e in review.exercises],
        notes=notes,
    )
    text = [f"{HEAD}  {title}", *([_byline(review)] if review.exercises else [])]
    for exercise in review.exercises:
        said = [f"  {heading}: {part}" for heading, part in parts(exercise)]
        text += [exercise.title, *said]
    return Card(html, "\n".join([*text, *notes]))


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
    rows.append(Text(_byline(review), style="dim"))
    console.print(Panel(Group(*rows), title=Text(f"{HEAD} · {title}"), title_align="left"))


def asking(title: str, model: str, characters: int) -> str:
    """What is said while a model answers."""
    come = f", {characters} characters so far" if characters else ""
    return f"{model} reads {title}{come}"


def _byline(review: LessonReview) -> str:
    return f"By {review.model}. {CAUTION}"


def _addressed(line: AddressedLine) -> str:
    return f"Cell {line.cell}, line {line.line} tells a reviewer what to say: {line.text}"


def _grid(exercise: ExerciseReview) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column()
    for heading, part in parts(exercise):
        grid.add_row(heading, Text(part))
    return grid

"""Verdicts in a terminal: a bar per lesson, a line per exercise that is not right yet."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from spotlight.feedback.words import SAID, TONE, sentence
from spotlight.grading.report import ExerciseReport, LessonReport

_STYLE = {"good": "green", "bad": "red", "warn": "yellow", "calm": "dim"}


def print_lessons(console: Console, lessons: Iterable[LessonReport]) -> None:
    """Print every lesson's bar, and below it what is not right yet."""
    for lesson in lessons:
        console.print(_bar(lesson))
        for line in _lines(lesson):
            console.print(line)
        for note in lesson.notes:
            console.print(Padding(Text(note, style="dim"), (0, 0, 0, 2)))


def _bar(lesson: LessonReport) -> RenderableType:
    row = Table.grid(padding=(0, 2), expand=False)
    row.add_column(width=34, no_wrap=True)
    row.add_column(width=24)
    row.add_column(justify="right")
    complete = "green" if lesson.complete else "cyan"
    row.add_row(
        Text(lesson.title, style="bold"),
        ProgressBar(
            total=lesson.possible or 1, completed=lesson.points, width=24, complete_style=complete
        ),
        Text(f"{lesson.points:g} of {lesson.possible:g}", style=complete),
    )
    return row


def _lines(lesson: LessonReport) -> Iterable[RenderableType]:
    blank = [e for e in lesson.exercises if e.status == "blank"]
    for exercise in lesson.exercises:
        if exercise.status not in ("passed", "blank"):
            yield _line(exercise)
        for remark in exercise.remarks:
            yield Padding(Text(f"{exercise.exercise}: {remark}", style="dim"), (0, 0, 0, 4))
    todo = [e.exercise for e in blank] + [
        f"prediction {p.prediction}" for p in lesson.predictions if not p.answered
    ]
    if todo:
        names = ", ".join(todo[:4]) + (f" and {len(todo) - 4} more" if len(todo) > 4 else "")
        yield Padding(Text(f"not done yet: {names}", style="dim"), (0, 0, 0, 2))


def _line(exercise: ExerciseReport) -> RenderableType:
    row = Table.grid(padding=(0, 2))
    row.add_column(width=20, no_wrap=True)
    row.add_column(width=16, no_wrap=True)
    row.add_column()
    style = _STYLE[TONE[exercise.status]]
    row.add_row(
        Text(exercise.exercise, style="bold"),
        Text(SAID[exercise.status], style=style),
        Group(Text(sentence(exercise))),
    )
    return Padding(row, (0, 0, 0, 2))

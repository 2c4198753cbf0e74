"""Verdicts in a terminal: a bar per lesson, a line per exercise that is not right yet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from spotlight.course.manifest import LessonEntry
from spotlight.feedback.words import TONE, duration, points, sentence, short_name
from spotlight.grading.report import ExerciseReport, LessonReport

_STYLE = {"good": "green", "bad": "red", "warn": "yellow", "calm": "dim"}
_MAX_TODO = 4
_LAB = "py setup_venv.py lab" if os.name == "nt" else "./setup_venv.sh lab"


def print_lessons(console: Console, lessons: Iterable[LessonReport]) -> None:
    """Print every lesson's bar, and below it what is not right yet."""
    for lesson in lessons:
        console.print(_bar(lesson))
        for line in _lines(lesson):
            console.print(line)
        for note in lesson.notes:
            console.print(_indented(Text(note, style="dim")))


def print_next(
    console: Console,
    lessons: Sequence[LessonReport],
    unfinished: LessonReport | None,
    entry: LessonEntry | None,
) -> None:
    """Print the sum of all points and what to do next, in the lesson that is `unfinished`."""
    earned, possible = sum(r.points for r in lessons), sum(r.possible for r in lessons)
    console.print()
    console.print(f"{earned:g} of {points(possible)}.", markup=False)
    if unfinished is None or entry is None:
        console.print("All of it is done.")
        return
    todo = next((e for e in unfinished.exercises if e.status != "passed"), None)
    if todo is None:
        open_ones = [p.prediction for p in unfinished.predictions if not p.answered]
        said = f"Next: commit to {_some(open_ones)} in {unfinished.path}."
    else:
        said = (
            f"Next: {todo.exercise} in {unfinished.path}\n"
            f"A hint: verify.py hint {short_name(entry)} {todo.exercise}"
        )
    console.print(said, markup=False, soft_wrap=True)


def print_invitation(
    console: Console, title: str, entries: Sequence[LessonEntry], lessons: Sequence[LessonReport]
) -> None:
    """Print what there is to learn, where nothing has been filled in yet."""
    minutes = sum(entry.minutes for entry in entries)
    possible = sum(lesson.possible for lesson in lessons)
    count = "1 lesson" if len(entries) == 1 else f"{len(entries)} lessons"
    about = f": {count}, {points(possible)}, about {duration(minutes)}."
    console.print(Text.assemble((title, "bold"), about, "\nNothing is filled in yet.\n"))
    rows = Table.grid(padding=(0, 2))
    for entry, lesson in zip(entries, lessons, strict=True):
        rows.add_row(
            Text(short_name(entry), style="cyan"),
            Text(entry.title, style="bold"),
            Text(duration(entry.minutes), justify="right"),
            Text(points(lesson.possible), justify="right"),
        )
    console.print(_indented(rows))
    console.print(
        f"\nStart with {entries[0].title}: {_LAB} opens JupyterLab on it.\n"
        "Then run this again. It grades what you have done and says what comes next.",
        markup=False,
        soft_wrap=True,
    )


def _bar(lesson: LessonReport) -> RenderableType:
    row = Table.grid(padding=(0, 2), expand=False)
    row.add_column(width=36, no_wrap=True)
    row.add_column(width=24)
    row.add_column()
    style = "green" if lesson.complete else "cyan"
    row.add_row(
        Text(lesson.title, style="bold", overflow="ellipsis"),
        ProgressBar(
            total=lesson.possible or 1, completed=lesson.points, width=24, complete_style=style
        ),
        Text(f"{lesson.points:g} of {lesson.possible:g}", style=style),
    )
    return row


def _lines(lesson: LessonReport) -> Iterator[RenderableType]:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column()
    for exercise in lesson.exercises:
        for name, said in _said(exercise):
            rows.add_row(name, said)
    if rows.row_count:
        yield _indented(rows)
    todo = [e.exercise for e in lesson.exercises if e.status == "blank"]
    todo += [f"prediction {p.prediction}" for p in lesson.predictions if not p.answered]
    if todo:
        yield _indented(Text(f"not done yet: {_some(todo)}", style="dim"))


def _said(exercise: ExerciseReport) -> Iterator[tuple[Text, Text]]:
    """The exercise's name beside its diagnosis, then beside what it means and is remarked."""
    style = _STYLE[TONE[exercise.status]]
    name = Text(exercise.exercise, style=style)
    if exercise.status not in ("passed", "blank"):
        yield name, Text(sentence(exercise))
        name = Text()
        if exercise.explanation:
            yield name, Text(exercise.explanation)
    for remark in exercise.remarks:
        yield name, Text(remark, style="dim")
        name = Text()


def _some(names: Sequence[str]) -> str:
    """The first few of `names`, and how many more there are."""
    if len(names) > _MAX_TODO + 1:
        return f"{', '.join(names[:_MAX_TODO])} and {len(names) - _MAX_TODO} more"
    return ", ".join(names)


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, 2), expand=False)

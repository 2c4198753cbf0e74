"""What every command shares: the consoles, the course, and how failures are said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, ProgressColumn

import spotlight
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import Course, LessonEntry, find_course_root, load_course
from spotlight.sandbox.worker import Worker

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)

JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Write the report there too; - is standard output."
    ),
]
Review = Annotated[
    bool, typer.Option("--review", help="Add a local model's opinion on the code (Ollama).")
]
LessonNames = Annotated[list[str] | None, typer.Argument(metavar="LESSON ...", show_default=False)]


class Status(IntEnum):
    """Exit statuses."""

    PASSED = 0
    NOT_PASSED = 1
    UNUSABLE = 2
    GRADER_FAILED = 3


class UsageError(Exception):
    """The request cannot be carried out as it was made; the message says why."""


def the_course() -> Course:
    """The course around the working folder, else the one that the package was installed from.

    Raises:
        UsageError: there is none.
    """
    for start in (Path.cwd(), Path(spotlight.__file__).parent):
        root = find_course_root(start)
        if root is not None:
            return load_course(root)
    raise UsageError("No course was found here. Run the command in the project's folder.")


def the_masters(course: Course, command: str) -> None:
    """Make sure that `command` has the masters and solutions that it works on.

    Raises:
        UsageError: this is a released copy of the course.
    """
    if course.is_released:
        raise UsageError(
            f"This copy of the course has no masters and no solutions, so there is nothing to "
            f"{command}: the instructor keeps them."
        )


def the_exercise(lesson: Lesson, entry: LessonEntry, name: str) -> Exercise:
    """The exercise called `name`, by its id or one of its targets.

    Raises:
        UsageError: the lesson has none of that name.
    """
    exercise = lesson.exercise(name)
    if exercise is None:
        known = ", ".join(e.id for e in lesson.exercises)
        raise UsageError(f"{entry.file} has no exercise called {name!r}. It has: {known}.")
    return exercise


def the_entry(course: Course, name: str) -> LessonEntry:
    """The lesson called `name` (its number, id or file name).

    Raises:
        UsageError: there is no such lesson.
    """
    entry = course.find(name)
    if entry is None:
        known = ", ".join(e.file for e in course.lessons)
        raise UsageError(f"There is no lesson called {name!r}. The lessons are: {known}.")
    return entry


def progress_bar(*columns: ProgressColumn) -> Progress:
    """A bar on standard error that leaves nothing behind; none at all in a pipe."""
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


@contextmanager
def a_worker() -> Iterator[Worker]:
    """A worker that ends with the block."""
    with Worker() as worker:
        yield worker

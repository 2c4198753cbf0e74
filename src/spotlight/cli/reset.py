"""`reset`: a lesson, or one exercise, back to the blank."""

from __future__ import annotations

from typing import Annotated

import typer

from spotlight.cli.context import (
    Status,
    UsageError,
    err,
    out,
    the_course,
    the_entry,
    the_exercise,
)
from spotlight.course.reading import read_lesson
from spotlight.student_notebooks.resetting import ResetError, bring_back, what_is_reset


def reset(
    lesson: str,
    exercise: Annotated[str | None, typer.Argument(show_default=False)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> Status:
    """Bring a lesson, or one exercise, back to the blank; a backup is kept."""
    course = the_course()
    entry = the_entry(course, lesson)
    source = read_lesson(course, entry)
    found = the_exercise(source, entry, exercise) if exercise is not None else None
    question = f"Bring {what_is_reset(found)} of {entry.file}.ipynb back to the blank?"
    if not yes and not _confirmed(question):
        err.print("Nothing was changed.")
        return Status.PASSED
    try:
        sentences = bring_back(course, entry, source, found)
    except ResetError as error:
        raise UsageError(str(error)) from error
    for sentence in sentences:
        out.print(sentence, markup=False, soft_wrap=True)
    return Status.PASSED


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        err.print()
        raise UsageError("Nothing was changed. Without a question: add --yes.") from None

"""`new`: a lesson to begin with."""

from __future__ import annotations

from typing import Annotated

import typer

from spotlight.authoring.new_lesson import add_lesson
from spotlight.cli.context import Status, UsageError, out, the_course, the_masters
from spotlight.course.manifest import MANIFEST
from spotlight.feedback.words import shown


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as 18_my_lesson.")],
) -> Status:
    """Write the master of a new lesson, which builds at once, and list it last in the course."""
    course = the_course()
    the_masters(course, "add to")
    try:
        entry = add_lesson(course, name)
    except OSError as error:
        raise UsageError(f"{name} was not written ({error.strerror}).") from error
    for sentence in (
        f"{shown(course.master(entry))} is the new lesson; edit it, and its line at the end of "
        f"{shown(course.root / MANIFEST)}.",
        f"Then: verify.py build {entry.file}. What a master may say: docs/writing-lessons.md.",
    ):
        out.print(sentence, markup=False, soft_wrap=True)
    return Status.PASSED

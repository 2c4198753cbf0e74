"""`watch`: a verdict after every save, the current exercise on the screen, keys for the rest."""

from __future__ import annotations

from typing import Annotated

import typer

from spotlight.cli.context import Status, out, the_course, the_entry
from spotlight.course.manifest import Course, LessonEntry
from spotlight.course.reading import read_lesson
from spotlight.feedback.words import short_name, shown
from spotlight.grading.submission import read_submission
from spotlight.progress import ProgressStore
from spotlight.watch.following import follow


def watch(lesson: Annotated[str | None, typer.Argument(show_default=False)] = None) -> Status:
    """Watch a lesson: a verdict after every save, keys for hint, next exercise, reset, quit."""
    course = the_course()
    entry = the_entry(course, lesson) if lesson is not None else _first_incomplete(course)
    if entry is None:
        last = short_name(course.lessons[-1])
        out.print(f"Every lesson is complete. To watch one, name it: verify.py watch {last}")
        return Status.PASSED
    submission = read_submission(shown(course.notebook(entry)))
    watched = follow(course, entry, read_lesson(course, entry), submission, out)
    return Status.PASSED if watched.is_complete else Status.NOT_PASSED


def _first_incomplete(course: Course) -> LessonEntry | None:
    known = ProgressStore(course.root / "progress").read().lessons
    for entry in course.lessons:
        lesson = known.get(entry.id)
        if lesson is None or lesson.points < lesson.possible:
            return entry
    return None

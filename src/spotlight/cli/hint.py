"""`hint`: the next hint of an exercise."""

from __future__ import annotations

from rich.markdown import Markdown

from spotlight.cli.context import Status, out, the_course, the_entry, the_exercise
from spotlight.course.reading import read_lesson
from spotlight.progress.hints import next_hint


def hint(lesson: str, exercise: str) -> Status:
    """Show the next hint of an exercise."""
    course = the_course()
    entry = the_entry(course, lesson)
    found = the_exercise(read_lesson(course, entry), entry, exercise)
    head, text = next_hint(course, entry, found)
    out.print(head, style="bold")
    out.print(Markdown(text))
    return Status.PASSED

"""A new lesson: a master that builds at once, and its place in the manifest."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from spotlight.atomic_files import write_atomically
from spotlight.course.lesson import AuthoringError
from spotlight.course.manifest import MANIFEST, Course, LessonEntry, lesson_text

_FILE = re.compile(r"(?P<number>\d+_)?(?P<id>[a-z][a-z0-9_]*)")
_TEMPLATE = Path(__file__).parent / "templates" / "lesson.py.txt"
_MINUTES = 10


def add_lesson(course: Course, name: str) -> LessonEntry:
    """Write the master of a lesson called `name`, such as 18_my_lesson; it comes last in order.

    Raises:
        AuthoringError: the name cannot be used, or is taken; nothing was written.
        OSError: a file cannot be written.
    """
    parts = _FILE.fullmatch(name)
    if parts is None:
        raise AuthoringError(
            f"{name!r} cannot be a lesson's name: take small letters, digits and underscores, such "
            "as 18_my_lesson. The number stands in front of the file's name alone."
        )
    title = parts["id"].replace("_", " ").capitalize()
    entry = LessonEntry(parts["id"], name, title, _MINUTES, "What it is about, in a sentence.")
    for taken in course.lessons:
        if taken.id == entry.id or taken.file == entry.file:
            raise AuthoringError(f"There is a lesson of that name already: {taken.file}.")
    master, manifest = course.master(entry), course.root / MANIFEST
    if master.exists():
        raise AuthoringError(f"{master} is there already, and not in the manifest.")
    heading = f"{name.partition('_')[0]} · {title}" if parts["number"] else title
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(id=entry.id, title=heading)
    listed = manifest.read_text(encoding="utf-8").rstrip() + "\n\n" + lesson_text(entry)
    write_atomically({master: text.encode(), manifest: listed.encode()})
    return entry

"""How statuses, points, times and places are said, in one place for all that is shown."""

from __future__ import annotations

import os
import re
from pathlib import Path

from spotlight.course.manifest import LessonEntry
from spotlight.grading.report import ExerciseReport, Status

_CODE = re.compile(r"\w*[_.(\[=]\w")
"""A first word such as `len(k)`, `dim=1` or `masked_fill`, which is what it is in small letters."""

SAID: dict[Status, str] = {
    "passed": "passed",
    "failed": "not right yet",
    "error": "error",
    "blank": "not done yet",
    "missing": "missing",
    "forbidden": "not allowed here",
    "timeout": "stopped",
    "memory": "too much memory",
    "crashed": "crashed",
}

TONE: dict[Status, str] = {
    "passed": "good",
    "blank": "calm",
    "failed": "bad",
    "error": "bad",
    "missing": "warn",
    "forbidden": "warn",
    "timeout": "warn",
    "memory": "warn",
    "crashed": "warn",
}


def points(count: float) -> str:
    """A count of points in words."""
    return f"{count:g} point" + ("" if count == 1 else "s")


def duration(minutes: int) -> str:
    """A time in words, by the quarter of an hour above one hour."""
    if minutes < 60:
        return f"{minutes} min"
    hours = round(minutes / 15) / 4
    return f"{hours:g} hour" + ("" if hours == 1 else "s")


def short_name(lesson: LessonEntry) -> str:
    """What a lesson may be called in a command: its number, else its id."""
    number = lesson.file.partition("_")[0]
    return number if number.isdigit() else lesson.id


def sentence(report: ExerciseReport) -> str:
    """The verdict's message, from a capital letter (or code) to a stop."""
    text = report.message.strip() or ("Right." if report.status == "passed" else "")
    if not text:
        return ""
    start = text[0] if _CODE.match(text) else text[0].upper()
    return start + text[1:] + ("" if text[-1] in ".?:`" else ".")


def shown(path: Path) -> Path:
    """`path` as it is shown: from the working folder, where it is below or beside that."""
    try:
        near = os.path.relpath(path)
    except ValueError:  # another drive, on Windows
        return path
    return path if near.startswith(os.path.join(os.pardir, os.pardir)) else Path(near)

"""What a lesson promises: how long it takes, and that the lessons it refers to exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, LessonEntry

WORDS_A_MINUTE = 200
MINUTES_A_PREDICTION = 1
MINUTES_A_PICTURE = 0.5
_LESS, _MORE = 5, 15
"""By how much the manifest may say less, and more: minutes in which something runs are on top."""

_WORD = re.compile(r"\w[\w'’-]*")
_PICTURE = re.compile(r"\bshow_\w+\(")
_TIME = re.compile(r"\*\*Time:\*\* (\d+) minutes")
_REFERENCE = re.compile(r"(?i)\blessons? \d\d(?:(?:,| and| or| to|, and) \d\d)*\b")
_NUMBER = re.compile(r"\b\d\d\b")


def broken_promises(course: Course, entry: LessonEntry, lesson: Lesson) -> list[str]:
    """Every promise of `lesson` that does not hold, one sentence each."""
    return [*_minutes(entry, lesson), *_references(course, lesson)]


def reckoned_minutes(lesson: Lesson) -> int:
    """What a student needs for the exercises, the prose, the predictions and the pictures."""
    prose = [cell.source for cell in lesson.cells if cell.role == "markdown"]
    given = [cell.source for cell in lesson.cells if cell.role == "given"]
    return round(
        sum(exercise.minutes for exercise in lesson.exercises)
        + sum(len(_WORD.findall(text)) for text in prose) / WORDS_A_MINUTE
        + len(lesson.predictions) * MINUTES_A_PREDICTION
        + sum(len(_PICTURE.findall(source)) for source in given) * MINUTES_A_PICTURE
    )


def _minutes(entry: LessonEntry, lesson: Lesson) -> Iterator[str]:
    reckoned = reckoned_minutes(lesson)
    if not reckoned - _LESS <= entry.minutes <= reckoned + _MORE:
        yield (
            f"{entry.file}.py: course.toml says {entry.minutes} minutes; its exercises, words, "
            f"predictions and pictures make {reckoned}."
        )
    said = _TIME.search(lesson.cells[0].source) if lesson.cells else None
    if said is not None and int(said[1]) != entry.minutes:
        yield (
            f"{lesson.cells[0].place}: it says {said[1]} minutes, and course.toml {entry.minutes}."
        )


def _references(course: Course, lesson: Lesson) -> Iterator[str]:
    """A lesson that is not there, or not yet, can be no help."""
    there = {entry.file.partition("_")[0] for entry in course.lessons}
    for cell in lesson.cells:
        if cell.role not in ("markdown", "given", "exercise"):
            continue
        for reference in _REFERENCE.findall(cell.source):
            for number in _NUMBER.findall(reference):
                if number not in there:
                    yield (
                        f"{cell.place}: “{reference}” names lesson {number}, which course.toml "
                        "does not have; say “a later lesson”."
                    )

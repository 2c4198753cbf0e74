"""Hints are given one after the other; how many were shown is kept with the progress."""

from __future__ import annotations

from spotlight.course.lesson import Exercise
from spotlight.course.manifest import Course, LessonEntry
from spotlight.progress.store import ProgressStore


def next_hint(course: Course, entry: LessonEntry, exercise: Exercise) -> tuple[str, str]:
    """The next hint of an exercise: which one it is, and its Markdown.

    Raises:
        ProgressError: how many were shown cannot be kept.
    """
    count = len(exercise.hints)
    number = ProgressStore(course.root / "progress").next_hint(entry.id, exercise.id, count)
    return f"Hint {number} of {count} for {exercise.id}", exercise.hints[number - 1]

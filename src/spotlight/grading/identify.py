"""Which lesson a notebook is of: by its metadata, its name, its first cell, or its exercises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from spotlight.course.lesson import MARKER, Lesson, started_lesson
from spotlight.course.manifest import Course, LessonEntry
from spotlight.course.reading import read_lesson
from spotlight.grading.submission import Submission, SubmissionError


def identify(
    course: Course, submission: Submission, lessons: Mapping[str, Lesson] | None = None
) -> LessonEntry:
    """The lesson that `submission` is of; `lessons`, by id, are read from `course` if not given.

    Raises:
        SubmissionError: nothing in it tells.
    """
    named = [submission.lesson, Path(submission.path).stem]
    named += [started_lesson(cell.source) for cell in submission.cells]
    for name in named:
        entry = course.find(name) if name else None
        if entry is not None:
            return entry
    marks = {m["id"] for cell in submission.cells for m in MARKER.finditer(cell.source)}
    shared: Counter[str] = Counter()
    for entry in course.lessons:
        lesson = read_lesson(course, entry) if lessons is None else lessons[entry.id]
        ids = {exercise.id for exercise in lesson.exercises}
        shared[entry.id] = len(marks & ids)
    best, count = shared.most_common(1)[0] if shared else ("", 0)
    entry = course.find(best)
    if entry is None or not count:
        example = next((e.file for e in course.lessons), "01_name")
        raise SubmissionError(
            f"{submission.path} does not say which lesson it is of. "
            f"Give it the lesson's file name, such as {example}.ipynb."
        )
    return entry

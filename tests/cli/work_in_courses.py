"""What students do to a course's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edited_notebooks import put, solved
from small_course import notebook_of, solution_of
from spotlight.course.manifest import Course, LessonEntry


def entry(course: Course, name: str) -> LessonEntry:
    found = course.find(name)
    assert found is not None
    return found


def notebook_path(course: Course, name: str) -> Path:
    return course.notebook(entry(course, name))


def save(course: Course, name: str, notebook: dict[str, Any]) -> None:
    notebook_path(course, name).write_text(json.dumps(notebook), encoding="utf-8")


def solve(course: Course, name: str, **wrong: str) -> None:
    """Do everything right in a lesson, but for the exercises in `wrong`, given as source."""
    lesson = solution_of(course, name)
    notebook = solved(notebook_of(course, name), lesson)
    for exercise, source in wrong.items():
        found = lesson.exercise(exercise)
        assert found is not None
        put(notebook, found, source)
    save(course, name, notebook)


def solve_all(course: Course) -> None:
    for lesson in course.lessons:
        solve(course, lesson.id)


def progress(course: Course) -> dict[str, Any]:
    """The points known for every exercise that was graded."""
    file = course.root / "progress" / "lesson_progress.json"
    if not file.is_file():
        return {}
    known = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: exercise["points"]
        for lesson in known["lessons"].values()
        for name, exercise in lesson["exercises"].items()
    }

"""The record of runs, `solutions/runs.json`: by which key each solution notebook got full marks.

It is built and committed as the proofs are, so that nobody need run what is as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from spotlight.authoring.built_files import Product
from spotlight.authoring.proof_keys import run_key
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course


class RunRecord:
    """Which solution notebooks are known to run from top to bottom for full marks."""

    def __init__(self, course: Course) -> None:
        """Read the record of a course; one that is missing or unreadable is of nothing."""
        self._course = course
        self._path = course.root / "solutions" / "runs.json"
        try:
            self._keys = dict(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            self._keys = {}

    def holds(self, lesson: Lesson) -> bool:
        """Whether the lesson, and all that a run depends on, are as they were when it ran."""
        return self._keys.get(lesson.id) == run_key(lesson)

    def product(self, passed: Iterable[Lesson]) -> Product:
        """The record as a file, with `passed` as they are now."""
        known = self._keys | {lesson.id: run_key(lesson) for lesson in passed}
        kept = {entry.id: known[entry.id] for entry in self._course.lessons if entry.id in known}
        return Product(self._path, json.dumps(kept, indent=1, sort_keys=True) + "\n")

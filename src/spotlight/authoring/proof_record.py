"""The record of proofs, `solutions/proofs.json`: for every exercise, the key that it is proved by.

It is built and committed as notebooks are, so that nobody need repeat a proof to know of it.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from spotlight.authoring.all_cores import on_all_cores
from spotlight.authoring.built_files import Product
from spotlight.authoring.proof_keys import proof_key
from spotlight.authoring.proving import SEEDS, prove
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import Course
from spotlight.sandbox.worker import Worker

Claim = tuple[Lesson, Exercise]
"""An exercise of a lesson, of which is said that it is sound."""


class ProofRecord:
    """What is known to be proved."""

    def __init__(self, course: Course) -> None:
        """Read the record of a course; one that is missing or unreadable is of nothing."""
        self._course = course
        self._path = course.root / "solutions" / "proofs.json"
        self._keys = _read(self._path)

    def holds(self, lesson: Lesson, exercise: Exercise) -> bool:
        """Whether `exercise`, and all that its proof depends on, are as they were proved."""
        return self._keys.get(lesson.id, {}).get(exercise.id) == proof_key(lesson, exercise)

    def prove(
        self, claims: Sequence[Claim], worker: Worker
    ) -> Generator[tuple[int, list[str]], None, None]:
        """Prove exercises on all cores; yields their numbers and problems, as they come.

        What has none is in the record from then on.
        """
        with closing(on_all_cores(_proved, claims, worker)) as proofs:
            for number, problems in proofs:
                if not problems:
                    lesson, exercise = claims[number]
                    self._keys.setdefault(lesson.id, {})[exercise.id] = proof_key(lesson, exercise)
                yield number, problems

    def product(self, lessons: Iterable[Lesson]) -> Product:
        """The record as a file, where `lessons` are proved as they are now.

        Of other lessons of the course, it says what it said.
        """
        known = {name: self._keys.get(name, {}) for name in (e.id for e in self._course.lessons)}
        known |= {
            lesson.id: {exercise.id: proof_key(lesson, exercise) for exercise in lesson.exercises}
            for lesson in lessons
        }
        return Product(self._path, _text(known))

    def so_far(self) -> Product:
        """The record as a file, with what is proved and nothing else."""
        return Product(self._path, _text(self._keys))


def _proved(claim: Claim, worker: Worker) -> list[str]:
    lesson, exercise = claim
    return prove(lesson, exercise, worker.observe, SEEDS)


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return {lesson: dict(keys) for lesson, keys in read.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _text(keys: dict[str, dict[str, str]]) -> str:
    known = {lesson: keys[lesson] for lesson in keys if keys[lesson]}
    return json.dumps(known, indent=1, sort_keys=True) + "\n"

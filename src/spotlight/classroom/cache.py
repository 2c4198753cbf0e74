"""What was graded before, by content: a second run over a class costs next to nothing."""

from __future__ import annotations

import hashlib
import json
import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path
from pydantic import ValidationError

import spotlight
from spotlight.atomic_files import write_atomically
from spotlight.classroom.records import GradedSubmission
from spotlight.course.lesson import Lesson
from spotlight.grading.submission import Submission

_PASSING = frozenset(("timeout", "memory", "crashed"))
"""What depends on the machine and the moment, and is tried again."""


class GradedCache:
    """Graded notebooks in the user's cache folder; one that cannot be read or written costs time.

    A name covers what a verdict depends on: the cells' sources (not their outputs), the lesson with
    its probes and mistakes, the seed, this package and its numeric libraries.
    """

    def __init__(self, seed: int, folder: Path | None = None) -> None:
        self._seed = seed
        self._folder = folder or Path(user_cache_path("spotlight")) / "graded"
        self._lessons: dict[str, str] = {}

    def name(self, lesson: Lesson, lesson_version: str, submission: Submission) -> str:
        """What the grading of `submission` is called."""
        cells = [
            (
                cell.kind,
                cell.source,
                cell.id,
                cell.metadata.get("spotlight"),
                cell.raised,
                cell.number,
            )
            for cell in submission.cells
        ]
        parts = [
            _environment(),
            self._seed,
            self._lessons.get(lesson.id) or self._described(lesson),
            lesson_version,
            submission.version,
            cells,
        ]
        return _hash(parts)

    def _described(self, lesson: Lesson) -> str:
        self._lessons[lesson.id] = _hash(repr(lesson))
        return self._lessons[lesson.id]

    def find(self, name: str) -> GradedSubmission | None:
        """The grading of that name, if it was kept."""
        try:
            data = (self._folder / f"{name}.json").read_bytes()
            return GradedSubmission.model_validate_json(data)
        except (OSError, ValidationError):
            return None

    def keep(self, name: str, graded: GradedSubmission) -> None:
        """Keep a grading, unless another run might give another."""
        exercises = graded.report.exercises if graded.report else ()
        if graded.grader_failed or any(e.status in _PASSING for e in exercises):
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            data = graded.model_dump_json().encode()
            write_atomically({self._folder / f"{name}.json": data})


@cache
def _environment() -> str:
    """A hash of this package, Python and the libraries that compute."""
    package = Path(spotlight.__file__).parent
    sources = sorted(p for p in package.rglob("*") if p.suffix in (".py", ".j2", ".toml"))
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sources]
    return _hash([*parts, platform.python_version(), version("torch"), version("numpy")])


def _hash(parts: object) -> str:
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

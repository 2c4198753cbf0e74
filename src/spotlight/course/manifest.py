"""The one manifest of the course: which lessons there are, in which order."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spotlight.course.lesson import AuthoringError

MANIFEST = Path("solutions") / "course.toml"
RELEASED_MANIFEST = Path("keys") / "course.toml"  # of a copy without solutions


@dataclass(frozen=True)
class LessonEntry:
    """One lesson's line in the manifest; `minutes` is the time a student needs."""

    id: str
    file: str
    title: str
    minutes: int
    summary: str


@dataclass(frozen=True)
class Part:
    """A titled group of lessons."""

    title: str
    lessons: tuple[LessonEntry, ...]


@dataclass(frozen=True)
class Course:
    """The manifest, and where the course stands on disk."""

    root: Path
    title: str
    parts: tuple[Part, ...]

    @property
    def is_released(self) -> bool:
        """Whether this is a copy as students get it, without masters and solutions."""
        return not (self.root / MANIFEST).is_file() and (self.root / RELEASED_MANIFEST).is_file()

    @property
    def lessons(self) -> tuple[LessonEntry, ...]:
        """Every lesson, in teaching order."""
        return tuple(lesson for part in self.parts for lesson in part.lessons)

    def find(self, name: str) -> LessonEntry | None:
        """The lesson called `name`: its id, its file name, or the number in front of that."""
        stem = Path(name).stem
        for entry in self.lessons:
            if stem in (entry.id, entry.file, entry.file.partition("_")[0]):
                return entry
        return None

    def master(self, entry: LessonEntry) -> Path:
        """The py:percent file that a person edits."""
        return self.root / "solutions" / f"{entry.file}.py"

    def solution(self, entry: LessonEntry) -> Path:
        """The built solution notebook."""
        return self.root / "solutions" / f"{entry.file}.ipynb"

    def notebook(self, entry: LessonEntry) -> Path:
        """The notebook that students work in."""
        return self.root / "lessons" / f"{entry.file}.ipynb"

    def keys(self, entry: LessonEntry) -> Path:
        """The folder that holds a released lesson and its answer keys."""
        return self.root / "keys" / entry.file


def load_course(root: Path) -> Course:
    """Read the manifest below `root`.

    Raises:
        AuthoringError: the manifest is missing, unreadable or incomplete.
    """
    path = _manifest_of(root) or root / MANIFEST
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        parts = tuple(
            Part(part["title"], tuple(map(_entry, part["lessons"]))) for part in data["parts"]
        )
        course = Course(root, data["title"], parts)
        _require_distinct(course)
        return course
    except OSError as error:
        raise AuthoringError(
            f"{path}: the course's manifest cannot be read ({error.strerror})."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise AuthoringError(
            f"{path}: the course's manifest is not as it should be: {error}."
        ) from error


def manifest_text(course: Course) -> str:
    """The manifest of `course`, as `load_course` reads it."""
    lines = [f"title = {_quoted(course.title)}"]
    for part in course.parts:
        lines += ["", "[[parts]]", f"title = {_quoted(part.title)}"]
        for entry in part.lessons:
            lines += ["", "[[parts.lessons]]"]
            lines += [f"{name} = {_quoted(value)}" for name, value in asdict(entry).items()]
    return "\n".join(lines) + "\n"


def _quoted(value: str | int) -> str:
    """A value in TOML, whose basic strings are written as JSON's are."""
    return json.dumps(value, ensure_ascii=False)


def _entry(lesson: dict[str, Any]) -> LessonEntry:
    entry = LessonEntry(**lesson)
    for name, value in asdict(entry).items():
        if type(value) is not (int if name == "minutes" else str):
            raise TypeError(f"{name} = {value!r} of lesson {entry.id}")
    return entry


def _require_distinct(course: Course) -> None:
    """Refuse two lessons by one name: files and progress are kept by them."""
    for what in ("id", "file"):
        for name, count in Counter(getattr(entry, what) for entry in course.lessons).items():
            if count > 1:
                raise ValueError(f"{count} lessons have {what} = {name!r}")


def find_course_root(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that holds a course."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if _manifest_of(folder) is not None:
            return folder
    return None


def _manifest_of(folder: Path) -> Path | None:
    """The manifest of the course in `folder`, be it the whole one or a released copy."""
    paths = (folder / MANIFEST, folder / RELEASED_MANIFEST)
    return next((path for path in paths if path.is_file()), None)

"""The one manifest of the course: which lessons there are, in which order."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from spotlight.course.lesson import AuthoringError

MANIFEST = Path("solutions") / "course.toml"
_EXACT = ConfigDict(extra="forbid", strict=True)
RELEASED_MANIFEST = Path("keys") / "course.toml"  # of a copy without solutions


@with_config(_EXACT)
@dataclass(frozen=True)
class LessonEntry:
    """One lesson's line in the manifest; `minutes` is the time a student needs."""

    id: str
    file: str
    title: str
    minutes: int
    summary: str


@with_config(_EXACT)
@dataclass(frozen=True)
class Part:
    """A titled group of lessons."""

    title: str
    lessons: tuple[LessonEntry, ...]


@with_config(_EXACT)
@dataclass(frozen=True)
class _File:
    """What the file says."""

    title: str
    parts: tuple[Part, ...]


@cache
def _format() -> TypeAdapter[_File]:
    return TypeAdapter(_File)


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
        file = _format().validate_json(json.dumps(data))
        course = Course(root, file.title, file.parts)
        _require_distinct(course)
        return course
    except OSError as error:
        raise AuthoringError(
            f"{path}: the course's manifest cannot be read ({error.strerror})."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise AuthoringError(
            f"{path}: the course's manifest is not as it should be: {_place(first['loc'])}: "
            f"{first['msg'][0].lower()}{first['msg'][1:]}."
        ) from error
    except (ValueError, TypeError) as error:  # no TOML; or dates, which are not text
        raise AuthoringError(
            f"{path}: the course's manifest is not as it should be: {error}."
        ) from error


def _place(steps: Sequence[str | int]) -> str:
    """Where in the file something stands, counted from 1: "parts 2, lessons 1, minutes"."""
    text = ""
    for step in steps:
        text += f" {step + 1}" if isinstance(step, int) else f", {step}"
    return text.removeprefix(", ")


def manifest_text(course: Course) -> str:
    """The manifest of `course`, as `load_course` reads it."""
    lines = [f"title = {_quoted(course.title)}"]
    for part in course.parts:
        lines += ["", "[[parts]]", f"title = {_quoted(part.title)}"]
        for entry in part.lessons:
            lines += ["", lesson_text(entry).rstrip()]
    return "\n".join(lines) + "\n"


def lesson_text(entry: LessonEntry) -> str:
    """One lesson of the manifest; it belongs to the part above it."""
    values = (f"{name} = {_quoted(value)}" for name, value in asdict(entry).items())
    return "\n".join(["[[parts.lessons]]", *values]) + "\n"


def _quoted(value: str | int) -> str:
    """A value in TOML, whose basic strings are written as JSON's are."""
    return json.dumps(value, ensure_ascii=False)


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

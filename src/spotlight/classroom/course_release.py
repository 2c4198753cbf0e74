"""A copy of the course for students: lessons, package, answer keys as data, and no solutions."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import RELEASED_MANIFEST, Course, LessonEntry, manifest_text
from spotlight.course.reading import read_lesson
from spotlight.course.released import LESSON_FILE, released_text
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.grading.answer_key import key_bytes, key_file
from spotlight.index_page.page import render_index

KeyOf = Callable[[Lesson, Exercise], ExerciseKey]

PROGRAM = ("verify.py", "setup_venv.sh", "setup_venv.py", "requirements.txt", "pyproject.toml")
"""What runs the course, beside the package."""

_WHERE_THERE = ("LICENSE", "LICENSE.md", "LICENSE.txt", ".gitignore")
PACKAGE = Path("src") / "spotlight"


class ReleaseError(Exception):
    """Nothing can be released there; the message says why, and nothing was written."""


def release_course(
    course: Course, entries: Sequence[LessonEntry], destination: Path, key_of: KeyOf
) -> None:
    """Write what students get of the lessons in `entries` to the folder `destination`.

    It is there as a whole or not at all. `key_of` gives the answer key of an exercise for the
    public seed.

    Raises:
        ReleaseError: `destination` is in use, or a file cannot be read or written.
        AuthoringError: a lesson cannot be read.
    """
    destination = Path(os.path.abspath(destination))
    _require_free(course, destination)
    chosen = only(course, entries)
    files = dict(_made_files(chosen, key_of))
    draft = destination.with_name(f".{destination.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        for path in _copied_files(course):
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(course.root / path, draft / path)
        for path, data in files.items():
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            (draft / path).write_bytes(data)
        if destination.is_dir():
            destination.rmdir()  # it is empty; Windows renames onto nothing that is there
        draft.rename(destination)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise ReleaseError(f"{destination} was not written ({error.strerror}{where}).") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _require_free(course: Course, destination: Path) -> None:
    if destination.is_dir() and not destination.is_symlink():
        if any(destination.iterdir()):
            raise ReleaseError(
                f"{destination} is not empty; name a folder that is not there yet, or empty it."
            )
    elif os.path.lexists(destination):
        raise ReleaseError(f"{destination} is there already and is no folder; name another one.")
    if destination.resolve().is_relative_to((course.root / PACKAGE).resolve()):
        raise ReleaseError(f"{destination} lies in the package itself; name a folder elsewhere.")


def only(course: Course, entries: Sequence[LessonEntry]) -> Course:
    """The course with these lessons alone, in its own order."""
    parts = (
        replace(part, lessons=tuple(entry for entry in part.lessons if entry in entries))
        for part in course.parts
    )
    return replace(course, parts=tuple(part for part in parts if part.lessons))


def package_files(course: Course) -> list[Path]:
    """The files of the package, by path in it; what Python and tools leave there is left out."""
    package = course.root / PACKAGE
    found = (path.relative_to(package) for path in package.rglob("*") if path.is_file())
    return sorted(
        path
        for path in found
        if "__pycache__" not in path.parts and not any(part.startswith(".") for part in path.parts)
    )


def _copied_files(course: Course) -> Iterator[Path]:
    """What a release has from the course as it is, by path in both."""
    yield from (PACKAGE / path for path in package_files(course))
    yield from map(Path, (*PROGRAM, "progress/README.md", "progress/.gitignore"))
    yield from (Path(name) for name in _WHERE_THERE if (course.root / name).is_file())


def _made_files(course: Course, key_of: KeyOf) -> Iterator[tuple[Path, bytes]]:
    """What a release holds that the course itself does not, by path in the release."""
    for entry in course.lessons:
        lesson = read_lesson(course, entry)
        keys = course.keys(entry).relative_to(course.root)
        # Built anew: whoever releases may have worked in the notebook that lies in lessons/.
        blank = course.notebook(entry).relative_to(course.root)
        yield blank, build_notebook(lesson, "student").encode()
        yield keys / LESSON_FILE, released_text(lesson).encode()
        for exercise in lesson.exercises:
            yield key_file(keys, exercise), key_bytes(key_of(lesson, exercise))
    yield RELEASED_MANIFEST, manifest_text(course).encode()
    yield Path("index.html"), render_index(course).encode()
    yield Path("README.md"), _readme(course).encode()


def _readme(course: Course) -> str:
    environment = Environment(
        loader=PackageLoader("spotlight.classroom"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # it is Markdown
    )
    first = course.lessons[0]
    name = first.file.partition("_")[0]
    return environment.get_template("release_readme.md.j2").render(
        course=course, first=first, short=name if name.isdigit() else first.file
    )

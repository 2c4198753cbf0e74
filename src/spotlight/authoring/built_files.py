"""The files that a build makes, and how each is brought up to date without losing work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spotlight.atomic_files import keep_backup, write_atomically
from spotlight.authoring.notebooks import build_notebook, version_of
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, LessonEntry
from spotlight.index_page.page import render_index


@dataclass(frozen=True)
class Product:
    """One built file; `is_lesson` says that students work in it."""

    path: Path
    text: str
    is_lesson: bool = False

    def is_current(self) -> bool:
        """Whether the file on disk is this very text."""
        try:
            return self.path.read_text(encoding="utf-8") == self.text
        except (OSError, UnicodeDecodeError):
            return False

    def write(self, backups: Path) -> Path | None:
        """Write the file; a student's work in it is backed up first, and that path returned."""
        backup = None
        if self.is_lesson and worked_in(self.path):
            backup = keep_backup(self.path, backups)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically({self.path: self.text.encode()})
        return backup


def lesson_products(course: Course, entry: LessonEntry, lesson: Lesson) -> Iterator[Product]:
    """The two notebooks of one lesson."""
    yield Product(course.solution(entry), build_notebook(lesson, "solution"))
    yield Product(course.notebook(entry), build_notebook(lesson, "student"), is_lesson=True)


def shared_products(course: Course) -> Iterator[Product]:
    """What is built from the course as a whole."""
    yield Product(course.root / "index.html", render_index(course))


def worked_in(path: Path) -> bool:
    """Whether a notebook's sources differ from those that it was built with."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return bool(version_of(notebook["cells"]) != notebook["metadata"]["spotlight"]["version"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return True

"""What tests of records share: a course of which only the manifest is there, and a lesson."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_course import MANIFEST, STEPS, lesson_of
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, load_course


@pytest.fixture
def bare_course(tmp_path: Path) -> Course:
    """A course of which only the manifest is there."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "course.toml").write_text(MANIFEST, encoding="utf-8")
    return load_course(tmp_path)


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    """The small course's first lesson."""
    return lesson_of(STEPS, tmp_path)

"""A new lesson keeps every rule from the start, and leaves the course as it was where it cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spotlight.authoring.new_lesson import add_lesson
from spotlight.authoring.notebooks import build_notebook
from spotlight.authoring.promises import broken_promises
from spotlight.authoring.proving import prove
from spotlight.authoring.rules import broken_rules
from spotlight.course.lesson import AuthoringError
from spotlight.course.manifest import MANIFEST, Course, load_course
from spotlight.course.reading import read_master
from spotlight.sandbox.worker import Worker


@pytest.fixture
def copied(course: Course, tmp_path: Path) -> Course:
    """The course's manifest, without its lessons."""
    (tmp_path / "solutions").mkdir()
    shutil.copy(course.root / MANIFEST, tmp_path / MANIFEST)
    return load_course(tmp_path)


def test_it_keeps_every_rule_and_is_proved(copied: Course, worker: Worker) -> None:
    entry = add_lesson(copied, "18_my_lesson")
    lesson = read_master(copied.master(entry))
    assert (lesson.id, lesson.title) == ("my_lesson", "My lesson")
    assert broken_rules(lesson) == []
    assert broken_promises(copied, entry, lesson) == []
    assert [prove(lesson, each, worker.observe, range(5)) for each in lesson.exercises] == [[]]
    assert "BEGIN SOLUTION" not in build_notebook(lesson, "student")


def test_it_comes_last_and_all_else_in_the_manifest_stays(copied: Course) -> None:
    before = (copied.root / MANIFEST).read_text(encoding="utf-8")
    entry = add_lesson(copied, "without_a_number")
    after = load_course(copied.root)
    assert after.lessons == (*copied.lessons, entry)
    assert (copied.root / MANIFEST).read_text(encoding="utf-8").startswith(before.rstrip())


@pytest.mark.parametrize("name", ["Big", "18-dashes", "18_", "../up", "two words", "", "18_$id"])
def test_a_name_that_cannot_be_one_is_refused(copied: Course, name: str) -> None:
    with pytest.raises(AuthoringError, match="cannot be a lesson's name"):
        add_lesson(copied, name)


def test_a_lesson_that_is_there_is_not_written_over(copied: Course) -> None:
    entry = add_lesson(copied, "18_my_lesson")
    copied.master(entry).write_text("work of weeks", encoding="utf-8")
    for course in (load_course(copied.root), copied):  # listed, and merely lying there
        with pytest.raises(AuthoringError, match=r"of that name already|is there already"):
            add_lesson(course, "18_my_lesson")
    assert copied.master(entry).read_text(encoding="utf-8") == "work of weeks"

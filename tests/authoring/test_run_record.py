"""The record of runs says which solution notebooks ran with the code that is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_course import MANIFEST, STEPS, lesson_of
from spotlight.authoring import run_record
from spotlight.authoring.proof_keys import run_key
from spotlight.authoring.run_record import RunRecord
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, load_course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course of which only the manifest is there."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "course.toml").write_text(MANIFEST, encoding="utf-8")
    return load_course(tmp_path)


@pytest.fixture
def file(course: Course) -> Path:
    return course.root / "solutions" / "runs.json"


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    return lesson_of(STEPS, tmp_path)


def test_what_ran_is_held_until_its_code_changes(
    course: Course, lesson: Lesson, tmp_path: Path
) -> None:
    assert not RunRecord(course).holds(lesson)
    RunRecord(course).product([lesson]).write(course.root / "backups")
    assert RunRecord(course).holds(lesson)
    changed = lesson_of(STEPS.replace("torch.arange(6.0)", "torch.arange(6)"), tmp_path)
    assert not RunRecord(course).holds(changed)


def test_prose_and_sentences_run_nothing(lesson: Lesson, tmp_path: Path) -> None:
    said = STEPS.replace("Six numbers", "A half-dozen numbers").replace("# (2,)", "# two of them")
    assert run_key(lesson_of(said, tmp_path)) == run_key(lesson)


def test_other_lessons_of_the_course_keep_their_keys(
    course: Course, file: Path, lesson: Lesson
) -> None:
    file.write_text('{"small_finish": "1", "gone": "2"}', encoding="utf-8")
    known = json.loads(RunRecord(course).product([lesson]).text)
    assert known == {"small_finish": "1", "small_steps": run_key(lesson)}


@pytest.mark.parametrize("text", ["", "{", "[1]", "<<<<<<< ours", "[" * 10**5])
def test_a_record_that_cannot_be_read_holds_nothing(
    text: str, course: Course, file: Path, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_record, "run_key", lambda lesson: "1")  # it takes a second to make
    file.write_text('{"small_steps": "1"}', encoding="utf-8")
    assert RunRecord(course).holds(lesson)
    file.write_text(text, encoding="utf-8")
    assert not RunRecord(course).holds(lesson)

"""The record of runs says which solution notebooks ran with the code that is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_course import STEPS, lesson_of
from spotlight.authoring import run_record
from spotlight.authoring.proof_keys import run_key
from spotlight.authoring.run_record import RunRecord
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course


@pytest.fixture
def file(bare_course: Course) -> Path:
    return bare_course.root / "solutions" / "runs.json"


def test_what_ran_is_held_until_its_code_changes(
    bare_course: Course, lesson: Lesson, tmp_path: Path
) -> None:
    assert not RunRecord(bare_course).holds(lesson)
    RunRecord(bare_course).product([lesson]).write(bare_course.root / "backups")
    assert RunRecord(bare_course).holds(lesson)
    changed = lesson_of(STEPS.replace("torch.arange(6.0)", "torch.arange(6)"), tmp_path)
    assert not RunRecord(bare_course).holds(changed)


def test_prose_and_sentences_run_nothing(lesson: Lesson, tmp_path: Path) -> None:
    said = STEPS.replace("Six numbers", "A half-dozen numbers").replace("# (2,)", "# two of them")
    assert run_key(lesson_of(said, tmp_path)) == run_key(lesson)


def test_other_lessons_of_the_course_keep_their_keys(
    bare_course: Course, file: Path, lesson: Lesson
) -> None:
    file.write_text('{"small_finish": "1", "gone": "2"}', encoding="utf-8")
    known = json.loads(RunRecord(bare_course).product([lesson]).text)
    assert known == {"small_finish": "1", "small_steps": run_key(lesson)}


@pytest.mark.parametrize("text", ["", "{", "[1]", "<<<<<<< ours", "[" * 10**5])
def test_a_record_that_cannot_be_read_holds_nothing(
    text: str, bare_course: Course, file: Path, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_record, "run_key", lambda lesson: "1")  # it takes a second to make
    file.write_text('{"small_steps": "1"}', encoding="utf-8")
    assert RunRecord(bare_course).holds(lesson)
    file.write_text(text, encoding="utf-8")
    assert not RunRecord(bare_course).holds(lesson)

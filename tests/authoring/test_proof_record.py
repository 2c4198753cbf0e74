"""The record of proofs: what stands in it need not be proved again, until something changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from small_course import STEPS, lesson_of
from spotlight.authoring import proof_record
from spotlight.authoring.proof_record import ProofRecord
from spotlight.authoring.proving import SEEDS
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course
from spotlight.sandbox.worker import Worker

KNOWN = "unchanged: 2 * x → x\n"
HARMLESS = "harmless: 2 * x → x * 2\n    No harm.\n"


@pytest.fixture
def file(bare_course: Course) -> Path:
    return bare_course.root / "solutions" / "proofs.json"


@pytest.fixture
def spoilt(tmp_path: Path) -> Lesson:
    """The lesson with a mistake that is none."""
    assert STEPS.count(KNOWN) == 1
    return lesson_of(STEPS.replace(KNOWN, HARMLESS + KNOWN), tmp_path)


Prove = Callable[..., list[str]]


@pytest.fixture
def prove(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Prove:
    """Prove the first exercises of a lesson, so many, with fewer seeds than an author's proof."""
    monkeypatch.setattr(proof_record, "SEEDS", SEEDS[:5])

    def some(record: ProofRecord, lesson: Lesson, count: int = 1) -> list[str]:
        claims = [(lesson, exercise) for exercise in lesson.exercises[:count]]
        return [said for _, found in record.prove(claims, worker) for said in found]

    return some


def test_what_is_proved_is_in_the_record_until_it_changes(
    bare_course: Course, lesson: Lesson, spoilt: Lesson, prove: Prove
) -> None:
    record = ProofRecord(bare_course)
    exercise = lesson.exercises[0]
    assert not record.holds(lesson, exercise)
    assert prove(record, lesson) == []
    assert record.holds(lesson, exercise)
    assert not record.holds(spoilt, spoilt.exercises[0])
    assert not record.holds(lesson, lesson.exercises[1])


def test_what_is_not_sound_is_never_in_it(
    bare_course: Course, spoilt: Lesson, prove: Prove
) -> None:
    record = ProofRecord(bare_course)
    assert len(prove(record, spoilt)) == 1
    assert not record.holds(spoilt, spoilt.exercises[0])


def test_it_is_read_as_it_was_written(
    bare_course: Course, file: Path, lesson: Lesson, prove: Prove
) -> None:
    record = ProofRecord(bare_course)
    prove(record, lesson)
    record.so_far().write(bare_course.root / "backups")
    again = ProofRecord(bare_course)
    assert again.holds(lesson, lesson.exercises[0])
    assert again.so_far().is_current()
    assert list(json.loads(file.read_text(encoding="utf-8"))) == ["small_steps"]


def test_the_file_of_the_named_lessons_keeps_what_is_known_of_others(
    bare_course: Course, file: Path, lesson: Lesson
) -> None:
    file.write_text('{"small_finish": {"halved": "1"}, "gone": {"x": "2"}}', encoding="utf-8")
    known = json.loads(ProofRecord(bare_course).product([lesson]).text)
    assert known["small_finish"] == {"halved": "1"}
    assert list(known["small_steps"]) == sorted(exercise.id for exercise in lesson.exercises)
    assert "gone" not in known


@pytest.mark.parametrize("text", ["", "{", "[]", '{"small_steps": 3}', "<<<<<<< ours", "[" * 10**5])
def test_a_record_that_cannot_be_read_proves_nothing(
    text: str, bare_course: Course, file: Path, lesson: Lesson
) -> None:
    file.write_text(text, encoding="utf-8")
    assert not ProofRecord(bare_course).holds(lesson, lesson.exercises[0])

"""The lesson that docs/writing-lessons.md writes is sound, and the page says every word."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from spotlight import authoring
from spotlight.authoring.proving import prove
from spotlight.authoring.rules import broken_rules
from spotlight.course.lesson import Lesson
from spotlight.course.reading import read_master
from spotlight.sandbox import kit
from spotlight.sandbox.worker import Worker

PAGE = Path(__file__).resolve().parents[2] / "docs" / "writing-lessons.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """The lesson of the page, its blocks put together."""
    blocks = re.findall(r"^```python\n(# %%.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    master = tmp_path_factory.mktemp("solutions") / "19_shares.py"
    master.write_text("\n".join(blocks), encoding="utf-8")
    return read_master(master)


def test_the_lesson_keeps_every_rule(written: Lesson):
    assert written.exercises
    assert broken_rules(written) == []


def test_every_exercise_of_the_lesson_is_proved(written: Lesson, worker: Worker):
    for exercise in written.exercises:
        assert prove(written, exercise, worker.observe, range(5)) == []


def test_every_word_and_every_draw_is_explained():
    explained = set(re.findall(r"`@?(\w+)", TEXT))
    functions = {name for name, value in vars(kit).items() if inspect.isfunction(value)}
    draws = {name for name in functions if getattr(kit, name).__module__ == kit.__name__}
    opened_by_the_worker = {"fresh_draws"}
    public = {name for name in draws if not name.startswith("_")} - opened_by_the_worker
    assert {*authoring.__all__} | public <= explained

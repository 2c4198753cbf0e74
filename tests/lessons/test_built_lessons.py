"""What is built is what the masters make: notebooks, `index.html`, the record of proofs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spotlight.authoring.built_files import lesson_products, shared_products
from spotlight.authoring.promises import broken_promises
from spotlight.authoring.rules import broken_rules
from spotlight.course.manifest import LessonEntry, load_course
from spotlight.course.reading import read_master

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)


@pytest.mark.parametrize("entry", [pytest.param(e, id=e.file) for e in COURSE.lessons])
def test_the_notebooks_of_a_lesson_are_those_of_its_master(entry: LessonEntry) -> None:
    lesson = read_master(COURSE.master(entry))
    assert broken_rules(lesson) == []
    assert broken_promises(COURSE, entry, lesson) == []
    products = list(lesson_products(COURSE, entry, lesson))
    assert [p.path.name for p in products if not p.is_current()] == [], "run verify.py build"


def test_the_page_is_that_of_the_course() -> None:
    assert all(product.is_current() for product in shared_products(COURSE)), "run verify.py build"


@pytest.mark.deep
def test_the_build_finds_nothing_stale() -> None:
    command = [sys.executable, "verify.py", "build", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr

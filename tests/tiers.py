"""Which lessons the fast tier asks, where what is asked is the same of every lesson."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spotlight.course.manifest import load_course

COURSE = load_course(Path(__file__).parents[1])
# A lesson of variables, and one of functions that use each other.
FEW = ("orientation", "queries_and_keys")


def few_lessons() -> list[Any]:
    """Every lesson as a parameter; all but a few are for the deep tier."""
    return [
        pytest.param(entry, id=entry.file, marks=() if entry.id in FEW else pytest.mark.deep)
        for entry in COURSE.lessons
    ]

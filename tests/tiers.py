"""Which lessons the fast tier asks, where what is asked is the same of every lesson."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spotlight.course.manifest import load_course

COURSE = load_course(Path(__file__).parents[1])
# A lesson of functions, with follow-through from one to the next, and one of modules and training.
FEW = ("queries_and_keys", "tiny_transformer_capstone")


def few_lessons() -> Iterator[Any]:
    """Every lesson as a parameter; all but a few are for the deep tier."""
    for entry in COURSE.lessons:
        marks = () if entry.id in FEW else pytest.mark.deep
        yield pytest.param(entry, id=entry.file, marks=marks)

"""Made-up masters, read as they are and once more as the solution notebooks built from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from small_masters import START, read_text
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import AuthoringError, Exercise, Lesson, Prediction
from spotlight.course.reading import read_solution


def master(*cells: str) -> str:
    """The master that opens the lesson and goes on with these cells."""
    return "\n".join([START, *(f"{cell}\n" for cell in cells)])


def function_cell(name: str, body: str, parameters: str = "x", docstring: str = "") -> str:
    """An exercise that asks for a function; its body is the solution."""
    lines = "".join(f"    {line}".rstrip() + "\n" for line in body.split("\n"))
    said = f'    """{docstring}"""\n' if docstring else ""
    return (
        f'# %% exercise="{name}"\ndef {name}({parameters}):\n{said}'
        f"    ### BEGIN SOLUTION\n{lines}    ### END SOLUTION"
    )


def judging(*lines: str, first: str = 'tags=["probes"]') -> str:
    """A cell that judges an exercise; these lines are its lines 1, 2 and so on."""
    return "\n".join([f"# %% {first}", *lines])


def rebuilt(lesson: Lesson, folder: Path) -> Lesson:
    """The lesson as its own solution notebook says it."""
    path = folder / "solution.ipynb"
    path.write_text(build_notebook(lesson, "solution"), encoding="utf-8")
    return read_solution(path)


def without_places(
    items: Iterable[Exercise] | Iterable[Prediction],
) -> list[Exercise | Prediction]:
    return [replace(item, place="") for item in items]


def read_twice(folder: Path, *cells: str) -> Lesson:
    """The lesson of these cells; its solution notebook says the same."""
    lesson = read_text(folder, master(*cells), "made_up.py")
    again = rebuilt(lesson, folder)
    assert without_places(again.exercises) == without_places(lesson.exercises)
    return lesson


def refusal(folder: Path, *cells: str) -> str:
    """What is said of a master of these cells, which cannot be read."""
    with pytest.raises(AuthoringError) as refused:
        read_text(folder, master(*cells), "made_up.py")
    return str(refused.value)

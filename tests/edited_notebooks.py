"""Notebooks as students leave them behind: the blank one, filled in and mishandled."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

from spotlight.course.lesson import BEGIN, END, Exercise, Lesson, Variant, bare_exercise
from spotlight.grading.submission import Submission, parse_submission

Notebook = dict[str, Any]
Cell = dict[str, Any]


def submitted(notebook: Notebook, path: str = "lessons/notebook.ipynb") -> Submission:
    """What the grader reads of a notebook file with this content."""
    return parse_submission(json.dumps(notebook).encode(), path)


def text(cell: Cell) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def code(source: str, **more: Any) -> Cell:
    """A code cell as a student adds one."""
    bare = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    return {**bare, "source": source, **more}


def failed(source: str, exception: str) -> Cell:
    """A cell that was run and ended in an exception."""
    output = {"output_type": "error", "ename": exception, "evalue": "", "traceback": []}
    return code(source, outputs=[output])


def place(notebook: Notebook, cell_id: str) -> int:
    return next(i for i, cell in enumerate(notebook["cells"]) if cell.get("id") == cell_id)


def exercise_cell(notebook: Notebook, exercise: str) -> Cell:
    cell: Cell = notebook["cells"][place(notebook, f"exercise-{exercise}")]
    return cell


def exercise_cells(notebook: Notebook) -> list[Cell]:
    return [c for c in notebook["cells"] if "exercise" in c["metadata"].get("spotlight", {})]


def code_cells(notebook: Notebook) -> list[Cell]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def number_of(notebook: Notebook, exercise: str) -> int:
    """The cell's number as Jupyter's users count, from 1."""
    return place(notebook, f"exercise-{exercise}") + 1


def edit_cell(notebook: Notebook, exercise: str, change: Callable[[str], str]) -> None:
    cell = exercise_cell(notebook, exercise)
    cell["source"] = change(text(cell))


def insert(notebook: Notebook, cell: Cell, *, at: str, below: bool = False) -> None:
    """Put a cell right above the one with the id `at`, or below it."""
    notebook["cells"].insert(place(notebook, at) + below, cell)


def put(notebook: Notebook, exercise: Exercise, source: str) -> None:
    """Fill an exercise's cell in: its header stays, the rest is `source`."""
    edit_cell(notebook, exercise.id, lambda old: old.split("\n", 1)[0] + "\n" + source.rstrip())


def as_written(exercise: Exercise, variant: Variant) -> str:
    """A mistake or an alternative as a student would type it."""
    if variant.edit is not None:
        return unmarked(exercise.variant_source(variant))
    assert variant.function is not None
    return re.sub(rf"\b{variant.function}\b", exercise.targets[0], variant.source)


def unmarked(solution: str) -> str:
    """A solution without the lines that mark it as one."""
    lines = solution.splitlines()
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


def without_header(source: str) -> str:
    """An exercise's source without the lines that the build puts above it, if it has them."""
    return re.sub(r"\A# Exercise [^\n]*\n", "", bare_exercise(source))


def solved(notebook: Notebook, lesson: Lesson) -> Notebook:
    """The notebook with every exercise done right and every prediction committed."""
    done = copy.deepcopy(notebook)
    for exercise in lesson.exercises:
        put(done, exercise, without_header(unmarked(exercise.solution)))
    for prediction in lesson.predictions:
        answer = done["cells"][place(done, f"predict-{prediction.id}")]
        answer["source"] = prediction.source
    return done

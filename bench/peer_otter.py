"""The four exercises as an Otter assignment, and a class that Otter's API grades."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from bench.batch import Batch, Points, run_quietly
from bench.four_exercises import HIDDEN_TESTS, IMPORTS, NAME, Notebook, Student
from spotlight.course.lesson import BEGIN, END, Lesson

_GRADE_ALL = Path(__file__).with_name("peer_otter_batch.py")


def master_notebook(lesson: Lesson) -> Notebook:
    """What an instructor writes for `otter assign`: raw cells say what is a question, and what its
    solution and its hidden tests are."""
    config = f"# ASSIGNMENT CONFIG\nname: {NAME}\ninit_cell: true\ngenerate:\n    pdf: false\n"
    cells = [new_raw_cell(config, id="config"), new_code_cell(IMPORTS, id="imports")]
    for exercise in lesson.exercises:
        name, title = exercise.id, f"## {exercise.title}"
        solution = exercise.solution.replace(BEGIN, "# BEGIN SOLUTION").replace(
            END, "# END SOLUTION"
        )
        question = f"# BEGIN QUESTION\nname: {name}\npoints: {exercise.points:g}"
        cells += [
            new_raw_cell(question, id=f"q-{name}"),
            new_markdown_cell(title, id=f"h-{name}"),
            new_raw_cell("# BEGIN SOLUTION", id=f"begin-{name}"),
            new_code_cell(solution, id=name),
            new_raw_cell("# END SOLUTION", id=f"end-{name}"),
            new_raw_cell("# BEGIN TESTS", id=f"tests-{name}"),
            new_code_cell(f"# HIDDEN\n{HIDDEN_TESTS[name]}", id=f"test-{name}"),
            new_raw_cell("# END TESTS", id=f"tested-{name}"),
            new_raw_cell("# END QUESTION", id=f"done-{name}"),
        ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook: Notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return notebook


class Otter:
    """An assignment, and its autograder; Otter's API grades one notebook after the other."""

    name = "Otter"

    def __init__(self, python: Path, root: Path, lesson: Lesson) -> None:
        """Writes and assigns the notebook below `root`; `python` is one that has Otter."""
        self._python = python
        root.mkdir()
        master = root / f"{NAME}.ipynb"
        nbformat.write(master_notebook(lesson), master)
        assign = ["-m", "otter", "assign", master.name, "dist", "--no-run-tests"]
        run_quietly([str(python), *assign], root, root)
        (self._autograder,) = (root / "dist" / "autograder").glob("*.zip")
        student = root / "dist" / "student" / master.name
        self._blank = json.loads(student.read_text(encoding="utf-8"))

    def batch(self, folder: Path, students: Sequence[Student]) -> Batch:
        """A class that has handed in, in one folder below `folder`."""
        submitted, told = folder / "submitted", folder / "points.json"
        for student in students:
            student.hand_in(self._blank, submitted / f"{student.name}.ipynb")

        def points() -> Points:
            graded: Points = json.loads(told.read_text(encoding="utf-8"))
            return graded

        command = [self._python, _GRADE_ALL, self._autograder, submitted, told]
        return Batch([str(part) for part in command], folder, folder, points)

"""The four exercises as an nbgrader assignment, and a class that `nbgrader autograde` grades."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bench.batch import Batch, Points, run_quietly
from bench.four_exercises import HIDDEN_TESTS, IMPORTS, NAME, Notebook, Student
from spotlight.course.lesson import Lesson

_POINTS = Path(__file__).with_name("peer_nbgrader_points.py")


def source_notebook(lesson: Lesson) -> Notebook:
    """What an instructor writes: solutions between marks, and locked cells of hidden tests."""
    cells = [new_code_cell(IMPORTS, id="imports")]
    for exercise in lesson.exercises:
        solution = new_code_cell(exercise.solution, id=exercise.id)
        solution.metadata["nbgrader"] = _role(exercise.id, solution=True)
        hidden = f"### BEGIN HIDDEN TESTS\n{HIDDEN_TESTS[exercise.id]}\n### END HIDDEN TESTS"
        tests = new_code_cell(hidden, id=f"test-{exercise.id}")
        points = {"points": exercise.points}
        tests.metadata["nbgrader"] = _role(f"test_{exercise.id}", grade=True, locked=True) | points
        cells += [new_markdown_cell(f"## {exercise.title}", id=f"h-{exercise.id}"), solution, tests]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook: Notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return notebook


class Nbgrader:
    """A course of one assignment, released; graded by one command, as it has no parallel mode."""

    name = "nbgrader"

    def __init__(self, python: Path, root: Path, lesson: Lesson) -> None:
        """Writes and releases the assignment below `root`; `python` is one that has nbgrader."""
        self._python = python
        self._course = root / "course"
        source = self._course / "source" / NAME
        source.mkdir(parents=True)
        nbformat.write(source_notebook(lesson), source / f"{NAME}.ipynb")
        (self._course / "nbgrader_config.py").write_text("", encoding="utf-8")
        run_quietly(self._command("generate_assignment"), self._course, root)
        release = self._course / "release" / NAME / f"{NAME}.ipynb"
        self._released = json.loads(release.read_text(encoding="utf-8"))

    def batch(self, folder: Path, students: Sequence[Student]) -> Batch:
        """A class that has handed in, in a course of their own below `folder`."""
        course = folder / "course"
        shutil.copytree(self._course, course)
        for student in students:
            path = course / "submitted" / student.name / NAME / f"{NAME}.ipynb"
            student.hand_in(self._released, path)

        def points() -> Points:
            told = run_quietly([str(self._python), str(_POINTS), NAME], course, folder)
            graded: Points = json.loads(told)
            return graded

        return Batch(self._command("autograde"), course, folder, points)

    def _command(self, name: str) -> list[str]:
        return [str(self._python), "-m", "nbgrader", name, NAME]


def _role(
    name: str, *, solution: bool = False, grade: bool = False, locked: bool = False
) -> dict[str, object]:
    return {
        "cell_type": "code",
        "grade": grade,
        "grade_id": name,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }

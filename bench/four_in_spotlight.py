"""The four exercises as a course of Spotlight's, and a class that `verify.py class` grades."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.batch import Batch, Points
from bench.four_exercises import FILE, Student
from spotlight.course.manifest import Course
from spotlight.grading.report import Report

_VERIFY = Path(__file__).resolve().parent.parent / "verify.py"


class Spotlight:
    """The course, graded in `jobs` processes, without a cache of submissions or of answer keys."""

    name = "Spotlight"

    def __init__(self, course: Course, jobs: int = 1) -> None:
        (entry,) = course.lessons
        self._course = course
        self._jobs = jobs
        self._blank = json.loads(course.notebook(entry).read_text(encoding="utf-8"))

    def batch(self, folder: Path, students: Sequence[Student]) -> Batch:
        """A class that has handed in, in one folder a student below `folder`."""
        submitted, out = folder / "class", folder / "out"
        for student in students:
            student.hand_in(self._blank, submitted / student.name / f"{FILE}.ipynb")
        grade = [sys.executable, str(_VERIFY), "class", str(submitted), "--out", str(out)]
        options = ["--jobs", str(self._jobs), "--no-cache"]
        command = [*grade, *options]
        # Status 1 says that not every exercise of every student passed.
        return Batch(command, self._course.root, folder, lambda: _points(out), fine=(0, 1))


def _points(out: Path) -> Points:
    graded: Points = {}
    for path in (out / "reports").glob("*.json"):
        report = Report.model_validate_json(path.read_bytes())
        (lesson,) = report.submissions[0].lessons
        graded[path.stem] = {e.exercise: e.points for e in lesson.exercises}
    return graded

"""The live kernel's side: which lesson, which file, which cells ran, and the warm worker.

One kernel serves one notebook, so there is one session: Jupyter's own globals force it.
"""

from __future__ import annotations

import atexit
import os
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import spotlight
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import Course, LessonEntry, find_course_root, load_course
from spotlight.course.reading import read_lesson
from spotlight.feedback.words import short_name
from spotlight.grading.grader import LessonGrader
from spotlight.grading.report import Status
from spotlight.grading.submission import Submission
from spotlight.mine.own_code import use_own_modules
from spotlight.notebook import waiting
from spotlight.notebook.executed_cells import ExecutedCells
from spotlight.progress import Progress, ProgressError, ProgressStore
from spotlight.sandbox.worker import Worker


class LessonNotFoundError(Exception):
    """The lesson of this notebook cannot be found; the message says what to do."""


class Session:
    """What a kernel knows of the lesson that it runs."""

    def __init__(self, shell: Any) -> None:
        """`shell` is IPython's shell, or None in a plain script."""
        self._shell = shell
        self.lesson_id: str | None = None
        self.executed = ExecutedCells()
        self.predictions: dict[str, object] = {}
        self._hints_shown: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        if shell is not None:
            shell.events.register("pre_run_cell", self._before_cell)
            shell.input_transformers_cleanup.append(self._skip_if_waiting)

    @property
    def interactive(self) -> bool:
        """Whether cells run in IPython; in a plain script there is nothing to check."""
        return self._shell is not None

    @cached_property
    def worker(self) -> Worker:
        """The process that runs exercises; started on first use, ended with the kernel."""
        worker = Worker()
        atexit.register(worker.close)
        return worker

    @cached_property
    def course(self) -> Course:
        """The course that this notebook belongs to."""
        starts = [self.path.parent] if self.path else []
        for start in (*starts, Path.cwd(), Path(spotlight.__file__).parent):
            root = find_course_root(start)
            if root is not None:
                return load_course(root)
        raise LessonNotFoundError(
            "The course's folder was not found above this notebook. "
            "Keep notebooks in the lessons folder that they came in."
        )

    @property
    def entry(self) -> LessonEntry:
        """The manifest's line for this lesson."""
        entry = self.course.find(self.lesson_id or "")
        if entry is None:
            raise LessonNotFoundError(
                "No lesson is open in this kernel. Run the notebook's first cell, "
                "the one that calls start(...)."
            )
        return entry

    @cached_property
    def lesson(self) -> Lesson:
        """The lesson, from the course's own copy."""
        return read_lesson(self.course, self.entry)

    @cached_property
    def grader(self) -> LessonGrader:
        """Grades this lesson in the warm worker."""
        return LessonGrader(self.lesson, self.worker.observe)

    @property
    def path(self) -> Path | None:
        """The notebook's file, where the front end says which it is."""
        named = os.environ.get("JPY_SESSION_NAME")
        if self._shell is not None:
            named = self._shell.user_ns.get("__vsc_ipynb_file__", named)
        if not named or not str(named).endswith(".ipynb"):
            return None
        for candidate in (Path(named), Path.cwd() / Path(named).name):
            if candidate.is_file():
                return candidate.resolve()
        return None

    @property
    def keeps_progress(self) -> bool:
        """Only work in a file of the student's own counts, not a solution that is run."""
        return self.path is not None and self.path.parent != self.course.root / "solutions"

    def offer_own_code(self) -> None:
        """Let `mine` find what the student built; a solution runs on the references."""
        here = self.path.parent if self.path else Path.cwd().resolve()
        if here != self.course.root / "solutions":
            names = {entry.id: f"lesson {short_name(entry)}" for entry in self.course.lessons}
            use_own_modules(self.progress.own_modules, names)

    @property
    def progress(self) -> ProgressStore:
        """Where this course's progress is kept."""
        return ProgressStore(self.course.root / "progress")

    def next_hint(self, exercise: Exercise) -> int:
        """The number, from 1, of the exercise's hint to show next."""
        count = len(exercise.hints)
        try:
            if self.keeps_progress:
                return self.progress.next_hint(self.lesson.id, exercise.id, count)
        except ProgressError:
            pass  # a folder that cannot be written costs no hint
        self._hints_shown[exercise.id] += 1
        return min(self._hints_shown[exercise.id], count)

    def tries(self, exercise: Exercise, status: Status) -> tuple[int, int]:
        """How often the exercise was tried, this time (which ended in `status`) included, and how
        many of its hints were shown."""
        self._attempts[exercise.id] += status not in ("blank", "missing")
        attempts, shown = self._attempts[exercise.id], self._hints_shown[exercise.id]
        known = self._known()
        lesson = known.lessons.get(self.lesson.id)
        if lesson is not None and exercise.id in lesson.exercises:
            attempts = max(attempts, lesson.exercises[exercise.id].attempts)
        return attempts, max(shown, known.hints_shown.get(f"{self.lesson.id}/{exercise.id}", 0))

    def has_passed(self, exercise: Exercise) -> bool:
        """Whether the exercise has ever passed, as far as progress is kept."""
        lesson = self._known().lessons.get(self.lesson.id)
        found = lesson.exercises.get(exercise.id) if lesson is not None else None
        return found is not None and found.status == "passed"

    def _known(self) -> Progress:
        if self.keeps_progress:
            try:
                return self.progress.read()
            except ProgressError:
                pass  # a folder that cannot be read costs what it would have told, no more
        return Progress()

    def submission(self) -> tuple[Submission, tuple[int, ...]]:
        """The notebook as it stands now, and the numbers of its unsaved cells."""
        return self.executed.over(self.path)

    def _before_cell(self, info: Any) -> None:
        self.executed.record(info.raw_cell, getattr(info, "cell_id", None))

    def _skip_if_waiting(self, lines: list[str]) -> list[str]:
        return waiting.skip_if_waiting(lines, self._shell.user_ns)

"""What the tests of grading share: one warm worker, one cache of answer keys, two courses."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from edited_notebooks import Notebook, put, solved, submitted
from small_course import notebook_of, solution_of, write_course
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course
from spotlight.grading.grader import LessonGrader
from spotlight.grading.report import ExerciseReport, LessonReport
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.worker import Worker


@pytest.fixture(scope="session")
def small_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="session")
def lesson(small_course: Course) -> Lesson:
    """The small course's first lesson."""
    return solution_of(small_course, "small_steps")


@pytest.fixture(scope="session")
def grader(lesson: Lesson, worker: Worker, key_cache: Path) -> LessonGrader:
    return LessonGrader(lesson, worker.observe, key_cache=key_cache)


@pytest.fixture(scope="session")
def _blank(small_course: Course) -> Notebook:
    return notebook_of(small_course, "small_steps")


@pytest.fixture
def blank(_blank: Notebook) -> Notebook:
    """The lesson's notebook as students get it; a test may change it."""
    return copy.deepcopy(_blank)


@pytest.fixture
def done(_blank: Notebook, lesson: Lesson) -> Notebook:
    """The lesson's notebook with everything right; a test may change it."""
    return solved(_blank, lesson)


@pytest.fixture
def grade(grader: LessonGrader) -> Callable[[Notebook], LessonReport]:
    return lambda notebook: grader.grade(submitted(notebook)).report


@pytest.fixture
def grade_one(grader: LessonGrader, lesson: Lesson) -> Callable[[Notebook, str], ExerciseReport]:
    """The report on one exercise of a notebook."""

    def one(notebook: Notebook, name: str) -> ExerciseReport:
        exercise = lesson.exercise(name)
        assert exercise is not None
        return grader.grade(submitted(notebook), [exercise]).verdicts[0].report

    return one


@pytest.fixture
def judged(done: Notebook, lesson: Lesson, grader: LessonGrader) -> Callable[[str, str], Verdict]:
    """The verdict on one exercise, filled in with `source`, in a notebook otherwise right."""

    def one(name: str, source: str) -> Verdict:
        exercise = lesson.exercise(name)
        assert exercise is not None
        put(done, exercise, source)
        return grader.grade(submitted(done), [exercise]).verdicts[0]

    return one

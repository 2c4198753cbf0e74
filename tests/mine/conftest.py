"""A small lesson that students work in, and the module that comes of it."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lesson_with_a_class import TEXT

from edited_notebooks import Notebook, solved, submitted
from small_course import lesson_of, notebook_of, solution_of, write_course
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import load_course
from spotlight.grading.grader import LessonGrader
from spotlight.grading.report import LessonReport
from spotlight.progress import ProgressStore
from spotlight.sandbox.worker import Worker

NOON = "2026-01-31T12:00:00Z"
COURSE = load_course(Path(__file__).parents[2])


@pytest.fixture(scope="session")
def steps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lesson, Notebook]:
    """A small lesson, and its notebook with everything right."""
    course = write_course(tmp_path_factory.mktemp("course"))
    lesson = solution_of(course, "small_steps")
    return lesson, solved(notebook_of(course, "small_steps"), lesson)


@pytest.fixture(scope="session")
def queries() -> tuple[Lesson, Notebook]:
    """Lesson 03 as it is shipped, and its notebook with everything right."""
    lesson = solution_of(COURSE, "queries_and_keys")
    return lesson, solved(notebook_of(COURSE, "queries_and_keys"), lesson)


@pytest.fixture(scope="session")
def with_a_class(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """A lesson whose exercise is a class, and whose given cell takes from an earlier one."""
    return lesson_of(TEXT, tmp_path_factory.mktemp("class"))


@pytest.fixture
def graded(worker: Worker, key_cache: Path) -> Callable[..., LessonReport]:
    """Grades a notebook, or some exercises of it."""

    def grade(lesson: Lesson, notebook: Notebook, *names: str) -> LessonReport:
        grader = LessonGrader(lesson, worker.observe, key_cache=key_cache)
        submission = submitted(notebook)
        if not names:
            return grader.grade(submission).report
        return grader.grade(submission, [e for e in lesson.exercises if e.id in names]).report

    return grade


@pytest.fixture
def store(tmp_path: Path) -> ProgressStore:
    return ProgressStore(tmp_path / "progress")


@pytest.fixture
def module(store: ProgressStore) -> Callable[[str], dict[str, Any]]:
    """What a lesson's own module defines when it is run as any Python file is."""
    return lambda lesson: runpy.run_path(str(store.own_modules / f"{lesson}.py"))

"""A small course and a class that hands in notebooks of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edited_notebooks import Notebook, put, solved
from small_course import notebook_of, solution_of, write_course
from spotlight.classroom import grading_task
from spotlight.course.manifest import Course
from spotlight.sandbox.worker import Worker

HandIn = Callable[..., Path]


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return write_course(tmp_path_factory.mktemp("class") / "course")


@pytest.fixture
def one_worker(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes that this process grades are graded by the worker that all tests share.

    A worker's start takes longer than to grade a small class.
    """
    monkeypatch.setattr(worker, "close", lambda: None)
    monkeypatch.setattr(grading_task, "Worker", lambda: worker)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the class hands in."""
    path = tmp_path / "handed-in"
    path.mkdir()
    return path


@pytest.fixture
def hand_in(course: Course, folder: Path) -> HandIn:
    """Hand in a student's notebook of a lesson: all right but for the answers that are given."""

    def one(student: str, lesson: str = "small_steps", **answers: str) -> Path:
        notebook = notebook_with(course, lesson, **answers)
        path = folder / student / f"{lesson}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path

    return one


def notebook_with(course: Course, lesson: str, **answers: str) -> Notebook:
    """The lesson's notebook with everything right but for some exercises' code."""
    read = solution_of(course, lesson)
    notebook = solved(copy.deepcopy(notebook_of(course, lesson)), read)
    for name, source in answers.items():
        exercise = read.exercise(name)
        assert exercise is not None
        put(notebook, exercise, source)
    return notebook

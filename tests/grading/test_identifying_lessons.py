"""Which lesson a file is of: by its metadata, its name, its first cell, or its exercises."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edited_notebooks import Notebook, code_cells, text
from small_course import notebook_of
from spotlight.course.manifest import Course
from spotlight.grading.identify import identify
from spotlight.grading.submission import SubmissionError, parse_submission


@pytest.fixture
def bare(small_course: Course) -> Notebook:
    """The second lesson, without what its notebook says of itself, and without its first cell."""
    notebook = notebook_of(small_course, "small_finish")
    notebook["metadata"] = {}
    notebook["cells"] = [c for c in notebook["cells"] if "start(" not in text(c)]
    return notebook


def identified(course: Course, notebook: dict[str, Any], path: str = "homework.ipynb") -> str:
    return identify(course, parse_submission(json.dumps(notebook).encode(), path)).id


def test_by_its_metadata_whatever_its_name(small_course: Course, bare: Notebook) -> None:
    bare["metadata"] = {"spotlight": {"lesson": "small_finish"}}
    assert identified(small_course, bare, "01_small_steps.ipynb") == "small_finish"


@pytest.mark.parametrize("name", ["02_small_finish.ipynb", "a/b/02.ipynb", "small_finish.ipynb"])
def test_by_its_name(name: str, small_course: Course, bare: Notebook) -> None:
    assert identified(small_course, bare, name) == "small_finish"


def test_by_its_first_cell(small_course: Course) -> None:
    notebook = notebook_of(small_course, "small_finish")
    notebook["metadata"] = {}
    notebook["cells"] = [c for c in notebook["cells"] if "halved" not in text(c)]
    assert identified(small_course, notebook) == "small_finish"


def test_by_its_exercises(small_course: Course, bare: Notebook) -> None:
    assert identified(small_course, bare) == "small_finish"


@pytest.mark.parametrize("lesson", ["of another course", 7, None, ["small_steps"], {"a": 1}])
def test_metadata_that_tell_nothing_are_passed_over(
    lesson: object, small_course: Course, bare: Notebook
) -> None:
    bare["metadata"] = {"spotlight": {"lesson": lesson}}
    assert identified(small_course, bare) == "small_finish"


def test_a_notebook_of_no_lesson_is_refused_with_what_to_do(
    small_course: Course, bare: Notebook
) -> None:
    for cell in code_cells(bare):
        cell["source"] = "print('hello')"
    with pytest.raises(SubmissionError) as raised:
        identified(small_course, bare)
    assert str(raised.value) == (
        "homework.ipynb does not say which lesson it is of. "
        "Give it the lesson's file name, such as 01_small_steps.ipynb."
    )

"""The four exercises by which graders are compared are the same in each grader's own format.

`python -m bench grading` installs the other graders and runs them all.
"""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from bench.four_exercises import HIDDEN_TESTS, IMPORTS, PATTERNS, a_class, cell_of, write_course
from bench.peer_nbgrader import source_notebook
from bench.peer_otter import master_notebook

from spotlight.authoring.notebooks import build_notebook
from spotlight.authoring.proving import prove
from spotlight.authoring.rules import broken_rules
from spotlight.course.lesson import Lesson
from spotlight.course.reading import read_master
from spotlight.grading.grader import LessonGrader
from spotlight.grading.submission import parse_submission
from spotlight.sandbox.worker import Worker

SEEDS = range(5)


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    course = write_course(tmp_path_factory.mktemp("four") / "course")
    return read_master(course.master(course.lessons[0]))


def passes_hidden_tests(exercise: str, source: str) -> bool:
    """Whether a peer's asserts accept it: they run as they stand in its notebook."""
    names: dict[str, object] = {}
    try:
        exec("\n\n".join((IMPORTS, source, HIDDEN_TESTS[exercise])), names)
    except Exception:
        return False
    return True


def test_they_keep_the_rules_of_every_other_exercise(four: Lesson, worker: Worker) -> None:
    assert len(four.exercises) == 4
    assert broken_rules(four) == []
    assert [p for e in four.exercises for p in prove(four, e, worker.observe, SEEDS)] == []


def test_spotlight_gives_every_student_the_points_due(
    four: Lesson, worker: Worker, key_cache: Path
) -> None:
    grader = LessonGrader(four, worker.observe, key_cache=key_cache)
    blank = json.loads(build_notebook(four, "student"))
    for student in a_class(four, len(PATTERNS)):
        handed_in = json.dumps(student.filled_in(blank)).encode()
        report = grader.grade(parse_submission(handed_in, student.name)).report
        assert {e.exercise: e.points for e in report.exercises} == student.points
        assert report.notes == ()


def test_the_asserts_of_other_graders_find_the_same_answers_right(four: Lesson) -> None:
    for student in a_class(four, 3 * len(PATTERNS)):
        for exercise, answer in student.answers.items():
            due = student.points[exercise] > 0
            assert passes_hidden_tests(exercise, answer) is due, answer


def test_a_class_has_right_wrong_and_blank_answers_to_every_exercise(four: Lesson) -> None:
    stubs = {e.id: e.stub for e in four.exercises}
    students = a_class(four, len(PATTERNS))
    for exercise in stubs:
        kinds = {(s.answers[exercise] == stubs[exercise], s.points[exercise]) for s in students}
        assert kinds == {(False, 1.0), (False, 0.0), (True, 0.0)}


@pytest.mark.parametrize("notebook_of", [source_notebook, master_notebook])
def test_what_other_graders_are_given_is_a_notebook_with_every_exercise(
    four: Lesson, notebook_of
) -> None:
    notebook = notebook_of(four)
    nbformat.validate(notebook)
    for exercise in four.exercises:
        begins = exercise.solution.partition("\n")[0]
        assert cell_of(notebook, exercise.id)["source"].startswith(begins)
        tests = HIDDEN_TESTS[exercise.id]
        assert sum(tests in cell["source"] for cell in notebook["cells"]) == 1

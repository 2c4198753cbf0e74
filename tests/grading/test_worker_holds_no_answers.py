"""What a worker is handed for a student's program: nothing that tells what is right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edited_notebooks import put, submitted
from small_course import notebook_of, solution_of
from spotlight.course.lesson import Exercise, Lesson, solution_blocks
from spotlight.course.manifest import LessonEntry, load_course
from spotlight.grading.grader import LessonGrader
from spotlight.sandbox.job import Job, Observation
from spotlight.sandbox.worker import Worker
from tiers import few_lessons

COURSE = load_course(Path(__file__).parents[2])
LONG = 12


class Listener:
    """Stands where the worker would, and sees every exercise fail."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def observe(self, job: Job) -> Observation:
        self.jobs.append(job)
        return Observation((), (), "crashed", 0.0)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(scope="module")
def prepared(worker: Worker, key_cache: Path):
    """A grader of a lesson that holds every answer key, and hands its jobs to a listener."""

    def grader(lesson: Lesson, listener: Listener) -> LessonGrader:
        keyed = LessonGrader(lesson, worker.observe, key_cache=key_cache)
        for exercise in lesson.exercises:
            keyed.key(exercise)
        return LessonGrader(lesson, listener.observe, key_cache=key_cache)

    return grader


def said_to_students(lesson: Lesson) -> str:
    """All that stands in the student's own notebook."""
    stubs = [exercise.stub for exercise in lesson.exercises]
    return "\n".join([*stubs, *(c.source for c in lesson.cells if c.role in ("markdown", "given"))])


def telling_lines(lesson: Lesson, exercise: Exercise) -> list[str]:
    lines = "\n".join(solution_blocks(exercise.solution)).splitlines()
    known = said_to_students(lesson)
    return [x.strip() for x in lines if len(x.strip()) > LONG and x.strip() not in known]


def wrong(exercise: Exercise) -> str:
    """A cell that defines every target, and nothing right."""
    lines = []
    for target in exercise.targets:
        is_function = f"def {target}(" in exercise.stub
        lines.append(
            f"def {target}(*a, **k):\n    return 'w'" if is_function else f"{target} = 'w'"
        )
    return "\n".join(lines)


def as_text(job: Job) -> str:
    return json.dumps(job.as_data(), ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"')


@pytest.mark.parametrize("entry", few_lessons())
def test_a_blank_notebook_runs_nothing(entry: LessonEntry, prepared, listener: Listener) -> None:
    lesson = solution_of(COURSE, entry.id)
    prepared(lesson, listener).grade(submitted(notebook_of(COURSE, entry.id)))
    assert listener.jobs == []


@pytest.mark.parametrize("entry", few_lessons())
def test_a_wrong_answer_meets_no_line_of_any_solution_and_no_mistake(
    entry: LessonEntry, prepared, listener: Listener
) -> None:
    lesson = solution_of(COURSE, entry.id)
    grader = prepared(lesson, listener)
    notebook = notebook_of(COURSE, entry.id)
    for exercise in lesson.exercises:
        put(notebook, exercise, wrong(exercise))
    grader.grade(submitted(notebook))
    assert len(listener.jobs) >= len(lesson.exercises)
    own_runs = {job.steps[-1].name: job for job in reversed(listener.jobs)}
    for exercise in lesson.exercises:
        handed = as_text(own_runs[exercise.id])
        for other in lesson.exercises:
            assert not [line for line in telling_lines(lesson, other) if line in handed]
            assert not [m.message for m in other.mistakes if m.message in handed]


@pytest.mark.parametrize("entry", few_lessons())
def test_a_reference_enters_only_a_later_exercise_that_failed(
    entry: LessonEntry, prepared, listener: Listener
) -> None:
    """Every exercise uses all the earlier ones, and all of them fail."""
    lesson = solution_of(COURSE, entry.id)
    grader = prepared(lesson, listener)
    notebook = notebook_of(COURSE, entry.id)
    earlier: list[str] = []
    for exercise in lesson.exercises:
        put(notebook, exercise, f"{wrong(exercise)}\n{'; '.join(earlier)}")
        earlier += exercise.targets
    grader.grade(submitted(notebook))
    followed = 0
    for job in listener.jobs:
        handed = as_text(job)
        judged = [exercise.id for exercise in lesson.exercises].index(job.steps[-1].name)
        known = "\n".join(exercise.solution for exercise in lesson.exercises[:judged])
        for exercise in lesson.exercises[judged:]:
            lines = [line for line in telling_lines(lesson, exercise) if line not in known]
            assert not [line for line in lines if line in handed]
        followed += any(
            line in handed
            for exercise in lesson.exercises[:judged]
            for line in telling_lines(lesson, exercise)
        )
    if any(telling_lines(lesson, exercise) for exercise in lesson.exercises[:-1]):
        assert followed


def test_expected_values_never_travel(lesson: Lesson, prepared, listener: Listener) -> None:
    """A job is text and limits: it has no place for an array."""
    notebook = {"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    for exercise in lesson.exercises:
        source = f"# Exercise {exercise.id}\n{wrong(exercise)}"
        notebook["cells"].append({"cell_type": "code", "source": source, "metadata": {}})
    prepared(lesson, listener).grade(submitted(notebook))
    assert listener.jobs
    for job in listener.jobs:
        data = job.as_data()
        assert set(data) == {
            *("steps", "targets", "helpers", "probes", "limits"),
            *("others", "explain"),
        }
        assert (job.others, job.explain) == ((), None)  # these are for answer keys alone
        assert all(
            set(p) == {"name", "source", "parameters", "seed", "dtype", "counts"}
            for p in data["probes"]
        )
        json.dumps(data)

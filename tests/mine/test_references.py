"""Each of the course's references passes the exercise that it stands in for."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from calls_of_mine import Call, calls, calls_in

from edited_notebooks import put, submitted
from small_course import notebook_of, solution_of
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import load_course
from spotlight.grading.grader import LessonGrader
from spotlight.progress.own_module import references

COURSE = load_course(Path(__file__).parents[2])


@cache
def lesson_of(name: str) -> Lesson:
    return solution_of(COURSE, name)


@cache
def judging(name: str) -> Lesson:
    """The lesson without its mistakes: their outcomes name what is wrong, and nothing is here."""
    lesson = lesson_of(name)
    return replace(lesson, exercises=tuple(replace(e, mistakes=()) for e in lesson.exercises))


SHIPPED = [entry.id for entry in COURSE.lessons if COURSE.solution(entry).is_file()]
HANDED_OUT = {name: tuple(calls_in(lesson_of(name))) for name in SHIPPED}
SAME_NAME = [
    (lesson, exercise.id, target)
    for lesson in SHIPPED
    for exercise in lesson_of(lesson).exercises
    for target in exercise.targets
    if target in references()
]
# A reference is judged by the first lesson that asks for it, and in the deep tier by all.
FIRST = {target: (lesson, exercise, target) for lesson, exercise, target in reversed(SAME_NAME)}
JUDGED = [
    case if FIRST[case[2]] == case else pytest.param(*case, marks=pytest.mark.deep)
    for case in SAME_NAME
]
OF_DROPOUT = ("in_training", "what_dropout_leaves")  # the course's GPT has none


def judged_without_rules(exercise: Exercise) -> Exercise:
    """The exercise without its rules, and without the probes of what the reference lacks."""
    probes = tuple(p for p in exercise.probes if p.name not in OF_DROPOUT)
    return replace(exercise, forbidden=(), probes=probes)


@pytest.mark.parametrize(("name", "exercise_id", "target"), JUDGED)
def test_a_reference_passes_the_exercise_of_its_name(worker, name, exercise_id, target):
    lesson = judging(name)
    # Its rules forbid the reference, and that is not the question here.
    lesson = replace(lesson, exercises=tuple(map(judged_without_rules, lesson.exercises)))
    exercise = lesson.exercise(exercise_id)
    assert exercise is not None
    module = import_module(f"spotlight.model_utils.{references()[target]}")
    notebook = notebook_of(COURSE, name)
    put(notebook, exercise, inspect.getsource(module))
    report = (
        LessonGrader(lesson, worker.observe)
        .grade(submitted(notebook), [exercise])
        .verdicts[0]
        .report
    )
    assert (report.status, report.message) == ("passed", "")


@pytest.mark.parametrize(("name", "exercise_id", "target"), SAME_NAME)
def test_it_is_no_answer_to_that_exercise(worker, name, exercise_id, target):
    lesson = judging(name)
    exercise = lesson.exercise(exercise_id)
    assert exercise is not None
    # A rule is broken whatever comes out: one probe is enough.
    exercise = replace(exercise, probes=exercise.probes[:1])
    notebook = notebook_of(COURSE, name)
    put(notebook, exercise, f"from spotlight.model_utils.{references()[target]} import {target}")
    report = (
        LessonGrader(lesson, worker.observe)
        .grade(submitted(notebook), [exercise])
        .verdicts[0]
        .report
    )
    assert report.status == "forbidden"


def test_the_functions_of_lesson_03_are_among_them():
    names = {target for lesson, _, target in SAME_NAME if lesson == "queries_and_keys"}
    assert names == {"project", "query_key_scores", "scaled_scores", "attention_weights"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_lesson_hands_out_what_an_earlier_one_builds_and_a_reference_can_be(name):
    for call in HANDED_OUT[name]:
        assert call.lesson in SHIPPED[: SHIPPED.index(name)]
        targets = {t for each in lesson_of(call.lesson).exercises for t in each.targets}
        assert call.name in targets & references().keys()


def test_calls_are_read_whatever_way_the_reference_is_named():
    source = (
        'project = mine("queries_and_keys", attention.project)\n'
        'layers = [mine("causal_masking", causal_mask)]'
    )
    assert set(calls(source)) == {
        Call("queries_and_keys", "project"),
        Call("causal_masking", "causal_mask"),
    }

"""A master is proved to its author: what is right passes, what is wrong is named, on many seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from small_course import STEPS, lesson_of
from small_masters import alternatives, mistakes
from spotlight.authoring.proving import SEEDS, prove
from spotlight.course.lesson import Lesson
from spotlight.sandbox.job import Job, Observation
from spotlight.sandbox.worker import Worker
from tiny_lessons import exercise, function, probe

Problems = Callable[[str], list[str]]
PLACE = "01_small_steps.py, cell 8 (doubled): "


@pytest.fixture
def problems(worker: Worker, tmp_path: Path) -> Problems:
    """What is wrong with the first exercise of a master, by a few seeds."""

    def of(master: str) -> list[str]:
        lesson = lesson_of(master, tmp_path)
        return prove(lesson, lesson.exercises[0], worker.observe, range(3))

    return of


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    return lesson_of(STEPS, tmp_path)


def with_line(line: str) -> str:
    """The master with a line more in the first exercise's probes."""
    mark = alternatives("sum: 2 * x → x + x")
    assert STEPS.count(mark) == 1
    return STEPS.replace(mark, f"{mark}\n{line}")


def test_at_least_fifty_seeds_are_tried() -> None:
    assert len(set(SEEDS)) >= 50


def test_a_sound_exercise_has_no_problems(problems: Problems) -> None:
    assert problems(STEPS) == []


@pytest.mark.parametrize("number", range(5))
def test_every_kind_of_exercise_can_be_sound(number: int, lesson: Lesson, worker: Worker) -> None:
    assert prove(lesson, lesson.exercises[number], worker.observe, range(2)) == []


def test_a_mistake_that_is_accepted(problems: Problems) -> None:
    master = with_line(mistakes({"harmless: 2 * x → x * 2": "No harm."}))
    assert problems(master) == [f"{PLACE}mistake harmless is accepted with seed 0."]


def test_a_mistake_that_is_accepted_with_some_seed_only(problems: Problems) -> None:
    harmless = "2 * x if x.sum() > 0 else x * 3"
    (said,) = problems(with_line(mistakes({f"now-and-then: 2 * x → {harmless}": "Sometimes."})))
    assert said.startswith(f"{PLACE}mistake now-and-then ")


def test_an_alternative_that_is_rejected(problems: Problems) -> None:
    (said,) = problems(with_line(alternatives("thrice: 2 * x → 3 * x")))
    assert said.startswith(f"{PLACE}alternative thrice is rejected with seed 0: Every number")


def test_two_mistakes_that_cannot_be_told_apart(problems: Problems) -> None:
    (said,) = problems(with_line(mistakes({"as-it-was: 2 * x → 1 * x": "As it was."})))
    assert said.startswith(f"{PLACE}mistake as-it-was cannot be told from unchanged with seed 0:")


def test_a_solution_that_fails_its_own_probes(problems: Problems) -> None:
    assert problems(STEPS.replace("return 2 * x", "return 2 * x + y")) == [
        f"{PLACE}the solution fails its own probes (NameError: name 'y' is not defined)."
    ]


def test_probes_whose_sizes_are_equal(problems: Problems) -> None:
    master = STEPS.replace("doubled(randn(3))", "doubled(randn(3, 3))").replace(
        "doubled(randn(2, 4))", "doubled(randn(4, 1, 1))"
    )
    said = f"{PLACE}no probe draws inputs of unequal sizes in every dimension."
    assert problems(master) == [said]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (
            alternatives("method: 2 * x → x.mul(2)"),
            "alternative method",
        ),
        (
            mistakes({"times-three: 2 * x → x.mul(3)": "By two."}),
            "mistake times-three",
        ),
        ('forbid("x", because="it is in the way.")', None),
    ],
)
def test_what_breaks_the_exercises_own_rules(
    line: str, what: str | None, problems: Problems
) -> None:
    said = problems(with_line(line))
    if what is None:
        assert said == []  # x is the function's own parameter
    else:
        assert said == [
            f"{PLACE}{what} breaks the exercise's own rules. Line 8 uses mul, "
            "which this exercise does without: write the product with a star."
        ]


def test_a_stub_that_passes(problems: Problems) -> None:
    """Probes that never call the target see nothing of it."""
    master = STEPS.replace("return doubled(randn(3))", "return randn(3)").replace(
        "return doubled(randn(2, 4))", "return randn(2, 4)"
    )
    assert f"{PLACE}the stub passes." in problems(master)


def test_probes_that_take_too_long(lesson: Lesson, worker: Worker) -> None:
    def slowly(job: Job) -> Observation:
        return replace(worker.observe(job), cpu_seconds=100.0)

    exercise = lesson.exercises[0]
    assert prove(lesson, exercise, slowly, range(2)) == [
        f"{exercise.place}: its probes take more than 2 CPU seconds."
    ]


def test_a_wrong_turn_that_the_public_seed_does_not_see(problems: Problems) -> None:
    """A single number is positive by one seed and negative by another."""
    master = exercise(function("return x.abs()"), probe("one", "f(randn(2, 3)[:1, :1])"))
    said = [problem for problem in problems(master) if "change of the solution" in problem]
    assert len(said) >= 1
    assert "the step `abs(…)` in `x.abs()` is too much." in said[0]
    assert said[0].endswith("Add a case that tells.")


def test_where_every_seed_sees_it_nothing_is_said(problems: Problems) -> None:
    master = exercise(function("return x.abs()"), probe("many", "f(randn(20, 3))"))
    assert not [problem for problem in problems(master) if "change of the solution" in problem]

"""Random edits of a right solution: made as promised, and rejected whenever they matter.

The bench makes hundreds of them; here are the mutator's own properties, and a small sample with a
fixed seed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from bench.ast_mutator import Mutant, mutants_of, single_edits
from bench.mutants import Examined, Examiner
from bench.wide_inputs import HELPERS, wide_probes

from small_course import STEPS, lesson_of, solution_of
from spotlight.course.lesson import BEGIN, END, Exercise, Lesson
from spotlight.course.manifest import LessonEntry, load_course
from spotlight.sandbox import kit
from spotlight.sandbox.job import KIT_NAMES
from spotlight.sandbox.worker import Worker
from tiers import few_lessons

COURSE = load_course(Path(__file__).parents[2])
SAMPLE = 10  # mutants per exercise; in the fast tier two
MISTAKES = 3  # per exercise; in the fast tier one
FEW = 3  # exercises of a lesson that the fast tier asks
SEED = 20260131

FUNCTION = f'''\
def gap(a: Tensor, b: Tensor, n: int = 1) -> Tensor:
    """How far apart, at most: a - b.

    a: (n, d), b: (n, d) → (n, 1)
    """
    # TODO: return the largest gap of every row.
    {BEGIN}
    apart = a - 2 * b  # (n, d)
    return torch.max(apart.abs(), dim=-1, keepdim=True)[0] / -n
    {END}
'''
LAYER = f'''\
class Layer(nn.Module):
    """Multiplies by a matrix."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.ones(width, 2))

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, width) → (n, 2)"""
        {BEGIN}
        if len(x) > 1 and not self.training:
            return x @ self.matrix
        return x
        {END}
'''
VARIABLE = f"""\
# TODO: compute the sum of every row of numbers.
{BEGIN}
row_sums = numbers.sum(dim=1)  # (2,)
{END}
"""


def lines(mutants: list[Mutant]) -> set[str]:
    """Every line of code that some mutant has, without its comment."""
    return {line.partition("  # ")[0].strip() for m in mutants for line in m.source.split("\n")}


@pytest.mark.parametrize(
    "edited",
    [
        "apart = a + 2 * b",
        "apart = a - 2 / b",
        "apart = 2 * b - a",
        "apart = 2 * b",
        "apart = a - b",
        "apart = a - 4 * b",
        "apart = a - 3 * b",
        "apart = a - -2 * b",
        "apart = a - 2 * a",
        "apart = a - 2 * b.T",
        "apart = a.sub_(2 * b)",
        "return torch.max(apart.abs(), dim=-1, keepdim=True)[0] / n",
        "return torch.max(apart.abs(), dim=0, keepdim=True)[0] / -n",
        "return torch.max(apart.abs(), keepdim=True)[0] / -n",
        "return torch.max(apart.abs(), dim=-1, keepdim=False)[0] / -n",
        "return torch.max(apart.abs(), dim=-1)[0] / -n",
        "return torch.mean(apart.abs(), dim=-1, keepdim=True)[0] / -n",
        "return torch.max(apart, dim=-1, keepdim=True)[0] / -n",
        "return torch.max(apart.abs(), dim=-1, keepdim=True)[1] / -n",
        "return torch.max(apart.abs(), dim=-1, keepdim=True) / -n",
        "return torch.max(apart.abs(), dim=-1, keepdim=True)[0]",
        "return apart",
        "print(torch.max(apart.abs(), dim=-1, keepdim=True)[0] / -n)",
        "torch.max(apart.abs(), dim=-1, keepdim=True)[0] / -n",
    ],
)
def test_edits_that_students_make_are_among_the_mutants(edited: str) -> None:
    assert edited in lines(single_edits(FUNCTION))


def test_every_line_is_left_out_once() -> None:
    left_out = [m.source for m in single_edits(FUNCTION) if m.kind == "line deleted"]
    assert ["apart =" in source for source in left_out] == [False, True]
    assert ["return torch" in source for source in left_out] == [True, False]


def test_another_function_in_scope_is_called() -> None:
    source = FUNCTION.replace("apart.abs()", "distance(a, b)")
    assert "return torch.max(shares(a, b), dim=-1, keepdim=True)[0] / -n" in lines(
        single_edits(source, ["shares"])
    )


def test_edits_inside_a_class_and_of_conditions() -> None:
    assert {
        "if len(x) > 1 or not self.training:",
        "if len(x) >= 1 and not self.training:",
        "if len(x) > 1 and self.training:",
        "return self.matrix @ x",
    } <= lines(single_edits(LAYER))


def test_edits_of_a_variable() -> None:
    assert {"row_sums = numbers.sum(dim=0)", "row_sums = numbers"} <= lines(single_edits(VARIABLE))
    assert any("row_sums" not in m.source for m in single_edits(VARIABLE))


@pytest.mark.parametrize("solution", [FUNCTION, LAYER, VARIABLE])
def test_all_that_is_not_the_students_stays(solution: str) -> None:
    """The signature, the docstring, the comments above and the marks."""

    def around(source: str) -> tuple[str, str]:
        before, _, rest = source.partition(BEGIN)
        return before, rest.partition(END)[2]

    mutants = mutants_of(solution, 60, seed=3)
    assert {around(m.source) for m in mutants} == {around(solution)}


@pytest.mark.parametrize("solution", [FUNCTION, LAYER, VARIABLE])
def test_mutants_parse_and_no_two_are_alike(solution: str) -> None:
    mutants = mutants_of(solution, 60, seed=3)
    trees = {ast.dump(ast.parse(source)) for source in (solution, *(m.source for m in mutants))}
    assert len(trees) == len(mutants) + 1
    assert all(m.kind and "→" in m.change and "\n" not in m.change for m in mutants)


def test_the_seed_decides() -> None:
    assert mutants_of(FUNCTION, 20, seed=1) == mutants_of(FUNCTION, 20, seed=1)
    assert mutants_of(FUNCTION, 20, seed=1) != mutants_of(FUNCTION, 20, seed=2)


def test_most_mutants_are_one_edit_and_some_are_two() -> None:
    edits = [m.edits for m in mutants_of(FUNCTION, 40)]
    assert len(edits) == 40
    assert 0 < edits.count(2) < edits.count(1)
    assert set(edits) == {1, 2}


def test_no_kind_of_edit_crowds_out_the_others() -> None:
    kinds = {m.kind for m in single_edits(FUNCTION)}
    mutants = mutants_of(FUNCTION, 2 * len(kinds))
    assert {m.kind for m in mutants[: len(kinds)]} == kinds


# The wide differential test


@pytest.fixture(scope="session")
def exercises() -> dict[str, tuple[Lesson, Exercise]]:
    """Every exercise of the course, by its id."""
    lessons = [solution_of(COURSE, entry.id) for entry in COURSE.lessons]
    return {e.id: (lesson, e) for lesson in lessons for e in lesson.exercises}


def arguments(exercise: Exercise) -> list[tuple[torch.Tensor, ...]]:
    """What the wide probes hand to the exercise's function."""
    seen: list[tuple[torch.Tensor, ...]] = []

    def target(*given: torch.Tensor) -> torch.Tensor:
        seen.append(given)
        return given[0]

    names = {name: getattr(kit, name) for name in KIT_NAMES} | {"torch": torch}
    exec(HELPERS, names)
    probes, seeds = wide_probes(exercise)
    for seed in seeds:
        for probe in probes:
            exec(probe.source, names)
            with kit.fresh_draws(seed, probe.name):
                names[probe.name](target)
    return seen


def test_sizes_are_equal_and_unequal_and_one_and_large(exercises) -> None:
    given = arguments(exercises["scaled_scores"][1])
    sizes = {(len(q), len(k), q.shape[1]) for q, k in given}
    assert all(q.shape[1] == k.shape[1] for q, k in given)
    assert any(len({*three}) == 3 for three in sizes)
    assert {(1, 1, 1), (2, 2, 2)} <= sizes
    for place in range(3):
        assert {1, 33} <= {three[place] for three in sizes}


def test_values_are_small_and_large_and_tied_and_of_both_dtypes(exercises) -> None:
    tensors = [x for (x,) in arguments(exercises["average_context"][1])]
    assert {x.dtype for x in tensors} == {torch.float32, torch.float64}
    assert any((x == 0).all() for x in tensors)
    assert any((x < 0).all() for x in tensors)
    assert any(x.abs().max() > 100 for x in tensors)
    assert any(0 < x.abs().max() < 1 for x in tensors)
    assert any(x.numel() > 1 and (x == x.round()).all() and x.unique().numel() > 1 for x in tensors)


def test_weights_that_are_said_to_add_up_to_1_do(exercises) -> None:
    for weights, _ in arguments(exercises["context_vectors"][1]):
        assert (weights >= 0).all()
        assert torch.allclose(weights.sum(dim=-1), torch.ones((), dtype=weights.dtype))


def test_what_is_said_not_to_be_all_zero_is_not(exercises) -> None:
    given = arguments(exercises["cosine"][1])
    assert given
    assert all(a.any() and b.any() for a, b in given)


def test_what_an_exercise_says_in_words_only_is_tested_by_its_own_probes(lesson: Lesson) -> None:
    doubled = lesson.exercises[0]
    probes, seeds = wide_probes(doubled)
    assert probes == doubled.probes
    assert 0 not in seeds


# The course's own exercises


@pytest.fixture(scope="session")
def examiner(worker: Worker, key_cache: Path) -> Callable[[str], Examiner]:
    """An examiner per lesson, made once."""

    @cache
    def of(name: str) -> Examiner:
        return Examiner(solution_of(COURSE, name), worker.observe, key_cache=key_cache)

    return of


@pytest.mark.parametrize("entry", few_lessons())
def test_mistakes_differ_on_wide_inputs_and_alternatives_do_not(
    entry: LessonEntry, examiner, deep: bool
) -> None:
    unseen = []
    for exercise in examiner(entry.id).lesson.exercises[: None if deep else FEW]:
        wide = examiner(entry.id).wide_test(exercise)
        for wrong in exercise.mistakes[: MISTAKES if deep else 1]:
            if wide.telling_input(exercise.variant_source(wrong)) is None:
                unseen.append((exercise.id, wrong.name))
        right = exercise.alternatives[0]
        assert wide.telling_input(exercise.variant_source(right)) is None
    assert unseen == []


@pytest.mark.parametrize("entry", few_lessons())
def test_whatever_differs_is_rejected_and_nothing_else(
    entry: LessonEntry, examiner, deep: bool
) -> None:
    size = SAMPLE if deep else 2
    differing = 0
    exercises = examiner(entry.id).lesson.exercises[: None if deep else FEW]
    for exercise in exercises:
        mutants = examiner(entry.id).mutants(exercise, size, SEED)
        sample = list(examiner(entry.id).examine(exercise, mutants))
        assert len(sample) == size
        assert [str(one) for one in sample if one.is_wrongly_accepted] == []
        assert [str(one) for one in sample if one.is_wrongly_rejected] == []
        differing += sum(one.differs for one in sample)
    assert differing > size * len(exercises) // 2


def examined(master: str, edited: str, folder: Path, worker: Worker) -> Examined:
    """The mutant that has `edited`, of the exercise about every row's smallest and largest."""
    lesson = lesson_of(master, folder)
    exercise = lesson.exercise("extremes")
    assert exercise is not None
    mutant = next(m for m in single_edits(exercise.solution) if edited in m.source)
    (one,) = Examiner(lesson, worker.observe, key_cache=folder).examine(exercise, [mutant])
    return one


def test_a_hole_in_the_probes_is_seen(tmp_path: Path, worker: Worker) -> None:
    """Of a table of one number, the smallest of the column is the smallest of the row."""
    edited = "x.min(dim=0).values"
    assert not examined(STEPS, edited, tmp_path, worker).is_wrongly_accepted
    master = STEPS.replace("x = randn(2, 3)", "x = randn(1, 1)")
    master = master.replace("x = randn(4, 5)", "x = randn(1, 1)")
    one = examined(master, edited, tmp_path, worker)
    assert one.is_wrongly_accepted
    assert "observed(low, " in str(one)


def test_a_probe_that_asks_for_more_than_is_said_is_seen(tmp_path: Path, worker: Worker) -> None:
    """Of a table, axis 1 is the last; of the cube that this probe draws, it is not."""
    edited = "x.min(dim=-1).values"
    one = examined(STEPS, edited, tmp_path, worker)
    assert one.accepted
    assert not one.is_wrongly_rejected
    master = STEPS.replace("x = randn(4, 5)", "x = randn(4, 5, 3)")
    assert examined(master, edited, tmp_path, worker).is_wrongly_rejected

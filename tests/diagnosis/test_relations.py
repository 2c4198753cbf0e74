"""What a wrong result has to do with the right one: found where it is so, and never said elsewhere.

Every sentence is held against the arrays by arithmetic of the test's own (`IS_TRUE`), whatever the
grader thought when it chose it.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seen_arrays import Seen, diagnosis, said, verdict_on
from spotlight.sandbox.job import Frame, Trouble

Plant = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Truth = Callable[[Seen, str], bool]

CAREFUL = settings(max_examples=40, deadline=None, derandomize=True)


# Arrays


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return 3 * rng.normal(size=shape)


def small_whole(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-2, 3, shape).astype(float)


def shares(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rows that add up to 1."""
    return softmax(2 * rng.normal(size=shape), -1)


def softmax(array: np.ndarray, axis: int | None) -> np.ndarray:
    grown = np.exp(array)
    return grown / grown.sum(axis=axis, keepdims=True)


def cases_of(
    make: Callable[..., np.ndarray], plant: Plant, shapes: list[tuple[int, ...]], seed: int = 0
) -> list[Seen]:
    """One case for each shape: `make` the right array, `plant` the wrong one from it."""
    rng = np.random.default_rng(seed)
    cases = []
    for shape in shapes:
        wanted = make(rng, *shape)
        arguments = {"x": normal(rng, *shape)} if len(shape) == 2 else {}
        cases.append(Seen(wanted, np.array(plant(wanted, rng)), arguments))
    return cases


SIZES = st.lists(
    st.tuples(st.integers(2, 6), st.integers(2, 6)).filter(lambda size: size[0] != size[1]),
    min_size=2,
    max_size=4,
    unique=True,
)
SEEDS = st.integers(0, 2**32 - 1)
RECTANGLES = [(3, 4), (5, 2), (2, 6)]


# The truth of a sentence


def close(one: np.ndarray, other: np.ndarray, tolerance: float = 1e-4) -> bool:
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if one.shape != other.shape:
        return False
    finite = np.isfinite(one)
    if not np.array_equal(np.where(finite, 0, one), np.where(finite, 0, other), equal_nan=True):
        return False
    largest = np.abs(one[finite]).max(initial=1e-6)
    return bool(np.all(np.abs(one - other)[finite] <= tolerance * largest))


def is_wrong(case: Seen) -> bool:
    return not close(case.wanted, case.got)


def lines(case: Seen, line: str) -> list[tuple[np.ndarray, np.ndarray]]:
    w, g = (case.wanted, case.got) if line == "row" else (case.wanted.T, case.got.T)
    return list(zip(w, g, strict=True))


def own_factors(case: Seen, line: str) -> bool:
    for w, g in lines(case, line):
        at = np.abs(w).argmax()
        if not close(w * (g[at] / w[at]), g):
            return False
    return True


def own_offsets(case: Seen, line: str) -> bool:
    return all(np.ptp(g - w) < 1e-3 for w, g in lines(case, line))


def without_one_axis(large: np.ndarray, small: np.ndarray) -> bool:
    return any(
        large.shape[axis] == 1 and close(np.squeeze(large, axis), small)
        for axis in range(large.ndim)
    )


MAPS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "softmax over the last dimension": lambda t: torch.softmax(t, -1),
    "softmax over the first dimension": lambda t: torch.softmax(t, 0),
    "the logarithm": torch.log,
    "the exponential": torch.exp,
    "the square root": torch.sqrt,
    "the square": lambda t: t * t,
    "the reciprocal, 1/x,": lambda t: 1 / t,
    "the absolute value": torch.abs,
    "the positive part, max(0, x),": torch.relu,
    "the running sum": lambda t: torch.cumsum(t, -1),
    "1 − x": lambda t: 1 - t,
    "the sine": torch.sin,
    "the hyperbolic tangent": torch.tanh,
    "the arc cosine": torch.acos,
    "the diagonal": torch.diagonal,
}
REDUCTIONS: dict[str, Callable[..., torch.Tensor]] = {
    "the sum": torch.sum,
    "the mean": torch.mean,
    "the largest number": torch.amax,
    "the smallest number": torch.amin,
    "the standard deviation": torch.std,
    "the variance": torch.var,
}
WHERE = {
    " over the last dimension": -1,
    " over the first dimension": 0,
    " over all dimensions": None,
}


def stepped(phrase: str, array: np.ndarray) -> np.ndarray:
    """What a step, told in words, makes of an array."""
    given = torch.from_numpy(np.asarray(array, dtype=np.float64))
    if phrase in MAPS:
        return MAPS[phrase](given).numpy()
    for words, axis in WHERE.items():
        what = phrase.removesuffix(words)
        if what == "the product" and phrase != what:
            return np.asarray(array.prod(axis=axis))
        if what in REDUCTIONS:
            dims = list(range(given.ndim)) if axis is None else axis
            return REDUCTIONS[what](given, dim=dims).numpy()
    raise KeyError(phrase)


def number(text: str, case: Seen) -> float:
    """An expression of sizes, such as √(n·d), in one case."""
    sizes = dict(zip("nd", case.arguments["x"].shape, strict=True)) if case.arguments else {}
    code = re.sub(r"√(\w+)", r"√(\1)", text)
    for sign, python in {"√": "np.sqrt", "²": "**2", "^¼": "**.25", "·": "*", "−": "-"}.items():
        code = code.replace(sign, python)
    return float(eval(code, {"np": np}, sizes))


def told_by_case(sentence: str) -> dict[str, float]:
    """The numbers of a sentence that tells some for each of two cases, by the cases' shapes."""
    if "changes from case to case" not in sentence:
        return {}
    told = re.findall(r"(\S+) in the case of shape (\(.*?\))", sentence)
    assert len({number for number, _ in told}) == 2, sentence
    return {shape: float(number) for number, shape in told}


def factor_is(case: Seen, sentence: str) -> bool:
    if varying := told_by_case(sentence):
        factor = np.vdot(case.wanted, case.got) / np.vdot(case.wanted, case.wanted)
        shown = varying.get(str(case.wanted.shape), factor)
        known = is_wrong(case) and abs(shown - factor) <= 1e-3 * abs(factor)
        return known and close(factor * case.wanted, case.got, 1e-3)
    found = re.fullmatch(
        r"Every number is (?P<by>.+?) times too (?P<how>large|small)(?P<sign> and of the opposite "
        r"sign)?(, as a (?P<one>sum|mean) over (?P<over>\w+) is beside a (?P<other>sum|mean))?"
        r"( \((?P<times>\S+) times where (?P<sizes>.+?)\))?\.",
        sentence,
    )
    assert found, sentence
    by = number(found["by"], case)
    factor = (by if found["how"] == "large" else 1 / by) * (-1 if found["sign"] else 1)
    if found["over"]:
        sums = found["one"] == "sum"
        assert (found["other"] == "sum") != sums
        assert found["over"] == found["by"]
        assert sums == (found["how"] == "large")
    sizes = dict(zip("nd", case.arguments["x"].shape, strict=True)) if case.arguments else {}
    told = dict(re.findall(r"(\w+) = (\d+)", found["sizes"] or ""))
    if all(sizes[letter] == int(size) for letter, size in told.items()):
        assert found["times"] is None or abs(float(found["times"]) - by) < 1e-3 * by
    return close(case.wanted * factor, case.got, 1e-3)


def offset_is(case: Seen, sentence: str) -> bool:
    if varying := told_by_case(sentence):
        offset = float((case.got - case.wanted).mean())
        shown = varying.get(str(case.wanted.shape), offset)
        known = is_wrong(case) and abs(shown - offset) <= 1e-3 * abs(offset)
        return known and close(case.wanted + offset, case.got, 1e-3)
    found = re.fullmatch(r"Every number is (.+) too (large|small)\.", sentence)
    assert found, sentence
    offset = number(found[1], case) * (1 if found[2] == "large" else -1)
    return close(case.wanted + offset, case.got, 1e-3)


def mixture_is(case: Seen, sentence: str) -> bool:
    found = re.fullmatch(
        r"What you return is (.+) times what is wanted, (plus|minus) (.+): look at .*", sentence
    )
    assert found, sentence
    slope = number(found[1].replace("−", "-"), case)
    shift = number(found[3], case) * (1 if found[2] == "plus" else -1)
    return close(slope * case.wanted + shift, case.got, 1e-3)


def step_is(case: Seen, sentence: str) -> bool:
    if found := re.fullmatch(r"One step is missing: .* is (.+) of what you return\.", sentence):
        return close(stepped(found[1], case.got), case.wanted)
    found = re.fullmatch(r"One step is too many, .*: you return (.+) of what is wanted\.", sentence)
    assert found, sentence
    return close(stepped(found[1], case.wanted), case.got)


def told_shapes(cases: list[Seen], sentence: str) -> bool:
    """Whether the shapes in the sentence are those of a case in which they differ."""
    found = re.search(r"your shape is (\(.*?\)) where (\(.*?\)) is wanted", sentence)
    assert found, sentence
    pairs = [(str(np.shape(case.got)), str(np.shape(case.wanted))) for case in cases]
    return found.groups() in pairs


def sums_to_one(array: np.ndarray, axis: int | None) -> bool:
    return array.ndim == 2 and bool(np.allclose(array.sum(axis=axis), 1, atol=1e-3))


IS_TRUE: dict[str, Truth] = {
    "transposed-result": lambda c, _: close(np.swapaxes(c.wanted, -1, -2), c.got),
    "sign-turned": lambda c, _: close(-c.wanted, c.got),
    "sign-dropped": lambda c, _: close(np.abs(c.wanted), c.got),
    "argument-returned": lambda c, s: close(c.arguments[s.split("`")[1]], c.got),
    "dimension-too-many": lambda c, _: without_one_axis(c.got, c.wanted),
    "dimension-missing": lambda c, _: without_one_axis(c.wanted, c.got),
    "rounded": lambda c, _: close(np.round(c.got), c.got) and np.abs(c.got - c.wanted).max() <= 1,
    "few-digits": lambda c, _: np.allclose(c.wanted, c.got, rtol=0.05, atol=1e-6),
    "batch-dropped": lambda c, s: (
        close(c.wanted[0 if "the first of" in s else -1], c.got) and len(c.wanted) > 1
    ),
    "columns-for-rows": lambda c, _: sums_to_one(c.got, 0) and sums_to_one(c.got, 1) != is_wrong(c),
    "whole-for-rows": lambda c, _: sums_to_one(c.got, None),
    "rows-not-divided": lambda c, _: (
        close(c.got / c.got.sum(1, keepdims=True), c.wanted)
        and sums_to_one(c.got, 1) != is_wrong(c)
    ),
    "row-factor": lambda c, _: own_factors(c, "row"),
    "column-factor": lambda c, _: own_factors(c, "column"),
    "row-offset": lambda c, _: own_offsets(c, "row"),
    "column-offset": lambda c, _: own_offsets(c, "column"),
    "step-missing": step_is,
    "step-too-many": step_is,
    "reversed": lambda c, s: close(np.flip(c.wanted, 0 if "rows" in s else -1), c.got),
    "axes-permuted": lambda c, _: any(
        close(np.transpose(c.wanted, order), c.got)
        for order in itertools.permutations(range(c.wanted.ndim))
    ),
    "reshaped": lambda c, _: close(c.wanted.ravel(), c.got.ravel()),
    "moved": lambda c, _: close(np.sort(c.wanted, axis=None), np.sort(c.got, axis=None)),
    "all-the-same": lambda c, s: np.ptp(c.got) == 0 and (not c.got.any() or "are 0" not in s),
    "rows-alike": lambda c, _: close(np.tile(c.got[:1], (len(c.got), 1)), c.got),
    "constant-factor": factor_is,
    "constant-offset": offset_is,
    "factor-and-offset": mixture_is,
}


def assert_true_of(cases: list[Seen], docstring: str = "x: (n, d) → (n, d)") -> str | None:
    """That the verdict's sentence is true of every case; the relation's name."""
    verdict = verdict_on(cases, docstring)
    name, sentence = verdict.report.diagnosis, verdict.report.message
    if name in IS_TRUE:
        with np.errstate(all="ignore"):
            assert all(IS_TRUE[name](case, sentence) for case in cases), (name, sentence)
        assert "your shape is" not in sentence or told_shapes(cases, sentence), sentence
    return name


# Every relation is found, whatever the numbers and sizes


def keeping(array: np.ndarray) -> np.ndarray:
    return array


PLANTS: list[tuple[str, Callable[..., np.ndarray], Plant]] = [
    ("transposed-result", normal, lambda w, _: w.T),
    ("sign-turned", normal, lambda w, _: -w),
    ("sign-dropped", normal, lambda w, _: np.abs(w)),
    ("dimension-too-many", normal, lambda w, _: w[None]),
    ("dimension-too-many", normal, lambda w, _: w[:, None]),
    ("dimension-too-many", normal, lambda w, _: w[..., None]),
    ("dimension-missing", lambda rng, n, d: normal(rng, n, 1), lambda w, _: w[:, 0]),
    ("dimension-missing", lambda rng, n, d: normal(rng, 1, d), lambda w, _: w[0]),
    ("rounded", normal, lambda w, _: np.floor(w)),
    ("rounded", normal, lambda w, _: np.trunc(w)),
    ("rounded", normal, lambda w, _: np.round(w)),
    ("few-digits", normal, lambda w, _: w.astype(np.float16).astype(float)),
    ("batch-dropped", normal, lambda w, _: w[0]),
    ("batch-dropped", normal, lambda w, _: w[-1]),
    ("columns-for-rows", shares, lambda w, _: softmax(np.log(w), 0)),
    ("whole-for-rows", shares, lambda w, rng: softmax(normal(rng, *w.shape), None)),
    ("rows-not-divided", shares, lambda w, rng: w * rng.uniform(2, 9, (len(w), 1))),
    ("row-factor", normal, lambda w, rng: w * rng.uniform(2, 9, (len(w), 1))),
    ("column-factor", normal, lambda w, rng: w * rng.uniform(2, 9, w.shape[1])),
    ("row-offset", normal, lambda w, rng: w + rng.uniform(2, 9, (len(w), 1))),
    ("column-offset", normal, lambda w, rng: w + rng.uniform(2, 9, w.shape[1])),
    ("reversed", normal, lambda w, _: w[::-1]),
    ("reversed", normal, lambda w, _: w[:, ::-1]),
    ("reshaped", normal, lambda w, _: w.reshape(w.shape[::-1])),
    ("reshaped", normal, lambda w, _: w.ravel()),
    ("moved", normal, lambda w, rng: rng.permutation(w.ravel()).reshape(w.shape)),
    ("all-the-same", normal, lambda w, _: np.zeros_like(w)),
    ("all-the-same", normal, lambda w, _: np.full_like(w, 7.0)),
    ("rows-alike", normal, lambda w, _: np.tile(w[:1], (len(w), 1))),
    ("constant-factor", normal, lambda w, _: 2.5 * w),
    ("constant-factor", normal, lambda w, _: w / 7),
    ("constant-factor", normal, lambda w, _: -3 * w),
    ("constant-factor", normal, lambda w, _: w * np.sqrt(w.shape[1])),
    ("constant-factor", normal, lambda w, _: w / np.sqrt(w.shape[1])),
    ("constant-factor", normal, lambda w, _: w * w.shape[0]),
    ("constant-factor", normal, lambda w, _: -w / w.shape[0]),
    ("constant-factor", normal, lambda w, _: w * w.size),
    ("constant-factor", normal, lambda w, _: w * w.shape[1] / w.shape[0]),
    ("constant-factor", normal, lambda w, _: w * w.shape[1] ** 0.25),
    ("constant-factor", normal, lambda w, _: w * w.shape[1] / (w.shape[1] - 1)),
    ("constant-offset", normal, lambda w, _: w + 1.5),
    ("constant-offset", normal, lambda w, _: w - 1),
    ("constant-offset", normal, lambda w, _: w + w.shape[1]),
    ("constant-offset", normal, lambda w, _: w - 1 / w.shape[0]),
    ("factor-and-offset", normal, lambda w, _: 2 * w + 3),
    ("factor-and-offset", normal, lambda w, _: 0.5 * w - 1 / w.shape[1]),
    ("factor-and-offset", normal, lambda w, _: w * w.shape[1] + 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "make", "plant"), PLANTS, ids=[f"{i}-{p[0]}" for i, p in enumerate(PLANTS)]
)
@settings(CAREFUL, max_examples=12)
@given(shapes=SIZES, seed=SEEDS)
def test_a_relation_that_is_planted_is_found(
    name: str, make: Callable[..., np.ndarray], plant: Plant, shapes: list, seed: int
) -> None:
    """Or another that holds as well: of a matrix of two rows, to reverse them is to swap them."""
    cases = cases_of(make, plant, shapes, seed)
    if sum(map(is_wrong, cases)) < 2:
        return
    found = assert_true_of(cases)
    assert found is not None
    alike = {"step-missing", "step-too-many", "moved", "reshaped", "constant-factor"}
    assert found == name or found in alike or name in alike, said(cases)


def one_step(phrase: str, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A start that the step is defined on, and what the step makes of it."""
    if phrase in ("the logarithm", "the reciprocal, 1/x,", "the square root"):
        start = np.abs(start) + 0.5
    if phrase == "the arc cosine":
        start = np.tanh(start)
    return start, stepped(phrase, start)


INVERSE = {
    "the exponential": "the logarithm",
    "the logarithm": "the exponential",
    "the square": "the square root",
    "the square root": "the square",
    "the reciprocal, 1/x,": "the reciprocal, 1/x,",
    "1 − x": "1 − x",
}
STEPS = [*MAPS, *(what + where for what in (*REDUCTIONS, "the product") for where in WHERE)]


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "too many"])
@pytest.mark.parametrize("phrase", STEPS)
@settings(CAREFUL, max_examples=4)
@given(shapes=st.permutations([(3, 4), (5, 2), (2, 6), (4, 3)]), seed=SEEDS)
def test_a_step_too_many_or_too_few_is_named(
    phrase: str, missing: bool, shapes: list, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    cases = []
    for shape in shapes:
        start, end = one_step(phrase, rng.normal(size=shape))
        wanted, got = (end, start) if missing else (start, end)
        cases.append(Seen(wanted, np.asarray(got), {"x": normal(rng, *shape)}))
    found = assert_true_of(cases)
    if phrase == "the absolute value" and not missing:
        assert found == "sign-dropped"
    elif phrase in INVERSE:
        assert found in ("step-missing", "step-too-many")
        assert phrase in said(cases) or INVERSE[phrase] in said(cases)
    else:
        assert found == ("step-missing" if missing else "step-too-many"), said(cases)
        assert phrase in said(cases)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
def test_the_dimensions_of_a_batch_in_another_order(order: tuple[int, ...]) -> None:
    cases = cases_of(normal, lambda w, _: np.transpose(w, order), [(2, 3, 4), (5, 2, 3)])
    name = "transposed-result" if order == (0, 2, 1) else "axes-permuted"
    assert assert_true_of(cases, "Whatever.") == name


def test_an_argument_that_comes_back_is_called_by_its_name() -> None:
    rng = np.random.default_rng(0)
    cases = []
    for n, d in ((3, 4), (5, 2)):
        q, k = normal(rng, n, d), normal(rng, n, d)
        cases.append(Seen(normal(rng, n, d), k, {"q": q, "k": k}))
    docstring = "q: (n, d), k: (n, d) → (n, d)"
    assert assert_true_of(cases, docstring) == "argument-returned"
    assert said(cases, docstring) == "You return `k` as it came in."


@pytest.mark.parametrize("make", [normal, small_whole, shares])
@CAREFUL
@given(shapes=SIZES, seed=SEEDS, first=st.sampled_from(PLANTS), second=st.sampled_from(PLANTS))
def test_what_is_said_is_true_whatever_two_things_went_wrong(
    make: Callable[..., np.ndarray], shapes: list, seed: int, first: tuple, second: tuple
) -> None:
    def both(wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        once = first[2](wanted, rng)
        return second[2](once, rng) if once.ndim == 2 else once

    with np.errstate(all="ignore"):
        cases = cases_of(make, both, shapes, seed)
    if all(np.isfinite(case.got).all() for case in cases):
        assert_true_of(cases)


# Nothing is named where nothing is known


@CAREFUL
@given(shapes=SIZES, seed=SEEDS)
def test_arrays_that_have_nothing_to_do_with_each_other_have_no_relation(
    shapes: list, seed: int
) -> None:
    cases = cases_of(normal, lambda w, rng: normal(rng, *w.shape), shapes, seed)
    assert diagnosis(cases) is None


@settings(CAREFUL, max_examples=150)
@given(shapes=SIZES, seed=SEEDS, values=st.sampled_from([(0, 2), (-1, 2), (0, 3)]))
def test_of_small_whole_numbers_a_coincidence_is_named_only_if_it_is_true(
    shapes: list, seed: int, values: tuple[int, int]
) -> None:
    def draw(rng: np.random.Generator, *shape: int) -> np.ndarray:
        return rng.integers(*values, shape).astype(float)

    assert_true_of(cases_of(draw, lambda w, rng: draw(rng, *w.shape), shapes, seed))


PLAIN = [p for p in PLANTS if p[0] not in ("dimension-missing", "columns-for-rows")]


@pytest.mark.parametrize(("name", "make", "plant"), PLAIN, ids=[p[0] for p in PLAIN])
def test_one_failing_case_is_too_little_to_name_anything(
    name: str, make: Callable[..., np.ndarray], plant: Plant
) -> None:
    assert diagnosis(cases_of(make, plant, [(3, 4)])) is None


@pytest.mark.parametrize(("name", "make", "plant"), PLAIN, ids=[p[0] for p in PLAIN])
def test_cases_of_one_size_are_too_little_to_name_anything(
    name: str, make: Callable[..., np.ndarray], plant: Plant
) -> None:
    assert diagnosis(cases_of(make, plant, [(3, 4), (3, 4), (3, 4)])) is None


# What is said of the wrong numbers and holds where none is wrong, too.
HOLDS_WHERE_RIGHT = {"moved", "reshaped", "few-digits", "rows-not-divided", "dimension-missing"}
HOLDS_WHERE_RIGHT |= {
    f"{line}-{what}" for line in ("row", "column") for what in ("factor", "offset")
}


@pytest.mark.parametrize(("name", "make", "plant"), PLAIN, ids=[p[0] for p in PLAIN])
def test_a_case_that_was_passed_speaks_against_what_does_not_hold_in_it(
    name: str, make: Callable[..., np.ndarray], plant: Plant
) -> None:
    for place in (0, 1, 3):
        cases = cases_of(make, plant, RECTANGLES)
        cases[place:place] = cases_of(make, lambda w, _: w, [(4, 5)])
        assert assert_true_of(cases) in {None, *HOLDS_WHERE_RIGHT}


def test_a_naming_probe_is_no_evidence_for_a_relation() -> None:
    right = cases_of(normal, lambda w, _: w, [(3, 4)])
    wrong = cases_of(normal, lambda w, _: 2 * w, [(5, 2), (2, 6)])
    for case in wrong:
        case.naming_only = True
    assert verdict_on([*right, *wrong]).report.status == "passed"
    (failing,) = cases_of(normal, lambda w, _: 2 * w, [(4, 4)])
    assert diagnosis([failing, *wrong]) is None


def test_single_numbers_are_related_like_others() -> None:
    rng = np.random.default_rng(0)
    cases = []
    for n in (2, 5):
        wanted = np.asarray(rng.normal())
        cases.append(Seen(wanted, n * wanted, {"x": normal(rng, n, 3)}))
    docstring = "x: (n, d) → one number"
    assert said(cases[:1], docstring).startswith("In the case")
    assert assert_true_of(cases, docstring) == "constant-factor"
    assert said(cases, docstring).startswith("Every number is n times too large")


def test_single_numbers_that_no_size_relates_have_no_factor() -> None:
    """Of one number alone, every other is a multiple."""
    rng = np.random.default_rng(0)
    sizes = (2, 5, 3)
    cases = [
        Seen(np.asarray(rng.normal()), np.asarray(rng.normal()), {"x": normal(rng, n, 4)})
        for n in sizes
    ]
    assert diagnosis(cases, "x: (n, d) → one number") is None


def test_a_case_that_raises_leaves_nothing_to_relate() -> None:
    cases = cases_of(normal, lambda w, _: 2 * w, RECTANGLES)
    cases[1].got = Trouble("ValueError", "no", (Frame("f", 2, "raise ValueError", "f"),))
    assert diagnosis(cases) is None


# Sentences that a coincidence must not bring about


SQUARES = [(3, 3), (5, 5)]


@pytest.mark.parametrize(
    "plant",
    [lambda w, _: np.full_like(w, 1 / len(w)), lambda w, _: np.eye(len(w))],
    ids=["uniform", "identity"],
)
def test_rows_that_add_up_to_one_are_not_told_that_only_columns_do(plant: Plant) -> None:
    """Uniform attention, and every word attending to itself: the axis is not what is wrong."""
    cases = cases_of(shares, plant, SQUARES)
    assert "columns add up to 1" not in said(cases)


def test_zeros_in_place_of_shares_are_told_to_be_zeros() -> None:
    """Shares rounded down are zeros as well, but zeros are what stands there."""
    cases = cases_of(shares, lambda w, _: np.zeros_like(w), RECTANGLES)
    assert said(cases) == "All your numbers are 0."


def test_a_negative_factor_keeps_its_sign_beside_an_offset() -> None:
    cases = cases_of(normal, lambda w, _: 3 - 2 * w, RECTANGLES)
    assert_true_of(cases)


def test_numbers_that_are_none_have_no_relation_to_negative_ones() -> None:
    """The logarithm of a negative number is nan; so is much else."""
    cases = cases_of(lambda rng, *shape: -shares(rng, *shape), lambda w, _: w + np.nan, RECTANGLES)
    assert diagnosis(cases) == "not-finite"


def test_the_shapes_that_are_told_are_those_of_a_case_that_failed() -> None:
    cases = cases_of(normal, lambda w, _: w.reshape(w.shape[::-1]), [(3, 3), (3, 5), (2, 4)])
    assert assert_true_of(cases) == "reshaped"
    assert "your shape is (3, 3) where (3, 3) is wanted" not in said(cases)


def test_equal_numbers_that_depend_on_what_goes_in_are_not_told_otherwise() -> None:
    cases = cases_of(normal, lambda w, _: np.full_like(w, w.mean()), RECTANGLES)
    assert "makes no difference" not in said(cases)


def test_rows_are_not_called_alike_where_they_are_to_be() -> None:
    def alike(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
        return np.tile(normal(rng, 1, d), (n, 1))

    cases = cases_of(alike, lambda w, rng: alike(rng, *w.shape), RECTANGLES)
    assert "should depend on its own row" not in said(cases)


def test_only_what_each_row_does_is_said_of_each_row() -> None:
    def first_row(wanted: np.ndarray, _: np.random.Generator) -> np.ndarray:
        got = wanted.copy()
        got[0] = 2 * got[0] + 1 * (got[0] * 0)
        return got

    cases = cases_of(normal, first_row, RECTANGLES)
    assert "each row is off by a factor" not in said(cases)


def test_first_digits_agree_in_every_number_or_it_is_not_said() -> None:
    def beside_a_large_one(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
        wanted = normal(rng, n, d)
        wanted[0, 0] = 1000.0
        return wanted

    def other_small_ones(wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        got = normal(rng, *wanted.shape)
        got[0, 0] = 1001.0
        return got

    cases = cases_of(beside_a_large_one, other_small_ones, RECTANGLES)
    assert "agree in the first digits" not in said(cases)


def test_dividing_by_n_less_one_inside_a_norm_is_not_called_rounding() -> None:
    """The factor √((d − 1)/d) is near 1, and no rounding: it is another at every size."""
    rng = np.random.default_rng(0)
    cases = []
    for n, d in ((3, 64), (5, 128), (2, 100)):
        x = normal(rng, n, d)
        centred = x - x.mean(1, keepdims=True)
        wanted, got = (centred / x.std(1, ddof=free, keepdims=True) for free in (0, 1))
        cases.append(Seen(wanted, got, {"x": x}))
    assert "something is rounded" not in said(cases)


def test_two_dimensions_too_many_are_not_called_one() -> None:
    cases = cases_of(normal, lambda w, _: w[None, None], RECTANGLES)
    assert "there is a dimension of size 1 too many" not in said(cases)


def test_a_vector_has_no_rows_to_reverse() -> None:
    cases = cases_of(normal, lambda w, _: w[::-1], [(4,), (6,), (5,)])
    assert diagnosis(cases, "Whatever.") == "reversed"
    assert "rows" not in said(cases, "Whatever.")


def test_symmetric_results_are_not_told_to_be_transposed() -> None:
    def symmetric(rng: np.random.Generator, n: int, _: int) -> np.ndarray:
        half = normal(rng, n, n)
        return half + half.T

    cases = cases_of(symmetric, lambda w, rng: normal(rng, *w.shape), [(3, 3), (5, 5)])
    assert diagnosis(cases) is None
    right = cases_of(symmetric, lambda w, _: w, [(3, 3), (5, 5)])
    assert verdict_on(right).report.status == "passed"


def test_a_transpose_may_be_right_where_there_is_nothing_to_swap() -> None:
    """One number, transposed, is itself: a case that is passed so does not speak against it."""
    cases = cases_of(normal, lambda w, _: w.T, [(1, 1), (3, 4), (5, 2)])
    assert diagnosis(cases) == "transposed-result"


@pytest.mark.parametrize("wrong", [lambda w, rng: normal(rng, *w.shape), lambda w, _: w + 1])
def test_a_result_that_is_wanted_to_be_zero_brings_about_no_factor(wrong: Plant) -> None:
    cases = cases_of(lambda rng, *shape: np.zeros(shape), wrong, RECTANGLES)
    assert_true_of(cases)
    assert diagnosis(cases) != "constant-factor"


# Numbers that are none, no numbers at all, truth values, and whole numbers


MASK = [(3, 3), (5, 5)]


def masked(rng: np.random.Generator, n: int, _: int) -> np.ndarray:
    """Scores with −∞ above the diagonal, as they are wanted."""
    return np.where(np.tri(n) > 0, normal(rng, n, n), -np.inf)


def test_an_infinity_that_is_wanted_is_not_held_against_anybody() -> None:
    cases = cases_of(masked, lambda w, _: w.T, MASK)
    assert assert_true_of(cases) in ("transposed-result", None)
    assert "Besides, some numbers are inf or nan" not in said(cases)


def test_the_sign_of_an_infinity_is_part_of_every_number() -> None:
    cases = cases_of(masked, lambda w, _: np.where(np.isfinite(w), -w, w), MASK)
    assert said(cases) != "Every number has the opposite sign of what is wanted."


def test_what_overflows_in_one_case_is_related_by_the_others_and_told_besides() -> None:
    cases = cases_of(normal, lambda w, _: 2 * w, RECTANGLES)
    cases.append(Seen(np.ones((4, 4)), np.full((4, 4), np.inf), {"x": np.ones((4, 4))}))
    assert diagnosis(cases) == "constant-factor"
    assert said(cases) == (
        "Every number is 2 times too large. Besides, some numbers are inf or nan in one of the "
        "cases."
    )


@pytest.mark.parametrize(("bad", "what"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "inf")])
def test_numbers_that_are_none_are_told(bad: float, what: str) -> None:
    def spoilt(wanted: np.ndarray, _: np.random.Generator) -> np.ndarray:
        got = wanted.copy()
        got.flat[1] = bad
        return got

    cases = cases_of(normal, spoilt, RECTANGLES)
    assert diagnosis(cases) == "not-finite"
    assert f"some of your numbers are {what}:" in said(cases)
    assert ("the logarithm of 0" in said(cases), "0 divided by 0" in said(cases)) == (
        what == "inf",
        what == "nan",
    )


@pytest.mark.parametrize("name", ["transposed-result", "sign-turned", "reshaped"])
def test_a_case_without_numbers_speaks_neither_for_nor_against(name: str) -> None:
    plant = next(plant for found, _, plant in PLANTS if found == name)
    cases = cases_of(normal, plant, [(3, 4), (0, 3), (5, 2)])
    assert assert_true_of(cases) == name


def test_truth_values_are_compared_as_such() -> None:
    def mask(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
        return np.tri(n, d) > 0

    cases = cases_of(mask, lambda w, _: ~w, RECTANGLES)
    assert said(cases) == "One step is missing: what is wanted is 1 − x of what you return."
    cases = cases_of(mask, lambda w, _: w.T, RECTANGLES)
    assert diagnosis(cases) == "transposed-result"


def test_whole_numbers_are_related_like_others() -> None:
    def whole(rng: np.random.Generator, *shape: int) -> np.ndarray:
        return rng.integers(1, 99, shape)

    cases = cases_of(whole, lambda w, _: 2 * w, RECTANGLES)
    assert said(cases) == "Every number is 2 times too large."
    cases = cases_of(whole, lambda w, _: w // 2, RECTANGLES)
    assert_true_of(cases)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (3, 1), (1, 4), (0,), (2, 0), (2, 3, 4, 2)])
def test_looking_for_a_relation_warns_of_nothing(shape: tuple[int, ...]) -> None:
    """A warning of NumPy's would stand in the student's terminal."""
    draw: Plant = lambda w, rng: rng.normal(size=w.shape)  # noqa: E731
    cases = cases_of(normal, draw, [shape, (3, 2), (4, 5), (2,), shape])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict_on(cases, "Whatever.")


@pytest.mark.parametrize("plant", [lambda w, _: 2 * w, lambda w, _: w.T])
def test_nor_do_infinities_that_are_wanted(plant: Plant) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict_on(cases_of(masked, plant, MASK))


def test_complex_numbers_have_no_relation_and_no_harm_comes_of_them() -> None:
    cases = cases_of(normal, lambda w, _: w * 2j, RECTANGLES)
    assert diagnosis(cases) is None

"""The evidence beside a sentence: the easiest failing case, what went in, what should come out."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from seen_arrays import Seen, tensor, verdict_on
from small_masters import mistakes
from spotlight.diagnosis.compare import difference
from spotlight.sandbox.job import Frame, Trouble
from spotlight.sandbox.worker import Worker
from tiny_lessons import TinyLesson, exercise, function, probe

PRODUCT = exercise(
    function("return x @ y.T", "x, y", "x: (n, d), y: (m, d) → (n, m)"),
    probe("large", "f(randn(9, 6), randn(8, 6))"),
    probe("small", "f(randn(3, 2), randn(2, 2))"),
    probe("by_hand", "f(whole_numbers(4, 3), whole_numbers(5, 3))"),
    probe("two_at_once", "f(randn(2, 2), randn(2, 2)) + f(randn(2, 2), randn(2, 2))"),
    "@entry\ndef f__entry(i, j, x, y):\n"
    '    return f"{formatted(x[i])} · {formatted(y[j])} = {formatted(x[i] @ y[j])}"',
)


@pytest.fixture(scope="module")
def product(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> TinyLesson:
    return TinyLesson(PRODUCT, worker, tmp_path_factory.mktemp("product"))


def shown(source: str, product: TinyLesson):
    verdict = product.judged(source)
    assert verdict.comparison is not None
    return verdict.comparison


ALL_WRONG = "def f(x, y):\n    return (x @ y.T).sin()"


# Which case


def test_a_case_of_whole_numbers_is_shown_before_a_smaller_one(product: TinyLesson) -> None:
    comparison = shown(ALL_WRONG, product)
    assert (comparison.probe, comparison.description) == ("by_hand", "By hand")


def test_of_the_others_the_one_of_the_fewest_numbers(product: TinyLesson) -> None:
    source = "def f(x, y):\n    s = x @ y.T\n    return s if len(x) in (4, 2) else s.sin()"
    assert shown(source, product).probe == "small"
    source = "def f(x, y):\n    s = x @ y.T\n    return s if len(x) < 9 else s.sin()"
    assert shown(source, product).probe == "large"


def test_report_and_card_show_the_same_case(product: TinyLesson) -> None:
    verdict = product.judged(ALL_WRONG)
    assert verdict.report.evidence is not None
    assert verdict.comparison is not None
    assert verdict.report.evidence.probe == verdict.comparison.probe
    assert verdict.report.evidence.shape == (4, 5)
    gap = np.abs(verdict.comparison.observed - verdict.comparison.expected).max()
    assert verdict.report.evidence.max_abs_diff == pytest.approx(gap)


# What went in, and how an entry comes about


def test_what_went_in_is_shown_by_name(product: TinyLesson) -> None:
    comparison = shown(ALL_WRONG, product)
    (first, x), (second, y) = comparison.inputs
    assert (first, second) == ("x", "y")
    assert np.allclose(x @ y.T, comparison.expected)


def test_the_first_wrong_entry_is_explained_with_its_numbers(product: TinyLesson) -> None:
    source = (
        "def f(x, y):\n    s = x @ y.T\n    if len(x) == 4:\n        s[2, 3] += 1\n"
        "        s[3, 1] += 1\n    return s"
    )
    comparison = shown(source, product)
    assert comparison.index == (2, 3)
    (_, x), (_, y) = comparison.inputs

    def vector(row: np.ndarray) -> str:
        return f"({', '.join(str(int(n)).replace('-', '−') for n in row)})"

    wanted = str(int(comparison.expected[2, 3])).replace("-", "−")
    assert comparison.entry == f"{vector(x[2])} · {vector(y[3])} = {wanted}"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def f(x, y):\n    return y @ x.T", "the shape is another"),
        ("def f(x, y):\n    return 'no'", "there are no numbers"),
        ("def f(x, y):\n    return x @ y.T > 0", "they are of another kind"),
    ],
)
def test_where_no_one_value_differs_there_is_no_entry_to_explain(
    source: str, why: str, product: TinyLesson
) -> None:
    comparison = product.judged(source).comparison
    assert comparison is None or comparison.entry == ""


def test_of_a_case_with_two_calls_neither_is_shown_as_the_one(product: TinyLesson) -> None:
    source = "def f(x, y):\n    s = x @ y.T\n    return s if s.shape != (2, 2) else s.sin()"
    comparison = shown(source, product)
    assert comparison.probe == "two_at_once"
    assert (comparison.inputs, comparison.entry) == ((), "")


def test_a_result_too_large_to_explain_is_shown_without_an_entry(product: TinyLesson) -> None:
    source = "def f(x, y):\n    s = x @ y.T\n    return s if len(x) < 9 else s.sin()"
    comparison = shown(source, product)
    assert comparison.entry == ""
    assert [name for name, _ in comparison.inputs] == ["x", "y"]


def test_what_is_shown_is_what_went_in_though_the_student_overwrites_it(
    product: TinyLesson,
) -> None:
    source = "def f(x, y):\n    s = x @ y.T\n    x.zero_()\n    return s.sin()"
    (_, x), _ = shown(source, product).inputs
    assert x.any()


def test_without_an_entry_function_nothing_is_explained(worker: Worker, tmp_path: Path) -> None:
    master = PRODUCT[: PRODUCT.index("@entry")]
    comparison = shown(ALL_WRONG, TinyLesson(master, worker, tmp_path))
    assert comparison.entry == ""
    assert len(comparison.inputs) == 2


def test_what_only_the_explanation_needs_is_given_to_it(worker: Worker, tmp_path: Path) -> None:
    """An import of the lesson that neither the solution nor a probe uses."""
    master = PRODUCT.replace('return f"', 'return f"{math.prod([2, 3])}: ')
    assert shown(ALL_WRONG, TinyLesson(master, worker, tmp_path)).entry.startswith("6: ")


def test_a_mistake_is_shown_with_its_entry_too(worker: Worker, tmp_path: Path) -> None:
    master = PRODUCT + mistakes({"not-turned: @ y.T → @ -y.T": "Turn y."})
    verdict = TinyLesson(master, worker, tmp_path).judged("def f(x, y):\n    return -x @ y.T")
    assert verdict.report.diagnosis == "not-turned"
    assert verdict.comparison is not None
    assert verdict.comparison.entry


def test_an_error_in_every_case_has_no_matrices_to_show(product: TinyLesson) -> None:
    verdict = product.judged("def f(x, y):\n    return x.no")
    assert verdict.comparison is None
    assert verdict.trouble is not None


# Where the wrong numbers stand


def pattern(wrong: np.ndarray) -> str:
    """What is said of results that are wrong, in no way that is related, where `wrong` is true."""
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=wrong.shape)
    got = np.where(wrong, wanted + 1 + np.abs(rng.normal(size=wrong.shape)), wanted)
    arguments = {"x": rng.normal(size=wrong.shape)}
    return verdict_on([Seen(wanted, got, arguments)]).report.message


def only(n: int, m: int, rows: object, columns: object) -> np.ndarray:
    wrong = np.zeros((n, m), dtype=bool)
    wrong[rows, columns] = True
    return wrong


EVERYTHING = slice(None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.eye(4, dtype=bool), "only the diagonal is wrong"),
        (~np.eye(4, dtype=bool), "only the diagonal is right"),
        (np.triu(np.ones((4, 4), dtype=bool), 1), "only what stands above the diagonal is wrong"),
        (np.tril(np.ones((4, 4), dtype=bool), -1), "only what stands below the diagonal is wrong"),
        (only(4, 5, 2, EVERYTHING), "only row 2 is wrong"),
        (~only(4, 5, 2, EVERYTHING), "only row 2 is right"),
        (only(4, 5, EVERYTHING, 3), "only column 3 is wrong"),
        (~only(4, 5, EVERYTHING, 3), "only column 3 is right"),
    ],
)
def test_wrong_numbers_that_stand_together_are_told_so(wrong: np.ndarray, said: str) -> None:
    assert pattern(wrong).endswith(f"; {said}.")


@pytest.mark.parametrize(
    "wrong",
    [
        np.ones((4, 5), dtype=bool),
        only(5, 5, [0, 1, 3], [4, 2, 0]),
        only(1, 5, 0, [1, 2]),
        only(5, 1, [1, 2], 0),
    ],
    ids=["all", "scattered", "one row", "one column"],
)
def test_and_what_does_not_stand_together_is_not(wrong: np.ndarray) -> None:
    message = pattern(wrong)
    assert ";" not in message
    assert message.startswith("In the case “Case 0”, the value at [")


@pytest.mark.parametrize("seed", range(40))
def test_a_pattern_is_said_only_of_wrong_numbers_that_stand_so(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 5, 2)
    wrong = rng.random((n, m)) < rng.choice([0.2, 0.5, 0.8])
    wrong[rng.integers(n), rng.integers(m)] = True
    said = pattern(wrong)
    rows, columns = np.nonzero(wrong)
    right_rows, right_columns = np.nonzero(~wrong)
    _, _, place = said.rstrip(".").partition("; ")
    match place.split():
        case []:
            return
        case ["only", "the", "diagonal", "is", "wrong"]:
            assert (rows == columns).all()
            assert len(rows) == n
        case ["only", "the", "diagonal", "is", "right"]:
            assert (right_rows == right_columns).all()
            assert len(right_rows) == n
        case [*_, "above", "the", "diagonal", "is", "wrong"]:
            assert (columns > rows).all()
        case [*_, "below", "the", "diagonal", "is", "wrong"]:
            assert (columns < rows).all()
        case ["only", "row", number, "is", "wrong"]:
            assert set(rows) == {int(number)}
        case ["only", "column", number, "is", "wrong"]:
            assert set(columns) == {int(number)}
        case ["only", "row", number, "is", "right"]:
            assert int(number) not in rows
            assert set(rows) == set(range(n)) - {int(number)}
        case ["only", "column", number, "is", "right"]:
            assert int(number) not in columns
            assert set(columns) == set(range(m)) - {int(number)}
        case _:
            pytest.fail(f"unknown: {said}")


# Numbers for the report


def test_the_largest_difference_is_told_without_a_warning_of_numpys() -> None:
    infinite = np.array([np.inf, 1.0, -np.inf, np.nan])
    gap = difference(tensor(infinite), tensor(infinite + np.array([0, 2, 0, 0])))
    assert gap is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gap.max_abs_diff == 2


def test_no_finite_difference_is_none_at_all() -> None:
    gap = difference(tensor(np.array([1.0])), tensor(np.array([np.inf])))
    assert gap is not None
    assert gap.max_abs_diff is None


def test_a_case_that_raises_among_others_keeps_its_own_lines() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4))
    error = Trouble("ValueError", "no", (Frame("f", 3, "raise ValueError('no')", "f"),))
    cases = [
        Seen(x, error, {"x": x}),
        Seen(rng.normal(size=(5, 6)), rng.normal(size=(5, 6)), {"x": rng.normal(size=(5, 6))}),
    ]
    verdict = verdict_on(cases)
    assert verdict.report.status == "failed"
    assert verdict.report.message == (
        "In the case “Case 0”: ValueError: no in line 3: `raise ValueError('no')`"
    )
    assert verdict.trouble == error

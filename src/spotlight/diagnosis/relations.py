"""What a wrong result has to do with the right one, where no author foresaw it.

A relation is stated only if it holds in every probe, the passed ones included, and in at least two
cases of different sizes: √8 is not to be taken for √d_k because one case had eight columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from spotlight.diagnosis.finding import Finding

TOLERANCE = 2e-5
_FEW_DIGITS = 2e-2
_MAX_RANK = 4


@dataclass(frozen=True, eq=False)
class Case:
    """One probe's result beside the reference's, both as float64.

    `sizes` are the numbers that the docstring's letters stand for, `arguments` the tensors that the
    target was called with, as far as they are known; `drawn` are the shapes of what was drawn.
    """

    wanted: np.ndarray
    got: np.ndarray
    sizes: Mapping[str, int] = field(default_factory=dict)
    arguments: Mapping[str, np.ndarray] = field(default_factory=dict)
    drawn: tuple[tuple[int, ...], ...] = ()


Cases = Sequence[Case]
Holds = Callable[[Case], bool]


def are_telling(cases: Cases) -> bool:
    """Whether there is enough to go by: two wrong cases or more, of different sizes."""
    wrong = [case for case in cases if not close(case.wanted, case.got)]
    sizes = {(case.wanted.shape, case.drawn, tuple(case.sizes.items())) for case in wrong}
    return len(sizes) >= 2 and any(case.wanted.size for case in wrong)


def find_relation(cases: Cases) -> Finding | None:
    """The first relation that all of `cases` share, the simplest ones being tried first."""
    with np.errstate(all="ignore"):
        for name, holds, message in _relations(cases):
            if all(map(holds, cases)):
                return Finding(name, message)
    return None


def close(one: np.ndarray, other: np.ndarray, tolerance: float = TOLERANCE) -> bool:
    """Whether two arrays are equal within `tolerance`, relative to the largest number."""
    if one.shape != other.shape:
        return False
    finite = np.isfinite(one)
    if not np.array_equal(finite, np.isfinite(other)):
        return False
    scale = max(1e-3, float(np.abs(one[finite]).max(initial=0.0)))
    return bool(np.all(np.abs(one[finite] - other[finite]) <= tolerance * scale))


def _relations(cases: Cases) -> Iterator[tuple[str, Holds, str]]:
    """Names, what must hold in every case, and what is then said."""
    wrong = next((c for c in cases if c.wanted.shape != c.got.shape), cases[0])
    got, wanted = wrong.got.shape, wrong.wanted.shape
    shapes = f"your shape is {got} where {wanted} is wanted"
    too_many = "is a dimension" if len(got) == len(wanted) + 1 else "are dimensions"
    missing = (
        "a dimension of size 1 is" if len(got) + 1 == len(wanted) else "dimensions of size 1 are"
    )
    yield (
        "transposed-result",
        lambda c: c.wanted.ndim >= 2 and close(np.swapaxes(c.wanted, -1, -2), c.got),
        "What you return is the transpose of what is wanted: rows and columns have changed places.",
    )
    yield (
        "sign-turned",
        lambda c: close(-c.wanted, c.got),
        "Every number has the opposite sign of what is wanted.",
    )
    yield (
        "sign-dropped",
        lambda c: close(np.abs(c.wanted), c.got),
        "Every number has the right size, but negative ones have lost their sign.",
    )
    for name in cases[0].arguments:
        yield "argument-returned", partial(_returns, name), f"You return `{name}` as it came in."
    yield (
        "dimension-too-many",
        lambda c: c.got.ndim > c.wanted.ndim and _alike_squeezed(c),
        f"The numbers are right, but there {too_many} of size 1 too many: {shapes}. "
        "`keepdim=True` and `[None]` make such dimensions; `squeeze` takes them away.",
    )
    yield (
        "dimension-missing",
        lambda c: c.got.ndim < c.wanted.ndim and _alike_squeezed(c),
        f"The numbers are right, but {missing} missing: {shapes}.",
    )
    yield (
        "all-the-same",
        lambda c: c.got.size > 1 and not c.got.any(),
        "All your numbers are 0.",
    )
    yield from _cut_off(cases)
    yield from _normalised()
    yield from _steps(cases)
    yield from _moved(cases, shapes)
    yield (
        "all-the-same",
        lambda c: c.got.size > 1 and float(np.ptp(c.got)) <= TOLERANCE,
        "All your numbers are equal, and they should not be.",
    )
    yield (
        "rows-alike",
        lambda c: (
            c.got.ndim == 2
            and len(c.got) > 1
            and close(np.broadcast_to(c.got[:1], c.got.shape), c.got)
        ),
        "All your rows are alike, and each should depend on its own row of what goes in.",
    )


def _returns(name: str, case: Case) -> bool:
    return name in case.arguments and close(case.arguments[name], case.got)


def _alike_squeezed(case: Case) -> bool:
    return close(case.got.squeeze(), case.wanted.squeeze())


def _cut_off(cases: Cases) -> Iterator[tuple[str, Holds, str]]:
    """Digits, or the rest of a batch, are missing."""
    for rounding in (np.floor, np.trunc, np.round):
        yield (
            "rounded",
            partial(_leads_from_wanted, rounding),
            "Your numbers have lost their fractions: `//`, `int(...)`, or a tensor of whole "
            "numbers cuts them off.",
        )
    yield (
        "few-digits",
        _agrees_in_few_digits,
        "Your numbers agree in the first digits only: something is rounded, in half precision, or "
        "a small number is added.",
    )
    for place, which in ((0, "first"), (-1, "last")):
        count = len(cases[0].wanted) if cases[0].wanted.ndim else 0
        yield (
            "batch-dropped",
            partial(_is_one_of_batch, place),
            f"You return the {which} of {count} alone: the leading dimension is lost. Return all "
            "of them.",
        )


def _agrees_in_few_digits(case: Case) -> bool:
    """Number by number, and not by one factor for all of them, nor one for each row."""
    if case.wanted.shape != case.got.shape or _is_proportional(1, case):
        return False
    close = np.abs(case.got - case.wanted) <= _FEW_DIGITS * np.abs(case.wanted)
    return bool(close.all()) and factor_of(case.wanted, case.got) is None


def _is_one_of_batch(place: int, case: Case) -> bool:
    return case.wanted.ndim >= 2 and len(case.wanted) > 1 and close(case.wanted[place], case.got)


def _normalised() -> Iterator[tuple[str, Holds, str]]:
    """Rows of shares, and what else may add up to 1; rows and columns off by a factor each."""
    yield (
        "columns-for-rows",
        lambda c: _adds_up(c.wanted, 1) and _adds_up(c.got, 0) and not _adds_up(c.got, 1),
        "Your columns add up to 1 where each row should: the axis is the wrong one.",
    )
    yield (
        "whole-for-rows",
        lambda c: _adds_up(c.wanted, 1) and c.got.ndim == 2 and _adds_up(c.got, None),
        "All your numbers together add up to 1; each row should by itself.",
    )
    yield (
        "rows-not-divided",
        lambda c: _adds_up(c.wanted, 1) and _is_proportional(1, c),
        "Within each row the proportions are right, but the rows do not add up to 1: divide each "
        "by its own sum.",
    )
    for axis, line in ((1, "row"), (0, "column")):
        yield (
            f"{line}-factor",
            partial(_is_proportional, axis),
            f"Within each {line} the proportions are right, but each {line} is off by a factor of "
            "its own.",
        )
    for axis, line in ((1, "row"), (0, "column")):
        yield (
            f"{line}-offset",
            partial(_is_shifted, axis),
            f"Within each {line} the differences are right, but each {line} is shifted by a number "
            "of its own.",
        )


def _adds_up(array: np.ndarray, axis: int | None) -> bool:
    return array.ndim == 2 and bool(np.allclose(array.sum(axis=axis), 1.0, atol=1e-4))


def _lines(axis: int, case: Case) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows (`axis` 1) or columns (0) of both results; none where they do not match."""
    if case.wanted.ndim != 2 or case.wanted.shape != case.got.shape:
        return []
    wanted, got = (case.wanted, case.got) if axis == 1 else (case.wanted.T, case.got.T)
    return list(zip(wanted, got, strict=True)) if wanted.shape[1] > 1 else []


def _is_proportional(axis: int, case: Case) -> bool:
    lines = _lines(axis, case)
    factors = [factor_of(wanted, got) or 0.0 for wanted, got in lines]
    return bool(lines) and min(factors) > 0 and _all_off(factors, 1.0)


def _is_shifted(axis: int, case: Case) -> bool:
    lines = _lines(axis, case)
    shifts = [constant_of(got - wanted) for wanted, got in lines]
    known = [shift for shift in shifts if shift is not None]
    return bool(lines) and len(known) == len(shifts) and _all_off(known, 0.0)


def _all_off(numbers: Sequence[float], neutral: float) -> bool:
    """Whether no number is the one that changes nothing, and not all are the same."""
    off = all(abs(number - neutral) > 1e-4 for number in numbers)
    return off and max(numbers) - min(numbers) > 1e-4


def factor_of(wanted: np.ndarray, got: np.ndarray) -> float | None:
    """The c of got = c · wanted, where there is one and it is not 0."""
    if wanted.shape != got.shape or not wanted.size or not np.isfinite(got).all():
        return None
    size = float(np.vdot(wanted, wanted))
    if not np.isfinite(size) or size == 0.0:
        return None
    factor = float(np.vdot(wanted, got)) / size
    return factor if factor and close(factor * wanted, got) else None


def constant_of(values: np.ndarray) -> float | None:
    """The one number that all of `values` are."""
    if not values.size or not np.isfinite(values).all():
        return None
    mean = float(values.mean())
    return mean if np.allclose(values, mean, rtol=1e-4, atol=TOLERANCE) else None


# One step too many, or one too few.

_Step = Callable[[np.ndarray], np.ndarray]


def _softmax(axis: int, array: np.ndarray) -> np.ndarray:
    shifted = np.exp(array - array.max(axis=axis, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=axis, keepdims=True))


_MAPS: tuple[tuple[str, _Step], ...] = (
    ("the logarithm", np.log),
    ("the exponential", np.exp),
    ("softmax over the last dimension", partial(_softmax, -1)),
    ("softmax over the first dimension", partial(_softmax, 0)),
    ("the square root", np.sqrt),
    ("the square", np.square),
    ("the reciprocal, 1/x,", np.reciprocal),
    ("the absolute value", np.abs),
    ("the positive part, max(0, x),", partial(np.maximum, 0)),
    ("the running sum", partial(np.cumsum, axis=-1)),
    ("1 − x", partial(np.subtract, 1)),
    ("the sine", np.sin),
    ("the hyperbolic tangent", np.tanh),
    ("the arc cosine", np.arccos),
    ("the diagonal", np.diagonal),
)
_REDUCTIONS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("the sum", np.sum),
    ("the mean", np.mean),
    ("the largest number", np.max),
    ("the smallest number", np.min),
    ("the product", np.prod),
    ("the standard deviation", lambda array, axis: np.sqrt(_variance(array, axis))),
    ("the variance", lambda array, axis: _variance(array, axis)),
)
_AXES = (
    (-1, " over the last dimension"),
    (0, " over the first dimension"),
    (None, " over all dimensions"),
)


def _variance(array: np.ndarray, axis: int | None) -> np.ndarray:
    """The variance, divided by n - 1; of fewer than two numbers there is none."""
    if (array.size if axis is None else array.shape[axis]) < 2:
        raise ValueError("too few numbers")
    return np.asarray(np.var(array, axis=axis, ddof=1))


def _steps(cases: Cases) -> Iterator[tuple[str, Holds, str]]:
    steps = [*_MAPS]
    # A single count is easily the smallest or the largest of some numbers by chance.
    counts = all(case.wanted.ndim == 0 and case.wanted.item().is_integer() for case in cases)
    for what, reduce in () if counts else _REDUCTIONS:
        steps += [(what + where, partial(reduce, axis=axis)) for axis, where in _AXES]
    for what, step in steps:
        yield (
            "step-missing",
            partial(_leads_from_got, step),
            f"One step is missing: what is wanted is {what} of what you return.",
        )
        yield (
            "step-too-many",
            partial(_leads_from_wanted, step),
            f"One step is too many, or it is the wrong one: you return {what} of what is wanted.",
        )


def _leads_from_got(step: _Step, case: Case) -> bool:
    return _leads(step, case.got, case.wanted)


def _leads_from_wanted(step: _Step, case: Case) -> bool:
    return _leads(step, case.wanted, case.got)


def _leads(step: _Step, start: np.ndarray, end: np.ndarray) -> bool:
    if not start.size or start.ndim < end.ndim:
        return False
    try:
        made = np.asarray(step(start))
    except (ValueError, IndexError):  # an axis that `start` does not have, among others
        return False
    return close(end, made)


def _moved(cases: Cases, shapes: str) -> Iterator[tuple[str, Holds, str]]:
    """The right numbers at the wrong places."""
    has_rows = any(case.wanted.ndim > 1 for case in cases)
    for axis, what in ((0, "rows" if has_rows else "numbers"), (-1, "columns")):
        yield (
            "reversed",
            partial(_leads_from_wanted, partial(np.flip, axis=axis)),
            f"The {what} are right, but in reversed order.",
        )
    for rank in range(3, _MAX_RANK + 1):
        for order in permutations(range(rank)):
            yield (
                "axes-permuted",
                partial(_leads_from_wanted, partial(np.transpose, axes=order)),
                f"The numbers are right, but the dimensions stand in another order: {shapes}.",
            )
    yield (
        "reshaped",
        lambda c: close(c.wanted.ravel(), c.got.ravel()),
        f"The right numbers, in the right order, stand in the wrong shape: {shapes}.",
    )
    yield (
        "moved",
        lambda c: (
            c.wanted.size > 1
            and c.wanted.ndim == c.got.ndim
            and close(np.sort(c.wanted, axis=None), np.sort(c.got, axis=None))
        ),
        "All the right numbers are there, but at other places. To read them in another shape "
        "(`view`, `reshape`) or in another order (`flip`) is not to exchange dimensions.",
    )

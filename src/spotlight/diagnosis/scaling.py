"""Results that are off by a factor or an offset, which is named by the sizes that it equals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from spotlight.diagnosis.finding import Finding
from spotlight.diagnosis.relations import TOLERANCE, Case, close, constant_of, factor_of

_CLOSE = 1e-4  # relative: how well a measured factor equals an expression of sizes


@dataclass(frozen=True)
class _Expression:
    """Something that sizes make, as text and as its value in every case."""

    text: str
    values: tuple[float, ...]
    letters: tuple[str, ...]  # of which it is made

    def equals(self, numbers: np.ndarray) -> bool:
        return len(set(self.values)) > 1 and np.allclose(self.values, numbers, rtol=_CLOSE, atol=0)


def find_scaling(cases: Sequence[Case]) -> Finding | None:
    """A factor or an offset that holds in all of `cases`."""
    with np.errstate(all="ignore"):
        return _factor(cases) or _offset(cases)


def find_mixture(cases: Sequence[Case]) -> Finding | None:
    """A factor and an offset together that hold in all of `cases`."""
    with np.errstate(all="ignore"):
        return _factor_and_offset(cases)


def find_varying(cases: Sequence[Case]) -> Finding | None:
    """A factor or an offset that is one number in each case, and another one in another."""
    if any(case.wanted.size < 2 for case in cases):
        return None  # a single number is a multiple of every other
    with np.errstate(all="ignore"):
        factors = [factor_of(case.wanted, case.got) or 1.0 for case in cases]
        offsets = _offsets(cases)
    if all(abs(factor - 1) > _CLOSE for factor in factors):
        return _varying("constant-factor", "off by one factor", factors, cases)
    if offsets and min(map(abs, offsets)) > TOLERANCE:
        return _varying("constant-offset", "shifted by one number", offsets, cases)
    return None


def _varying(name: str, what: str, numbers: Sequence[float], cases: Sequence[Case]) -> Finding:
    in_order = sorted(zip(numbers, cases, strict=True), key=lambda pair: pair[0])
    low, high = (
        f"{number:.4g} in the case of shape {case.wanted.shape}"
        for number, case in (in_order[0], in_order[-1])
    )
    return Finding(
        name,
        f"All your numbers are {what}, and it changes from case to case: {low}, {high}. What does "
        "it depend on?",
    )


def _factor(cases: Sequence[Case]) -> Finding | None:
    if any(case.got.any() for case in cases if not case.wanted.any()):
        return None
    cases = [case for case in cases if case.wanted.any()]  # of zeros, every multiple is zeros
    if len(cases) < 2:
        return None
    found = [factor_of(case.wanted, case.got) for case in cases]
    factors = [factor for factor in found if factor is not None]
    if len(factors) < len(cases) or np.allclose(np.abs(factors), 1.0, rtol=_CLOSE):
        return None
    if len({factor > 0 for factor in factors}) > 1:
        return None
    sign = " and of the opposite sign" if factors[0] < 0 else ""
    times = np.abs(factors)
    if np.allclose(times, times[0], rtol=_CLOSE):
        how, number = ("large", times[0]) if times[0] > 1 else ("small", 1 / times[0])
        return Finding("constant-factor", f"Every number is {number:.4g} times too {how}{sign}.")
    for what in _expressions(cases):
        for how, numbers in (("large", times), ("small", 1 / times)):
            if what.equals(numbers):
                said = f"Every number is {what.text} times too {how}{sign}{_like_a_sum(what, how)}"
                sizes = ", ".join(f"{letter} = {cases[0].sizes[letter]}" for letter in what.letters)
                here = f"{what.values[0]:.4g} times where {sizes}"
                return Finding("constant-factor", f"{said} ({here}).")
    return None


def _like_a_sum(what: _Expression, how: str) -> str:
    if what.text not in what.letters:
        return ""
    one, other = ("sum", "mean") if how == "large" else ("mean", "sum")
    return f", as a {one} over {what.text} is beside a {other}"


def _offset(cases: Sequence[Case]) -> Finding | None:
    offsets = _offsets(cases)
    said = _said(offsets, cases) if offsets else None
    if said is None:
        return None
    how = "large" if offsets[0] > 0 else "small"
    return Finding("constant-offset", f"Every number is {said} too {how}.")


def _offsets(cases: Sequence[Case]) -> list[float]:
    """What was added in every case; nothing where that is not one number in each."""
    if any(case.wanted.shape != case.got.shape for case in cases):
        return []
    found = [constant_of(case.got - case.wanted) for case in cases]
    offsets = [offset for offset in found if offset is not None]
    is_one = len(offsets) == len(cases) and max(map(abs, offsets)) > TOLERANCE
    return offsets if is_one else []


def _factor_and_offset(cases: Sequence[Case]) -> Finding | None:
    fits: list[tuple[float, float]] = []
    for case in cases:
        x, y = case.wanted.ravel(), case.got.ravel()
        if case.wanted.shape != case.got.shape or x.size < 3 or not np.isfinite([*x, *y]).all():
            return None
        spread = float(np.var(x))
        if spread == 0.0:
            return None
        slope = float(np.mean((x - x.mean()) * (y - y.mean()))) / spread
        shift = float(y.mean() - slope * x.mean())
        if not close(slope * case.wanted + shift, case.got) or abs(slope) <= TOLERANCE:
            return None
        fits.append((slope, shift))
    factor = _said([slope for slope, _ in fits], cases)
    offset = _said([shift for _, shift in fits], cases)
    if factor is None or offset is None:
        return None
    minus = "−" if fits[0][0] < 0 else ""
    sign = "plus" if fits[0][1] > 0 else "minus"
    return Finding(
        "factor-and-offset",
        f"What you return is {minus}{factor} times what is wanted, {sign} {offset}: look at the "
        "operators and at their order.",
    )


def _said(numbers: Sequence[float], cases: Sequence[Case]) -> str | None:
    """The size of `numbers`: one for all cases, or an expression of the cases' sizes."""
    if len({number > 0 for number in numbers}) > 1:
        return None
    absolute = np.abs(numbers)
    if np.allclose(absolute, absolute[0], rtol=_CLOSE, atol=1e-6):
        return f"{absolute[0]:.4g}"
    for what in _expressions(cases):
        if what.equals(absolute):
            return what.text
        if what.equals(1 / absolute):
            return f"1/{what.text}" if len(what.text) == 1 else f"1/({what.text})"
    return None


def _expressions(cases: Sequence[Case]) -> Iterator[_Expression]:
    """What the docstring's letters make: themselves, roots, products, quotients."""
    letters = [a for a in cases[0].sizes if all(a in case.sizes for case in cases)]

    def made(text: str, make: Callable[..., float], *names: str) -> _Expression:
        values = (float(make(*(case.sizes[name] for name in names))) for case in cases)
        return _Expression(text, tuple(values), names)

    for a in letters:
        yield made(a, float, a)
        yield made(f"√{a}", np.sqrt, a)
        yield made(f"{a}²", np.square, a)
        yield made(f"{a}^¼", partial(_power, 0.25), a)
        yield made(f"{a} − 1", lambda n: n - 1, a)
        yield made(f"{a}/({a} − 1)", lambda n: n / (n - 1) if n > 1 else np.inf, a)
    for a in letters:
        for b in letters:
            if a < b:
                yield made(f"{a}·{b}", lambda n, m: n * m, a, b)
                yield made(f"√({a}·{b})", lambda n, m: np.sqrt(n * m), a, b)
            if a != b:
                yield made(f"{a}/{b}", lambda n, m: n / m, a, b)
                yield made(f"√({a}/{b})", lambda n, m: np.sqrt(n / m), a, b)


def _power(exponent: float, base: float) -> float:
    return float(base**exponent)

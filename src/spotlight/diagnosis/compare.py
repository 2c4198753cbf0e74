"""Whether an observed value equals an expected one, and if not, where they part.

Comparison is in float64, with a tolerance by the coarser of the two dtypes; whole numbers are
compared exactly. Right numbers in another dtype or form (a list for a tensor) are equal here;
their type is asked for by itself. True/False against numbers is a difference: a mask's kind is part
of what it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from spotlight.sandbox.wire import Array, Opaque

_TOLERANCE = {"float64": 1e-9, "complex128": 1e-9, "float16": 1e-2, "bfloat16": 3e-2}
_DEFAULT_TOLERANCE = 1e-5  # float32, and Python numbers that were computed in it
_LARGE = 2**62
_MAX_KEYS = 6
_FORMS = {"tensor": "a tensor", "ndarray": "a NumPy array", "list": "a list"}
_HOW = {
    "tensor": " (`.item()`, `.tolist()`, `float(...)` and `.numpy()` give no tensor)",
    "list": " (`.tolist()` makes one)",
    "ndarray": "",
}

Kind = Literal["kind", "shape", "values", "structure"]


@dataclass(frozen=True, eq=False)
class Difference:
    """Where two values part.

    `where` is the path inside a tuple or dict; the arrays are there when both sides are numeric,
    `wrong` (which entries differ) when they are of one shape too.
    """

    kind: Kind
    message: str
    where: str = ""
    expected: np.ndarray | None = None
    observed: np.ndarray | None = None
    index: tuple[int, ...] | None = None
    wrong: np.ndarray | None = None
    nothing: bool = False  # None stands where a value is wanted

    @property
    def max_abs_diff(self) -> float | None:
        """The largest absolute difference, where shapes agree and both entries are finite."""
        if self.expected is None or self.observed is None or self.kind != "values":
            return None
        with np.errstate(all="ignore"):
            gap = np.abs(_wide(self.expected) - _wide(self.observed))
        finite = gap[np.isfinite(gap)]
        return float(finite.max()) if finite.size else None


def difference(expected: Any, observed: Any, where: str = "") -> Difference | None:
    """The first difference between two values from the wire, or None if they are equal."""
    wanted, got = numeric(expected), numeric(observed)
    if wanted is not None:
        if got is None:
            return _of_other_kind(expected, observed, where)
        return _array_difference(wanted, got, _tolerance(expected, observed), where)
    if isinstance(expected, list | tuple):
        return _sequence_difference(expected, observed, where)
    if isinstance(expected, dict):
        return _dict_difference(expected, observed, where)
    if type(expected) is not type(observed) or expected != observed:
        return _of_other_kind(expected, observed, where)
    return None


def _of_other_kind(expected: Any, observed: Any, where: str) -> Difference:
    if isinstance(expected, str) and isinstance(observed, str):
        message = f"it is {observed[:80]!r} where {expected[:80]!r} is wanted"
        return Difference("kind", message, where)
    message = f"it is {describe(observed)} where {describe(expected)} is wanted"
    return Difference("kind", message, where, nothing=observed is None)


def wrong_type(expected: Any, observed: Any) -> str | None:
    """In what an observed value of the right numbers is of another type; None where it is not.

    What comes after a right answer needs its type too: a number that has left its tensor has no
    `shape`, a list cannot be multiplied, and float64 meets float32 in no product. Only where
    float64 goes in may float32 come out: `torch.zeros` makes it.
    """
    if isinstance(expected, Array):
        return _wrong_array(expected, observed)
    if isinstance(observed, Array) and isinstance(expected, bool | int | float):
        form = _FORMS[observed.form]
        return f"it is {form} where a plain number is wanted: take it out with `.item()`"
    if isinstance(expected, list | tuple) and isinstance(observed, list | tuple):
        # Tensors are unpacked from either; a pair of texts is to be a key, and a list is none.
        are_tensors = any(isinstance(part, Array) for part in expected)
        if type(expected) is not type(observed) and not are_tensors:
            return f"it is a {type(observed).__name__} where a {type(expected).__name__} is wanted"
        return _first(map(wrong_type, expected, observed))
    if isinstance(expected, dict) and isinstance(observed, dict):
        return _first(wrong_type(wanted, observed.get(key)) for key, wanted in expected.items())
    return None


def _wrong_array(expected: Array, observed: Any) -> str | None:
    form = observed.form if isinstance(observed, Array) else ""
    if not isinstance(observed, Array) or form != expected.form:
        kind = _FORMS[form] if form else describe(observed)
        return f"it is {kind} where {_FORMS[expected.form]} is wanted{_HOW[expected.form]}"
    may_differ = expected.form != "tensor" or expected.dtype == "float64"
    if observed.dtype != expected.dtype and not may_differ:
        return f"its numbers are {observed.dtype} where {expected.dtype} is wanted"
    return None


def _first(found: Iterable[str | None]) -> str | None:
    return next(filter(None, found), None)


def describe(value: Any) -> str:
    """A value in a few words, for messages."""
    if value is None:
        return "None"
    if isinstance(value, Array):
        kind = _FORMS[value.form]
        shape = tuple(value.data.shape)
        return f"{kind} of shape {shape}" if shape else f"{kind} with one number"
    if isinstance(value, bool):
        return repr(value)
    if isinstance(value, int) and abs(value) >= _LARGE:
        return "a number of very many digits"
    if isinstance(value, int | float):
        return f"the number {value!r}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if value == Opaque("ellipsis"):
        return "still the dots"
    if isinstance(value, Opaque):
        return f"a value of type {' '.join(value.type.split())[:80]}"
    if isinstance(value, dict):
        return f"a dict of {_keys(value)}" if value else "an empty dict"
    return f"a {type(value).__name__} of {len(value)}"


def numeric(value: Any) -> np.ndarray | None:
    """A value from the wire as an array; None where it is not one of numbers."""
    if isinstance(value, Array):
        return value.data
    if isinstance(value, bool | int | float):
        try:
            return np.asarray(value, dtype=None if abs(value) < _LARGE else np.float64)
        except OverflowError:
            return None
    return None


def _tolerance(expected: Any, observed: Any) -> float:
    def of(value: Any) -> float:
        dtype = value.dtype if isinstance(value, Array) else "number"
        return _TOLERANCE.get(dtype, _DEFAULT_TOLERANCE)

    return max(of(expected), of(observed))


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _array_difference(
    expected: np.ndarray, observed: np.ndarray, tolerance: float, where: str
) -> Difference | None:
    if expected.shape != observed.shape:
        message = f"the shape is {observed.shape} where {expected.shape} is wanted"
        return Difference("shape", message, where, expected, observed)
    if (expected.dtype.kind == "b") != (observed.dtype.kind == "b"):
        kinds = {True: "True and False", False: "numbers"}
        message = (
            f"it holds {kinds[observed.dtype.kind == 'b']} where "
            f"{kinds[expected.dtype.kind == 'b']} are wanted"
        )
        return Difference("kind", message, where, expected, observed)
    with np.errstate(all="ignore"):
        wanted, got = _wide(expected), _wide(observed)
        finite = np.isfinite(wanted)
        scale = max(1.0, float(np.abs(wanted[finite]).max(initial=0.0)))
        if expected.dtype.kind in "iub" and observed.dtype.kind in "iub":
            tolerance = 0.0  # counts and indices are right or wrong
        close = np.abs(wanted - got) <= tolerance * scale
        wrong = ~np.where(finite, close, ~np.isfinite(got))
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    at = f" at {list(index)}" if index else ""
    is_now, should_be = _told_apart(observed[index], expected[index])
    message = f"the value{at} is {is_now} where {should_be} is wanted"
    return Difference("values", message, where, expected, observed, index, wrong)


def _told_apart(one: Any, other: Any) -> tuple[str, str]:
    """Two numbers with as few digits as show that they differ."""
    for digits in (4, 7, 10, 17):
        texts = _number(one, digits), _number(other, digits)
        if texts[0] != texts[1]:
            break
    return texts


def _number(value: Any, digits: int) -> str:
    if isinstance(value, np.bool_ | np.integer):
        return str(value)
    return f"{value:.{digits}g}"


def _sequence_difference(expected: Any, observed: Any, where: str) -> Difference | None:
    if isinstance(observed, Array) and observed.data.ndim and len(observed.data) == len(expected):
        parts: Any = [Array(part, observed.form, observed.dtype) for part in observed.data]
    elif isinstance(observed, list | tuple) and len(observed) == len(expected):
        parts = observed
    else:
        return Difference(
            "structure",
            f"it is {describe(observed)} where {len(expected)} values are wanted",
            where,
        )
    for number, (wanted, got) in enumerate(zip(expected, parts, strict=True)):
        found = difference(wanted, got, f"{where}[{number}]")
        if found is not None:
            return found
    return None


def _keys(value: dict[Any, Any]) -> str:
    keys = sorted(map(str, value))
    more = f" and {len(keys) - _MAX_KEYS} more" if len(keys) > _MAX_KEYS else ""
    return ", ".join(k if k.isidentifier() else repr(k[:40]) for k in keys[:_MAX_KEYS]) + more


def _dict_difference(expected: dict[Any, Any], observed: Any, where: str) -> Difference | None:
    if not isinstance(observed, dict) or set(observed) != set(expected):
        return Difference(
            "structure", f"it is {describe(observed)} where {describe(expected)} is wanted", where
        )
    for key, wanted in expected.items():
        found = difference(wanted, observed[key], f"{where}[{key!r}]")
        if found is not None:
            return found
    return None

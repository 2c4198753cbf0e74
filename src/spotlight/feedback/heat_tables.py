"""Small matrices as coloured tables: target, yours and the difference side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spotlight.grading.verdict import Comparison
from spotlight.visualizations.palette import SIGNED

MAX_SIDE = 8
_STOPS = SIGNED["light"]


@dataclass(frozen=True)
class HeatCell:
    """One entry: its number as text, the colours of its cell, whether it is the one pointed at."""

    text: str
    background: str
    ink: str
    pointed_at: bool = False


@dataclass(frozen=True)
class HeatTable:
    """One matrix, cut to `MAX_SIDE` rows and columns; `note` says what was cut."""

    title: str
    rows: tuple[tuple[HeatCell, ...], ...]
    note: str = ""


def comparison_tables(comparison: Comparison) -> tuple[HeatTable, ...]:
    """Target, yours and, where the shapes agree, the difference; one colour scale for all."""
    expected, observed = comparison.expected, comparison.observed
    if expected is None or observed is None:
        return ()
    arrays = {"target": _numbers(expected), "yours": _numbers(observed)}
    if expected.shape == observed.shape and expected.dtype.kind != "b" != observed.dtype.kind:
        with np.errstate(all="ignore"):
            arrays["difference"] = arrays["yours"] - arrays["target"]
    limit = max((_largest(array) for array in arrays.values()), default=1.0) or 1.0
    return tuple(heat_table(t, array, limit, comparison.index) for t, array in arrays.items())


def input_tables(comparison: Comparison) -> tuple[HeatTable, ...]:
    """What the exercise's function was called with, each on a colour scale of its own."""
    arrays = [(name, _whole(_numbers(array))) for name, array in comparison.inputs]
    return tuple(heat_table(name, array, _largest(array) or 1.0) for name, array in arrays)


def heat_table(
    title: str, array: np.ndarray, limit: float, index: tuple[int, ...] = ()
) -> HeatTable:
    """One matrix; `limit` is the absolute value that takes the scale's full colour.

    A vector is drawn as one row. What is too large is cut to the part around `index`, of more than
    two dimensions to one slice: the first one, where `index` is empty.
    """
    shape = array.shape
    pointed_at = len(index) == array.ndim > 0
    index = index if len(index) == array.ndim else (0,) * array.ndim
    lead, array = _slice(array, index[:-2])
    matrix = np.atleast_2d(array)
    window = tuple(map(_window, (0, 0, *index)[-2:], matrix.shape))
    cut = matrix[window]
    place = tuple(i - part.start for i, part in zip((0, 0, *index)[-2:], window, strict=True))
    cells = tuple(
        tuple(_cell(value, limit, pointed_at and (i, j) == place) for j, value in enumerate(row))
        for i, row in enumerate(cut)
    )
    note = f"shape {shape}" if shape else "one number"
    if matrix.shape != cut.shape or lead:
        note += f", {_place(lead, window[-array.ndim or -1 :], cut.shape)} shown"
    return HeatTable(title, cells, note)


def _slice(array: np.ndarray, lead: tuple[int, ...]) -> tuple[tuple[int, ...], np.ndarray]:
    """The last two dimensions at `lead`; nothing, where there is nothing."""
    if 0 in array.shape[: len(lead)]:
        return lead, array.reshape(0, 0)
    return lead, array[lead]


def _window(at: int, size: int) -> slice:
    """The rows or columns to draw, so that `at` is among them."""
    start = 0 if at < MAX_SIDE else min(at - MAX_SIDE // 2, size - MAX_SIDE)
    return slice(start, min(start + MAX_SIDE, size))


def _place(lead: tuple[int, ...], window: tuple[slice, ...], shape: tuple[int, ...]) -> str:
    if not any(lead) and not any(part.start for part in window):
        return f"the first {' × '.join(map(str, shape))}"
    return f"[{', '.join([*map(str, lead), *(f'{p.start}:{p.stop}' for p in window)])}]"


def _numbers(array: np.ndarray) -> np.ndarray:
    """Wide enough to subtract; whole numbers and truth values stay what they are to look at."""
    if array.dtype.kind in "biu":
        return array.astype(np.int64) if array.dtype.kind == "u" else array
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _whole(array: np.ndarray) -> np.ndarray:
    """Floats that are all whole numbers as integers, which are shorter to read."""
    with np.errstate(all="ignore"):
        is_whole = array.dtype.kind == "f" and np.array_equal(array, np.round(array))
        is_whole = is_whole and bool(np.isfinite(array).all())
    return array.astype(np.int64) if is_whole and _largest(array) < 1e6 else array


def _largest(array: np.ndarray) -> float:
    finite = np.abs(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
    finite = finite[np.isfinite(finite)]
    return float(finite.max(initial=0.0))


def _cell(value: np.generic, limit: float, pointed_at: bool) -> HeatCell:
    number = complex(value).real
    if not np.isfinite(number):
        return HeatCell(str(value), "#7d8a97", "#ffffff", pointed_at)
    colour = _colour(number / limit)
    return HeatCell(_written(value, limit), colour, _ink(colour), pointed_at)


def _written(value: np.generic, limit: float) -> str:
    if isinstance(value, np.bool_ | np.integer):
        return str(value)
    number = complex(value) if isinstance(value, np.complexfloating) else float(value)
    if number and abs(number) < 5e-4 * limit:
        return f"{number:.0e}"
    return f"{number:.3g}" if limit >= 1000 else f"{number:.2f}"


def _colour(position: float) -> str:
    """The diverging map at `position`, from -1 to 1."""
    scaled = (min(1.0, max(-1.0, position)) + 1) / 2 * (len(_STOPS) - 1)
    low = min(int(scaled), len(_STOPS) - 2)
    share = scaled - low
    mixed = (
        round(a + (b - a) * share)
        for a, b in zip(_channels(_STOPS[low]), _channels(_STOPS[low + 1]), strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _ink(colour: str) -> str:
    red, green, blue = _channels(colour)
    return "#111418" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"

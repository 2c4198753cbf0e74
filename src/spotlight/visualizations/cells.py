"""The cells of a drawn matrix: their colours, and the numbers in them while there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from matplotlib.colors import Colormap

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array

Kind = Literal["weights", "scores"]

_MOST_NUMBERED_CELLS: Final = 200
_SMALLEST_NUMBER: Final = 5.5  # points


@dataclass(frozen=True)
class Scale:
    """Colours and the numbers at their two ends, the same for all panels of a figure."""

    colormap: Colormap
    low: float
    high: float
    extend: str

    def norm(self, value: float) -> float:
        """Where a number stands between the two ends, from 0 to 1."""
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


def scale_for(kind: Kind, arrays: Sequence[Array]) -> Scale:
    """One scale for all of `arrays`: 0 to 1 for weights, zero in the middle for scores.

    Raises:
        ValueError: there is no such kind.
    """
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    if kind == "weights":
        above = finite.size and finite.max() > 1 + 1e-6
        below = finite.size and finite.min() < -1e-6
        extend = {(0, 0): "neither", (1, 0): "max", (0, 1): "min", (1, 1): "both"}
        beyond = extend[int(bool(above)), int(bool(below))]
        return Scale(palette.weights_map(), 0.0, 1.0, beyond)
    if kind == "scores":
        most = float(np.abs(finite).max()) if finite.size else 0.0
        return Scale(palette.signed_map(), -(most or 1.0), most or 1.0, "neither")
    raise ValueError(f'kind is "weights" or "scores", not {kind!r}.')


def colours_of(array: Array, scale: Scale) -> Array:
    """What a colormap is handed: masked scores and NaN as NaN, infinity as the highest number."""
    shown = np.where(np.isfinite(array), array, np.nan)
    return np.where(array == np.inf, scale.high, shown)


def numbers_in_cells(array: Array, cell: float) -> tuple[dict[tuple[int, ...], str], float]:
    """What stands in each cell, and its size in points; nothing where it cannot be read.

    Args:
        array: (rows, columns).
        cell: a cell's width in inches.
    """
    if array.size > _MOST_NUMBERED_CELLS:
        return {}, 0.0
    texts = {place: written(float(value), array) for place, value in np.ndenumerate(array)}
    # A letter is about 0.6 of the font's size wide; the longest number has to fit its cell.
    size = min(9.0, 110 * cell / max(len(text) for text in texts.values()))
    return (texts, size) if size >= _SMALLEST_NUMBER else ({}, 0.0)


def written(value: float, array: Array) -> str:
    """A number of `array`, no longer than it needs to be among the others."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    finite = array[np.isfinite(array)]
    if np.array_equal(finite, np.round(finite)):
        text = f"{value:.0f}"
    elif np.array_equal(finite, np.round(finite, 1)):
        text = f"{value:.1f}"
    else:
        text = f"{value:.2f}" if np.abs(finite).max() < 100 else f"{value:.0f}"
    return text.replace("-", "−")


def text_colour(value: float, scale: Scale) -> str:
    """Black or white, whichever reads better on the cell's colour."""
    if not np.isfinite(value):
        return "#000000"
    rgb = np.asarray(scale.colormap(scale.norm(value))[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    # At a luminance of 0.179 the two have the same contrast, 4.6.
    return "#000000" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "#ffffff"

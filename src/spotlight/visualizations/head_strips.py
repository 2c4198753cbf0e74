"""A layer's width as one band, cut into the columns that each head gets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.patches import Rectangle

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers
from spotlight.visualizations.canvas import Canvas, letters
from spotlight.visualizations.figure import Picture, style

_WIDTH: Final = 9.4  # inches
_HEIGHT: Final = 0.85
_ABOVE: Final = 0.3
_BELOW: Final = 0.3
_TINTS: Final = palette.WEIGHTS["light"][1:4]
_HEAD_SIZE: Final = 9.0  # points
_COLUMN_SIZE: Final = 7.0


@dataclass(frozen=True)
class _Strip:
    """Neighbouring columns of one head, from `first` up to `end`."""

    head: int
    first: int
    end: int


def show_head_strips(columns: Numbers, *, title: str, caption: str) -> Picture:
    """The columns of a layer as a band, with a strip for all neighbours of one head.

    Args:
        columns: (H, D), the numbers of the columns that each head gets, as splitting
            0, 1, 2, … yields them: each of 0 to H · D − 1 once.
        title: what the figure shows.
        caption: one sentence on what to see in it.

    Raises:
        ValueError: this is no matrix, or a column is given to no head or to several.
    """
    array = numbers(columns, "The columns of the heads", 2, "(heads, columns each)")
    if not np.array_equal(np.sort(array, axis=None), np.arange(array.size)):
        raise ValueError(
            f"Each of the {array.size} columns, counted from 0, belongs to one head; "
            "here some belong to none or to several."
        )
    strips = list(_strips(array))
    with style():
        canvas = Canvas(_WIDTH, _ABOVE + _HEIGHT + _BELOW, title=title, caption=caption)
        for strip in strips:
            _draw(canvas, strip, _WIDTH / array.size)
    return canvas.picture


def _strips(columns: Array) -> Iterator[_Strip]:
    owners = np.empty(columns.size, dtype=int)
    for head, own in enumerate(columns.astype(int)):
        owners[own] = head
    first = 0
    for head, group in itertools.groupby(owners.tolist()):
        end = first + len(list(group))
        yield _Strip(head, first, end)
        first = end


def _draw(canvas: Canvas, strip: _Strip, column: float) -> None:
    left, width = strip.first * column, (strip.end - strip.first) * column
    canvas.axes.add_patch(
        Rectangle(
            (left, _ABOVE),
            width,
            _HEIGHT,
            facecolor=_TINTS[strip.head % len(_TINTS)],
            edgecolor=palette.BACKGROUND["light"],
            linewidth=min(1.0, 20 * width),
        )
    )
    middle = left + width / 2
    for named in (f"head {strip.head}", str(strip.head)):
        if letters(named, _HEAD_SIZE) < width:
            canvas.text(middle, _ABOVE + _HEIGHT / 2, named, size=_HEAD_SIZE, weight="bold")
            break
    said = f"{strip.first}–{strip.end - 1}"
    if letters(said, _COLUMN_SIZE) < width:
        faint = palette.FAINT_INK["light"]
        canvas.text(middle, _ABOVE + _HEIGHT + 0.13, said, size=_COLUMN_SIZE, color=faint)
    if strip.first == 0:
        canvas.text(0, _ABOVE - 0.14, "columns of the layer", size=8, ha="left")

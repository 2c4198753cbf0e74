"""Matrices as coloured grids with a token on every row and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers, same_length
from spotlight.visualizations.cells import (
    Kind,
    Scale,
    colours_of,
    numbers_in_cells,
    scale_for,
    text_colour,
)
from spotlight.visualizations.figure import Picture, label_tokens, style

Labels = Sequence[str]

_ROWS = "this token is updated"
_COLUMNS = "attended to"
_MOST_TICKED = 40


def show_heatmap(
    matrix: Numbers,
    rows: Labels | None = None,
    columns: Labels | None = None,
    *,
    title: str,
    caption: str,
    kind: Kind = "weights",
    row_label: str = _ROWS,
    column_label: str = _COLUMNS,
    value_label: str | None = None,
) -> Picture:
    """One matrix as a heatmap, with the numbers in the cells while there is room.

    Args:
        matrix: (rows, columns). Masked scores (minus infinity) and NaN are drawn as such.
        rows: one token per row; without them, rows are numbered from 0.
        columns: one token per column; left out, those of the rows if the matrix is square.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        kind: "weights" for numbers from 0 to 1, on that scale whatever the matrix holds;
            "scores" for signed numbers, with zero in the middle of the colours.
        row_label: what a row is.
        column_label: what a column is.
        value_label: what a number is; left out, "weight" or "score" after the kind.

    Raises:
        ValueError: the matrix is none, or labels and matrix do not fit.
    """
    return show_heatmaps(
        {"": matrix},
        rows,
        columns,
        title=title,
        caption=caption,
        kind=kind,
        row_label=row_label,
        column_label=column_label,
        value_label=value_label,
    )


def show_heatmaps(
    matrices: Mapping[str, Numbers],
    rows: Labels | Mapping[str, Labels] | None = None,
    columns: Labels | Mapping[str, Labels] | None = None,
    *,
    title: str,
    caption: str,
    kind: Kind = "weights",
    row_label: str = _ROWS,
    column_label: str = _COLUMNS,
    value_label: str | None = None,
) -> Picture:
    """Several matrices side by side on one scale, each under its own title.

    Args:
        matrices: panel title → (rows, columns). More than four go on to a second line.
        rows: one list of tokens for all panels, or panel title → list.
        columns: likewise; see `show_heatmap` for these and the rest.

    Raises:
        ValueError: there is no matrix, one is none, or labels and a matrix do not fit.
    """
    if not matrices:
        raise ValueError("show_heatmaps needs at least one matrix.")
    panels = {
        name: numbers(matrix, _named(name), 2, "(rows, columns)")
        for name, matrix in matrices.items()
    }
    scale = scale_for(kind, list(panels.values()))
    across = min(len(panels), 4)
    down = -(-len(panels) // across)
    arrays = list(panels.values())
    cell = _cell_inches(arrays, across)
    widths = [max(array.shape[1] for array in arrays[i::across]) for i in range(across)]
    tallest = max(array.shape[0] for array in arrays)
    with style():
        picture = Picture(
            width=max(sum(widths) * cell + across * 1.15 + 0.8, 4.2),
            height=down * (tallest * cell + (1.25 if any(panels) else 1.0)) + 0.7,
            title=title,
            caption=caption,
        )
        grid = picture.subplots(down, across, squeeze=False, width_ratios=widths)
        for axes, (name, array) in zip(grid.flat, panels.items(), strict=False):
            row_tokens = same_length(_of(rows, name), array.shape[0], "row")
            column_tokens = same_length(_of(columns, name), array.shape[1], "column")
            if column_tokens is None and array.shape[0] == array.shape[1]:
                column_tokens = row_tokens
            _draw(axes, array, scale, cell)
            _label(axes, "y", row_tokens, array.shape[0], cell)
            _label(axes, "x", column_tokens, array.shape[1], cell)
            if axes in grid[0]:
                axes.set_xlabel(column_label)
                axes.xaxis.set_label_position("top")
            if axes in grid[:, 0]:
                axes.set_ylabel(row_label)
            if name:
                axes.set_title(name, loc="left", weight="bold")
        for axes in list(grid.flat)[len(panels) :]:
            axes.remove()
        used: Any = list(grid.flat)[: len(panels)]
        picture.colorbar(
            used[0].images[0],
            ax=used,
            label=value_label or kind.removesuffix("s"),
            shrink=0.8,
            aspect=18,
            pad=0.02,
            extend=scale.extend,
            panchor=False,  # the panels keep their own anchors
        ).outline.set_visible(False)
    return picture


def _draw(axes: Axes, array: Array, scale: Scale, cell: float) -> None:
    axes.imshow(
        colours_of(array, scale),
        cmap=scale.colormap,
        vmin=scale.low,
        vmax=scale.high,
        aspect="auto",
    )
    axes.set_box_aspect(array.shape[0] / array.shape[1])
    axes.set_anchor("NW")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    texts, size = numbers_in_cells(array, cell)
    if not texts:
        return
    axes.set_xticks(np.arange(array.shape[1] + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(array.shape[0] + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=palette.BACKGROUND["light"], linewidth=1)
    axes.tick_params(which="minor", length=0)
    for (row, column), text in texts.items():
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            size=size,
            color=text_colour(float(array[row, column]), scale),
        )


def _label(axes: Axes, axis: str, tokens: list[str] | None, count: int, cell: float) -> None:
    if axis == "x":
        axes.xaxis.tick_top()
    if tokens is not None and count <= _MOST_TICKED:
        letters = max(len(token) for token in tokens)
        upright = axis == "y" or letters * 0.085 < cell
        label_tokens(axes, axis, tokens, upright=upright)
        axes.tick_params(axis="both", labelsize=max(5.5, min(9, 36 * cell)))
    elif count <= 12:
        label_tokens(axes, axis, [str(i) for i in range(count)])


def _cell_inches(arrays: list[Array], across: int) -> float:
    """Cells as large as a page of 10 inches lets them be, between readable and absurd."""
    widest = max(array.shape[1] for array in arrays)
    tallest = max(array.shape[0] for array in arrays)
    room = (10.0 - 0.8) / across - 1.15
    return float(min(0.52, max(room / widest, 0.012), 6.0 / tallest))


def _of(labels: Labels | Mapping[str, Labels] | None, name: str) -> Labels | None:
    return labels.get(name) if isinstance(labels, Mapping) else labels


def _named(name: str) -> str:
    return f"The heatmap {name!r}" if name else "A heatmap"

"""Matrices as coloured grids with a token on every row and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers, same_length
from spotlight.visualizations.figure import Picture, label_tokens, style

Kind = Literal["weights", "scores"]
Labels = Sequence[str]

_ROWS = "this token is updated"
_COLUMNS = "attended to"
_MOST_NUMBERED_CELLS = 200
_SMALLEST_NUMBER = 5.5  # points
_MOST_TICKED = 40


@dataclass(frozen=True)
class _Scale:
    """Colours and the numbers at their two ends, the same for all panels of a figure."""

    colormap: Colormap
    low: float
    high: float
    extend: str

    def norm(self, value: float) -> float:
        """Where a number stands between the two ends, from 0 to 1."""
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


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
    scale = _scale(kind, list(panels.values()))
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


def _draw(axes: Axes, array: Array, scale: _Scale, cell: float) -> None:
    shown = np.where(np.isfinite(array), array, np.nan)
    shown = np.where(array == np.inf, scale.high, shown)
    axes.imshow(shown, cmap=scale.colormap, vmin=scale.low, vmax=scale.high, aspect="auto")
    axes.set_box_aspect(array.shape[0] / array.shape[1])
    axes.set_anchor("NW")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if array.size > _MOST_NUMBERED_CELLS:
        return
    written = {place: _written(float(value), array) for place, value in np.ndenumerate(array)}
    # A letter is about 0.6 of the font's size wide; the longest number has to fit its cell.
    size = min(9.0, 110 * cell / max(len(text) for text in written.values()))
    if size < _SMALLEST_NUMBER:
        return
    axes.set_xticks(np.arange(array.shape[1] + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(array.shape[0] + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=palette.BACKGROUND["light"], linewidth=1)
    axes.tick_params(which="minor", length=0)
    for (row, column), text in written.items():
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            size=size,
            color=_text_colour(float(array[row, column]), scale),
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


def _scale(kind: Kind, arrays: list[Array]) -> _Scale:
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    if kind == "weights":
        above = finite.size and finite.max() > 1 + 1e-6
        below = finite.size and finite.min() < -1e-6
        extend = {(0, 0): "neither", (1, 0): "max", (0, 1): "min", (1, 1): "both"}
        beyond = extend[int(bool(above)), int(bool(below))]
        return _Scale(palette.weights_map(), 0.0, 1.0, beyond)
    if kind == "scores":
        most = float(np.abs(finite).max()) if finite.size else 0.0
        return _Scale(palette.signed_map(), -(most or 1.0), most or 1.0, "neither")
    raise ValueError(f'kind is "weights" or "scores", not {kind!r}.')


def _cell_inches(arrays: list[Array], across: int) -> float:
    """Cells as large as a page of 10 inches lets them be, between readable and absurd."""
    widest = max(array.shape[1] for array in arrays)
    tallest = max(array.shape[0] for array in arrays)
    room = (10.0 - 0.8) / across - 1.15
    return float(min(0.52, max(room / widest, 0.012), 6.0 / tallest))


def _written(value: float, array: Array) -> str:
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


def _text_colour(value: float, scale: _Scale) -> str:
    """Black or white, whichever reads better on the cell's colour."""
    if not np.isfinite(value):
        return "#000000"
    rgb = np.asarray(scale.colormap(scale.norm(value))[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    # At a luminance of 0.179 the two have the same contrast, 4.6.
    return "#000000" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "#ffffff"


def _of(labels: Labels | Mapping[str, Labels] | None, name: str) -> Labels | None:
    return labels.get(name) if isinstance(labels, Mapping) else labels


def _named(name: str) -> str:
    return f"The heatmap {name!r}" if name else "A heatmap"

"""Curves, and bars over tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers, same_length
from spotlight.visualizations.figure import Picture, label_tokens, quiet, style

LINES: Final[Any] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (9, 3)))
_MARKERS: Final = "osD^vP"
_HATCHES: Final = ("", "///", "...", "xx", "\\\\\\", "++")
_MOST_MARKED_POINTS: Final = 16
_MOST_NAMED_PLACES: Final = 12
_LETTERS_AN_INCH: Final = 14.0
_KEY_LETTERS: Final = 6  # the width of a legend's coloured patch and of the gap behind a name


def show_curves(
    curves: Mapping[str, Numbers | tuple[Numbers, Numbers]],
    *,
    xlabel: str,
    ylabel: str,
    title: str,
    caption: str,
    logx: bool = False,
    logy: bool = False,
) -> Picture:
    """Lines in one plot, told apart by colour, dashes and (when points are few) markers.

    Args:
        curves: name → (x, y), two equally long sequences, or just y to count x from 0. The names
            "query", "key", "value" and "stream" bring their colours.
        xlabel: what is along the bottom, with its unit.
        ylabel: what is up the side, with its unit.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        logx: a logarithmic scale along the bottom.
        logy: a logarithmic scale up the side.

    Raises:
        ValueError: there is no curve, or a curve's x and y differ in length.
    """
    if not curves:
        raise ValueError("show_curves needs at least one curve.")
    points = {name: _points(name, curve) for name, curve in curves.items()}
    with style():
        picture = Picture(7.0, 4.2, title=title, caption=caption)
        axes = picture.subplots()
        quiet(axes)
        for i, (name, (x, y)) in enumerate(points.items()):
            axes.plot(
                x,
                y,
                color=series_colour(name, i),
                linestyle=LINES[i % len(LINES)],
                marker=_MARKERS[i % len(_MARKERS)] if len(x) <= _MOST_MARKED_POINTS else None,
                markersize=4.5,
                linewidth=1.8,
                label=name,
            )
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_xscale("log" if logx else "linear")
        axes.set_yscale("log" if logy else "linear")
        if logx:
            axes.xaxis.set_major_formatter("{x:g}")
            places = np.unique(np.concatenate([x for x, _ in points.values()]))
            if len(places) <= _MOST_NAMED_PLACES:
                axes.set_xticks(places)
                axes.minorticks_off()
        elif all(float(value).is_integer() for x, _ in points.values() for value in x):
            axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))  # counts: no place 2.5
        if len(points) > 1 or "" not in points:
            axes.legend(frameon=False)
    return picture


def show_bars(
    distributions: Mapping[str, Numbers],
    tokens: Sequence[str],
    *,
    title: str,
    caption: str,
    xlabel: str = "attended to",
    ylabel: str = "weight",
) -> Picture:
    """One bar per token, or one for each of several distributions side by side.

    Args:
        distributions: name → (n,), for example a row of attention weights. A single one needs no
            legend, and its name is not shown.
        tokens: n tokens.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        xlabel: what the tokens are.
        ylabel: what a bar's height is.

    Raises:
        ValueError: there is no distribution, or one has more or fewer numbers than tokens.
    """
    if not distributions:
        raise ValueError("show_bars needs at least one distribution.")
    heights = {
        name: numbers(values, f"The distribution {name!r}", 1, "(n,)")
        for name, values in distributions.items()
    }
    labels: list[str] = []
    for values in heights.values():
        labels = same_length(tokens, len(values), "bar") or []
    width = 0.8 / len(heights)
    with style():
        picture = Picture(
            min(max(0.62 * len(labels) + 1.4, 5.0), 10.0), 3.6, title=title, caption=caption
        )
        axes = picture.subplots()
        quiet(axes)
        axes.grid(visible=False, axis="x")
        for i, (name, values) in enumerate(heights.items()):
            axes.bar(
                np.arange(len(values)) + (i - (len(heights) - 1) / 2) * width,
                values,
                width * 0.92,
                label=name,
                color=series_colour(name, i),
                hatch=_HATCHES[i % len(_HATCHES)],
                edgecolor=palette.BACKGROUND["light"],
                linewidth=0.5,
            )
        axes.axhline(0, color=palette.FAINT_INK["light"], linewidth=0.8)
        label_tokens(axes, "x", labels)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        if len(heights) > 1:
            _legend_above(axes, list(heights), picture.get_figwidth())
    return picture


def _legend_above(axes: Axes, names: Sequence[str], width: float) -> None:
    """A legend between the title and the plot, where no bar can be under it."""
    letters = [len(name) + _KEY_LETTERS for name in names]
    room = (width - 1.0) * _LETTERS_AN_INCH
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=len(names) if sum(letters) <= room else max(int(room / max(letters)), 1),
        frameon=False,
        borderaxespad=0.2,
    )


def _points(name: str, curve: Numbers | tuple[Numbers, Numbers]) -> tuple[Array, Array]:
    if isinstance(curve, tuple) and len(curve) == 2 and not np.isscalar(curve[0]):
        x = numbers(curve[0], f"The x of {name!r}", 1, "(points,)")
        y = numbers(curve[1], f"The y of {name!r}", 1, "(points,)")
    else:
        y = numbers(curve, f"The curve {name!r}", 1, "(points,)")
        x = np.arange(len(y), dtype=np.float64)
    if len(x) != len(y):
        raise ValueError(f"The curve {name!r} has {len(x)} x values for {len(y)} y values.")
    return x, y


def series_colour(name: str, place: int) -> str:
    """A role's own colour where the name is one, else that of the series at this place."""
    if name in palette.ROLES:
        return palette.role_colour(name)
    return palette.SERIES[place % len(palette.SERIES)]

"""Positional encodings: their waves, their matrix, and how alike two positions are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers
from spotlight.visualizations.charts import LINES, series_colour
from spotlight.visualizations.figure import Picture, quiet, style
from spotlight.visualizations.heatmaps import show_heatmap

_MOST_WAVES: Final = 8


def show_position_waves(
    encoding: Numbers,
    *,
    title: str,
    caption: str,
    dimensions: Sequence[int] | None = None,
) -> Picture:
    """What some dimensions of a positional encoding do from position to position.

    Args:
        encoding: (T, C), one row per position.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        dimensions: which of the C, counted from 0; left out, 8 even ones spread over all of them
            (of a sinusoidal encoding the sines), or all where there are no more than 8.

    Raises:
        ValueError: the encoding is no matrix, or a dimension is not there.
    """
    waves = _encoding(encoding)
    width = waves.shape[1]
    chosen = _spread(width) if dimensions is None else list(dimensions)
    strange = [d for d in chosen if not 0 <= d < width]
    if strange or not chosen:
        raise ValueError(
            f"dimensions={chosen} does not name some of {width} dimensions: they are numbered "
            f"from 0 to {width - 1}."
        )
    most = float(np.nanmax(np.abs(waves[:, chosen]))) or 1.0
    with style():
        picture = Picture(7.5, 0.62 * len(chosen) + 1.5, title=title, caption=caption)
        strips = picture.subplots(len(chosen), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for axes, dimension in zip(strips, chosen, strict=True):
            quiet(axes)
            axes.axhline(0, color=palette.RULE["light"], linewidth=0.8)
            axes.plot(
                waves[:, dimension],
                color=palette.role_colour("stream"),
                marker="o" if len(waves) <= 40 else None,
                markersize=2.5,
                linewidth=1.4,
            )
            axes.set_ylim(-1.15 * most, 1.15 * most)
            axes.set_ylabel(f"dimension {dimension}", rotation=0, ha="right", va="center", size=8)
            axes.tick_params(labelsize=7)
        strips[-1].set_xlabel("position")
        strips[-1].xaxis.get_major_locator().set_params(integer=True)
    return picture


def show_position_matrix(encoding: Numbers, *, title: str, caption: str) -> Picture:
    """A positional encoding as a heatmap, one row per position.

    Args:
        encoding: (T, C).
        title: what the figure shows.
        caption: one sentence on what to see in it.

    Raises:
        ValueError: the encoding is no matrix.
    """
    return show_heatmap(
        _encoding(encoding),
        title=title,
        caption=caption,
        kind="scores",
        row_label="position",
        column_label="dimension",
        value_label="number",
    )


def show_position_products(
    encodings: Numbers | Mapping[str, Numbers], *, title: str, caption: str
) -> Picture:
    """The dot product of two positions against the distance between them.

    The line is the mean over all pairs at a distance, the band their least and their greatest:
    no band to be seen means that the distance alone decides.

    Args:
        encodings: (T, C), or name → (T, C) to compare several.
        title: what the figure shows.
        caption: one sentence on what to see in it.

    Raises:
        ValueError: there is no encoding, or one is no matrix.
    """
    named = encodings if isinstance(encodings, Mapping) else {"": encodings}
    if not named:
        raise ValueError("show_position_products needs at least one encoding.")
    arrays = {name: _encoding(values) for name, values in named.items()}
    with style():
        picture = Picture(7.0, 3.9, title=title, caption=caption)
        axes = picture.subplots()
        quiet(axes)
        for i, (name, array) in enumerate(arrays.items()):
            products = array @ array.T
            at = [np.diagonal(products, distance) for distance in range(len(array))]
            colour = series_colour(name, i)
            axes.fill_between(
                range(len(at)),
                [values.min() for values in at],
                [values.max() for values in at],
                color=colour,
                alpha=0.18,
                linewidth=0,
            )
            axes.plot(
                [values.mean() for values in at],
                color=colour,
                linestyle=LINES[i % len(LINES)],
                linewidth=1.8,
                label=name,
            )
        axes.set_xlabel("distance between two positions")
        axes.set_ylabel("dot product")
        if any(arrays):
            axes.legend(frameon=False)
    return picture


def _encoding(values: Numbers) -> Array:
    return numbers(values, "A positional encoding", 2, "(positions, dimensions)")


def _spread(width: int) -> list[int]:
    if width <= _MOST_WAVES:
        return list(range(width))
    return sorted({2 * round(place / 2) for place in np.linspace(0, width - 2, _MOST_WAVES)})

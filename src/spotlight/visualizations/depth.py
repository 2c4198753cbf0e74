"""How activations are distributed, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, flat_numbers
from spotlight.visualizations.figure import Picture, quiet, style

_BINS: Final = 160
_OVERLAP: Final = 1.7  # how far a ridge rises into those above it
_TAILS: Final = (0.1, 99.9)  # percentiles between which the ridges are drawn
_COLOUR: Final = palette.role_colour("stream")


def show_depth(
    activations: Mapping[str, Numbers] | Sequence[Numbers],
    *,
    title: str,
    caption: str,
    log: bool = False,
    xlabel: str = "activation",
) -> Picture:
    """One ridge of numbers per layer, the first on top, and their standard deviation beside it.

    Args:
        activations: name of a layer → its activations, of any shape; or a list, numbered from 0.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        log: logarithmic scales, for activations that grow or shrink by orders of magnitude; the
            ridges are then of their sizes, without signs and without zeros.
        xlabel: what the numbers are.

    Raises:
        ValueError: there is no layer, or one holds no finite number.
    """
    layers = activations if isinstance(activations, Mapping) else dict(enumerate(activations))
    if not layers:
        raise ValueError("show_depth needs the activations of at least one layer.")
    values = {str(name): _finite(name, layer) for name, layer in layers.items()}
    with style():
        picture = Picture(
            8.0, min(max(0.3 * len(values), 1.6), 7.5) + 1.4, title=title, caption=caption
        )
        ridges, spread = picture.subplots(1, 2, sharey=True, width_ratios=[2.4, 1])
        _draw_ridges(ridges, list(values.values()), log)
        ridges.set_yticks(range(len(values)), list(values), parse_math=False, size=8)
        ridges.set_ylim(len(values) - 0.5, -_OVERLAP - 0.1)
        ridges.set_ylabel("layer")
        ridges.set_xlabel(f"|{xlabel}|" if log else xlabel)
        _draw_spread(spread, list(values.values()), log)
    return picture


def _draw_ridges(axes: Axes, layers: Sequence[Array], log: bool) -> None:
    quiet(axes)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    if log:
        axes.set_xscale("log")
        layers = [np.log10(np.abs(layer[layer != 0])) for layer in layers]
    low, high = _core(layers)
    edges = np.linspace(low, high, _BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    places = 10**middles if log else middles
    for i, layer in enumerate(layers):
        counts, _ = np.histogram(layer, edges)
        heights = _smooth(counts.astype(np.float64))
        heights *= _OVERLAP / (heights.max() or 1.0)
        order = 2 + i / 100  # a layer's ridge stands before those of the layers above it
        axes.fill_between(
            places, i - heights, i, facecolor=_COLOUR, alpha=0.25, linewidth=0, zorder=order
        )
        axes.plot(places, i - heights, color=_COLOUR, linewidth=0.9, zorder=order)
    axes.set_xlim(places[0], places[-1])


def _draw_spread(axes: Axes, layers: Sequence[Array], log: bool) -> None:
    quiet(axes)
    deviations = [float(np.std(layer)) for layer in layers]
    axes.plot(
        deviations, range(len(layers)), color=_COLOUR, marker="o", markersize=4, linewidth=1.4
    )
    axes.set_xlabel("standard deviation")
    axes.tick_params(axis="y", length=0)
    if log and min(deviations) > 0:
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0)


def _core(layers: Sequence[Array]) -> tuple[float, float]:
    """The range that holds all but a few numbers of each layer."""
    percentiles = [np.percentile(layer, _TAILS) for layer in layers if layer.size]
    low = min((float(ends[0]) for ends in percentiles), default=0.0)
    high = max((float(ends[1]) for ends in percentiles), default=0.0)
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def _smooth(heights: Array) -> Array:
    kernel = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    return np.convolve(heights, kernel, mode="same")


def _finite(name: object, layer: Numbers) -> Array:
    values = flat_numbers(layer, f"The layer {str(name)!r}")
    values = values[np.isfinite(values)]
    if values.size == 0:
        raise ValueError(
            f"The layer {str(name)!r} holds no finite number: there is nothing to draw."
        )
    return values

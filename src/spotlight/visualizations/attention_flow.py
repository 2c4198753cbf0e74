"""Attention as arcs between tokens, thicker for more weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Numbers, numbers, same_length
from spotlight.visualizations.canvas import Canvas, letters
from spotlight.visualizations.figure import Picture, style, visible

_STEP: Final = 0.3  # inches that an arc rises for each token it spans
_HIGHEST: Final = 3.2
_LOOP: Final = 0.26
_NARROWEST: Final = 5.4  # inches
_ASIDE: Final = 0.1  # arcs leave a token on one side of its middle and arrive on the other
_THICKEST: Final = 5.5  # points, at a weight of 1
_MOST_NUMBERED: Final = 30
_WIDEST: Final = 10.0


@dataclass(frozen=True)
class _Arc:
    query: int
    key: int
    weight: float


def show_attention_flow(
    weights: Numbers,
    tokens: Sequence[str],
    *,
    title: str,
    caption: str,
    of: int | None = None,
    threshold: float = 0.05,
) -> Picture:
    """The weights of one head as arcs, from the token that is updated to those attended to.

    Arcs that look back run above the tokens, those that look ahead below, and a token that
    attends to itself has a loop. The figure says which arcs are left out.

    Args:
        weights: (T, T), rows are queries.
        tokens: T tokens.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        of: draw only the arcs of this token, counted from 0; negative counts from the end.
        threshold: arcs of less weight are not drawn.

    Raises:
        ValueError: weights and tokens do not fit, or there is no token `of`.
    """
    matrix = numbers(weights, "The attention flow", 2, "(tokens, tokens)")
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"The attention flow needs as many rows as columns, but this is "
            f"{matrix.shape[0]} × {matrix.shape[1]}."
        )
    labels = same_length(tokens, len(matrix), "token") or []
    if of is not None and not -len(labels) <= of < len(labels):
        raise ValueError(f"of={of} names none of {len(labels)} tokens, counted from 0.")
    queries = range(len(labels)) if of is None else [of % len(labels)]
    arcs = [
        _Arc(query, key, float(matrix[query, key]))
        for query in queries
        for key in range(len(labels))
        if matrix[query, key] >= threshold
    ]
    with style():
        return _draw(arcs, labels, queries if of is not None else (), threshold, title, caption)


def _draw(
    arcs: Sequence[_Arc],
    labels: Sequence[str],
    marked: Sequence[int],
    threshold: float,
    title: str,
    caption: str,
) -> Picture:
    longest = max(letters(visible(label)) for label in labels)
    gap = max(longest + 0.14, 0.66, _NARROWEST / len(labels))
    gap = min(gap, max(_WIDEST / len(labels), 0.2), 1.5)
    upright = longest + 0.06 < gap
    room = 0.16 if upright else longest / 2 + 0.08  # from the tokens' middle line to where arcs end
    rise = min(_STEP, _HIGHEST / len(labels))
    above = max((_height(arc, rise) for arc in arcs if arc.key <= arc.query), default=0.0) + 0.2
    below = max((_height(arc, rise) for arc in arcs if arc.key > arc.query), default=0.0)
    line = above + room
    height = line + room + (below + 0.2 if below else 0.0) + 0.3
    width = max(gap * len(labels), _NARROWEST)
    canvas = Canvas(width, height, title=title, caption=caption)
    middles = [(width - gap * len(labels)) / 2 + (i + 0.5) * gap for i in range(len(labels))]
    for i, label in enumerate(labels):
        own = i in marked
        canvas.text(
            middles[i],
            line,
            visible(label),
            rotation=0 if upright else 90,
            size=9.5,
            weight="bold" if own else "normal",
            color=palette.role_colour("query") if own else palette.INK["light"],
        )
    for arc in sorted(arcs, key=lambda arc: arc.weight):
        ends = middles[arc.query], middles[arc.key]
        _draw_arc(canvas, arc, ends, line, room, rise, numbered=len(arcs) <= _MOST_NUMBERED)
    canvas.text(
        0,
        height - 0.1,
        "Arcs lead from the token that is updated to those attended to."
        + (f" Weights below {threshold:g} are not drawn." if threshold > 0 else ""),
        ha="left",
        size=7.5,
        color=palette.FAINT_INK["light"],
    )
    return canvas.picture


def _draw_arc(
    canvas: Canvas,
    arc: _Arc,
    ends: tuple[float, float],
    line: float,
    room: float,
    rise: float,
    *,
    numbered: bool,
) -> None:
    up = -1.0 if arc.key <= arc.query else 1.0  # y grows downwards
    edge, height = line + up * room, _height(arc, rise)
    # Leaving on the left and arriving on the right, or turned round, keeps the two apart.
    start, end = ends[0] + up * _ASIDE, ends[1] - up * _ASIDE
    top = edge + up * height * 4 / 3  # of a cubic curve's height its control points see 4/3
    loop = arc.query == arc.key
    bulge = 0.24 if loop else 0.0
    curve = Path(
        [(start, edge), (start + up * bulge, top), (end - up * bulge, top), (end, edge)],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    thickness = max(0.6, _THICKEST * min(arc.weight, 1.0))
    # Weights near 0 would fade into the paper: the colours start a third of the way up.
    colour = palette.weights_map()(0.35 + 0.55 * min(max(arc.weight, 0.0), 1.0))
    canvas.axes.add_patch(
        FancyArrowPatch(
            path=curve,
            arrowstyle=f"-|>,head_length={0.3 + thickness / 20},head_width={0.12 + thickness / 18}",
            mutation_scale=10,
            shrinkA=0,
            shrinkB=0,
            linewidth=thickness,
            color=colour,
            fill=True,
            capstyle="butt",
            joinstyle="miter",
            zorder=2 + arc.weight,
        )
    )
    if numbered:
        canvas.text(
            (start + end) / 2,
            edge + up * (height + (0.09 if loop else 0.0)),  # a loop is too small to write on
            f"{arc.weight:.2f}",
            size=7,
            zorder=5,
            bbox={"facecolor": palette.BACKGROUND["light"], "edgecolor": "none", "pad": 0.8},
        )


def _height(arc: _Arc, rise: float) -> float:
    return abs(arc.query - arc.key) * rise + 0.12 if arc.query != arc.key else _LOOP

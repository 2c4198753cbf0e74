"""A picture measured in inches, for diagrams: matrices, boxes and arrows at places of their own.

The origin is the upper left corner and y grows downwards, the way such pictures are read.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array
from spotlight.visualizations.cells import Scale, colours_of, numbers_in_cells, text_colour
from spotlight.visualizations.figure import Picture, visible

Point = tuple[float, float]

_NARROWEST: Final = 4.6  # inches
_MARGIN: Final = 0.12
_EDGE: Final = 0.03
_POINTS_PER_LETTER: Final = 0.62  # of the font's size
TOKEN_SIZE: Final = 8.0  # points
_SMALLEST_TOKEN: Final = 4.5
SYMBOLS: Final = {"Q": "query", "K": "key", "V": "value", "x": "stream"}
"""Which role a symbol of the formulas stands for."""


class Canvas:
    """A picture without axes to draw on, `width` × `height` inches between title and caption.

    Use it inside `figure.style()`.
    """

    def __init__(self, width: float, height: float, *, title: str, caption: str) -> None:
        across = max(width, _NARROWEST) + 2 * _MARGIN
        self.picture = Picture(across, height, title=title, caption=caption)
        words = [self.picture.get_suptitle(), self.picture.get_supxlabel()]
        lines = sum(text.count("\n") + 1 for text in words)
        self.picture.set_size_inches(across, height + 0.17 * lines + 0.3)
        self.axes: Axes = self.picture.subplots()
        self.axes.set_axis_off()
        self.axes.set_xlim(-_EDGE, width + _EDGE)  # a line along the border is drawn whole
        self.axes.set_ylim(height, 0)
        self.axes.set_aspect("equal", anchor="NW" if width > _NARROWEST else "N")

    def text(self, x: float, y: float, words: str, **how: Any) -> Text:
        """Words around a place; dollar signs are dollar signs unless `parse_math` is said."""
        look: dict[str, Any] = {"ha": "center", "va": "center", "size": 9, "parse_math": False}
        return self.axes.text(x, y, words, in_layout=False, **look | how)

    def text_after(self, before: Text, words: str, **how: Any) -> None:
        """Words to the right of others, on their line."""
        self.axes.annotate(
            words, (1, 0), xycoords=before, ha="left", va="bottom", parse_math=False, **how
        ).set_in_layout(False)

    def matrix(
        self, x: float, y: float, array: Array, scale: Scale, cell: float, edge: str | None = None
    ) -> None:
        """A matrix with its upper left corner here, numbers in its cells while they can be read.

        After that a key below it says what the colours stand for; leave `key_room` for it.

        Args:
            x: the left edge, in inches.
            y: the upper edge, in inches.
            array: (rows, columns).
            scale: the colours of the numbers.
            cell: the side of a cell, in inches.
            edge: the colour of a frame around it.
        """
        rows, columns = array.shape
        texts, size = numbers_in_cells(array, cell)
        self.axes.pcolormesh(
            x + cell * np.arange(columns + 1),
            y + cell * np.arange(rows + 1),
            colours_of(array, scale),
            cmap=scale.colormap,
            vmin=scale.low,
            vmax=scale.high,
            edgecolors=palette.BACKGROUND["light"] if texts else "face",
            linewidth=0.8 if texts else 0.1,
        )
        self.axes.add_patch(
            Rectangle(
                (x, y),
                columns * cell,
                rows * cell,
                facecolor="none",
                edgecolor=edge or palette.FAINT_INK["light"],
                linewidth=1.8 if edge else 0.7,
            )
        )
        if not texts:
            self._key(x, y + rows * cell + 0.08, scale, min(1.4, max(columns * cell, 0.6)))
        for (row, column), written in texts.items():
            self.text(
                x + (column + 0.5) * cell,
                y + (row + 0.5) * cell,
                written,
                size=size,
                color=text_colour(float(array[row, column]), scale),
            )

    def row_tokens(self, x: float, y: float, tokens: Sequence[str], cell: float) -> None:
        """Tokens left of the rows of a matrix whose upper left corner is here, while they fit."""
        size = min(TOKEN_SIZE, 60 * cell)
        for i, token in enumerate(tokens if size >= _SMALLEST_TOKEN else ()):
            self.text(x - 0.06, y + (i + 0.5) * cell, visible(token), ha="right", size=size)

    def column_tokens(self, x: float, y: float, tokens: Sequence[str], cell: float) -> None:
        """Tokens above the columns of a matrix whose upper left corner is here, while they fit."""
        size = min(TOKEN_SIZE, 60 * cell)
        upright = max((letters(visible(token), size) for token in tokens), default=0.0) < cell
        for i, token in enumerate(tokens if size >= _SMALLEST_TOKEN else ()):
            self.text(
                x + (i + 0.5) * cell,
                y - 0.05,
                visible(token),
                size=size,
                va="bottom",
                ha="center" if upright else "left",
                rotation=0 if upright else 45,
                rotation_mode="anchor",
            )

    def _key(self, x: float, y: float, scale: Scale, width: float) -> None:
        """A strip of the colours with the numbers at its ends."""
        strip = np.linspace(scale.low, scale.high, 64)[None]
        self.axes.pcolormesh(
            np.linspace(x, x + width, 65), [y, y + 0.08], strip, cmap=scale.colormap
        )
        for place, value, side in ((x, scale.low, "left"), (x + width, scale.high, "right")):
            self.text(place, y + 0.17, f"{value:.3g}".replace("-", "−"), size=7, ha=side)

    def box(
        self, x: float, y: float, width: float, height: float, *, order: float = 2, **how: Any
    ) -> None:
        """A box with round corners, its upper left corner here."""
        look: dict[str, Any] = {
            "facecolor": palette.BACKGROUND["light"],
            "edgecolor": palette.FAINT_INK["light"],
        }
        self.axes.add_patch(
            FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.07",
                zorder=order,
                **look | how,
            )
        )

    def arrow(self, points: Sequence[Point], *, head: bool = True, **how: Any) -> None:
        """A line through some points, smooth between them, with a head at the last one."""
        look: dict[str, Any] = {"color": palette.FAINT_INK["light"], "linewidth": 1.1}
        self.axes.add_patch(
            FancyArrowPatch(
                path=_smooth(points),
                arrowstyle="-|>" if head else "-",
                mutation_scale=9,
                shrinkA=0,
                shrinkB=0,
                fill=head,
                **look | how,
            )
        )


def key_room(array: Array, cell: float) -> float:
    """The inches below a matrix that the key to its colours takes."""
    return 0.0 if numbers_in_cells(array, cell)[0] else 0.36


def letters(text: str, size: float = 9.0) -> float:
    """How wide a text in this size of letters is, in inches, near enough to leave room for it."""
    return max(map(len, text.split("\n"))) * size * _POINTS_PER_LETTER / 72


def role_of(name: str) -> str | None:
    """The role's colour for "query", "Q", "W_Q" and the like, or None for any other name."""
    symbol = name.removeprefix("W_").rstrip("ᵀ")
    role = SYMBOLS.get(symbol, name)
    return palette.role_colour(role) if role in palette.ROLES else None


def _smooth(points: Sequence[Point]) -> Path:
    """Straight where points stand above each other, else an S that leaves and arrives upright."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        if abs(x - to_x) < 1e-6:
            vertices.append((to_x, to_y))
            codes.append(Path.LINETO)
        else:
            middle = (y + to_y) / 2
            vertices += [(x, middle), (to_x, middle), (to_x, to_y)]
            codes += [Path.CURVE4] * 3
    return Path(vertices, codes)

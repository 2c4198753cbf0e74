"""The positions explorer: sinusoidal encodings as waves, and how alike two positions are.

The page's part is `widgets/position_explorer.js`; all it knows comes from here.
"""

from __future__ import annotations

from typing import Any, Final

import torch
import traitlets
from torch import Tensor

from spotlight.visualizations.figure import Picture
from spotlight.visualizations.positions import show_position_matrix
from spotlight.visualizations.widget import Widget
from spotlight.visualizations.widget_modules import module

WIDTHS: Final = (4, 128)
POSITIONS: Final = (8, 128)
_MOST_PINNED: Final = 3
_BASE: Final = 10_000.0


def position_explorer_data(width: int = 32, positions: int = 64) -> dict[str, Any]:
    """What is on show, as JSON-ready data for the JavaScript module; see the widget's own door."""
    if width % 2 or not WIDTHS[0] <= width <= WIDTHS[1]:
        raise ValueError(
            f"The width is {width}: an even number from {WIDTHS[0]} to {WIDTHS[1]} is needed."
        )
    if not POSITIONS[0] <= positions <= POSITIONS[1]:
        raise ValueError(
            f"The explorer shows {POSITIONS[0]} to {POSITIONS[1]} positions, not {positions}."
        )
    return {
        "width": width,
        "positions": positions,
        "position": positions // 4,
        "dimension": min(4, width - 1),
        "other": positions // 2,
        "pinned": [],
        "limits": {"width": list(WIDTHS), "positions": list(POSITIONS), "pinned": _MOST_PINNED},
    }


class PositionExplorer(Widget):
    """Sinusoidal positions: a heatmap, the waves of single dimensions, and dot products.

    `width`, `positions`, `position`, `dimension`, `other` and `pinned` follow what is chosen, and
    can be set.
    """

    _esm = module("position_explorer")
    width = traitlets.Int(min=WIDTHS[0], max=WIDTHS[1]).tag(sync=True)
    positions = traitlets.Int(min=POSITIONS[0], max=POSITIONS[1]).tag(sync=True)
    position = traitlets.Int(0, min=0).tag(sync=True)
    dimension = traitlets.Int(0, min=0).tag(sync=True)
    other = traitlets.Int(0, min=0).tag(sync=True)
    pinned = traitlets.List(traitlets.Int(), maxlen=_MOST_PINNED).tag(sync=True)
    limits = traitlets.Dict().tag(sync=True)

    def __init__(self, width: int = 32, positions: int = 64) -> None:
        super().__init__(**position_explorer_data(width, positions))

    def __repr__(self) -> str:
        return f"PositionExplorer(width={self.width}, positions={self.positions})"

    @property
    def encodings(self) -> Tensor:
        """One row per position, sine and cosine by turns: (positions, width), float64."""
        place = torch.arange(self.positions, dtype=torch.float64)[:, None]  # (positions, 1)
        even = torch.arange(0, self.width, 2, dtype=torch.float64)  # (width / 2,)
        angles = place / _BASE ** (even / self.width)  # (positions, width / 2)
        return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(start_dim=1)

    @property
    def dot_products(self) -> Tensor:
        """The chosen position with each: (positions,), float64."""
        return self.encodings @ self.encodings[self.position]

    def still(self) -> Picture:
        """The encodings as a heatmap that stays."""
        return show_position_matrix(
            self.encodings,
            title="Sinusoidal positions",
            caption="Each row encodes a position: low dimensions turn fast, high ones slowly.",
        )


def show_position_explorer(width: int = 32, positions: int = 64) -> PositionExplorer:
    """The positions explorer.

    Args:
        width: how many dimensions an encoding has, an even number from 4 to 128.
        positions: how many positions are encoded, 8 to 128.

    Raises:
        ValueError: a number is out of range, or the width is odd.
    """
    return PositionExplorer(width, positions)

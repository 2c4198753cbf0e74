"""The mask painter: click cells of a mask, and see each row of the softmax follow.

The page's part is `widgets/mask_painter.js`; all it knows comes from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
import traitlets
from torch import Tensor

from spotlight.model_utils import four_tokens
from spotlight.model_utils.attention import scaled_scores
from spotlight.visualizations.arrays import Numbers, numbers, same_length
from spotlight.visualizations.figure import Picture
from spotlight.visualizations.heatmaps import show_heatmap
from spotlight.visualizations.widget import Widget
from spotlight.visualizations.widget_modules import module

MOST_TOKENS: Final = 16


def preset_masks(n: int) -> dict[str, Tensor]:
    """The ready-made masks for n tokens by name; True where row i may attend to column j.

    Under "diagonal masked too" the first row is left with nothing, and its softmax is NaN.
    """
    place = torch.arange(n)
    row, column = place[:, None], place[None, :]
    return {
        "no mask": torch.ones(n, n, dtype=torch.bool),
        "causal": column <= row,
        "last token is padding": (column < n - 1).expand(n, n),
        "diagonal masked too": column < row,
        "neighbours only": (column - row).abs() <= 1,
    }


def mask_painter_data(
    scores: Numbers | None = None,
    tokens: Sequence[str] | None = None,
    mask: str | Numbers = "causal",
) -> dict[str, Any]:
    """What is on show and on offer, as JSON-ready data; see `show_mask_painter`."""
    if scores is None:
        scores, tokens = _four_scores(), four_tokens.TOKENS
    matrix = numbers(scores, "The mask painter", 2, "(tokens, tokens)")
    n = len(matrix)
    if matrix.shape != (n, n) or n > MOST_TOKENS:
        raise ValueError(
            f"The mask painter needs a square of scores, at most {MOST_TOKENS} × {MOST_TOKENS}, "
            f"but these have the shape {tuple(matrix.shape)}."
        )
    if not np.isfinite(matrix).all():
        raise ValueError("The mask painter needs scores before the mask: every one a number.")
    return {
        "tokens": same_length(tokens, n, "row") or [str(i) for i in range(n)],
        "scores": matrix.tolist(),
        "mask": _mask(mask, n).tolist(),
        "presets": [
            {"name": name, "mask": preset.tolist()} for name, preset in preset_masks(n).items()
        ],
    }


class MaskPainter(Widget):
    """Scores under a mask that is painted by hand, and the weights that follow.

    `mask` follows what is painted, and can be set: True where the row's token may attend to the
    column's, as in PyTorch's scaled_dot_product_attention.
    """

    _esm = module("mask_painter")
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    scores = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    mask = traitlets.List(traitlets.List(traitlets.Bool())).tag(sync=True)
    presets = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(
        self,
        scores: Numbers | None = None,
        tokens: Sequence[str] | None = None,
        mask: str | Numbers = "causal",
    ) -> None:
        super().__init__(**mask_painter_data(scores, tokens, mask))

    def __repr__(self) -> str:
        return f"MaskPainter({len(self.tokens)} tokens)"

    @property
    def weights(self) -> Tensor:
        """The softmax over what is left of each row, (n, n), float64; NaN where nothing is."""
        scores = torch.tensor(self.scores, dtype=torch.float64)
        return scores.masked_fill(~torch.tensor(self.mask), -torch.inf).softmax(dim=1)

    def still(self) -> Picture:
        """The weights under the mask, as a figure that stays."""
        count, all_of = sum(not may for row in self.mask for may in row), len(self.tokens) ** 2
        return show_heatmap(
            self.weights,
            self.tokens,
            title="Attention weights under a mask",
            caption=f"The softmax over each row, {count} of {all_of} scores masked.",
        )


def show_mask_painter(
    scores: Numbers | None = None,
    tokens: Sequence[str] | None = None,
    *,
    mask: str | Numbers = "causal",
) -> MaskPainter:
    """The mask painter.

    Args:
        scores: (n, n), before any mask, at most 16 × 16; left out, the scaled scores of the
            recurring four tokens.
        tokens: n tokens; left out, they are numbered from 0.
        mask: what is painted at first: (n, n), True where the row's token may attend to the
            column's, or the name of one of `preset_masks`.

    Raises:
        ValueError: scores, tokens and mask do not fit, or there is no mask of that name.
    """
    return MaskPainter(scores, tokens, mask)


def _four_scores() -> Tensor:
    x = four_tokens.embeddings()
    return scaled_scores(x @ four_tokens.query_weights(), x @ four_tokens.key_weights())


def _mask(mask: str | Numbers, n: int) -> Tensor:
    if isinstance(mask, str):
        ready = preset_masks(n)
        if mask not in ready:
            raise ValueError(f"There is no mask called {mask!r}: there are {', '.join(ready)}.")
        return ready[mask]
    painted = numbers(mask, "A mask", 2, "(tokens, tokens)")
    if painted.shape != (n, n) or not np.isin(painted, (0, 1)).all():
        raise ValueError(f"The mask needs the shape ({n}, {n}), and True or False in each place.")
    return torch.from_numpy(painted) > 0

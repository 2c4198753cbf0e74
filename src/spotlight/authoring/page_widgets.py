"""The widgets on `index.html`: which, with what words, and with what data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PageWidget:
    """A widget on the page: the name of its module, a short title, a paragraph, its data."""

    name: str
    title: str
    text: str
    data: dict[str, Any]


def page_widgets() -> Iterator[PageWidget]:
    """The widgets in the order of their tabs."""
    # These import torch: only a build needs it.
    from spotlight.visualizations.attention_matrix import attention_matrix_data
    from spotlight.visualizations.mask_painter import mask_painter_data
    from spotlight.visualizations.position_explorer import position_explorer_data

    yield PageWidget(
        "attention_matrix",
        "Attention matrix",
        "Attention without training. Every word has a vector. Score each pair of words by the dot "
        "product of their vectors, turn each row of scores into weights that sum to 1, and you "
        "have an attention matrix. Type a sentence; point at a cell, tap it, or move with the "
        "arrow keys.",
        attention_matrix_data("The cat sat on the mat because it was soft"),
    )
    yield PageWidget(
        "mask_painter",
        "Mask painter",
        "A mask takes scores away before the softmax. Take some away, and see each row share out "
        "its weight among those that are left. The scores are those of the four tokens that the "
        "lessons work out by hand.",
        mask_painter_data(),
    )
    yield PageWidget(
        "position_explorer",
        "Positions",
        "Attention alone does not see the order of its tokens, so a vector that tells the place "
        "is added to each. Here it is made of waves: point at the pictures, or move the sliders.",
        position_explorer_data(),
    )

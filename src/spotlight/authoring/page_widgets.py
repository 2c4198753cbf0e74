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
    from spotlight.visualizations.attention_matrix import (  # imports torch: only a build needs it
        attention_matrix_data,
    )

    yield PageWidget(
        "attention_matrix",
        "Attention without training",
        "Every word has a vector. Score each pair of words by the dot product of their vectors, "
        "turn each row of scores into weights that sum to 1, and you have an attention matrix. "
        "Type a sentence; point at a cell, tap it, or move with the arrow keys.",
        attention_matrix_data("The cat sat on the mat because it was soft"),
    )

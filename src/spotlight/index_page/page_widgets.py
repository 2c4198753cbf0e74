"""The widgets on `index.html`: which, with what words, and with what data.

What the mini model says is computed anew by each build, in double precision: so every machine
comes to the same digits, and a model trained anew shows at once that the page is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_SENTENCES: Final = (
    "the cat sat on the mat because it was tired . the tired one is the",
    "the cat sat on the mat because it was soft . the soft one is the",
    "owl red key lake pie owl red key lake",
    "olga has the ball . max has the ring . who has the ring ?",
)
_PROMPTS: Final = (
    "the cat sat on the",
    "in the morning",
    "once there was a",
    "the cat sat on the mat because it was tired . the tired one is the",
)


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
    from spotlight.model_utils.mini_model import load_mini_model
    from spotlight.visualizations.attention_matrix import attention_matrix_data
    from spotlight.visualizations.head_browser import head_browser_data, heads_of
    from spotlight.visualizations.mask_painter import mask_painter_data
    from spotlight.visualizations.next_token import next_token_data, next_words_of
    from spotlight.visualizations.position_explorer import position_explorer_data

    mini = load_mini_model()
    mini.model.double()

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
    yield PageWidget(
        "head_browser",
        "Attention heads",
        "The heads of the mini model that comes with the course, on sentences like those it was "
        "trained on. Some were measured to have a role: they look at the token before, at what "
        "followed the same token last time, or at the noun that is meant.",
        head_browser_data(heads_of(mini, _SENTENCES), mini.roles),
    )
    yield PageWidget(
        "next_token",
        "Next token",
        "What the mini model gives for the token after a prompt, and what is left of it to draw "
        "from under a temperature, top-k and top-p.",
        next_token_data(next_words_of(mini, _PROMPTS), top_p=0.9),
    )

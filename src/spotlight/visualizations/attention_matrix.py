"""The interactive attention matrix: type a sentence, read every weight.

The page's part is `widgets/attention_matrix.js`; all it knows comes from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, Literal

import torch
import traitlets

from spotlight.model_utils import word_features
from spotlight.visualizations.figure import Picture
from spotlight.visualizations.heatmaps import show_heatmap
from spotlight.visualizations.widget import Widget
from spotlight.visualizations.widget_modules import module

PRESETS: Final = (
    "The cat chased the mouse",
    "The bank was steep",
    "The bank raised interest rates",
    "The cat sat on the mat because it was soft",
    "The dog saw the dog",
)
MOST_WORDS: Final = 16


def attention_matrix_data(
    sentence: str = PRESETS[0],
    presets: Sequence[str] = PRESETS,
    *,
    causal: bool = False,
    temperature: float = 1.0,
) -> dict[str, Any]:
    """What is on show and on offer, as JSON-ready data for the JavaScript module."""
    return {
        "sentence": sentence,
        "view": "weights",
        "causal": causal,
        "temperature": temperature,
        "own_scores": [],
        "presets": list(presets),
        "vocabulary": _vocabulary(),
    }


class AttentionMatrix(Widget):
    """A heatmap of softmax(XXᵀ) for any sentence, in the notebook.

    `sentence`, `view` ("weights" or "scores"), `causal`, `temperature` and `own_scores` ([row,
    column, score] each, in place of a dot product; gone with another sentence) follow what is typed
    and chosen, and can be set.
    """

    _esm = module("attention_matrix")
    sentence = traitlets.Unicode().tag(sync=True)
    view = traitlets.Enum(["weights", "scores"], "weights").tag(sync=True)
    causal = traitlets.Bool().tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.05, max=10).tag(sync=True)
    own_scores = traitlets.List(traitlets.List()).tag(sync=True)
    presets = traitlets.List(traitlets.Unicode()).tag(sync=True)
    vocabulary = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        sentence: str = PRESETS[0],
        presets: Sequence[str] = PRESETS,
        *,
        causal: bool = False,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(
            **attention_matrix_data(sentence, presets, causal=causal, temperature=temperature)
        )

    def __repr__(self) -> str:
        return f"AttentionMatrix({self.sentence!r})"

    @property
    def words(self) -> list[str]:
        """The words on show, at most 16."""
        return word_features.split_words(self.sentence)[:MOST_WORDS]

    @property
    def scores(self) -> torch.Tensor:
        """The dot products of the words, or what was set instead: (n, n), float64; −∞ if masked."""
        vectors = word_features.word_vectors(self.words).double()
        scores = vectors @ vectors.T
        for row, column, score in self.own_scores:
            scores[row, column] = score
        later = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
        return scores.masked_fill(later, -torch.inf) if self.causal else scores

    @property
    def weights(self) -> torch.Tensor:
        """The scores over the temperature after a softmax over each row, (n, n), float64."""
        return (self.scores / self.temperature).softmax(dim=1)

    def still(self) -> Picture | None:
        """The matrix as a figure that stays, or None when there is no word to show."""
        if not self.words:
            return None
        kind: Literal["weights", "scores"] = "weights" if self.view == "weights" else "scores"
        return show_heatmap(
            self.weights if kind == "weights" else self.scores,
            self.words,
            title="Attention matrix of a sentence",
            caption=f"Dot products of word vectors {_origins(self.words)}{self._treatment(kind)}.",
            kind=kind,
        )

    @traitlets.observe("sentence")
    def _forget_own_scores(self, _: object) -> None:
        self.own_scores = []

    def _treatment(self, kind: str) -> str:
        own = f", {len(self.own_scores)} of them set by hand" if self.own_scores else ""
        masked = f"{own}, words that come later masked" if self.causal else own
        if kind == "scores":
            return masked
        divided = f", divided by {self.temperature:g}" if self.temperature != 1 else ""
        return f"{masked}{divided}, after a softmax over each row"


def show_attention_matrix(
    sentence: str = PRESETS[0],
    presets: Sequence[str] = PRESETS,
    *,
    causal: bool = False,
    temperature: float = 1.0,
) -> AttentionMatrix:
    """The interactive attention matrix, starting with `sentence` and offering `presets`.

    Args:
        sentence: what is on show first.
        presets: sentences on offer.
        causal: whether each word attends only to itself and the words before it.
        temperature: what the scores are divided by before the softmax, 0.05 to 10.
    """
    return AttentionMatrix(sentence, presets, causal=causal, temperature=temperature)


def _origins(words: Sequence[str]) -> str:
    strangers = [w for w in dict.fromkeys(words) if not word_features.is_known(w)]
    if not strangers:
        return "from a table written by hand"
    named = ", ".join(f"“{word}”" for word in strangers)
    return f"from a table written by hand, or from a word's letters ({named})"


@cache
def _vocabulary() -> dict[str, Any]:
    return {
        "features": list(word_features.feature_names()),
        "words": {word: list(numbers) for word, numbers in word_features.known_vectors().items()},
        "letter_step": word_features.LETTER_STEP,
        "separators": word_features.SEPARATORS,
        "limit": MOST_WORDS,
    }

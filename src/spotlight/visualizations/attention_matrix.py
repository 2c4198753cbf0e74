"""The interactive attention matrix: type a sentence, read every weight.

The page's part is `widgets/attention_matrix.js`; all it knows comes from here.
"""

from __future__ import annotations

import base64
import html
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import anywidget
import torch
import traitlets

from spotlight.model_utils import word_features
from spotlight.visualizations import palette
from spotlight.visualizations.figure import Picture
from spotlight.visualizations.heatmaps import show_heatmap

MODULE: Final = Path(__file__).parent / "widgets" / "attention_matrix.js"
PRESETS: Final = (
    "The cat chased the mouse",
    "The bank was steep",
    "The bank raised interest rates",
    "The cat sat on the mat because it was soft",
    "The dog saw the dog",
)
MOST_WORDS: Final = 16


def attention_matrix_data(
    sentence: str = PRESETS[0], presets: Sequence[str] = PRESETS
) -> dict[str, Any]:
    """Everything that the JavaScript module asks its model for, as JSON-ready data."""
    return {
        "sentence": sentence,
        "view": "weights",
        "presets": list(presets),
        "vocabulary": _vocabulary(),
        "palette": {
            "maps": palette.as_data(),
            "css": {
                "light": palette.css_variables("light"),
                "dark": palette.css_variables("dark"),
            },
        },
        "twin": "",
    }


class AttentionMatrix(anywidget.AnyWidget):
    """A heatmap of softmax(XXᵀ) for any sentence, in the notebook.

    `sentence` and `view` ("weights" or "scores") follow what is typed and chosen, and can be set.
    """

    _esm = MODULE.read_text(encoding="utf-8")
    sentence = traitlets.Unicode().tag(sync=True)
    view = traitlets.Enum(["weights", "scores"], "weights").tag(sync=True)
    presets = traitlets.List(traitlets.Unicode()).tag(sync=True)
    vocabulary = traitlets.Dict().tag(sync=True)
    palette = traitlets.Dict().tag(sync=True)
    twin = traitlets.Unicode().tag(sync=True)

    def __init__(self, sentence: str = PRESETS[0], presets: Sequence[str] = PRESETS) -> None:
        super().__init__(**{**attention_matrix_data(sentence, presets), "twin": uuid.uuid4().hex})

    def __repr__(self) -> str:
        return f"AttentionMatrix({self.sentence!r})"

    @property
    def words(self) -> list[str]:
        """The words on show, at most 16."""
        return word_features.split_words(self.sentence)[:MOST_WORDS]

    @property
    def scores(self) -> torch.Tensor:
        """The dot product of each pair of words, (n, n), float64."""
        vectors = word_features.word_vectors(self.words).double()
        return vectors @ vectors.T

    @property
    def weights(self) -> torch.Tensor:
        """The scores after a softmax over each row, (n, n), float64."""
        return self.scores.softmax(dim=1)

    def still(self) -> Picture | None:
        """The matrix as a figure that stays, or None when there is no word to show."""
        if not self.words:
            return None
        kind: Literal["weights", "scores"] = "weights" if self.view == "weights" else "scores"
        softmax = ", after a softmax over each row" if kind == "weights" else ""
        return show_heatmap(
            self.weights if kind == "weights" else self.scores,
            self.words,
            title="Attention matrix of a sentence",
            caption=f"Dot products of word vectors {_origins(self.words)}{softmax}.",
            kind=kind,
        )

    def _ipython_display_(self) -> None:
        """Show the live matrix, and below it a still one that hides while the live one runs.

        A second output, because an exported page shows the first only with scripts from the
        network. It carries its picture twice: as HTML, which the live matrix can hide, and as an
        image for what shows no HTML.
        """
        from IPython.display import publish_display_data

        bundle = self._repr_mimebundle_()
        if bundle is None:
            return
        publish_display_data(*bundle)
        still = self.still()
        if still is not None:
            publish_display_data(_twin(still, self.twin))


def show_attention_matrix(
    sentence: str = PRESETS[0], presets: Sequence[str] = PRESETS
) -> AttentionMatrix:
    """The interactive attention matrix, starting with `sentence` and offering `presets`."""
    return AttentionMatrix(sentence, presets)


def _origins(words: Sequence[str]) -> str:
    strangers = [w for w in dict.fromkeys(words) if not word_features.is_known(w)]
    if not strangers:
        return "from a table written by hand"
    named = ", ".join(f"“{word}”" for word in strangers)
    return f"from a table written by hand, or from a word's letters ({named})"


def _twin(picture: Picture, name: str) -> dict[str, str]:
    image = base64.b64encode(picture.png()).decode("ascii")
    words = html.escape(picture.description)
    return {
        "text/html": f'<div data-spotlight-twin="{name}"><img alt="{words}" '
        f'style="width: {picture.screen_size[0]}px; max-width: 100%; height: auto" '
        f'src="data:image/png;base64,{image}"></div>',
        "image/png": image,
        "text/plain": picture.description,
    }


@cache
def _vocabulary() -> dict[str, Any]:
    return {
        "features": list(word_features.feature_names()),
        "words": {word: list(numbers) for word, numbers in word_features.known_vectors().items()},
        "letter_step": word_features.LETTER_STEP,
        "separators": word_features.SEPARATORS,
        "limit": MOST_WORDS,
    }

"""The head browser: every attention head of a model on a sentence, one of them large.

The page's part is `widgets/head_browser.js`; all it knows comes from here.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
import traitlets
from torch import Tensor

from spotlight.model_utils.mini_model import HeadRole, MiniModel
from spotlight.visualizations.arrays import Numbers, numbers, same_length
from spotlight.visualizations.figure import Picture
from spotlight.visualizations.heatmaps import show_heatmap
from spotlight.visualizations.widget import Widget
from spotlight.visualizations.widget_modules import module

Sentences = Mapping[str, tuple[Sequence[str], Numbers]]
"""Sentence → its n tokens, and the weights of every head: (layers, heads, n, n)."""

_FULL: Final = 65_535  # a weight of 1, in 16 bits: what is shown is right to 0.00001


def heads_of(mini: MiniModel, texts: Sequence[str]) -> Sentences:
    """What the mini model's heads do with each text, as `show_head_browser` takes it.

    Raises:
        ValueError: a text is empty, or the model does not know a word of it.
    """
    return {text: (mini.tokens(text), mini.attention(text)) for text in texts}


def head_browser_data(
    sentences: Sentences, roles: Mapping[str, HeadRole] | None = None
) -> dict[str, Any]:
    """What is on show and on offer, as JSON-ready data; see `show_head_browser`."""
    if not sentences:
        raise ValueError("The head browser needs at least one sentence.")
    entries = []
    sizes = set()
    for text, (tokens, weights) in sentences.items():
        what = f"The sentence {text!r}"
        array = numbers(weights, what, 4, "(layers, heads, tokens, tokens)")
        layers, heads, n, columns = array.shape
        if n != columns or not ((array >= 0) & (array <= 1 + 1e-6)).all():
            raise ValueError(f"{what} needs square weights between 0 and 1, as a softmax gives.")
        sizes.add((layers, heads))
        entries.append(
            {
                "text": text,
                "tokens": same_length(list(tokens), n, "token"),
                "weights": _packed(array),
                "causal": not np.triu(array, 1).any(),
            }
        )
    if len(sizes) > 1:
        raise ValueError("All sentences need the same layers and heads: those of one model.")
    ((layers, heads),) = sizes
    named = [
        {"layer": role.layer, "head": role.head, "role": name, "score": role.score}
        for name, role in (roles or {}).items()
    ]
    first = named[0] if named else {"layer": 0, "head": 0}
    return {
        "sentences": entries,
        "layers": layers,
        "heads": heads,
        "roles": named,
        "sentence": 0,
        "layer": first["layer"],
        "head": first["head"],
    }


class HeadBrowser(Widget):
    """Thumbnails of all heads, and the chosen one large, for a sentence of several.

    `sentence` (which of them), `layer` and `head` follow what is chosen, and can be set.
    """

    _esm = module("head_browser")
    sentences = traitlets.List(traitlets.Dict()).tag(sync=True)
    layers = traitlets.Int().tag(sync=True)
    heads = traitlets.Int().tag(sync=True)
    roles = traitlets.List(traitlets.Dict()).tag(sync=True)
    sentence = traitlets.Int(0, min=0).tag(sync=True)
    layer = traitlets.Int(0, min=0).tag(sync=True)
    head = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(self, sentences: Sentences, roles: Mapping[str, HeadRole] | None = None) -> None:
        super().__init__(**head_browser_data(sentences, roles))

    def __repr__(self) -> str:
        return f"HeadBrowser({self.sentences[self.sentence]['text']!r})"

    @property
    def tokens(self) -> list[str]:
        """The tokens of the sentence on show: n of them."""
        tokens: list[str] = self.sentences[self.sentence]["tokens"]
        return tokens

    @property
    def weights(self) -> Tensor:
        """The weights of the head on show: (n, n), float64."""
        packed = base64.b64decode(self.sentences[self.sentence]["weights"])
        n = len(self.tokens)
        shape = (self.layers, self.heads, n, n)
        every = np.frombuffer(packed, dtype="<u2").reshape(shape).astype(np.float64) / _FULL
        return torch.from_numpy(every[self.layer, self.head])

    def still(self) -> Picture:
        """The head on show, as a figure that stays."""
        measured = [
            f"{role['role']} {role['score']:.2f}"
            for role in self.roles
            if (role["layer"], role["head"]) == (self.layer, self.head)
        ]
        known = f", measured as {' and '.join(measured)}" if measured else ""
        return show_heatmap(
            self.weights,
            self.tokens,
            title=f"Layer {self.layer}, head {self.head}",
            caption=f"Attention weights of one head{known}.",
        )


def show_head_browser(
    sentences: Sentences, roles: Mapping[str, HeadRole] | None = None
) -> HeadBrowser:
    """The heads of a model, to browse.

    Args:
        sentences: sentence → (tokens, weights): n tokens, and the attention weights of every head,
            (layers, heads, n, n); `heads_of` makes such from the mini model.
        roles: what heads were measured to do, by name, as `MiniModel.roles` has them.

    Raises:
        ValueError: there is no sentence, tokens and weights do not fit, or the sentences are not
            from one model.
    """
    return HeadBrowser(sentences, roles)


def _packed(weights: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    whole = (weights * _FULL).round().clip(0, _FULL).astype("<u2")
    return base64.b64encode(whole.tobytes()).decode("ascii")

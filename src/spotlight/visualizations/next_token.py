"""The next token: a model's distribution under temperature, top-k and top-p, and draws from it.

The page's part is `widgets/next_token.js`; all it knows comes from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
import traitlets
from torch import Tensor

from spotlight.model_utils.mini_model import MiniModel
from spotlight.visualizations.arrays import Numbers, numbers, same_length
from spotlight.visualizations.charts import show_bars
from spotlight.visualizations.figure import Picture
from spotlight.visualizations.widget import Widget
from spotlight.visualizations.widget_modules import module

Prompts = Mapping[str, tuple[Sequence[str], Numbers]]
"""Prompt → the vocabulary, V tokens, and the logits of the token that comes next, (V,)."""

_DIGITS: Final = 4
_MOST_IN_STILL: Final = 12


def next_words_of(mini: MiniModel, texts: Sequence[str]) -> Prompts:
    """What the mini model says comes next after each text, as `show_next_token` takes it.

    Raises:
        ValueError: a text is empty, or the model does not know a word of it.
    """
    vocabulary = mini.tokenizer.vocabulary
    return {text: (vocabulary, mini.logits(text)[-1]) for text in texts}


def next_token_data(
    prompts: Prompts, *, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0
) -> dict[str, Any]:
    """What is on show and on offer, as JSON-ready data; see `show_next_token`."""
    if not prompts:
        raise ValueError("The next-token widget needs at least one prompt.")
    vocabularies: list[list[str]] = []
    entries = []
    for text, (tokens, logits) in prompts.items():
        array = numbers(logits, f"The prompt {text!r}", 1, "(tokens,)")
        if not np.isfinite(array).all():
            raise ValueError(f"The prompt {text!r} needs logits that are numbers, before any cut.")
        vocabulary = same_length(list(tokens), len(array), "token") or []
        if vocabulary not in vocabularies:
            vocabularies.append(vocabulary)
        entries.append(
            {
                "text": text,
                "vocabulary": vocabularies.index(vocabulary),
                "logits": array.round(_DIGITS).tolist(),
            }
        )
    return {
        "prompts": entries,
        "vocabularies": vocabularies,
        "prompt": 0,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": 0,
        "drawn": [],
    }


class NextToken(Widget):
    """Bars for the likeliest next tokens of a prompt; what is cut off is struck.

    `prompt` (which of them), `temperature`, `top_k` (None keeps all), `top_p`, `seed` and `drawn`
    follow what is chosen, and can be set.
    """

    _esm = module("next_token")
    prompts = traitlets.List(traitlets.Dict()).tag(sync=True)
    vocabularies = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    prompt = traitlets.Int(0, min=0).tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.05, max=10).tag(sync=True)
    top_k = traitlets.Int(None, min=1, allow_none=True).tag(sync=True)
    top_p = traitlets.Float(1.0, min=0.01, max=1).tag(sync=True)
    seed = traitlets.Int(0, min=0).tag(sync=True)
    drawn = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        prompts: Prompts,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
    ) -> None:
        super().__init__(
            **next_token_data(prompts, temperature=temperature, top_k=top_k, top_p=top_p)
        )

    def __repr__(self) -> str:
        return f"NextToken({self.prompts[self.prompt]['text']!r})"

    @property
    def tokens(self) -> list[str]:
        """The vocabulary of the prompt on show: V tokens."""
        chosen: list[str] = self.vocabularies[self.prompts[self.prompt]["vocabulary"]]
        return chosen

    @property
    def probabilities(self) -> Tensor:
        """The softmax of the logits over the temperature, before any cut: (V,), float64."""
        logits = torch.tensor(self.prompts[self.prompt]["logits"], dtype=torch.float64)
        return (logits / self.temperature).softmax(dim=0)

    @property
    def probabilities_left(self) -> Tensor:
        """After top-k and then top-p, summing to 1 again: (V,), float64; 0 where it was cut."""
        likely, places = self.probabilities.sort(descending=True, stable=True)
        if self.top_k is not None:
            likely[self.top_k :] = 0
        if self.top_p < 1:
            share = likely / likely.sum()
            likely[share.cumsum(dim=0) - share >= self.top_p] = 0
        return torch.zeros_like(likely).scatter(0, places, likely / likely.sum())

    def still(self) -> Picture:
        """The likeliest tokens before and after the cut, as a figure that stays."""
        before, after = self.probabilities, self.probabilities_left
        top = before.argsort(descending=True, stable=True)[:_MOST_IN_STILL]
        left = int((after > 0).sum())
        return show_bars(
            {"softmax": before[top], "after the cut": after[top]},
            [self.tokens[i] for i in top],
            title=f"What comes after “{self.prompts[self.prompt]['text']}”",
            caption=f"Temperature {self.temperature:g}, top-k {self.top_k or 'all'}, "
            f"top-p {self.top_p:g}: {left} of {len(before)} tokens can be drawn.",
            xlabel="the likeliest next tokens",
            ylabel="probability",
        )


def show_next_token(
    prompts: Prompts, *, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0
) -> NextToken:
    """The distribution over the next token, with controls and draws.

    Args:
        prompts: prompt → (tokens, logits): V tokens, and (V,) logits as a model gives them;
            `next_words_of` makes such from the mini model. Logits are kept to 4 decimals.
        temperature: what the logits are divided by, 0.05 to 10.
        top_k: how many tokens top-k keeps; None keeps all.
        top_p: the share that the tokens kept by top-p reach together, 0.01 to 1.

    Raises:
        ValueError: there is no prompt, or tokens and logits do not fit.
    """
    return NextToken(prompts, temperature=temperature, top_k=top_k, top_p=top_p)

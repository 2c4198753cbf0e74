"""Random attention weights of two sentences, and an untrained mini model of five words."""

from __future__ import annotations

import torch

from spotlight.model_utils.gpt import GPT, GPTConfig
from spotlight.model_utils.mini_model import HeadRole, MiniModel
from spotlight.model_utils.word_tokenizer import WordTokenizer

ROLES = {
    "previous token": HeadRole(0, 1, 0.98),
    "induction": HeadRole(1, 3, 0.95),
    "referent": HeadRole(2, 0, 0.97),
}


def _causal(n: int, seed: int) -> torch.Tensor:
    scores = 3 * torch.randn(3, 4, n, n, generator=torch.Generator().manual_seed(seed))
    return scores.masked_fill(torch.ones(n, n).triu(1).bool(), -torch.inf).softmax(dim=-1)


# Three layers of four heads.
SENTENCES = {
    "the cat sat on the mat": (["the", "cat", "sat", "on", "the", "mat"], _causal(6, 1)),
    "one two three": (["one", "two", "three"], _causal(3, 2)),
}


def untrained() -> MiniModel:
    """Two layers of two heads, four wide."""
    words = ["the", "cat", "sat", "dog", "ran"]
    config = GPTConfig(vocab_size=5, context=8, n_layers=2, n_heads=2, d_model=4, bias=False)
    return MiniModel(GPT(config).eval(), WordTokenizer(words))

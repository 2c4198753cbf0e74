"""Random attention weights of two sentences: three layers of four heads, causal."""

from __future__ import annotations

import torch

from spotlight.model_utils.mini_model import HeadRole

ROLES = {
    "previous token": HeadRole(0, 1, 0.98),
    "induction": HeadRole(1, 3, 0.95),
    "referent": HeadRole(2, 0, 0.97),
}


def _causal(n: int, seed: int) -> torch.Tensor:
    scores = 3 * torch.randn(3, 4, n, n, generator=torch.Generator().manual_seed(seed))
    return scores.masked_fill(torch.ones(n, n).triu(1).bool(), -torch.inf).softmax(dim=-1)


SENTENCES = {
    "the cat sat on the mat": (["the", "cat", "sat", "on", "the", "mat"], _causal(6, 1)),
    "one two three": (["one", "two", "three"], _causal(3, 2)),
}

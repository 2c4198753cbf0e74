"""The recurring example: four tokens with hand-sized vectors, so that a pencil can check them.

The vectors are given, not trained. Lessons 02 to 04 carry the same numbers through.
"""

from __future__ import annotations

import torch
from torch import Tensor

TOKENS = ("The", "cat", "sat", "here")


def embeddings() -> Tensor:
    """One row per token of `TOKENS`: (4, 3)."""
    return torch.tensor(
        [
            [1.0, 0.0, 0.0],  # The
            [1.0, 2.0, 0.0],  # cat
            [0.0, 3.0, 1.0],  # sat
            [0.0, 1.0, 2.0],  # here
        ]
    )


def query_weights() -> Tensor:
    """W_Q of the example, applied from the right: (3, 3)."""
    return torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]])


def key_weights() -> Tensor:
    """W_K of the example, applied from the right: (3, 3)."""
    return torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])


def value_weights() -> Tensor:
    """W_V of the example, applied from the right: (3, 3)."""
    return torch.tensor([[0.0, 0.0, 2.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])

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
    return torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, -1.0]])


# Lesson 06: the same tokens in twice the width, read by two heads.


def wide_embeddings() -> Tensor:
    """One row per token of `TOKENS`; the first three numbers are those of `embeddings`: (4, 6)."""
    more = torch.tensor(
        [
            [1.0, 0.0, 1.0],  # The
            [0.0, 2.0, 0.0],  # cat
            [1.0, 0.0, 0.0],  # sat
            [0.0, 1.0, 1.0],  # here
        ]
    )
    return torch.cat([embeddings(), more], dim=1)


def two_heads() -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]:
    """W_Q, W_K and W_V of head 0 and of head 1, applied from the right: (6, 3) each."""
    queries = _matrices("001 000 010 011 100 100", "110 001 010 001 000 100")
    keys = _matrices("110 010 001 000 000 101", "001 100 010 001 010 100")
    values = _matrices("100 010 000 001 000 001", "000 001 100 000 010 000")
    head_0, head_1 = zip(queries, keys, values, strict=True)
    return head_0, head_1


def output_weights() -> Tensor:
    """W_O of the two heads, applied from the right; rows 0 to 2 read head 0: (6, 6).

    Every column has one entry that reads head 0 and one that reads head 1.
    """
    return torch.tensor(
        [
            [1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
            [0.0, 1.0, 0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0, -1.0, 0.0],
            [0.0, 0.0, 1.0, 0.0, 0.0, -1.0],
        ]
    )


def _matrices(*written: str) -> list[Tensor]:
    """Matrices of single digits, each written row by row: "10 01" is the identity."""
    return [torch.tensor([[float(digit) for digit in row] for row in m.split()]) for m in written]

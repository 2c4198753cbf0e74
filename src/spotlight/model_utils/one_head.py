"""One causal head, computed in other ways than the lessons do.

Shapes: T tokens, C = d_model, D the width of the head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def head_in_a_loop(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
    """One token after the other: x (T, C), the matrices (C, D) each → (T, D)."""
    gathered = []
    for end in range(1, len(x) + 1):
        query, keys, values = x[end - 1] @ w_q, x[:end] @ w_k, x[:end] @ w_v
        weights = torch.softmax(keys @ query / math.sqrt(len(query)), dim=0)  # (end,)
        gathered.append(weights @ values)
    return torch.stack(gathered)


def fused_head(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
    """The framework's own fused attention: x (T, C), the matrices (C, D) each → (T, D)."""
    q, k, v = ((x @ weights)[None] for weights in (w_q, w_k, w_v))
    return scaled_dot_product_attention(q, k, v, is_causal=True)[0]

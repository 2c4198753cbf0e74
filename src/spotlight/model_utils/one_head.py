"""One causal head, computed in other ways than the lessons do, and how long each takes.

Shapes: T tokens, C = d_model, D the width of the head.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

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


def milliseconds(call: Callable[[], object], repeats: int = 50) -> float:
    """How long a call takes: the shortest of `repeats`, which other work shifts least."""
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - begin))
    return min(taken)

"""Attention in small functions: what lessons 02 to 05 build, in the order of the course.

Where a student's own version has not passed yet, a later lesson takes these. Leading dimensions,
where there are any, are carried along.

Shapes: n queries, m keys, d or d_model, d_k and d_v the widths of embeddings, of queries and keys,
and of values.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Lesson 02: weights that the sentence computes.


def dot_product(a: Tensor, b: Tensor) -> Tensor:
    """How well two vectors match: (d,), (d,) → ()."""
    return (a * b).sum(dim=-1)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of the angle between two vectors, neither all zero: (d,), (d,) → ()."""
    return dot_product(a, b) / (a.norm(dim=-1) * b.norm(dim=-1))


def softmax_rows(scores: Tensor) -> Tensor:
    """Positive weights that add up to 1 in each row, however large its scores: (n, m) → (n, m)."""
    exponentials = torch.exp(scores - scores.amax(dim=-1, keepdim=True))  # (n, m)
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def raw_attention_weights(x: Tensor) -> Tensor:
    """softmax(XXᵀ), the weights of each token over all tokens: (n, d) → (n, n)."""
    return softmax_rows(x @ x.transpose(-2, -1))


def context_vectors(weights: Tensor, x: Tensor) -> Tensor:
    """One weighted average of the rows of x for each row of weights: (n, m), (m, d) → (n, d)."""
    return weights @ x


def dot_product_attention(x: Tensor) -> Tensor:
    """softmax(XXᵀ)X, the context vector of each token: (n, d) → (n, d)."""
    return context_vectors(raw_attention_weights(x), x)


# Lesson 03: queries and keys.


def project(x: Tensor, weights: Tensor) -> Tensor:
    """Every token seen through one matrix: (n, d_model), (d_model, d_k) → (n, d_k)."""
    return x @ weights


def query_key_scores(q: Tensor, k: Tensor) -> Tensor:
    """QKᵀ, how well each query matches each key: (n, d_k), (m, d_k) → (n, m)."""
    return q @ k.transpose(-2, -1)


def scaled_scores(q: Tensor, k: Tensor) -> Tensor:
    """QKᵀ/√d_k, scores that do not grow with d_k: (n, d_k), (m, d_k) → (n, m)."""
    return query_key_scores(q, k) / math.sqrt(k.shape[-1])


def attention_weights(x: Tensor, w_q: Tensor, w_k: Tensor) -> Tensor:
    """softmax(QKᵀ/√d_k), a row of weights for each token.

    x: (n, d_model), w_q and w_k: (d_model, d_k) each → (n, n)
    """
    return softmax_rows(scaled_scores(project(x, w_q), project(x, w_k)))


# Lesson 04: values.


def single_head_attention(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
    """softmax(QKᵀ/√d_k)V, what one head gathers for each token (Vaswani et al. 2017, eq. 1).

    x: (n, d_model), w_q and w_k: (d_model, d_k) each, w_v: (d_model, d_v) → (n, d_v)
    """
    return context_vectors(attention_weights(x, w_q, w_k), project(x, w_v))


# Lesson 05: masks.


def causal_mask(n: int) -> Tensor:
    """Which tokens each of n tokens may read: itself and those before it.

    Returns bool, (n, n): entry (i, j) is True where token i may read token j.
    """
    return torch.ones(n, n, dtype=torch.bool).tril()


def masked_attention_weights(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over each row of scores, with weight 0 where the mask is False.

    scores: (n, m), mask: bool, (n, m), at least one True in each row → (n, m)
    """
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1)

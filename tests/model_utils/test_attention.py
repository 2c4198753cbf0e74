"""The course's reference layers: right by other ways to compute the same."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cosine_similarity, scaled_dot_product_attention

from spotlight.model_utils import attention

SIZES = st.integers(1, 6)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(SIZES, SIZES)
@settings(deadline=None)
def test_a_dot_product_divided_by_both_lengths_is_the_cosine(d, seed):
    a, b = drawn(d, seed=seed), drawn(d, seed=seed + 100)
    torch.testing.assert_close(attention.dot_product(a, b), a @ b)
    torch.testing.assert_close(attention.cosine(a, b), cosine_similarity(a, b, dim=-1))


@pytest.mark.parametrize("size", [1, 1000])
def test_softmax_of_rows_bears_any_score(size):
    scores = size * drawn(3, 5)
    torch.testing.assert_close(attention.softmax_rows(scores), torch.softmax(scores, dim=-1))


def test_the_first_attention_compares_and_averages_the_same_vectors():
    x = drawn(5, 3)
    expected = torch.softmax(x @ x.T, dim=-1) @ x
    torch.testing.assert_close(attention.dot_product_attention(x), expected)


@given(SIZES, SIZES, SIZES, SIZES)
@settings(deadline=None)
def test_a_single_head_agrees_with_the_framework(n, d_model, d_k, d_v):
    x, w_q, w_k, w_v = (
        drawn(n, d_model),
        drawn(d_model, d_k),
        drawn(d_model, d_k),
        drawn(d_model, d_v),
    )
    q, k, v = (attention.project(x, w) for w in (w_q, w_k, w_v))
    torch.testing.assert_close(
        attention.single_head_attention(x, w_q, w_k, w_v),
        scaled_dot_product_attention(q[None], k[None], v[None])[0],
    )


def test_masked_weights_under_the_causal_mask_are_those_of_the_framework():
    q, k, v = drawn(2, 4, 3, seed=1), drawn(2, 4, 3, seed=2), drawn(2, 4, 5, seed=3)
    scores = attention.scaled_scores(q, k)
    weights = attention.masked_attention_weights(scores, attention.causal_mask(4))
    fused = scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(attention.context_vectors(weights, v), fused)


def test_a_causal_mask_lets_each_token_read_itself_and_the_past():
    assert attention.causal_mask(3).tolist() == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_batches_are_carried_along():
    x, w_q, w_k = drawn(2, 4, 3), drawn(3, 2, seed=1), drawn(3, 2, seed=2)
    each = torch.stack([attention.attention_weights(one, w_q, w_k) for one in x])
    torch.testing.assert_close(attention.attention_weights(x, w_q, w_k), each)

"""One attention computation, step by step."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spotlight.model_utils.gpt import causal_attention_weights
from spotlight.visualizations import show_attention_steps

SAID = {"title": "T", "caption": "C."}
TOKENS = ["The", "cat", "sat", "here"]


def example(tokens=4, width=3, head=3, value=2):
    numbers = torch.Generator().manual_seed(tokens * 100 + width)
    sizes = [(tokens, width), (width, head), (width, head), (width, value)]
    return [torch.randn(*size, generator=numbers, dtype=torch.float64) for size in sizes]


def matrices(picture):
    """What is drawn, in reading order; masked cells are NaN."""
    meshes = [mesh for mesh in picture.axes[0].collections if not _is_key(mesh)]
    return [np.ma.filled(mesh.get_array(), np.nan) for mesh in meshes]


def _is_key(mesh):
    return mesh.get_array().shape == (1, 64)


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def test_it_computes_and_draws_every_step():
    x, w_q, w_k, w_v = example()
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    scores = q @ k.T
    weights = (scores / math.sqrt(3)).softmax(-1)
    drawn = matrices(show_attention_steps(x, w_q, w_k, w_v, TOKENS, **SAID))
    expected = [x, q, k, v, scores, scores / math.sqrt(3), weights, weights @ v]
    assert len(drawn) == len(expected)
    assert all(np.allclose(one, other) for one, other in zip(drawn, expected, strict=True))


@settings(max_examples=settings.default.max_examples // 10)  # each is a whole figure
@given(st.integers(1, 7), st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_causal_weights_are_those_of_the_course_s_model(tokens, width, head, value):
    x, w_q, w_k, w_v = example(tokens, width, head, value)
    *_, masked, weights, output = matrices(
        show_attention_steps(x, w_q, w_k, w_v, causal=True, **SAID)
    )
    expected = causal_attention_weights(x @ w_q, x @ w_k)
    assert np.allclose(weights, expected)
    assert np.allclose(output, expected @ (x @ w_v))
    assert np.array_equal(np.isnan(masked), np.triu(np.ones((tokens, tokens)), 1) == 1)


def test_each_matrix_has_its_shape_and_how_it_came_about():
    told = words(show_attention_steps(*example(), TOKENS, causal=True, **SAID))
    assert told.count("(4, 3)") == 3
    assert told.count("(4, 4)") == 4
    assert told.count("(4, 2)") == 2
    assert {"  = x @ W_Q", "  = Q @ Kᵀ", "  = scores / √3", "  = weights @ V"} <= set(told)
    assert "−∞" in told
    assert "−∞" not in words(show_attention_steps(*example(), TOKENS, **SAID))


def test_one_query_can_be_followed_alone():
    x, w_q, w_k, w_v = example()
    whole = matrices(show_attention_steps(x, w_q, w_k, w_v, causal=True, **SAID))
    row = show_attention_steps(x, w_q, w_k, w_v, TOKENS, causal=True, query=-2, **SAID)
    alone = matrices(row)
    assert [len(matrix) for matrix in alone] == [4, 1, 4, 4, 1, 1, 1, 1, 1]
    for i in (1, 4, 5, 6, 7, 8):
        assert np.allclose(alone[i][0], whole[i][2], equal_nan=True)
    assert "Q of sat" in words(row)


def test_larger_matrices_have_colours_only_and_fit_a_page():
    picture = show_attention_steps(*example(24, 64, 16, 16), causal=True, **SAID)
    written = [word for word in words(picture) if re.fullmatch(r"−?[\d.]+", word)]
    assert len(written) == 2 * len(matrices(picture))  # the ends of each key
    assert picture.get_size_inches()[0] <= 10.5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"w_k": np.ones((2, 3))}, r"x \(4, 3\) @ w_k \(2, 3\) does not work: x has 3 columns"),
        ({"w_k": np.ones((3, 2))}, r"w_q and w_k need one shape, not \(3, 3\) and \(3, 2\)"),
        ({"x": np.ones(3)}, r"x needs the shape \(tokens, width\)"),
        ({"tokens": ["a"]}, "1 token labels for 4 tokens"),
        ({"query": 4}, "query=4 names none of 4 tokens"),
    ],
)
def test_what_does_not_fit_is_explained_in_a_sentence(change, sentence):
    given = dict(zip(("x", "w_q", "w_k", "w_v"), example(), strict=True)) | change
    with pytest.raises(ValueError, match=sentence):
        show_attention_steps(**given, **SAID)

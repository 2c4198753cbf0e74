"""The next-token widget as a notebook's kernel sees it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from some_heads import untrained

from spotlight.visualizations.next_token import (
    NextToken,
    next_token_data,
    next_words_of,
    show_next_token,
)

logits = st.lists(st.integers(-40, 40).map(lambda i: i / 4), min_size=1, max_size=12)


def widget(values, **controls):
    tokens = [f"t{i}" for i in range(len(values))]
    return NextToken({"a prompt": (tokens, values)}, **controls)


@given(logits, st.floats(0.05, 10))
def test_the_temperature_divides_the_logits(values, temperature):
    expected = (torch.tensor(values).double() / temperature).softmax(dim=0)
    assert torch.allclose(widget(values, temperature=temperature).probabilities, expected)


@given(logits, st.integers(1, 15), st.floats(0.01, 1))
def test_the_cut_keeps_the_likeliest_and_divides_by_their_sum(values, k, p):
    shown = widget(values, top_k=k, top_p=p)
    before, after = shown.probabilities, shown.probabilities_left
    kept = after > 0
    assert after.sum().item() == pytest.approx(1)
    assert 1 <= kept.sum() <= k
    assert torch.allclose(after[kept], before[kept] / before[kept].sum())
    assert (before[kept].min() >= before[~kept]).all()
    # Fewest: without its least likely token what is kept would not reach p of top-k's share.
    of_k = before.sort(descending=True).values[:k].sum()
    if p < 1 and kept.sum() > 1:
        assert before[kept].sum() - before[kept].min() < p * of_k + 1e-9


def test_top_k_of_equals_keeps_exactly_k_the_first_of_them():
    assert widget([1.0, 1, 1, 1], top_k=2).probabilities_left.tolist() == [0.5, 0.5, 0, 0]


def test_top_p_keeps_the_token_that_crosses_the_line():
    shown = widget(torch.tensor([0.5, 0.3, 0.2]).log(), top_p=0.6)
    assert torch.allclose(
        shown.probabilities_left, torch.tensor([0.625, 0.375, 0]).double(), atol=1e-4
    )


def test_a_mini_model_s_next_words_are_shown_as_it_computes_them():
    mini = untrained()
    shown = show_next_token(next_words_of(mini, ["the cat", "the dog ran"]))
    shown.prompt = 1
    expected = mini.logits("the dog ran")[-1].double().softmax(dim=0)
    assert shown.tokens == ["the", "cat", "sat", "dog", "ran"]
    assert torch.allclose(shown.probabilities, expected, atol=1e-4)


def test_prompts_of_one_model_share_their_vocabulary():
    data = next_token_data(
        {"a": (["x", "y"], [0, 1]), "b": (("x", "y"), [1, 0]), "c": (["z"], [0])}
    )
    assert data["vocabularies"] == [["x", "y"], ["z"]]
    assert [prompt["vocabulary"] for prompt in data["prompts"]] == [0, 0, 1]


def test_the_still_picture_shows_the_likeliest_before_and_after():
    shown = widget(torch.linspace(0, 3, 40), top_k=5)
    picture = shown.still()
    heights = [bar.get_height() for bar in picture.axes[0].patches]
    assert heights[0] == pytest.approx(shown.probabilities.max().item())
    assert heights[12] == pytest.approx(shown.probabilities_left.max().item())
    assert "5 of 40 tokens can be drawn" in picture.caption


@pytest.mark.parametrize(
    ("prompts", "sentence"),
    [
        ({}, "at least one prompt"),
        ({"a": (["x"], [0, 1])}, "1 token labels for 2"),
        ({"a": (["x", "y"], [0, -torch.inf])}, "before any cut"),
        ({"a": (["x", "y"], [[0, 1]])}, r"needs the shape \(tokens,\)"),
    ],
)
def test_what_does_not_fit_is_answered_with_a_sentence(prompts, sentence):
    with pytest.raises(ValueError, match=sentence):
        show_next_token(prompts)

"""The head browser as a notebook's kernel sees it."""

from __future__ import annotations

import pytest
import torch
from some_heads import ROLES, SENTENCES, untrained

from spotlight.visualizations.head_browser import (
    HeadBrowser,
    head_browser_data,
    heads_of,
    show_head_browser,
)


def test_the_chosen_head_is_right_to_five_digits():
    browser = show_head_browser(SENTENCES)
    browser.layer, browser.head, browser.sentence = 1, 2, 1
    tokens, weights = list(SENTENCES.values())[1]
    assert browser.tokens == tokens
    assert torch.allclose(browser.weights, weights[1, 2].double(), rtol=0, atol=1e-5)


def test_a_mini_model_s_heads_are_shown_as_it_computes_them():
    mini = untrained()
    browser = show_head_browser(heads_of(mini, ["the cat sat", "the dog"]))
    assert (browser.layers, browser.heads, browser.tokens) == (2, 2, ["the", "cat", "sat"])
    expected = mini.attention("the cat sat")[0, 0].double()
    assert torch.allclose(browser.weights, expected, rtol=0, atol=1e-5)


def test_it_opens_at_the_first_head_with_a_role():
    assert (HeadBrowser(SENTENCES).layer, HeadBrowser(SENTENCES).head) == (0, 0)
    browser = HeadBrowser(SENTENCES, ROLES)
    assert (browser.layer, browser.head) == (0, 1)


def test_the_still_picture_shows_the_head_and_what_it_was_measured_to_do():
    browser = HeadBrowser(SENTENCES, ROLES)
    picture = browser.still()
    assert torch.allclose(torch.tensor(picture.axes[0].images[0].get_array().data), browser.weights)
    assert picture.title == "Layer 0, head 1"
    assert "measured as previous token 0.98" in picture.caption
    browser.head = 0
    assert "measured" not in browser.still().caption


@pytest.mark.parametrize(
    ("sentences", "sentence"),
    [
        ({}, "at least one sentence"),
        ({"a b": (["a", "b"], torch.zeros(2, 2))}, r"\(layers, heads, tokens, tokens\)"),
        ({"a b": (["a"], torch.zeros(1, 1, 2, 2))}, "1 token labels for 2"),
        ({"a b": (["a", "b"], torch.zeros(1, 1, 2, 3))}, "square"),
        ({"a b": (["a", "b"], torch.full((1, 1, 2, 2), -1.0))}, "between 0 and 1"),
        ({"a b": (["a", "b"], torch.full((1, 1, 2, 2), torch.nan))}, "between 0 and 1"),
        (
            {"a": (["a"], torch.ones(1, 1, 1, 1)), "b": (["b"], torch.ones(2, 1, 1, 1))},
            "those of one model",
        ),
    ],
)
def test_what_does_not_fit_is_answered_with_a_sentence(sentences, sentence):
    with pytest.raises(ValueError, match=sentence):
        head_browser_data(sentences)

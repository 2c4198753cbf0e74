"""The attention matrix as a notebook's kernel sees it."""

from __future__ import annotations

import pytest
import torch

from spotlight.model_utils.word_features import word_vectors
from spotlight.visualizations import AttentionMatrix, show_attention_matrix


def test_weights_are_the_row_softmax_of_the_dot_products():
    matrix = show_attention_matrix("The cat chased the zorp!")
    x = word_vectors(["the", "cat", "chased", "the", "zorp"]).double()
    assert matrix.words == ["the", "cat", "chased", "the", "zorp"]
    assert torch.allclose(matrix.scores, x @ x.T)
    assert torch.allclose(matrix.weights, torch.softmax(x @ x.T, dim=1))


def test_the_mask_and_the_temperature_shape_the_weights_not_the_vectors():
    matrix = show_attention_matrix("the cat sat", causal=True, temperature=2)
    x = word_vectors(matrix.words).double()
    scores = (x @ x.T).masked_fill(torch.ones(3, 3).triu(1).bool(), -torch.inf)
    assert torch.equal(matrix.scores, scores)
    assert torch.allclose(matrix.weights, (scores / 2).softmax(dim=1))
    assert "later masked, divided by 2, after a softmax" in matrix.still().caption


def test_scores_set_by_hand_stand_in_for_dot_products_until_the_sentence_changes():
    matrix = show_attention_matrix("the cat sat")
    products = matrix.scores
    matrix.own_scores = [[0, 2, 5.0]]
    assert matrix.scores[0, 2] == 5
    assert matrix.scores[2, 0] == products[2, 0]
    assert "1 of them set by hand" in matrix.still().caption
    matrix.sentence = "a cat sat"
    assert matrix.own_scores == []


def test_a_new_sentence_gives_new_weights():
    matrix = AttentionMatrix("the cat")
    matrix.sentence = "one two three"
    assert matrix.weights.shape == (3, 3)


def test_at_most_sixteen_words_are_shown():
    assert AttentionMatrix("word " * 40).weights.shape == (16, 16)


@pytest.mark.parametrize("view", ["weights", "scores"])
def test_the_still_picture_shows_the_same_numbers(view):
    matrix = AttentionMatrix("The cat sat")
    matrix.view = view
    drawn = matrix.still().axes[0].images[0].get_array()
    assert torch.allclose(torch.tensor(drawn.data), getattr(matrix, view))


def test_the_still_picture_says_which_words_the_table_lacks():
    assert "letters (“zorp”)" in AttentionMatrix("the zorp").still().caption
    assert "letters" not in AttentionMatrix("the cat").still().caption


def test_nothing_typed_is_nothing_drawn():
    matrix = AttentionMatrix(" ... ")
    assert matrix.words == []
    assert matrix.still() is None

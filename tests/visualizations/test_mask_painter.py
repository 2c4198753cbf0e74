"""The mask painter as a notebook's kernel sees it."""

from __future__ import annotations

import math

import pytest
import torch

from spotlight.model_utils import four_tokens
from spotlight.visualizations.mask_painter import (
    MaskPainter,
    mask_painter_data,
    preset_masks,
    show_mask_painter,
)

NAMES = list(preset_masks(4))


def test_left_alone_it_shows_the_scaled_scores_of_the_four_tokens():
    painter = show_mask_painter()
    x = four_tokens.embeddings()
    q, k = x @ four_tokens.query_weights(), x @ four_tokens.key_weights()
    assert painter.tokens == ["The", "cat", "sat", "here"]
    assert torch.allclose(torch.tensor(painter.scores), q @ k.T / math.sqrt(3))
    assert painter.mask == torch.ones(4, 4).tril().bool().tolist()


def test_the_weights_are_the_softmax_over_what_is_left():
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    painter = show_mask_painter(scores, list("abcde"), mask="causal")
    expected = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -torch.inf).softmax(dim=1)
    assert torch.allclose(painter.weights, expected.double())


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_leaves_the_right_places(name):
    may = {
        "no mask": lambda i, j: True,
        "causal": lambda i, j: j <= i,
        "last token is padding": lambda i, j: j < 5,
        "diagonal masked too": lambda i, j: j < i,
        "neighbours only": lambda i, j: abs(i - j) <= 1,
    }[name]
    assert preset_masks(6)[name].tolist() == [[may(i, j) for j in range(6)] for i in range(6)]


def test_a_row_with_nothing_left_is_nan_and_its_picture_says_so():
    painter = MaskPainter(mask="diagonal masked too")
    assert painter.weights[0].isnan().all()
    assert not painter.weights[1:].isnan().any()
    written = [text.get_text() for text in painter.still().axes[0].texts]
    assert written.count("NaN") == 4


@pytest.mark.parametrize("mask", [[[True, False], [True, True]], torch.tensor([[1, 0], [1, 1]])])
def test_a_mask_of_one_s_own_may_be_handed_in(mask):
    assert show_mask_painter([[1, 2], [3, 4]], ["a", "b"], mask=mask).mask == [
        [True, False],
        [True, True],
    ]


@pytest.mark.parametrize(
    ("scores", "tokens", "mask", "sentence"),
    [
        ([[1, 2, 3], [4, 5, 6]], None, "causal", r"square of scores.*\(2, 3\)"),
        (torch.zeros(17, 17), None, "causal", "at most 16"),
        ([[0, -math.inf], [0, 0]], None, "causal", "before the mask"),
        ([[0, 0], [0, 0]], ["a"], "causal", "1 row labels for 2"),
        ([[0, 0], [0, 0]], None, "casual", "no mask called 'casual'.*causal"),
        ([[0, 0], [0, 0]], None, [[0, 0.5], [1, 1]], "True or False"),
        ([[0, 0], [0, 0]], None, torch.ones(3, 3), r"the shape \(2, 2\)"),
    ],
)
def test_what_does_not_fit_is_answered_with_a_sentence(scores, tokens, mask, sentence):
    with pytest.raises(ValueError, match=sentence):
        mask_painter_data(scores, tokens, mask)

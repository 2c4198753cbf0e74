"""The smoothed trigram model: a distribution, and the counts where there is nothing to smooth."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotlight.model_utils.ngram import TrigramModel

WORDS = st.integers(0, 4)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=12), min_size=1, max_size=4)


@settings(deadline=None)
@given(texts=TEXTS, context=st.lists(WORDS, max_size=3))
def test_it_gives_every_word_some_probability_and_all_words_one(texts, context):
    model = TrigramModel(texts, vocab_size=5)
    probabilities = [model.probability(word, context) for word in range(5)]
    assert min(probabilities) > 0
    assert sum(probabilities) == pytest.approx(1)


@settings(deadline=None)
@given(context=st.lists(WORDS, min_size=2, max_size=6))
def test_only_the_last_two_words_count(context):
    model = TrigramModel([[0, 1, 2, 3, 4, 0, 2, 4, 1]], vocab_size=5)
    assert model.probability(1, context) == model.probability(1, context[-2:])


def test_without_discount_it_is_the_share_of_what_was_seen():
    model = TrigramModel([[0, 1, 2], [0, 1, 3], [0, 1, 2], [0, 1, 2]], vocab_size=4, discount=0)
    assert model.probability(2, [0, 1]) == 3 / 4


def test_what_is_taken_off_goes_to_shorter_contexts():
    # After 0 came 1 (twice) and 2 (once): (2 − ½)/3, and ½ · 2/3 of the weight goes on to p(1).
    model = TrigramModel([[0, 1], [0, 1], [0, 2]], vocab_size=3, discount=0.5)
    below = (2 - 0.5) / 6 + 0.5 * 3 / 6 * 1 / 3
    assert model.probability(1, [0]) == pytest.approx(1.5 / 3 + 0.5 * 2 / 3 * below)


def test_a_context_never_seen_falls_back_on_a_shorter_one():
    model = TrigramModel([[0, 1, 2, 0, 1]], vocab_size=3)
    assert model.probability(1, [1, 0]) == model.probability(1, [0])


def test_untrained_it_is_as_unsure_as_a_guess():
    model = TrigramModel([], vocab_size=7)
    assert model.loss([[1, 2, 3]]) == pytest.approx(math.log(7))


def test_its_loss_counts_every_token_but_the_first():
    model = TrigramModel([[0, 1, 2]], vocab_size=3)
    expected = -(math.log(model.probability(1, [0])) + math.log(model.probability(2, [0, 1]))) / 2
    assert model.loss([[0, 1, 2]]) == pytest.approx(expected)


@pytest.mark.parametrize("texts", [[], [[]], [[3]]])
def test_a_text_without_a_token_to_predict_is_told(texts):
    with pytest.raises(ValueError, match="no token to predict"):
        TrigramModel([[0, 1]], vocab_size=4).loss(texts)

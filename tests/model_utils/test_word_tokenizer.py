"""Whole words as tokens: there and back, and what a stranger gets told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotlight.model_utils import corpus
from spotlight.model_utils.word_tokenizer import WordTokenizer, split_tokens

TOKENIZER = corpus.tokenizer()


@settings(deadline=None)
@given(ids=st.lists(st.integers(0, len(TOKENIZER) - 1)))
def test_encoding_undoes_decoding(ids):
    assert TOKENIZER.encode(TOKENIZER.decode(ids)) == ids


def test_numbers_are_single_digits_and_are_written_together():
    assert split_tokens("47 + 35 = 82.") == [*"47+35=82", "."]
    assert TOKENIZER.decode(TOKENIZER.encode("47 + 35 = 82 .")) == "47 + 35 = 82."


def test_capitals_do_not_matter_and_marks_stand_close():
    ids = TOKENIZER.encode("The cat sat, and Tom laughed.\nWho has the ball?")
    assert TOKENIZER.decode(ids) == "the cat sat, and tom laughed.\nwho has the ball?"


def test_a_word_out_of_the_vocabulary_is_told_with_words_like_it():
    with pytest.raises(ValueError, match="never seen “catz”: it knows 3 words, “cat” among them"):
        WordTokenizer(["the", "cat", "sat"]).encode("The catz sat")


def test_a_stranger_unlike_any_word_is_told_without_a_guess():
    with pytest.raises(ValueError, match=r"never seen “xylophone”: it knows 2 words\.$"):
        WordTokenizer(["a", "b"]).encode("xylophone")

"""The shipped corpus: the same from the same seed, and its held-out facts never in training."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotlight.model_utils import corpus

MANY = 3000


@cache
def training() -> list[str]:
    return list(corpus.paragraphs(0, MANY))


@cache
def held_out() -> list[str]:
    return list(corpus.paragraphs(0, MANY, "held-out"))


def test_a_seed_always_gives_the_same_text_and_another_seed_another():
    assert list(corpus.paragraphs(3, 50)) == list(corpus.paragraphs(3, 50))
    assert list(corpus.paragraphs(3, 50)) != list(corpus.paragraphs(4, 50))


def test_the_text_is_the_paragraphs_a_line_each():
    assert corpus.corpus(3, 5).splitlines() == list(corpus.paragraphs(3, 5))


def test_every_slot_is_filled_and_every_token_is_in_the_vocabulary():
    tokenizer = corpus.tokenizer()
    for paragraph in (*training(), *held_out()):
        assert not re.search(r"[\[\]{}|_]|  ", paragraph), paragraph
        tokenizer.encode(paragraph)


def test_it_uses_its_whole_vocabulary_of_several_hundred_words():
    tokenizer = corpus.tokenizer()
    used = Counter(token for text in training() for token in tokenizer.encode(f"{text}\n"))
    assert len(tokenizer) > 380
    assert len(used) == len(tokenizer)


def test_paragraphs_of_one_split_are_never_in_the_other():
    assert not set(training()) & set(held_out())


def test_a_held_out_scene_is_in_no_training_text_not_even_with_another_posture():
    scene = re.compile(r"the (\w+) \w+ \w+ the (\w+) because it was (\w+) \. the \3 one is the")
    facts = [
        {m.groups() for text in texts for m in scene.finditer(text)}
        for texts in (training(), held_out())
    ]
    assert len(facts[1]) > 50
    assert not facts[0] & facts[1]


def test_training_and_held_out_sums_share_out_all_pairs_of_two_digit_numbers():
    train, held_out = set(corpus.sum_pairs("train")), set(corpus.sum_pairs("held-out"))
    assert not train & held_out
    assert len(train | held_out) == 90 * 90
    assert len(held_out) == pytest.approx(810, rel=0.1)


@settings(deadline=None)
@given(a=st.integers(10, 99), b=st.integers(10, 99))
def test_sums_are_right(a, b):
    assert eval(corpus.sum_sentence(a, b).removesuffix(" .").replace(" = ", " == "))


def test_an_stands_before_vowels_only():
    text = "\n".join(training())
    assert not re.search(r"\ba [aeiou]", text)
    assert not re.search(r"\ban [^aeiou]", text)


def test_pronouns_follow_the_name():
    girls, boys = corpus.words_of("girl"), corpus.words_of("boy")
    hungry = [text.split() for text in training() if " was hungry . " in text and "market" in text]
    assert len(hungry) > 20
    for words in hungry:
        assert words[0] in boys
        assert words[4] == "he"
    met = [text.split() for text in training() if " there she met " in text]
    assert met
    assert all(words[3] in girls for words in met)


def test_referents_come_in_both_readings_of_one_scene():
    for living, lifeless in corpus.referents(1, 30):
        assert living.right == lifeless.wrong
        assert living.wrong == lifeless.right
        assert living.right in corpus.words_of("animal")
        assert lifeless.right in corpus.words_of("surface")
        assert living.prompt.split(" because ")[0] == lifeless.prompt.split(" because ")[0]


def test_held_out_referents_are_in_no_training_text():
    prompts = {sentence.prompt for pair in corpus.referents(1, 300) for sentence in pair}
    assert not any(text.startswith(tuple(prompts)) for text in training())

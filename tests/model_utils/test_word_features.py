"""The hand-made word vectors, and what lessons rely on in them."""

from __future__ import annotations

import pytest
import torch

from spotlight.model_utils.word_features import (
    feature_names,
    is_known,
    known_vectors,
    split_words,
    word_vectors,
)

SENTENCES = [
    "The cat sat on the mat because it was soft",
    "The cat sat on the mat because it was tired",
    "The bank was steep",
    "The bank was steep and muddy",
    "The bank raised interest rates",
    "The cat chased the mouse",
    "Dog bites man",
    "Man bites dog",
]


def dot(one: str, other: str) -> float:
    a, b = word_vectors([one, other])
    return float(a @ b)


def cosine(one: str, other: str) -> float:
    a, b = word_vectors([one, other])
    return float(torch.cosine_similarity(a, b, dim=0))


def attention(sentence: str) -> tuple[list[str], torch.Tensor]:
    words = split_words(sentence)
    x = word_vectors(words)
    return words, (x @ x.T).softmax(dim=1)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_course_s_sentences_need_no_made_up_vector(sentence):
    assert all(is_known(word) for word in split_words(sentence))


def test_the_table_is_small_enough_to_read_and_large_enough_to_play_with():
    assert 8 <= len(feature_names()) <= 12
    assert 120 <= len(known_vectors()) <= 200


def test_every_number_can_be_used_with_a_pencil():
    numbers = [value for vector in known_vectors().values() for value in vector]
    assert all(value * 2 == int(value * 2) and abs(value) <= 1.5 for value in numbers)


def test_no_word_is_all_zero():
    assert all(any(vector) for vector in known_vectors().values())


def test_one_row_per_word_and_one_column_per_feature():
    vectors = word_vectors(["cat", "mat", "zorp"])
    assert vectors.shape == (3, len(feature_names()))
    assert vectors.dtype == torch.float32
    assert word_vectors([]).shape == (0, len(feature_names()))


def test_animals_are_alike():
    assert cosine("cat", "mouse") > 0.8
    assert cosine("cat", "dog") > 0.8
    assert cosine("cat", "mat") < 0.5


def test_similar_is_not_the_same_as_relevant():
    # "steep" tells which bank is meant, and is the less similar of the two.
    assert dot("bank", "interest") > dot("bank", "steep")
    assert cosine("bank", "interest") > cosine("bank", "steep")


@pytest.mark.parametrize("adjective", ["soft", "tired"])
def test_it_attends_to_the_mat_six_words_back(adjective):
    words, weights = attention(f"The cat sat on the mat because it was {adjective}")
    row = weights[words.index("it")].clone()
    row[words.index("it")] = 0
    assert words[int(row.argmax())] == "mat"
    assert row.max() > 2 * row.topk(2).values[1]


def test_repeated_words_have_the_same_row():
    words, weights = attention("The dog saw the dog")
    assert words[1] == words[4]
    assert torch.equal(weights[1], weights[4])


def test_words_without_much_meaning_have_short_vectors():
    lengths = word_vectors(["the", "a", "on", "because", "was", "and", "of", "to"]).norm(dim=1)
    others = word_vectors(["cat", "mat", "bank", "soft", "it", "chased", "man"]).norm(dim=1)
    assert lengths.max() < 1 < others.min()


def test_capitals_do_not_matter():
    assert torch.equal(word_vectors(["CAT", "Zorp"]), word_vectors(["cat", "zorp"]))
    assert is_known("Cat")


def test_an_unknown_word_gets_half_a_point_per_letter():
    vector = word_vectors(["abbm"])[0]  # a is feature 0, b feature 1, and m starts again at 0
    assert not is_known("abbm")
    assert vector.tolist() == [1.0, 1.0] + [0.0] * (len(feature_names()) - 2)


def test_the_letters_of_any_script_count():
    assert word_vectors(["猫", "ёж", "42"]).norm(dim=1).min() > 0


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("The cat, the mat.", ["the", "cat", "the", "mat"]),
        ("“Don’t!” — she said…", ["don't", "she", "said"]),
        ("a well-known  bank\n(steep)", ["a", "well-known", "bank", "steep"]),
        ("ÜBER Cafe\u0301", ["über", "caf\u00e9"]),
        ("'tis - '90s", ["tis", "90s"]),
        ("", []),
        (" ... !", []),
    ],
)
def test_a_sentence_falls_into_words(sentence, words):
    assert split_words(sentence) == words


def test_a_string_in_place_of_a_list_is_explained():
    with pytest.raises(ValueError, match="needs a list of words, not the string 'the cat'"):
        word_vectors("the cat")

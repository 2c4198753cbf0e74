"""A wrong shape in the docstring's letters: what is said leads from the wanted shape to yours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seen_arrays import Seen, said, verdict_on
from spotlight.diagnosis.shapes_in_letters import describe_shape, sizes_tell
from spotlight.python_source.signature import Signature

pytestmark = pytest.mark.usefixtures("no_changes_tried")

CAREFUL = settings(deadline=None, max_examples=150)
SCORES = Signature({"q": ("n", "d_k"), "k": ("m", "d_k")}, ("n", "m"))
SIZES = {"n": 3, "d_k": 8, "m": 5}


# In sentences


@pytest.mark.parametrize(
    ("got", "what"),
    [
        ((5, 3), "rows and columns have changed places"),
        ((3,), "m (the rows of `k`) is lost on the way"),
        ((5,), "n (the rows of `q`) is lost on the way"),
        ((), "n (the rows of `q`) and m (the rows of `k`) are lost on the way"),
        ((3, 5, 1), "a dimension of size 1 is too many"),
        ((1, 3, 5), "a dimension of size 1 is too many"),
        ((3, 8), "m (the rows of `k`) is lost, and d_k (the columns of `q`) stands in its place"),
        ((3, 5, 8), "d_k (the columns of `q`) should no longer be there"),
        ((3, 3), "m (the rows of `k`) is lost, and n (the rows of `q`) stands in its place"),
        ((3, 7), "m (the rows of `k`) is lost, and 7 stands in its place"),
        (
            (8, 8),
            "n (the rows of `q`) and m (the rows of `k`) are lost, and d_k (the columns of `q`) "
            "and d_k (the columns of `q`) stand in its place",
        ),
    ],
)
def test_what_happened_is_said_in_letters_with_the_place_where_each_is_met_first(
    got: tuple[int, ...], what: str
) -> None:
    sentence = describe_shape(SCORES, SIZES, (3, 5), got)
    assert sentence.endswith(f"where (n, m) = (3, 5) is wanted: {what}")
    assert f"here {got}," in sentence


def test_the_whole_sentence() -> None:
    assert describe_shape(SCORES, SIZES, (3, 5), (5, 3)) == (
        "you return (m, n), here (5, 3), where (n, m) = (3, 5) is wanted: "
        "rows and columns have changed places"
    )


def test_of_three_dimensions_the_places_are_numbers() -> None:
    signature = Signature({"x": ("B", "T", "C"), "by": ("D",)}, ("B", "T", "D"))
    sizes = {"B": 2, "T": 3, "C": 4, "D": 5}
    assert describe_shape(signature, sizes, (2, 3, 5), (3, 2, 5)).endswith(
        ": the right sizes stand in another order"
    )
    assert describe_shape(signature, sizes, (2, 3, 5), (2, 3, 4)).endswith(
        ": D (the length of `by`) is lost, and C (dimension 2 of `x`) stands in its place"
    )


@pytest.mark.parametrize(
    ("signature", "sizes"),
    [
        (SCORES, {}),
        (SCORES, {"n": 3, "d_k": 3, "m": 5}),
        (SCORES, {"n": 5, "d_k": 8, "m": 5}),
        (Signature({"q": ("n", "d_k"), "k": ("m", "d_k")}, None), SIZES),
    ],
    ids=["unknown", "two alike", "square", "no result promised"],
)
def test_letters_that_cannot_be_told_apart_are_not_used(
    signature: Signature, sizes: dict[str, int]
) -> None:
    assert describe_shape(signature, sizes, (3, 5), (5, 3)) == (
        "you return shape (5, 3) where (3, 5) is wanted"
    )


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 5)))
def test_sizes_tell_where_no_two_are_equal_and_none_is_one(sizes: dict[str, int]) -> None:
    counts = Counter(sizes.values())
    assert sizes_tell(sizes) == (len(sizes) > 0 and max(counts.values()) == 1 and 1 not in counts)


# As a rule

PARAMETERS = [
    {"x": ("n", "d")},
    {"q": ("n", "d"), "k": ("m", "d")},
    {"x": ("B", "n", "d"), "w": ("d", "h")},
    {"x": ("n", "2"), "y": ("m",)},
]
PLACE = r"(?P<letter>\w+)(?: \((?P<place>[^)]*)\))?"


def multiset(signature: Signature, phrase: str) -> Counter[str]:
    """The letters of a phrase such as "n (the rows of `q`) and 7"; each stands where it is said."""
    found: Counter[str] = Counter()
    for part in phrase.split(" and "):
        match = re.fullmatch(PLACE, part)
        assert match, part
        found[match["letter"]] += 1
        if match["place"]:
            name = match["place"].split("`")[1]
            shape = signature.parameters[name]
            assert shape is not None
            where = match["place"].split(" of ")[0]
            axis = {"the length": 0, "the rows": 0, "the columns": 1}.get(where)
            axis = int(where.split()[-1]) if axis is None else axis
            assert shape[axis] == match["letter"]
    return found


def leads_to(
    signature: Signature, sizes: dict[str, int], wanted: Sequence[int], sentence: str
) -> Counter[int]:
    """The sizes that a result of shape `wanted` would have after what the sentence says."""

    def numbers(letters: Counter[str]) -> Counter[int]:
        found: Counter[int] = Counter()
        for letter, count in letters.items():
            found[int(letter) if letter.isdigit() else sizes[letter]] += count
        return found

    start = Counter(int(n) for n in wanted)
    _, _, what = sentence.partition(" is wanted: ")
    if re.search("changed places|another order", what):
        return start
    if what == "a dimension of size 1 is too many":
        return start + Counter([1])
    if found := re.fullmatch(r"(\d+) dimensions of size 1 are too many", what):
        return start + Counter([1] * int(found[1]))
    if found := re.fullmatch("(.+) (?:is|are) lost on the way", what):
        return start - numbers(multiset(signature, found[1]))
    if found := re.fullmatch("(.+) should no longer be there", what):
        return start + numbers(multiset(signature, found[1]))
    found = re.fullmatch("(.+) (?:is|are) lost, and (.+) stands? in its place", what)
    assert found, sentence
    lost, extra = (multiset(signature, phrase) for phrase in found.groups())
    return start - numbers(lost) + numbers(extra)


@CAREFUL
@given(data=st.data(), parameters=st.sampled_from(PARAMETERS))
def test_what_is_said_leads_from_the_wanted_shape_to_yours(
    data: st.DataObject, parameters: dict[str, tuple[str, ...]]
) -> None:
    letters = sorted({p for shape in parameters.values() for p in shape if not p.isdigit()})
    result = tuple(data.draw(st.lists(st.sampled_from(letters), max_size=3)))
    signature = Signature(dict(parameters), result)
    drawn = data.draw(
        st.lists(st.integers(3, 9), min_size=len(letters), max_size=len(letters), unique=True)
    )
    sizes = dict(zip(letters, drawn, strict=True))
    wanted = tuple(sizes[letter] for letter in result)
    got = tuple(data.draw(st.lists(st.sampled_from([*drawn, 1, 2, 11]), max_size=4)))
    if got == wanted:
        return
    sentence = describe_shape(signature, sizes, wanted, got)
    assert f"here {got}, where " in sentence
    led = leads_to(signature, sizes, wanted, sentence)
    if "should no longer" in sentence:
        led[1] = Counter(got)[1]  # dimensions of size 1 that come on top are not told
    assert +led == Counter(got), sentence


# Letters that are no parameter's, numbers, and sizes of 1


def test_a_number_of_the_docstring_is_not_taken_for_a_letter_of_the_same_size() -> None:
    """In (m, 2), with two rows, a 2 may be either: what changed places is not lost."""
    signature = Signature({"x": ("n", "m")}, ("m", "2"))
    sentence = describe_shape(signature, {"n": 2, "m": 3}, (3, 2), (2, 3))
    assert "2 is lost" not in sentence


def test_a_letter_of_the_result_alone_has_the_size_that_is_wanted() -> None:
    """As h in "x: (n, d) → (n, h)", half of d."""
    signature = Signature({"x": ("n", "d")}, ("n", "h"))
    sentence = describe_shape(signature, {"n": 3, "d": 8}, (3, 4), (4, 3))
    assert "h is lost" not in sentence


@pytest.mark.parametrize("got", [(1, 8, 1), (1, 1, 8)])
def test_a_size_of_one_is_not_taken_for_a_letter(got: tuple[int, ...]) -> None:
    """With one row, a 1 may be the row or a dimension that was added."""
    signature = Signature({"x": ("n", "d")}, ("n", "d"))
    sentence = describe_shape(signature, {"n": 1, "d": 8}, (1, 8), got)
    assert "n (the rows of `x`) should no longer be there" not in sentence


def test_a_result_that_the_docstring_does_not_speak_of_is_told_in_numbers() -> None:
    """A probe may return what it computed from the result, such as its row sums."""
    sentence = describe_shape(SCORES, SIZES, (3,), (5,))
    assert "(n, m) = (3,)" not in sentence


# In a verdict


def one(wanted: tuple[int, ...], got: tuple[int, ...], n: int, m: int, d: int) -> Seen:
    rng = np.random.default_rng(0)
    arguments = {"q": rng.normal(size=(n, d)), "k": rng.normal(size=(m, d))}
    return Seen(rng.normal(size=wanted), rng.normal(size=got), arguments)


DOCSTRING = "q: (n, d_k), k: (m, d_k) → (n, m)"


def test_a_verdict_on_a_wrong_shape_says_it_in_letters() -> None:
    verdict = verdict_on([one((3, 5), (3, 8), 3, 5, 8)], DOCSTRING)
    assert verdict.ground == "shape"
    assert verdict.report.message == (
        "In the case “Case 0”, you return (n, d_k), here (3, 8), where (n, m) = (3, 5) is wanted: "
        "m (the rows of `k`) is lost, and d_k (the columns of `q`) stands in its place."
    )


def test_a_case_is_shown_in_which_the_sizes_can_be_told_apart() -> None:
    """Even where a square one is smaller."""
    square, rectangular = one((2, 2), (2,), 2, 2, 2), one((3, 5), (3,), 3, 5, 8)
    sentence = said([square, rectangular], DOCSTRING)
    assert sentence.startswith("In the case “Case 1”, you return (n,), here (3,), where (n, m)")
    assert said([square], DOCSTRING) == (
        "In the case “Case 0”, you return shape (2,) where (2, 2) is wanted."
    )


def test_arguments_that_contradict_the_docstring_are_told_in_numbers() -> None:
    case = one((3, 5), (3,), 3, 5, 8)
    case.arguments = {"q": np.zeros((3, 8)), "k": np.zeros((5, 7))}
    assert said([case], DOCSTRING) == (
        "In the case “Case 0”, you return shape (3,) where (3, 5) is wanted."
    )

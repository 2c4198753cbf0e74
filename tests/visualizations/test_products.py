"""Matrices in a row."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spotlight.visualizations import palette, show_matrices, show_product

SAID = {"title": "T", "caption": "C."}


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def test_a_product_shows_all_its_numbers_its_shapes_and_its_operators():
    told = words(show_product([[1, 2]], [[3, 4, 5], [6, 7, 8]], **SAID))
    assert {"1", "2", "3", "4", "5", "6", "7", "8"} <= set(told)
    assert {"15", "18", "21"} <= set(told)
    assert {"(1, 2)", "(2, 3)", "(1, 3)"} <= set(told)
    assert [word for word in told if word in "@="] == ["@", "="]


def test_it_multiplies_what_a_lesson_has():
    q, k = torch.tensor([[2.0, 0.0]], requires_grad=True), torch.tensor([[1.5, 3.0]])
    told = words(show_product(q, k.T, names=("Q", "Kᵀ", "scores"), **SAID))
    assert told.count("3.0") + told.count("3") == 1 + 1  # 2 × 1.5, and K's own
    assert {"Q", "Kᵀ", "scores"} <= set(told)


def test_roles_keep_their_colours():
    picture = show_product(np.eye(2), np.eye(2), names=("x", "W_K", "K"), **SAID)
    colours = {text.get_text(): text.get_color() for text in picture.axes[0].texts}
    assert colours["x"] == palette.role_colour("stream")
    assert colours["W_K"] == colours["K"] == palette.role_colour("key")


def test_tokens_stand_beside_the_rows_of_a_and_of_the_product():
    told = words(show_product(np.eye(2), np.eye(2), rows=["the", "cat"], **SAID))
    assert told.count("the") == told.count("cat") == 2


def test_matrices_stand_from_left_to_right_on_one_middle_line():
    picture = show_matrices({"a": np.ones((4, 2)), "b": np.ones((1, 3))}, ("+",), **SAID)
    meshes = picture.axes[0].collections
    spans = [mesh.get_coordinates().reshape(-1, 2) for mesh in meshes]
    assert spans[0][:, 0].max() < spans[1][:, 0].min()
    assert spans[0][:, 1].mean() == pytest.approx(spans[1][:, 1].mean())


def test_small_matrices_share_one_scale_of_colours():
    picture = show_matrices({"a": [[1.0]], "b": [[-4.0]]}, **SAID)
    assert [mesh.get_clim() for mesh in picture.axes[0].collections] == [(-4, 4), (-4, 4)]


def test_large_matrices_have_colours_only_with_a_key_for_each():
    big = np.linspace(-2, 2, 64 * 32).reshape(64, 32)
    picture = show_product(big, big.T, **SAID)
    told = words(picture)
    assert "(64, 64)" in told
    assert told.count("2") == 2
    assert len(told) < 20
    assert picture.get_size_inches()[0] <= 10.5


def test_masked_scores_and_nan_are_written_as_such():
    assert {"−∞", "NaN"} <= set(words(show_matrices({"a": [[-np.inf, np.nan]]}, **SAID)))


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (
            lambda: show_product(np.ones((2, 3)), np.ones((2, 3)), **SAID),
            r"A \(2, 3\) @ B \(2, 3\) does not work: as many columns.*not 3 and 2",
        ),
        (lambda: show_product([1, 2], [[1]], **SAID), "The matrix 'A' needs the shape"),
        (lambda: show_matrices({}, **SAID), "at least one matrix"),
        (
            lambda: show_matrices({"a": [[1]], "b": [[1]]}, ("+", "="), **SAID),
            "2 matrices have 1 places for an operator between them, but there are 2 operators",
        ),
        (
            lambda: show_matrices({"a": [[1]]}, rows={"b": ["x"]}, **SAID),
            "row labels for 'b', but the matrices are a",
        ),
        (
            lambda: show_matrices({"a": [[1]]}, columns={"a": ["x", "y"]}, **SAID),
            "2 column labels for 1 columns",
        ),
    ],
)
def test_what_does_not_fit_is_explained_in_a_sentence(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()

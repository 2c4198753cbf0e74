"""Vectors as arrows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from spotlight.visualizations import palette, show_dot_products, show_projection, show_vectors

SAID = {"title": "T", "caption": "C."}


def tips(axes):
    """Where each named arrow ends, and its colour."""
    named = [text for text in axes.texts if text.get_text()]
    return {text.get_text(): (tuple(text.xy), to_hex(text.get_color())) for text in named}


def test_an_arrow_ends_where_its_vector_points():
    (axes,) = show_vectors({"cat": torch.tensor([1.0, 2.0]), "mat": [0.5, -1.0]}, **SAID).axes
    assert {name: tip for name, (tip, _) in tips(axes).items()} == {
        "cat": (1.0, 2.0),
        "mat": (0.5, -1.0),
    }


def test_of_longer_vectors_two_chosen_components_are_drawn_and_named():
    (axes,) = show_vectors({"cat": [1.0, 2.0, 3.0]}, components=(2, 0), **SAID).axes
    assert tips(axes)["cat"][0] == (3.0, 1.0)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x[2]", "x[0]")


def test_components_may_have_names_of_their_own():
    (axes,) = show_vectors({"cat": [1.0, 2.0]}, component_names=["animal", "soft"], **SAID).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("animal", "soft")


def test_angles_are_true():
    (axes,) = show_vectors({"cat": [1.0, 2.0]}, **SAID).axes
    assert axes.get_aspect() == 1


def test_a_zero_vector_and_a_nan_do_not_stop_the_picture():
    assert show_vectors({"zero": [0.0, 0.0], "broken": [np.nan, 1.0]}, **SAID).png()


def test_three_geometries_one_sign_each():
    panels = show_dot_products(**SAID).axes
    titles = [axes.get_title(loc="left").split("\n") for axes in panels]
    assert [title[0] for title in titles] == ["similar direction", "perpendicular", "opposite"]
    dots = [float(title[1].split("= ")[1].replace("−", "-")) for title in titles]
    cosines = [float(title[2].split("= ")[1].replace("−", "-")) for title in titles]
    assert np.sign(dots).tolist() == [1, 0, -1]
    assert cosines[0] > 0.9
    assert cosines[1:] == [0, -1]


def test_own_pairs_show_their_dot_product_and_cosine():
    picture = show_dot_products({"mine": ([3.0, 0.0], [4.0, 3.0])}, names=("cat", "dog"), **SAID)
    assert picture.axes[0].get_title(loc="left") == "mine\ncat · dog = 12.00\ncosine = 0.80"


def test_a_zero_vector_has_no_cosine():
    picture = show_dot_products({"mine": ([3.0, 0.0], [0.0, 0.0])}, **SAID)
    assert "cosine = not defined" in picture.axes[0].get_title(loc="left")


def test_a_projection_shows_one_embedding_and_where_each_matrix_sends_it():
    x, w_q = torch.tensor([1.0, 2.0, 0.0]), torch.tensor([[0.0, 1.0], [1.0, 0.0], [5.0, 5.0]])
    (axes,) = show_projection(x, {"query": w_q, "key": -w_q}, name="cat", **SAID).axes
    assert tips(axes) == {
        "cat": ((1.0, 2.0), palette.role_colour("stream")),
        "query": ((2.0, 1.0), palette.role_colour("query")),
        "key": ((-2.0, -1.0), palette.role_colour("key")),
    }


def test_arrows_that_end_at_one_point_can_all_be_seen():
    picture = show_vectors({"cat": [1.0, 2.0], "query": [1.0, 2.0]}, **SAID)
    picture.png()
    (axes,) = picture.axes
    outer, inner = [text.arrow_patch for text in axes.texts if text.arrow_patch]
    assert outer.get_linewidth() > inner.get_linewidth()
    first, second = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert not first.overlaps(second)


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: show_vectors({}, **SAID), "at least one vector"),
        (lambda: show_vectors({"a": [1, 2], "b": [1, 2, 3]}, **SAID), "'a' has 2, 'b' has 3"),
        (lambda: show_vectors({"a": [[1, 2]]}, **SAID), r"The vector 'a' needs the shape \(d,\)"),
        (lambda: show_vectors({"a": [1, 2]}, components=(0, 2), **SAID), "numbered from 0 to 1"),
        (
            lambda: show_vectors({"a": [1, 2]}, component_names=["x"], **SAID),
            "1 component names for 2 components",
        ),
        (lambda: show_dot_products({"p": ([1, 2, 3], [1, 2])}, **SAID), "two components each"),
        (lambda: show_dot_products({}, **SAID), "at least one pair"),
        (
            lambda: show_projection([1, 2, 3], {"query": np.eye(4)}, **SAID),
            "embedding has 3 components, but the matrix for 'query' has 4 rows",
        ),
        (
            lambda: show_projection([1, 2], {"key": np.ones((2, 1))}, **SAID),
            "does not name two of 1 components",
        ),
    ],
)
def test_what_does_not_fit_is_explained_in_a_sentence(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()

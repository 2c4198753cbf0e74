"""Many heads at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spotlight.visualizations import show_heads, show_layers

SAID = {"title": "T", "caption": "C."}
TOKENS = ["The", "cat", "sat"]


def weights(*heads):
    """Causal weights of as many heads, no two alike."""
    scores = torch.arange(float(np.prod(heads) * 9)).sin().view(*heads, 3, 3)
    future = torch.ones(3, 3, dtype=torch.bool).triu(1)
    return scores.masked_fill(future, -torch.inf).softmax(-1)


def panels(picture):
    return [axes for axes in picture.axes if axes.get_label() != "<colorbar>"]


def titles(picture):
    return [axes.get_title(loc="left") for axes in panels(picture)]


def labels(axes, axis):
    return [label.get_text() for label in getattr(axes, f"get_{axis}ticklabels")()]


def test_each_head_of_a_layer_has_its_panel_with_its_weights():
    heads = weights(6)
    picture = show_heads(heads, TOKENS, **SAID)
    assert titles(picture) == [f"head {i}" for i in range(6)]
    for axes, head in zip(panels(picture), heads, strict=True):
        assert np.allclose(axes.images[0].get_array(), head)
        assert axes.images[0].get_clim() == (0, 1)


def test_each_layer_is_a_row_of_its_heads():
    layers = weights(3, 6)
    picture = show_layers(layers, TOKENS, **SAID)
    assert titles(picture)[0] == "layer 0, head 0"
    assert titles(picture)[-1] == "layer 2, head 5"
    axes = panels(picture)[2 * 6 + 3]
    assert np.allclose(axes.images[0].get_array(), layers[2, 3])
    place = axes.get_subplotspec()
    assert (place.rowspan.start, place.colspan.start) == (2, 3)


def test_tokens_stand_at_the_outer_edges_only():
    grid = np.array(panels(show_layers(weights(2, 3), TOKENS, **SAID))).reshape(2, 3)
    assert [labels(axes, "x") for axes in grid[0]] == [TOKENS] * 3
    assert [labels(axes, "y") for axes in grid[:, 0]] == [TOKENS] * 2
    assert all(labels(axes, "x") == [] for axes in grid[1])
    assert all(labels(axes, "y") == [] for axes in grid[:, 1:].flat)


def test_titles_of_a_row_stand_level():
    picture = show_layers(weights(2, 3), TOKENS, **SAID)
    picture.png()
    heights = {round(axes._left_title.get_position()[1], 3) for axes in panels(picture)[:3]}
    assert len(heights) == 1


def test_a_named_head_gets_its_name_and_a_frame():
    picture = show_layers(weights(3, 6), TOKENS, names={(2, 3): "referent"}, **SAID)
    named, plain = panels(picture)[2 * 6 + 3], panels(picture)[0]
    assert named.get_title(loc="left") == "layer 2, head 3\nreferent"
    assert named.spines["top"].get_linewidth() > plain.spines["top"].get_linewidth()
    assert named.spines["top"].get_edgecolor() != plain.spines["top"].get_edgecolor()


def test_of_many_tokens_only_the_colours_are_left():
    (axes,) = panels(show_heads(np.ones((1, 64, 64)) / 64, ["token"] * 64, **SAID))
    assert labels(axes, "x") == []
    assert axes.images


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (
            lambda: show_heads(np.zeros((3, 3)), TOKENS, **SAID),
            r"needs the shape \(heads, tokens, tokens\), but this has the shape \(3, 3\)",
        ),
        (
            lambda: show_layers(weights(6), TOKENS, **SAID),
            r"needs the shape \(layers, heads, tokens, tokens\)",
        ),
        (lambda: show_heads(np.zeros((2, 3, 4)), TOKENS, **SAID), "are square.*these are 3 × 4"),
        (lambda: show_heads(weights(2), ["a"], **SAID), "1 token labels for 3 tokens"),
        (
            lambda: show_heads(weights(2), TOKENS, names={2: "x"}, **SAID),
            "There is no head 2 to name: the last is head 1",
        ),
        (
            lambda: show_layers(weights(2, 2), TOKENS, names={(0, 7): "x"}, **SAID),
            "There is no layer 0, head 7 to name: the last is layer 1, head 1",
        ),
    ],
)
def test_what_does_not_fit_is_explained_in_a_sentence(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()

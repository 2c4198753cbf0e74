"""Distributions layer by layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spotlight.visualizations import show_depth

SAID = {"title": "T", "caption": "C."}


def growing(layers=5, factor=10.0):
    """Normal activations, each layer's so many times as large as those before."""
    draws = np.random.default_rng(0)
    return [draws.normal(0, factor**i, (4, 50, 20)) for i in range(layers)]


def ridge_peaks(axes):
    return [line.get_xdata()[np.argmin(line.get_ydata())] for line in axes.lines]


def test_each_layer_has_a_ridge_on_its_own_line_the_first_on_top():
    ridges, _ = show_depth({"embeddings": [0.0, 1.0], "block 0": [2.0, 3.0]}, **SAID).axes
    assert [label.get_text() for label in ridges.get_yticklabels()] == ["embeddings", "block 0"]
    assert ridges.yaxis_inverted()
    assert [line.get_ydata().max() for line in ridges.lines] == [0, 1]


def test_a_ridge_is_high_where_the_numbers_are():
    layers = [np.random.default_rng(1).normal(middle, 0.3, 4_000) for middle in (-2, 0, 3)]
    ridges, _ = show_depth(layers, **SAID).axes
    assert ridge_peaks(ridges) == pytest.approx([-2, 0, 3], abs=0.3)


def test_the_standard_deviation_stands_beside_each_ridge():
    layers = growing(factor=2)
    _, spread = show_depth(layers, **SAID).axes
    assert spread.lines[0].get_xdata() == pytest.approx([layer.std() for layer in layers])
    assert spread.lines[0].get_ydata().tolist() == [0, 1, 2, 3, 4]


def test_orders_of_magnitude_are_readable_on_logarithmic_scales():
    ridges, spread = show_depth(growing(), log=True, **SAID).axes
    assert (ridges.get_xscale(), spread.get_xscale()) == ("log", "log")
    assert ridges.get_xlabel() == "|activation|"
    steps = np.diff(np.log10(ridge_peaks(ridges)))
    assert steps == pytest.approx([1] * 4, abs=0.35)


def test_layers_may_have_any_shape_and_no_names():
    ridges, _ = show_depth([torch.randn(2, 3, 4), torch.randn(7, requires_grad=True)], **SAID).axes
    assert [label.get_text() for label in ridges.get_yticklabels()] == ["0", "1"]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("layer", [[0.0, 0.0], [1.0, 1.0], [1.0, np.nan, np.inf]])
def test_layers_without_spread_do_not_stop_the_picture(layer, log):
    assert show_depth([layer], log=log, **SAID).png()


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([], "at least one layer"),
        ({"ffn": [np.nan]}, "The layer 'ffn' holds no finite number"),
        ({"ffn": ["x"]}, "The layer 'ffn' needs numbers"),
    ],
)
def test_what_cannot_be_drawn_is_explained_in_a_sentence(layers, sentence):
    with pytest.raises(ValueError, match=sentence):
        show_depth(layers, **SAID)

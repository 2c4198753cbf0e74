"""Positional encodings."""

from __future__ import annotations

import numpy as np
import pytest

from spotlight.visualizations import (
    show_position_matrix,
    show_position_products,
    show_position_waves,
)

SAID = {"title": "T", "caption": "C."}


def sinusoidal(positions=40, width=32):
    angles = np.arange(positions)[:, None] / 10_000 ** (np.arange(0, width, 2) / width)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(positions, width)


def test_a_wave_is_one_dimension_over_the_positions():
    encoding = sinusoidal()
    strips = show_position_waves(encoding, dimensions=[3, 0], **SAID).axes
    assert [axes.get_ylabel() for axes in strips] == ["dimension 3", "dimension 0"]
    assert np.array_equal(strips[0].lines[-1].get_ydata(), encoding[:, 3])
    assert len({axes.get_ylim() for axes in strips}) == 1


def test_left_out_dimensions_are_spread_over_all_and_alike():
    chosen = [
        int(axes.get_ylabel().split()[-1])
        for axes in show_position_waves(sinusoidal(), **SAID).axes
    ]
    assert len(chosen) == 8
    assert all(dimension % 2 == 0 for dimension in chosen)
    assert (chosen[0], chosen[-1]) == (0, 30)


def test_of_few_dimensions_all_are_drawn():
    assert len(show_position_waves(sinusoidal(width=4), **SAID).axes) == 4


def test_the_matrix_has_a_row_for_each_position():
    picture = show_position_matrix(sinusoidal(6, 4), **SAID)
    assert np.allclose(picture.axes[0].images[0].get_array(), sinusoidal(6, 4))
    assert picture.axes[0].get_ylabel() == "position"


def test_products_stand_over_distance_with_their_range():
    encoding = np.array([[1.0], [2.0], [4.0]])
    (axes,) = show_position_products(encoding, **SAID).axes
    assert axes.lines[0].get_ydata().tolist() == [(1 + 4 + 16) / 3, (2 + 8) / 2, 4]
    band = axes.collections[0].get_paths()[0].vertices
    at_one = band[band[:, 0] == 1][:, 1]
    assert (at_one.min(), at_one.max()) == (2, 8)


def test_of_a_sinusoidal_encoding_distance_alone_decides():
    (axes,) = show_position_products(sinusoidal(), **SAID).axes
    band = axes.collections[0].get_paths()[0].vertices
    heights = [np.ptp(band[band[:, 0] == distance][:, 1]) for distance in range(40)]
    assert max(heights) < 1e-9


def test_several_encodings_are_told_apart_without_colour():
    encodings = {"sinusoidal": sinusoidal(), "learned": np.ones((40, 4))}
    (axes,) = show_position_products(encodings, **SAID).axes
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(encodings)


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: show_position_waves([1.0], **SAID), r"the shape \(positions, dimensions\)"),
        (
            lambda: show_position_waves(sinusoidal(width=4), dimensions=[4], **SAID),
            "does not name some of 4 dimensions: they are numbered from 0 to 3",
        ),
        (lambda: show_position_products({}, **SAID), "at least one encoding"),
    ],
)
def test_what_does_not_fit_is_explained_in_a_sentence(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()

"""The positions explorer as a notebook's kernel sees it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spotlight.visualizations.position_explorer import PositionExplorer, show_position_explorer


@given(
    half=st.integers(2, 64), positions=st.integers(8, 128), p=st.integers(0, 7), i=st.integers(0, 1)
)
def test_sine_and_cosine_stand_by_turns(half, positions, p, i):
    encodings = PositionExplorer(2 * half, positions).encodings
    angle = p / 10_000 ** (2 * i / (2 * half))
    assert encodings.shape == (positions, 2 * half)
    assert encodings[p, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-12)
    assert encodings[p, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-12)


def test_dot_products_are_those_of_the_chosen_position():
    explorer = show_position_explorer(16, 20)
    explorer.position = 3
    assert torch.allclose(explorer.dot_products, explorer.encodings @ explorer.encodings[3])
    assert explorer.dot_products[3].item() == pytest.approx(8)


def test_the_still_picture_shows_every_encoding():
    explorer = show_position_explorer(8, 12)
    drawn = explorer.still().axes[0].images[0].get_array()
    assert torch.allclose(torch.tensor(drawn.data), explorer.encodings)


@pytest.mark.parametrize(
    ("width", "positions", "sentence"),
    [
        (7, 20, "even number from 4 to 128"),
        (2, 20, "even number from 4 to 128"),
        (130, 20, "even number from 4 to 128"),
        (8, 7, "8 to 128 positions, not 7"),
        (8, 500, "8 to 128 positions, not 500"),
    ],
)
def test_a_size_out_of_range_is_answered_with_a_sentence(width, positions, sentence):
    with pytest.raises(ValueError, match=sentence):
        show_position_explorer(width, positions)

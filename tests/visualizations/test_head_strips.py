"""The width of a layer, and which of its columns each head gets."""

from __future__ import annotations

import pytest
import torch
from matplotlib.patches import Rectangle

from spotlight.model_utils.gpt import split_heads
from spotlight.visualizations import show_head_strips

SAID = {"title": "T", "caption": "C."}


def strips(picture):
    (axes,) = picture.axes
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def texts(picture):
    (axes,) = picture.axes
    return [text.get_text() for text in axes.texts]


def columns(width, heads):
    return split_heads(torch.arange(width).view(1, 1, width), heads)[0, :, 0]


def test_heads_share_the_width_in_strips_of_one_size():
    picture = show_head_strips(columns(768, 12), **SAID)
    widths = [strip.get_width() for strip in strips(picture)]
    assert widths == pytest.approx([widths[0]] * 12)
    assert {"head 0", "head 11", "0–63", "704–767"} <= set(texts(picture))


def test_columns_dealt_out_in_turn_are_many_strips():
    dealt_out = torch.arange(6).view(3, 2).T  # head 0 gets 0, 2, 4
    assert len(strips(show_head_strips(dealt_out, **SAID))) == 6


def test_a_column_of_two_heads_is_refused():
    with pytest.raises(ValueError, match="none or to several"):
        show_head_strips([[0, 1], [1, 2]], **SAID)

"""Curves and bars."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from spotlight.visualizations import palette, show_bars, show_curves

SAID = {"title": "T", "caption": "C."}
AXES = {"xlabel": "d_k", "ylabel": "variance", **SAID}


def test_a_curve_goes_through_its_points():
    (axes,) = show_curves({"unscaled": ([8, 64, 512], torch.tensor([8.0, 64, 512]))}, **AXES).axes
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[8, 8], [64, 64], [512, 512]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("d_k", "variance")


def test_without_x_the_points_are_counted_from_zero():
    (axes,) = show_curves({"loss": [3.0, 2.0, 1.5]}, **AXES).axes
    assert axes.lines[0].get_xdata().tolist() == [0, 1, 2]


def test_curves_differ_by_more_than_their_colour():
    (axes,) = show_curves({name: [1, 2, 3] for name in "abcdef"}, **AXES).axes
    looks = {(line.get_linestyle(), line.get_marker()) for line in axes.lines}
    assert len(looks) == 6
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list("abcdef")


def test_few_places_on_a_logarithmic_scale_are_named_themselves():
    (axes,) = show_curves(
        {"unscaled": ([8, 64, 512], [1, 2, 3])}, logx=True, logy=True, **AXES
    ).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["8", "64", "512"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bars_are_named_beside_the_plot_where_there_are_several(count: int) -> None:
    rows = {name: [0.3, 0.7] for name in "abc"[:count]}
    (axes,) = show_bars(rows, ["x", "y"], **SAID).axes
    legend = axes.get_legend()
    assert (legend is not None) == (count > 1)
    assert [text.get_text() for text in legend.get_texts()] == list(rows) if legend else True


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b"],
        ["beside a river", "beside a bank of money", "by hand"],
        ["a name as long as a sentence that a lesson might well say", "and another such name"],
    ],
)
@pytest.mark.parametrize("tokens", [2, 12])
def test_the_legend_of_bars_lies_over_no_bar_and_inside_the_picture(
    names: list[str], tokens: int
) -> None:
    picture = show_bars({name: [0.9] * tokens for name in names}, ["x"] * tokens, **SAID)
    picture.draw_without_rendering()
    (axes,) = picture.axes
    legend = axes.get_legend().get_window_extent()
    assert not any(legend.overlaps(bar.get_window_extent()) for bar in axes.patches)
    assert legend.y1 < picture.texts[0].get_window_extent().y0, "the title lies over the legend"
    assert legend.x0 >= 0
    assert legend.x1 <= picture.bbox.x1
    assert axes.bbox.height > 0.3 * picture.bbox.height


@pytest.mark.parametrize("count", [2, 4, 6, 19])
def test_counts_along_the_bottom_are_marked_at_whole_numbers(count):
    (axes,) = show_curves({"": list(range(count))}, **AXES).axes
    assert all(float(tick).is_integer() for tick in axes.get_xticks())


def test_roles_keep_their_colours_in_every_chart():
    (curves,) = show_curves({"query": [1, 2], "loss": [2, 1]}, **AXES).axes
    (bars,) = show_bars({"key": [0.5, 0.5]}, ["a", "b"], **SAID).axes
    assert to_hex(curves.lines[0].get_color()) == palette.role_colour("query")
    assert to_hex(bars.patches[0].get_facecolor()) == palette.role_colour("key")


def test_distributions_stand_side_by_side_over_their_tokens():
    tokens = ["the", "cat", "it"]
    rows = {"attention": torch.tensor([0.1, 0.6, 0.3]), "uniform": [1 / 3] * 3}
    (axes,) = show_bars(rows, tokens, **SAID).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == tokens
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == pytest.approx([0.1, 0.6, 0.3, 1 / 3, 1 / 3, 1 / 3])
    middles = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
    assert np.mean([middles[:3], middles[3:]], axis=0) == pytest.approx([0, 1, 2])
    assert len({bar.get_hatch() for bar in axes.patches}) == 2
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("attended to", "weight")


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: show_curves({}, **AXES), "at least one curve"),
        (lambda: show_curves({"loss": ([1, 2], [1, 2, 3])}, **AXES), "2 x values for 3 y values"),
        (lambda: show_curves({"loss": [[1, 2]]}, **AXES), r"The curve 'loss' needs the shape"),
        (lambda: show_bars({}, ["a"], **SAID), "at least one distribution"),
        (lambda: show_bars({"w": [0.5, 0.5]}, ["a"], **SAID), "1 bar labels for 2 bars"),
        (lambda: show_bars({"w": [[0.5]]}, ["a"], **SAID), r"The distribution 'w' needs the shape"),
    ],
)
def test_what_does_not_fit_is_explained_in_a_sentence(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()

"""Attention as arcs."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from spotlight.visualizations import show_attention_flow

SAID = {"title": "T", "caption": "C."}
TOKENS = ["The", "cat", "sat"]
CAUSAL = [[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.17, 0.80, 0.03]]


def arcs(picture):
    """Each arc's start, end and highest or lowest point, in inches (y grows downwards)."""
    return [
        {
            "start": patch._path_original.vertices[0],
            "end": patch._path_original.vertices[-1],
            "turn": patch._path_original.vertices[1:3, 1].mean(),
            "width": patch.get_linewidth(),
        }
        for patch in picture.axes[0].patches
        if isinstance(patch, FancyArrowPatch)
    ]


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def middle_of(picture, token):
    (text,) = [text for text in picture.axes[0].texts if text.get_text() == token]
    return text.get_position()[0]


def test_an_arc_leads_from_each_token_to_those_it_attends_to_with_the_weight_on_it():
    picture = show_attention_flow(CAUSAL, TOKENS, **SAID)
    assert len(arcs(picture)) == 5
    assert [word for word in words(picture) if word[0].isdigit()] == [
        *("0.17", "0.25", "0.75", "0.80", "1.00")  # the heaviest is drawn last, on top
    ]


def test_causal_arcs_lead_back_above_the_tokens():
    picture = show_attention_flow(CAUSAL, TOKENS, of=2, **SAID)
    for arc in arcs(picture):
        assert arc["end"][0] < arc["start"][0]
        assert arc["turn"] < arc["start"][1]


def test_arcs_that_look_ahead_run_below_the_tokens():
    (arc,) = arcs(show_attention_flow([[0.0, 1.0], [0.0, 0.0]], ["a", "b"], **SAID))
    assert arc["end"][0] > arc["start"][0]
    assert arc["turn"] > arc["start"][1]


def test_a_token_that_attends_to_itself_has_a_loop():
    picture = show_attention_flow([[0.0, 0.0], [0.0, 1.0]], ["a", "b"], **SAID)
    (loop,) = arcs(picture)
    assert loop["start"][0] == pytest.approx(middle_of(picture, "b"), abs=0.2)
    assert loop["end"][0] == pytest.approx(middle_of(picture, "b"), abs=0.2)


def test_more_weight_is_a_thicker_arc():
    widths = [arc["width"] for arc in arcs(show_attention_flow(CAUSAL, TOKENS, **SAID))]
    assert widths == sorted(widths)
    assert widths[-1] > 3 * widths[0]


def test_only_one_token_s_arcs_when_asked_for():
    picture = show_attention_flow(CAUSAL, TOKENS, of=-2, **SAID)
    starts = [arc["start"][0] for arc in arcs(picture)]
    assert len(starts) == 2
    assert starts == pytest.approx([middle_of(picture, "cat")] * 2, abs=0.2)
    weights = {text.get_text(): text.get_weight() for text in picture.axes[0].texts}
    assert (weights["cat"], weights["sat"]) == ("bold", "normal")


def test_the_figure_says_which_arcs_it_leaves_out():
    picture = show_attention_flow(CAUSAL, TOKENS, threshold=0.2, **SAID)
    assert len(arcs(picture)) == 4
    assert any("Weights below 0.2 are not drawn" in word for word in words(picture))
    everything = show_attention_flow(CAUSAL, TOKENS, threshold=0, **SAID)
    assert not any("not drawn" in word for word in words(everything))


def test_no_two_numbers_overlap():
    picture = show_attention_flow(np.tril(np.ones((7, 7))) / 4, list("abcdefg"), **SAID)
    picture.png()
    boxes = [
        text.get_window_extent() for text in picture.axes[0].texts if text.get_text()[0].isdigit()
    ]
    assert len(boxes) == 28
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_too_many_arcs_for_numbers_go_without():
    picture = show_attention_flow(np.tril(np.ones((20, 20))) / 4, ["t"] * 20, **SAID)
    assert not any(word[0].isdigit() for word in words(picture))


def test_weights_that_are_none_do_not_stop_the_picture():
    assert show_attention_flow([[np.nan, 3.0], [-1.0, 0.5]], ["a", "b"], **SAID).png()


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: show_attention_flow(np.zeros((2, 3)), TOKENS, **SAID), "this is 2 × 3"),
        (lambda: show_attention_flow(np.zeros((2, 3, 3)), TOKENS, **SAID), "pick one"),
        (lambda: show_attention_flow(CAUSAL, ["a"], **SAID), "1 token labels for 3 tokens"),
        (lambda: show_attention_flow(CAUSAL, TOKENS, of=3, **SAID), "of=3 names none of 3 tokens"),
    ],
)
def test_what_does_not_fit_is_explained_in_a_sentence(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()

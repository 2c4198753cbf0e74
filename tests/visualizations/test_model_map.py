"""The map of the course's model: which panels there are, and what is filled."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_hex

from spotlight.visualizations import show_map
from spotlight.visualizations.module_diagram import _MARKED


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def filled(picture):
    """How many boxes are filled."""
    return sum(to_hex(patch.get_facecolor()) == _MARKED for patch in picture.axes[0].patches)


def test_it_shows_the_model_a_block_and_its_attention_from_one_real_pass():
    told = words(show_map())
    parts = [
        "GPT  (1, 7, 402)",
        "blocks.0",
        "blocks.0.attention",
        "tok_emb",
        "pos_emb",
        "final_norm",
        "lm_head",
        "attention_norm",
        "ffn",
        "query",
    ]
    assert set(parts) <= set(told)
    assert filled(show_map()) == 0


@pytest.mark.parametrize(
    ("marked", "count"),
    [
        (["tok_emb", "pos_emb"], 2),
        (["blocks.0.attention.query", "blocks.0.attention.key"], 2),
        (["blocks.0.attention.softmax", "blocks.0.attention.masked fill"], 1),
        (["blocks.0.ffn"], 1),
    ],
)
def test_what_a_lesson_is_about_is_filled(marked, count):
    assert filled(show_map(*marked)) == count


def test_another_module_of_the_block_can_be_opened():
    told = words(show_map("blocks.0.ffn.expand", into="blocks.0.ffn"))
    assert "blocks.0.ffn" in told
    assert "query" not in told


@pytest.mark.parametrize("path", ["blocks.0.attention.keys", "head", ""])
def test_a_part_that_no_panel_shows_is_named(path):
    with pytest.raises(ValueError, match=f"The map shows no part called {path}"):
        show_map(path)


@pytest.mark.parametrize("into", ["blocks.0.attentions", "lm_head", "lm_head.weight"])
def test_a_module_that_does_not_open_is_named(into):
    with pytest.raises(ValueError, match="no module"):
        show_map(into=into)

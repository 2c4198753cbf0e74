"""Matrices as heatmaps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from colour_science import contrast
from matplotlib.colors import to_hex

from spotlight.visualizations import show_heatmap, show_heatmaps

SAID = {"title": "T", "caption": "C."}
TOKENS = ["The", "cat", "sat"]
WEIGHTS = [[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.17, 0.70, 0.13]]


def panels(picture):
    return [axes for axes in picture.axes if axes.get_label() != "<colorbar>"]


def labels(axes, axis):
    return [label.get_text() for label in getattr(axes, f"get_{axis}ticklabels")()]


def written(axes):
    return [text.get_text() for text in axes.texts]


def limits(axes):
    return axes.images[0].get_clim()


def test_rows_and_columns_carry_their_tokens_row_zero_on_top():
    (axes,) = panels(show_heatmap(WEIGHTS, TOKENS, ["a", "b", "c"], **SAID))
    assert labels(axes, "y") == TOKENS
    assert labels(axes, "x") == ["a", "b", "c"]
    assert axes.yaxis_inverted()
    assert axes.get_ylabel() == "this token is updated"
    assert axes.get_xlabel() == "attended to"


def test_a_square_matrix_needs_its_tokens_only_once():
    (axes,) = panels(show_heatmap(WEIGHTS, TOKENS, **SAID))
    assert labels(axes, "x") == TOKENS


def test_without_tokens_rows_and_columns_are_numbered():
    (axes,) = panels(show_heatmap(np.zeros((2, 3)), **SAID))
    assert labels(axes, "y") == ["0", "1"]
    assert labels(axes, "x") == ["0", "1", "2"]


def test_the_colours_are_those_of_the_matrix():
    (axes,) = panels(show_heatmap(torch.tensor(WEIGHTS), TOKENS, **SAID))
    assert np.allclose(axes.images[0].get_array(), WEIGHTS)


def test_a_small_matrix_has_its_numbers_in_its_cells():
    (axes,) = panels(show_heatmap(WEIGHTS[2:], ["sat"], TOKENS, **SAID))
    assert written(axes) == ["0.17", "0.70", "0.13"]


@pytest.mark.parametrize(
    ("row", "texts"),
    [
        ([2.0, -1.0, 0.0], ["2", "−1", "0"]),
        ([0.5, -1.5, 0.0], ["0.5", "−1.5", "0"]),
        ([0.125, -1.5, 0.0], ["0.12", "−1.50", "0"]),
        ([512.25, -1.5, 0.0], ["512", "−2", "0"]),
    ],
)
def test_numbers_are_no_longer_than_they_need_to_be(row, texts):
    (axes,) = panels(show_heatmap([row], kind="scores", **SAID))
    assert written(axes) == texts


def test_a_large_matrix_has_colours_only():
    (axes,) = panels(show_heatmap(np.zeros((64, 128)), kind="scores", **SAID))
    assert written(axes) == []


def test_weights_are_always_drawn_between_zero_and_one():
    (axes,) = panels(show_heatmap([[0.2, 0.3]], **SAID))
    assert limits(axes) == (0, 1)


def test_scores_have_zero_in_the_middle_of_the_colours():
    (axes,) = panels(show_heatmap([[-1.0, 4.0]], kind="scores", **SAID))
    assert limits(axes) == (-4, 4)


def test_panels_share_one_scale():
    picture = show_heatmaps({"raw": [[1.0, -2.0]], "scaled": [[0.1, 0.4]]}, kind="scores", **SAID)
    assert [limits(axes) for axes in panels(picture)] == [(-2, 2), (-2, 2)]
    assert [axes.get_title(loc="left") for axes in panels(picture)] == ["raw", "scaled"]
    assert picture.axes[-1].get_ylabel() == "score"


def test_panels_may_show_different_sentences():
    sentences = {"soft": ["it", "soft"], "tired": ["it", "was", "tired"]}
    matrices = {name: np.eye(len(tokens)) for name, tokens in sentences.items()}
    soft, tired = panels(show_heatmaps(matrices, sentences, **SAID))
    assert labels(soft, "x") == ["it", "soft"]
    assert labels(tired, "y") == ["it", "was", "tired"]


def test_panels_of_unlike_size_stand_level_and_have_equal_cells():
    picture = show_heatmaps({"grid": np.zeros((2, 3)), "turned": np.zeros((3, 2))}, **SAID)
    picture.png()
    wide, tall = [axes.get_position() for axes in panels(picture)]
    assert wide.y1 == pytest.approx(tall.y1)
    assert wide.width / 3 == pytest.approx(tall.width / 2, rel=0.1)


def test_many_panels_go_on_to_a_second_line():
    picture = show_heatmaps({f"head {i}": np.eye(3) for i in range(6)}, **SAID)
    assert len(panels(picture)) == 6
    tops = {
        round(axes.get_subplotspec().get_gridspec().get_geometry()[0]) for axes in panels(picture)
    }
    assert tops == {2}


def test_masked_scores_show_as_minus_infinity_and_do_not_stretch_the_scale():
    (axes,) = panels(show_heatmap([[2.0, -np.inf], [1.0, 0.5]], kind="scores", **SAID))
    assert "−∞" in written(axes)
    assert limits(axes) == (-2, 2)


def test_nan_shows_as_nan():
    picture = show_heatmap(torch.full((2, 2), torch.nan), **SAID)
    assert written(panels(picture)[0]) == ["NaN"] * 4
    assert picture.png()


def test_numbers_that_are_no_weights_are_drawn_all_the_same():
    # The picture after an exercise shows what the exercise gave, right or wrong.
    picture = show_heatmap([[3.0, -1.0]], **SAID)
    assert written(panels(picture)[0]) == ["3", "−1"]
    assert limits(panels(picture)[0]) == (0, 1)
    assert picture.png()


@pytest.mark.parametrize("kind", ["weights", "scores"])
def test_every_number_can_be_read_on_its_cell(kind):
    values = np.linspace(0 if kind == "weights" else -1, 1, 21)
    (axes,) = panels(show_heatmap([values], kind=kind, **SAID))
    image = axes.images[0]
    pairs = zip(values, axes.texts, strict=True)
    contrasts = [contrast(to_hex(image.to_rgba(v)), to_hex(text.get_color())) for v, text in pairs]
    assert min(contrasts) >= 4.5


@pytest.mark.parametrize(
    ("matrix", "rows", "sentence"),
    [
        (np.zeros((2, 4, 4)), None, r"\(rows, columns\).*\(2, 4, 4\), so pick one"),
        (np.zeros(3), None, r"needs the shape \(rows, columns\), but this has the shape \(3,\)"),
        (np.zeros((0, 3)), None, "is empty: there is nothing to draw"),
        (None, None, "but this is of type NoneType"),
        ([[1.0], [1.0, 2.0]], None, "lists of equal length"),
        (np.zeros((3, 3)), ["a", "b"], "There are 2 row labels for 3 rows"),
        (np.zeros((3, 3)), "cat", "The row labels are one string; a list of 3 tokens is needed"),
    ],
)
def test_what_cannot_be_drawn_is_explained_in_a_sentence(matrix, rows, sentence):
    with pytest.raises(ValueError, match=sentence):
        show_heatmap(matrix, rows, **SAID)


def test_a_panel_that_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match="The heatmap 'head 1' needs the shape"):
        show_heatmaps({"head 0": np.eye(2), "head 1": np.zeros(2)}, **SAID)
    with pytest.raises(ValueError, match="at least one matrix"):
        show_heatmaps({}, **SAID)


def test_an_unknown_kind_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match='"weights" or "scores", not \'weight\''):
        show_heatmap(np.eye(2), kind="weight", **SAID)

"""The attention matrix as a notebook's kernel sees it."""

from __future__ import annotations

import nbformat
import pytest
import torch
from nbclient import NotebookClient

from spotlight.model_utils.word_features import word_vectors
from spotlight.visualizations import AttentionMatrix, show_attention_matrix

WIDGET = "application/vnd.jupyter.widget-view+json"


def test_weights_are_the_row_softmax_of_the_dot_products():
    matrix = show_attention_matrix("The cat chased the zorp!")
    x = word_vectors(["the", "cat", "chased", "the", "zorp"]).double()
    assert matrix.words == ["the", "cat", "chased", "the", "zorp"]
    assert torch.allclose(matrix.scores, x @ x.T)
    assert torch.allclose(matrix.weights, torch.softmax(x @ x.T, dim=1))


def test_a_new_sentence_gives_new_weights():
    matrix = AttentionMatrix("the cat")
    matrix.sentence = "one two three"
    assert matrix.weights.shape == (3, 3)


def test_at_most_sixteen_words_are_shown():
    assert AttentionMatrix("word " * 40).weights.shape == (16, 16)


@pytest.mark.parametrize("view", ["weights", "scores"])
def test_the_still_picture_shows_the_same_numbers(view):
    matrix = AttentionMatrix("The cat sat")
    matrix.view = view
    drawn = matrix.still().axes[0].images[0].get_array()
    assert torch.allclose(torch.tensor(drawn.data), getattr(matrix, view))


def test_the_still_picture_says_which_words_the_table_lacks():
    assert "letters (“zorp”)" in AttentionMatrix("the zorp").still().caption
    assert "letters" not in AttentionMatrix("the cat").still().caption


def test_nothing_typed_is_nothing_drawn():
    matrix = AttentionMatrix(" ... ")
    assert matrix.words == []
    assert matrix.still() is None


@pytest.fixture(scope="module")
def executed():
    """What a real kernel sends for a figure, a matrix and an empty matrix."""
    cells = [
        "%matplotlib inline\n"
        "from spotlight.visualizations import show_attention_matrix, show_heatmap\n"
        "show_heatmap([[1.0]], title='T', caption='C.')",
        "matrix = show_attention_matrix('the cat')\nmatrix",
        "show_attention_matrix('')",
        "print(matrix.twin)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_notebook_shows_a_figure_exactly_once(executed):
    (output,) = executed[0]
    assert "image/png" in output.data


def test_a_notebook_shows_the_live_matrix_and_leaves_a_still_one_behind(executed):
    live, still = executed[1]
    (name,) = executed[3]
    assert WIDGET in live.data
    assert "image/png" not in live.data  # else some pages would show both
    assert f'data-spotlight-twin="{name.text.strip()}"' in still.data["text/html"]
    assert 'alt="Attention matrix of a sentence: Dot products' in still.data["text/html"]
    assert still.data["image/png"]


def test_an_empty_matrix_leaves_nothing_behind(executed):
    (live,) = executed[2]
    assert WIDGET in live.data

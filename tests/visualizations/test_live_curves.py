"""Curves that grow while something trains."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from IPython.core.events import EventManager, available_events

from spotlight.visualizations import LiveCurves

SAID = {"title": "T", "caption": "C."}


@pytest.fixture
def notebook(monkeypatch):
    """IPython as it looks from inside a kernel; it counts drawings, and its clock is ours."""
    shell = SimpleNamespace(kernel=object())
    shell.events = EventManager(shell, available_events)
    seen = SimpleNamespace(drawings=[], now=100.0, seconds_a_drawing=0.0)
    seen.end_cell = lambda: shell.events.trigger("post_run_cell", None)

    class Handle:
        def display(self, picture):
            self.update(picture)
            seen.places = getattr(seen, "places", 0) + 1

        def update(self, picture):
            seen.drawings.append(len(picture.axes[0].lines[0].get_xdata()))
            seen.now += seen.seconds_a_drawing

    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.DisplayHandle", Handle)
    monkeypatch.setattr("time.monotonic", lambda: seen.now)
    return seen


def test_a_picture_holds_every_point_and_the_reference_lines():
    live = LiveCurves(references={"trigram": 1.97}, **SAID)
    for step in range(4):
        live.add(step, train=4.0 - step)
    live.add(3, validation=torch.tensor(2.5, requires_grad=True))
    (axes,) = live.picture().axes
    train, validation, trigram = axes.lines
    assert train.get_xydata().tolist() == [[0, 4], [1, 3], [2, 2], [3, 1]]
    assert validation.get_xydata().tolist() == [[3, 2.5]]
    assert list(trigram.get_ydata()) == [1.97, 1.97]
    assert [text.get_text() for text in axes.texts] == ["trigram\n1.97"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["train", "validation"]


def test_outside_a_notebook_nothing_is_shown(capsys):
    live = LiveCurves(**SAID)
    for step in range(100):
        live.add(step, train=1.0)
    assert capsys.readouterr() == ("", "")


def test_it_redraws_twice_a_second_at_most(notebook):
    live = LiveCurves(**SAID)
    for step in range(100):
        live.add(step, train=1.0)
        notebook.now += 0.125
    assert len(notebook.drawings) == 100 // 4
    assert notebook.places == 1


def test_slow_drawings_take_a_tenth_of_the_time_at_most(notebook):
    notebook.seconds_a_drawing = 1.0
    live = LiveCurves(**SAID)
    for step in range(1_000):
        live.add(step, train=1.0)
        notebook.now += 0.1
    assert len(notebook.drawings) <= 11


def test_the_last_points_are_drawn_when_the_cell_ends(notebook):
    live = LiveCurves(**SAID)
    for step in range(7):
        live.add(step, train=1.0)
    assert notebook.drawings == [1]
    notebook.end_cell()
    assert notebook.drawings == [1, 7]
    notebook.end_cell()
    assert notebook.drawings == [1, 7]


def test_another_cell_draws_below_itself(notebook):
    live = LiveCurves(**SAID)
    live.add(0, train=1.0)
    notebook.end_cell()
    live.add(1, train=1.0)
    assert notebook.drawings == [1, 2]
    assert notebook.places == 2


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (lambda live: live.add(0), "at least one curve's value"),
        (
            lambda live: live.add(0, train=[1, 2]),
            "train needs one number, but this is of type list",
        ),
        (lambda live: live.add(0, train=torch.ones(2)), "train needs one number.*Tensor"),
        (lambda live: live.add("first", train=1.0), "step needs one number"),
        (lambda live: live.picture(), "no point to draw yet"),
    ],
)
def test_what_cannot_be_drawn_is_explained_in_a_sentence(use, sentence):
    with pytest.raises(ValueError, match=sentence):
        use(LiveCurves(**SAID))

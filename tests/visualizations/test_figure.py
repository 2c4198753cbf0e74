"""What every figure does, whoever draws it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spotlight import visualizations
from spotlight.visualizations import (
    LiveCurves,
    show_attention_flow,
    show_attention_steps,
    show_bars,
    show_computation_graph,
    show_curves,
    show_depth,
    show_dot_products,
    show_heads,
    show_heatmap,
    show_heatmaps,
    show_layers,
    show_matrices,
    show_module,
    show_position_matrix,
    show_position_products,
    show_position_waves,
    show_product,
    show_projection,
    show_vectors,
)

SAID = {"title": "What it shows", "caption": "One sentence on what to see."}
EYE = [[1.0, 0.0], [0.0, 1.0]]


def live_curves(**said):
    live = LiveCurves(**said)
    live.add(0, train=4.0)
    return live.picture()


CHARTS = {
    "heatmap": lambda **said: show_heatmap([[0.5, 0.5], [0.1, 0.9]], ["a", "b"], **said),
    "heatmaps": lambda **said: show_heatmaps({"one": [[1.0]], "two": [[0.5]]}, **said),
    "vectors": lambda **said: show_vectors({"cat": [1.0, 2.0]}, **said),
    "dot products": lambda **said: show_dot_products(**said),
    "projection": lambda **said: show_projection([1.0, 2.0], {"query": np.eye(2)}, **said),
    "curves": lambda **said: show_curves(
        {"loss": [3.0, 2.0]}, xlabel="step", ylabel="loss", **said
    ),
    "bars": lambda **said: show_bars({"weights": [0.3, 0.7]}, ["a", "b"], **said),
    "heads": lambda **said: show_heads([EYE, EYE], ["a", "b"], **said),
    "layers": lambda **said: show_layers([[EYE, EYE]], ["a", "b"], **said),
    "position waves": lambda **said: show_position_waves(EYE, **said),
    "position matrix": lambda **said: show_position_matrix(EYE, **said),
    "position products": lambda **said: show_position_products(EYE, **said),
    "depth": lambda **said: show_depth([[0.0, 1.0, 2.0]], **said),
    "live curves": live_curves,
}
DIAGRAMS = {
    "attention flow": lambda **said: show_attention_flow(EYE, ["a", "b"], **said),
    "attention steps": lambda **said: show_attention_steps(EYE, EYE, EYE, EYE, **said),
    "product": lambda **said: show_product(EYE, EYE, **said),
    "matrices": lambda **said: show_matrices({"x": EYE}, **said),
    "module": lambda **said: show_module(torch.nn.Linear(2, 2), torch.ones(1, 2), **said),
    "computation graph": lambda **said: show_computation_graph(
        torch.sin, {"x": torch.ones(2)}, **said
    ),
}
EVERY_FIGURE = CHARTS | DIAGRAMS


@dataclass(frozen=True)
class Shown:
    """A figure as a notebook shows it, and what that changed in matplotlib's settings."""

    picture: Figure
    data: dict
    metadata: dict
    settings_before: dict
    settings_after: dict


@pytest.fixture(scope="module", params=EVERY_FIGURE)
def shown(request):
    """Every figure, drawn once for all that is asked of it."""
    before = dict(mpl.rcParams)
    picture = EVERY_FIGURE[request.param](**SAID)
    data, metadata = picture._repr_mimebundle_()
    return Shown(picture, data, metadata, before, dict(mpl.rcParams))


def test_it_carries_its_title_and_its_caption(shown):
    assert shown.picture.get_suptitle() == "What it shows"
    assert shown.picture.get_supxlabel() == "One sentence on what to see."


@pytest.mark.parametrize("shown", CHARTS, indirect=True)
def test_a_chart_names_its_axes(shown):
    panels = [axes for axes in shown.picture.axes if axes.get_label() != "<colorbar>"]
    assert any(axes.get_xlabel() for axes in panels)
    assert any(axes.get_ylabel() for axes in panels)


@pytest.mark.parametrize("shown", DIAGRAMS, indirect=True)
def test_a_diagram_has_words_and_all_of_them_are_in_the_picture(shown):
    picture = shown.picture
    FigureCanvasAgg(picture).draw()
    words = [text.get_window_extent() for text in picture.axes[0].texts]
    assert words
    assert all(
        picture.bbox.x0 <= box.x0
        and box.x1 <= picture.bbox.x1
        and picture.bbox.y0 <= box.y0
        and box.y1 <= picture.bbox.y1
        for box in words
    )


def test_a_notebook_gets_one_png_with_words_for_those_who_cannot_see_it(shown):
    assert shown.data["image/png"].startswith("iVBORw0KGgo")  # PNG's signature in base64
    assert shown.data["text/plain"] == "What it shows: One sentence on what to see."
    assert shown.metadata["image/png"]["alt"] == shown.data["text/plain"]


def test_pyplot_never_hears_of_it(shown):
    from matplotlib import pyplot

    assert shown.picture
    assert pyplot.get_fignums() == []


def test_the_reader_s_own_matplotlib_settings_stay(shown):
    assert shown.settings_after == shown.settings_before


def test_its_background_is_white_in_every_theme():
    with mpl.rc_context({"figure.facecolor": "black"}):
        assert EVERY_FIGURE["bars"](**SAID).get_facecolor() == (1, 1, 1, 1)


def test_stars_are_emphasis():
    picture = show_bars(
        {"weights": [1.0]}, ["a"], title="The row of *a_b*", caption="2 * 3 * 4 is no emphasis."
    )
    assert picture.get_suptitle() == r"The row of $\mathit{a\_b}$"
    assert picture.get_supxlabel() == "2 * 3 * 4 is no emphasis."
    assert picture.description == "The row of a_b: 2 * 3 * 4 is no emphasis."
    assert picture.png()


def test_a_long_caption_goes_on_to_a_second_line():
    caption = (
        "A sentence that says rather a lot about rather little, as captions sometimes do. " * 2
    )
    picture = show_bars({"weights": [1.0]}, ["a"], title="T", caption=caption)
    assert picture.get_supxlabel().count("\n") >= 1


ODD = ["$x", "y$", "_", "^", "{", "\\frac", "猫", "🙂", "\n", "$\n$"]
ALL_ODD = " ".join(ODD)
TEN = np.eye(10)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: show_heatmap(TEN, ODD, **SAID),
        lambda: show_heads([TEN], ODD, names={0: ALL_ODD}, **SAID),
        lambda: show_attention_flow(TEN, ODD, of=1, **SAID),
        lambda: show_attention_steps(EYE, EYE, EYE, EYE, [ALL_ODD, "猫"], query=0, **SAID),
        lambda: show_product(EYE, TEN[:2], rows=[ALL_ODD, "猫"], columns=ODD, **SAID),
        lambda: show_depth({token: [1.0, 2.0] for token in ODD}, **SAID),
    ],
    ids=["heatmap", "heads", "attention flow", "attention steps", "product", "depth"],
)
def test_any_token_can_be_a_label(draw, recwarn):
    assert draw().png()
    assert not recwarn.list


def test_invisible_tokens_are_made_visible():
    picture = show_bars({"weights": [1, 1, 1, 1]}, [" a", "\n", "\t", ""], **SAID)
    labels = [label.get_text() for label in picture.axes[0].get_xticklabels()]
    assert labels == ["␣a", "↵", "⇥", "∅"]


@pytest.mark.parametrize(
    "values",
    [
        torch.tensor([0.25, 0.75], requires_grad=True),
        torch.tensor([0.25, 0.75], dtype=torch.bfloat16),
        np.array([0.25, 0.75], dtype=np.float16),
        [0.25, 0.75],
        (torch.tensor(0.25), torch.tensor(0.75)),
    ],
    ids=["with gradient", "bfloat16", "float16", "list", "tuple of tensors"],
)
def test_numbers_may_come_in_any_form(values):
    picture = show_bars({"weights": values}, ["a", "b"], **SAID)
    assert [bar.get_height() for bar in picture.axes[0].patches] == [0.25, 0.75]


def test_importing_the_package_costs_nothing():
    program = (
        "import sys, spotlight.visualizations; "
        "sys.exit(any(name in sys.modules for name in ('matplotlib', 'torch', 'anywidget')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_every_promised_name_is_there():
    assert all(callable(getattr(visualizations, name)) for name in visualizations.__all__)
    with pytest.raises(AttributeError, match="show_nothing"):
        visualizations.show_nothing  # noqa: B018

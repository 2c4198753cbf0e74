"""What a real kernel sends for widgets, and what an exported page without scripts still shows."""

from __future__ import annotations

import base64

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

WIDGET = "application/vnd.jupyter.widget-view+json"
WIDGETS = {
    "Attention matrix of a sentence": "show_attention_matrix('the cat')",
    "Attention weights under a mask": "show_mask_painter()",
    "What comes after “the”": "show_next_token({'the': (['cat', 'dog'], [1, 2])})",
    "Layer 0, head 0": "show_head_browser({'a b': (['a', 'b'], [[[[1, 0], [0.25, 0.75]]]])})",
    "Sinusoidal positions": "show_position_explorer()",
}
FIGURE = "show_heatmap([[1.0]], title='T', caption='C.')"
NOTHING = "show_attention_matrix('')"


INTERRUPTED = """from spotlight.visualizations import LiveCurves
live = LiveCurves(title="T", caption="C.", references={"trigram": 2.0})
for step in range(50):
    live.add(step, train=4.0 - step / 20)
raise KeyboardInterrupt"""
EXPECTED = "import base64\nprint(base64.b64encode(live.picture().png()).decode())"


@pytest.fixture(scope="module")
def executed():
    """A notebook that shows each widget, a figure, an empty matrix, and curves that grow."""
    setup = "%matplotlib inline\nfrom spotlight.visualizations import *"
    sources = [INTERRUPTED, EXPECTED, setup, *WIDGETS.values(), FIGURE, NOTHING]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    notebook.cells[0].metadata.tags = ["raises-exception"]
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


def outputs(notebook, source):
    (cell,) = [cell for cell in notebook.cells if cell.source == source]
    return cell.outputs


def test_a_notebook_shows_a_figure_exactly_once(executed):
    (output,) = outputs(executed, FIGURE)
    assert "image/png" in output.data


@pytest.mark.parametrize("title", WIDGETS)
def test_a_live_widget_leaves_a_still_picture_behind(executed, title):
    live, still = outputs(executed, WIDGETS[title])
    assert WIDGET in live.data
    assert "image/png" not in live.data  # else some pages would show both
    assert f'alt="{title}: ' in still.data["text/html"]
    assert still.data["image/png"]


def test_each_picture_makes_way_for_its_own_widget(executed):
    states = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    for source in WIDGETS.values():
        live, still = outputs(executed, source)
        twin = states[live.data[WIDGET]["model_id"]]["state"]["twin"]
        assert f'data-spotlight-twin="{twin}"' in still.data["text/html"]


def test_an_empty_matrix_leaves_nothing_behind(executed):
    (live,) = outputs(executed, NOTHING)
    assert WIDGET in live.data


def test_curves_that_grow_are_one_output_which_is_redrawn_and_stays_after_an_interrupt(executed):
    sent = outputs(executed, INTERRUPTED)
    shown = [output for output in sent if output.output_type == "display_data"]
    (expected,) = outputs(executed, EXPECTED)
    assert len(shown) == 1
    assert base64.b64decode(shown[0].data["image/png"]) == base64.b64decode(expected.text)


@pytest.mark.browser
def test_an_exported_page_without_scripts_shows_every_picture(executed, browser, tmp_path):
    page_file = tmp_path / "exported.html"
    page_file.write_text(HTMLExporter().from_notebook_node(executed)[0], encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(page_file.as_uri())
    for title in WIDGETS:
        picture = page.locator(f'img[alt^="{title}: "]')
        assert picture.is_visible()
        assert picture.bounding_box()["width"] > 200
    context.close()

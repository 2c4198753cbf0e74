"""The head browser as a reader sees and uses it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from some_heads import ROLES, SENTENCES
from widget_pages import cell, focused, numbers, readout

from spotlight.visualizations.head_browser import head_browser_data

pytestmark = pytest.mark.browser

TOKENS, WEIGHTS = SENTENCES["the cat sat on the mat"]


@pytest.fixture
def show(open_widget):
    """Open a head browser on a page of its own."""

    def show(sentences=SENTENCES, roles=ROLES, **how):
        return open_widget("head_browser", head_browser_data(sentences, roles), **how)

    return show


def thumb(page, layer, head):
    return page.locator(f'.thumb[data-layer="{layer}"][data-head="{head}"]')


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (1, 2), (2, 3)])
def test_a_chosen_head_shows_the_weights_that_torch_computed(show, layer, head):
    page = show()
    thumb(page, layer, head).click()
    assert np.allclose(numbers(page, "weight"), WEIGHTS[layer, head], rtol=0, atol=1e-5)
    assert page.get_by_role("heading").inner_text().startswith(f"Layer {layer}, head {head}")
    assert page.evaluate("[state.layer, state.head]") == [layer, head]


def test_every_head_of_every_layer_has_its_thumbnail(show):
    page = show()
    assert page.locator(".thumb").count() == 12
    top = page.evaluate(
        """() => [...document.querySelectorAll(".thumb")].map((thumb) => {
            const canvas = thumb.querySelector("canvas.in-light");
            const {data} = canvas.getContext("2d").getImageData(0, 5, 6, 1);
            return Array.from({length: 6}, (_, i) => data[4 * i] + data[4 * i + 1]);
        })"""
    )
    # On a light ground more weight is darker: the order of the last row's weights comes back.
    for drawn, row in zip(top, WEIGHTS[:, :, 5].flatten(0, 1), strict=True):
        assert int(np.argmin(drawn)) == int(row.argmax())


def test_measured_heads_carry_their_role_and_score(show):
    page = show()
    assert page.locator(".tag").all_inner_texts() == ["previous token", "induction", "referent"]
    label = thumb(page, 1, 3).get_attribute("aria-label")
    assert label == "Layer 1, head 3 · induction 0.95"
    page.get_by_role("button", name="referent 0.97").click()
    assert page.get_by_role("heading").inner_text() == "Layer 2, head 0 · referent 0.97"
    assert np.allclose(numbers(page, "weight"), WEIGHTS[2, 0], rtol=0, atol=1e-5)


def test_without_roles_no_head_is_given_one(show):
    page = show(roles=None)
    assert page.locator(".tag").count() == 0
    assert "Measured" not in page.locator(".spotlight-heads").inner_text()


def test_pointing_at_a_cell_reads_it_and_its_row(show):
    page = show()
    thumb(page, 1, 2).click()
    cell(page, 4, 1).hover()
    row = WEIGHTS[1, 2, 4]
    best = row.argmax().item()
    assert f"Row “the”, column “cat”: {row[1]:.4f}" in readout(page)
    assert f"gets most from “{TOKENS[best]}” (place {best}) {row[best]:.2f}" in readout(page)


def test_what_comes_later_is_masked_where_no_head_looks_there(show):
    page = show()
    assert page.locator(".cell.masked").count() == 15
    everywhere = {"a b": (["a", "b"], torch.full((1, 2, 2, 2), 0.5))}
    page = show(everywhere, None)
    assert page.locator(".cell.masked").count() == 0


def test_another_sentence_brings_its_own_tokens(show):
    page = show()
    page.get_by_role("button", name="one two three").click()
    assert page.locator(".head.of-row").all_inner_texts() == ["one", "two", "three"]
    expected = SENTENCES["one two three"][1][0, 1]
    assert np.allclose(numbers(page, "weight"), expected, rtol=0, atol=1e-5)
    assert "Row “three”" in readout(page)


def test_the_keyboard_is_enough(show):
    page = show()
    page.get_by_role("button", name="one two three").focus()
    page.keyboard.press("Tab")
    assert focused(page) == "Layer 0, head 1 · previous token 0.98"
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.evaluate("[state.layer, state.head]") == [1, 3]
    page.keyboard.press("Control+Home")
    assert page.evaluate("[state.layer, state.head]") == [0, 0]
    for _ in range(4):  # three roles, then the grid
        page.keyboard.press("Tab")
    page.keyboard.press("Control+Home")
    assert "Row “the”, column “the”: 1.0000" in readout(page)

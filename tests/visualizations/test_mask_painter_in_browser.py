"""The mask painter as a reader sees and uses it."""

from __future__ import annotations

import numpy as np
import pytest
from widget_pages import cell, focused, host_page, numbers, readout

from spotlight.visualizations.mask_painter import MaskPainter, mask_painter_data, preset_masks

pytestmark = pytest.mark.browser

PAINTED = ".paintable"
WEIGHTS = ".grid:not(.paintable)"


@pytest.fixture
def show(open_widget):
    """Open a mask painter on a page of its own."""

    def show(mask="no mask", **how):
        return open_widget("mask_painter", mask_painter_data(mask=mask), **how)

    return show


def mask_of(page):
    return page.evaluate("state.mask")


def weights_of(page):
    return MaskPainter(mask=mask_of(page)).weights


@pytest.mark.parametrize("name", list(preset_masks(4)))
def test_a_preset_gives_the_weights_that_torch_gives(show, name):
    page = show()
    button = page.get_by_role("button", name=name)
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    python = MaskPainter(mask=name)
    assert mask_of(page) == python.mask
    shown = numbers(page, "weight", WEIGHTS)
    assert np.allclose(shown, python.weights, rtol=0, atol=1e-6, equal_nan=True)


def test_a_click_masks_a_cell_and_the_row_shares_out_its_weight(show):
    page = show()
    cell(page, 2, 3, PAINTED).click()
    assert cell(page, 2, 3, PAINTED).inner_text() == "−∞"
    assert cell(page, 2, 3, WEIGHTS).inner_text() == "0"
    assert np.allclose(numbers(page, "weight", WEIGHTS), weights_of(page), rtol=0, atol=1e-6)
    assert "3 of 4 scores are left" in readout(page)
    assert page.locator(".sum").all_inner_texts()[-4:] == ["1.00"] * 4
    cell(page, 2, 3, PAINTED).click()
    assert mask_of(page) == preset_masks(4)["no mask"].tolist()


def test_a_tap_masks_a_cell_once(browser):
    touch = browser.new_page(has_touch=True)
    touch.set_content(host_page("mask_painter", mask_painter_data(mask="no mask")))
    cell(touch, 1, 1, PAINTED).tap()
    assert mask_of(touch)[1] == [True, False, True, True]
    touch.close()


def test_dragging_paints_what_the_first_cell_became(show):
    page = show("causal")
    start, end = (cell(page, 1, column, PAINTED).bounding_box() for column in (0, 3))
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + 5, end["y"] + 5, steps=12)
    page.mouse.up()
    cell(page, 3, 0, PAINTED).hover()  # the button is up: nothing more is painted
    assert mask_of(page) == [
        [True, False, False, False],
        [False, False, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]


def test_a_row_with_nothing_left_is_nan_and_said_to_be(show):
    page = show()
    page.get_by_role("button", name="diagonal masked too").click()
    cell(page, 0, 0, WEIGHTS).hover()
    assert page.locator(f"{WEIGHTS} .cell.nan").all_inner_texts() == ["NaN"] * 4
    assert "Row “The”: every weight is NaN" in readout(page)
    assert "divides 0 by 0" in readout(page)


def test_the_chosen_row_stands_as_bars_before_and_after(show):
    page = show("causal")
    cell(page, 1, 0, WEIGHTS).hover()
    python, free = MaskPainter(mask="causal").weights[1], MaskPainter(mask="no mask").weights[1]
    rows = [row.split() for row in page.locator(".bars tbody tr").all_inner_texts()]
    assert rows == [
        [token, f"{before:.4f}", f"{after:.4f}"]
        for token, before, after in zip(MaskPainter().tokens, free, python, strict=True)
    ]
    assert page.locator(".bars s").all_inner_texts() == ["sat", "here"]
    assert f"{free[0]:.4f} ÷ {free[:2].sum():.4f} = {python[0]:.4f}" in readout(page)


def test_the_keyboard_is_enough(show):
    page = show()
    page.get_by_role("button", name="no mask").focus()
    for _ in range(5):  # four more presets, then the grid
        page.keyboard.press("Tab")
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert mask_of(page)[0] == [True, False, True, True]
    assert focused(page) == "The to cat: masked"
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert mask_of(page)[0] == [True, False, False, False]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert mask_of(page)[1] == [True, True, True, False]
    assert mask_of(page)[0] == [True, False, False, False]


def test_a_mask_set_in_python_is_drawn(show):
    page = show("no mask")
    page.evaluate("(mask) => change('mask', mask)", preset_masks(4)["causal"].tolist())
    causal = page.get_by_role("button", name="causal")
    assert causal.get_attribute("aria-pressed") == "true"
    assert page.locator(f"{PAINTED} .masked").count() == 6

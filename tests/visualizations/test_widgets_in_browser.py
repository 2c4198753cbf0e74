"""What holds for every widget: themes, narrow screens, keys, and what it leaves behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from colour_science import contrast
from some_heads import ROLES, SENTENCES
from widget_pages import SECOND, THEME_NAMES, THEMES, colour_pairs

from spotlight.visualizations.attention_matrix import attention_matrix_data
from spotlight.visualizations.head_browser import head_browser_data
from spotlight.visualizations.mask_painter import mask_painter_data
from spotlight.visualizations.next_token import next_token_data
from spotlight.visualizations.position_explorer import position_explorer_data

pytestmark = pytest.mark.browser

LONG = [f"incomprehensibilities{i}" for i in range(16)]
SMALL = {
    "attention_matrix": attention_matrix_data("The cat sat on the mat because it was soft"),
    "head_browser": head_browser_data(SENTENCES, ROLES),
    "mask_painter": mask_painter_data(mask="diagonal masked too"),
    "next_token": next_token_data({"a": (LONG, torch.arange(16) / 4)}, top_k=9, top_p=0.7),
    "position_explorer": position_explorer_data(),
}
WIDE = {
    **SMALL,
    "attention_matrix": attention_matrix_data(" ".join(LONG)),
    "head_browser": head_browser_data({" ".join(LONG): (LONG, torch.rand(3, 6, 16, 16))}, ROLES),
    "mask_painter": mask_painter_data(torch.randn(16, 16), LONG),
    "position_explorer": position_explorer_data(128, 128),
}


@pytest.fixture(params=sorted(SMALL))
def name(request):
    return request.param


# The text, and the first background behind it that is not clear.
TEXTS = """() => {
    const channels = (colour) => colour.match(/[0-9.]+/g).map(Number);
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const fill = channels(getComputedStyle(element).backgroundColor);
            if (fill.length === 3 || fill[3] === 1) return fill.slice(0, 3);
        }
        return null;
    };
    return [...document.querySelectorAll(".spotlight-widget *:not(style):not(:disabled)")]
        .filter((element) => element.getClientRects().length > 0)
        .filter((element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
        .map((element) => [element.textContent.trim().slice(0, 40), behind(element),
            channels(getComputedStyle(element).color).slice(0, 3)]);
}"""


@pytest.mark.parametrize(("theme", "body", "dark"), THEMES, ids=THEME_NAMES)
def test_every_text_can_be_read_in_every_theme(open_widget, name, theme, body, dark):
    page = open_widget(name, SMALL[name], theme=theme, body=body)
    page.wait_for_timeout(200)  # colours fade in where they change
    ground = [20, 23, 28] if dark else [255, 255, 255]
    texts = page.evaluate(TEXTS)
    assert len(texts) > 10
    faint = [(text, fill) for text, fill, ink in texts if contrast(fill or ground, ink) < 4.5]
    assert faint == []
    if page.locator(".cell").count():
        pairs = colour_pairs(page, ".cell")
        assert min(contrast(fill, ink) for fill, ink in pairs) >= 4.5
    assert all(fill == ground for fill, _ in colour_pairs(page, ".cell.masked"))


@pytest.mark.parametrize("width", [320, 390, 900])
def test_nothing_has_to_be_scrolled_sideways(open_widget, name, width):
    page = open_widget(name, WIDE[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_every_control_has_a_name_and_keeps_jupyterlab_s_shortcuts_out(open_widget, name):
    page = open_widget(name, SMALL[name])
    assert page.get_by_role("region").count() == 1
    for role in ("slider", "spinbutton", "radio", "checkbox", "textbox", "grid"):
        found = page.get_by_role(role)
        assert found.count() == page.locator(f"internal:role={role}[name=/./]").count()
    open_to_shortcuts = page.evaluate(
        """() => [...document.querySelectorAll("input:not([type=text]), button, [tabindex]")]
            .filter((element) => !element.dataset.lmSuppressShortcuts).length"""
    )
    assert open_to_shortcuts == 0


def test_the_still_picture_makes_way_for_the_live_one(open_widget, name):
    still = '<div data-spotlight-twin="{0}" id="{0}">a picture</div>'
    body = still.format("mine") + still.format("other")
    page = open_widget(name, SMALL[name], body=body, twin="mine")
    assert not page.locator("#mine").is_visible()
    assert page.locator("#other").is_visible()


def test_two_on_a_page_do_not_share_their_controls(open_widget, name):
    page = open_widget(name, SMALL[name])
    page.evaluate(SECOND)
    page.locator("#there .caption").wait_for(state="attached")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))


def test_one_that_is_removed_no_longer_listens(open_widget, name):
    page = open_widget(name, SMALL[name])
    assert page.evaluate("listening()") > 0
    page.evaluate("cleanup()")
    assert page.evaluate("listening()") == 0


def test_a_change_of_theme_recolours_what_is_drawn(open_widget, name):
    page = open_widget(name, SMALL[name])
    ink = "() => getComputedStyle(document.querySelector('.spotlight-widget')).color"
    light = page.evaluate(ink)
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    assert page.evaluate(ink) != light
    shown = page.locator(".pixels").evaluate_all(
        "all => all.filter((c) => c.checkVisibility()).map((c) => c.className)"
    )
    assert all("in-dark" in each for each in shown)
    assert np.all([len(shown) == page.locator(".pixels").count() / 2])

"""What holds for every widget: themes, narrow screens, keys, and what it leaves behind."""

from __future__ import annotations

import pytest
import torch
from colour_science import contrast
from some_heads import ROLES, SENTENCES
from widget_pages import SECOND, colour_pairs

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


GROUND = {"light": [255, 255, 255], "dark": [20, 23, 28]}

# How a page comes by its theme: the reader's own, or JupyterLab's where that says otherwise.
SET_THEME = """(jupyterlab) => {
    if (jupyterlab === null) delete document.body.dataset.jpThemeLight;
    else document.body.dataset.jpThemeLight = jupyterlab;
}"""
THEMES = {
    "light": ("light", None, "light"),
    "dark": ("dark", None, "dark"),
    "JupyterLab dark": ("light", "false", "dark"),
    "JupyterLab light": ("dark", "true", "light"),
}


def test_every_text_can_be_read_in_every_theme_and_drawings_change_with_it(open_widget, name):
    page = open_widget(name, SMALL[name])
    for reader, jupyterlab, shown in THEMES.values():
        page.emulate_media(color_scheme=reader)
        page.evaluate(SET_THEME, jupyterlab)
        page.wait_for_timeout(200)  # colours fade in where they change
        assert_readable(page, GROUND[shown])
        drawn = page.locator(".pixels").evaluate_all(
            "all => all.filter((c) => c.checkVisibility()).map((c) => c.className)"
        )
        assert all(f"in-{shown}" in each for each in drawn)
        assert len(drawn) == page.locator(".pixels").count() / 2


def assert_readable(page, ground):
    texts = page.evaluate(TEXTS)
    assert len(texts) > 10
    faint = [(text, fill) for text, fill, ink in texts if contrast(fill or ground, ink) < 4.5]
    assert faint == []
    pairs = colour_pairs(page, ".cell")
    assert all(contrast(fill, ink) >= 4.5 for fill, ink in pairs)
    assert all(fill == ground for fill, _ in colour_pairs(page, ".cell.masked"))


def test_nothing_has_to_be_scrolled_sideways(open_widget, name):
    page = open_widget(name, WIDE[name], width=320)
    for width in (320, 390, 900):
        page.set_viewport_size({"width": width, "height": 900})
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


STILL = '<div data-spotlight-twin="{0}" id="{0}">a picture</div>'


def test_it_takes_the_place_of_its_still_picture_and_leaves_when_it_is_removed(open_widget, name):
    page = open_widget(
        name, SMALL[name], body=STILL.format("mine") + STILL.format("other"), twin="mine"
    )
    assert not page.locator("#mine").is_visible()
    assert page.locator("#other").is_visible()
    assert page.evaluate("listening()") > 0
    page.evaluate("cleanup()")
    assert page.evaluate("listening()") == 0


def test_two_on_a_page_do_not_share_their_controls(open_widget, name):
    page = open_widget(name, SMALL[name])
    page.evaluate(SECOND)
    page.locator("#there .caption").wait_for(state="attached")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))

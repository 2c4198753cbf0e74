"""The positions explorer as a reader sees and uses it."""

from __future__ import annotations

import re

import pytest
from widget_pages import readout, set_slider

from spotlight.visualizations.position_explorer import PositionExplorer, position_explorer_data

pytestmark = pytest.mark.browser


@pytest.fixture
def show(open_widget):
    """Open a positions explorer on a page of its own."""

    def show(width=32, positions=64, **how):
        return open_widget("position_explorer", position_explorer_data(width, positions), **how)

    return show


def set_all(page, **values):
    for label, value in values.items():
        set_slider(page, label.capitalize(), value)


def shown(value):
    return f"{value:.4f}".replace("-", "−")


@pytest.mark.parametrize(
    ("width", "positions", "position", "dimension", "other"),
    [(32, 64, 16, 4, 32), (6, 10, 9, 5, 0), (128, 128, 127, 127, 5), (4, 8, 0, 1, 0)],
)
def test_the_page_computes_what_python_computes(show, width, positions, position, dimension, other):
    page, python = show(width, positions), PositionExplorer(width, positions)
    set_all(page, position=position, dimension=dimension, compare=other)
    python.position = position
    told = readout(page)
    value = python.encodings[position, dimension]
    assert f"Position {position}, dimension {dimension}: {shown(value)}" in told
    product = python.dot_products[other]
    assert f"Position {position} · position {other} = {shown(product)}" in told


def test_the_formula_stands_with_its_numbers(show):
    page = show(32, 64)
    set_all(page, position=10, dimension=3)
    told = readout(page)
    assert "cos(10 ÷ 100002/32) = cos(5.62)" in told  # 2/32 is raised
    assert "one turn takes 11.17 positions" in told


def heatmap(page):
    return page.get_by_role("img", name=re.compile("heatmap"))


def test_pointing_at_the_heatmap_reads_that_place(show):
    page = show(8, 16)
    box = heatmap(page).bounding_box()
    page.mouse.move(box["x"] + 5.5 * box["width"] / 8, box["y"] + 12.5 * box["height"] / 16)
    python = PositionExplorer(8, 16)
    assert f"Position 12, dimension 5: {shown(python.encodings[12, 5])}" in readout(page)


def test_pointing_at_the_dot_products_compares_with_that_position(show):
    page, python = show(8, 16), PositionExplorer(8, 16)
    box = page.get_by_role("img", name="Dot products").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 14 / 15, box["y"] + 10)
    assert page.evaluate("state.other") == 14
    assert shown(python.dot_products[14]) in readout(page)


def test_every_pixel_of_the_heatmap_has_the_colour_of_its_number(show):
    page = show(8, 16)
    bright = page.evaluate(
        """() => {
            const canvas = document.querySelector("canvas.in-light");
            const {data, width, height} = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height);
            return [width, height, ...[0, 1].map((i) => [...data.slice(4 * i, 4 * i + 3)])];
        }"""
    )
    # Position 0: sin 0 = 0 is the palest colour of the map, cos 0 = 1 its bluest.
    assert bright == [8, 16, [0xF5, 0xF5, 0xF2], [0x17, 0x3A, 0x68]]


def test_kept_dimensions_stay_on_show_and_can_be_let_go(show):
    page = show()
    page.get_by_role("button", name="Keep dimension 4").click()
    set_slider(page, "Dimension", 9)
    assert page.locator(".key span").all_inner_texts() == [
        "dimension 9, cosine",
        "dimension 4, sine",
    ]
    assert page.evaluate("state.pinned") == [4]
    set_slider(page, "Dimension", 4)
    page.get_by_role("button", name="Let go of dimension 4").click()
    assert page.evaluate("state.pinned") == []


def test_at_most_three_dimensions_are_kept(show):
    page = show()
    for dimension in (0, 1, 2):
        set_slider(page, "Dimension", dimension)
        page.get_by_role("button", name="Keep").click()
    set_slider(page, "Dimension", 3)
    assert page.get_by_role("button", name="Keep").is_disabled()


def test_a_smaller_encoding_keeps_what_is_read_inside_it(show):
    page = show(32, 64)
    set_all(page, dimension=31, position=63, compare=60)
    page.get_by_role("button", name="Keep").click()
    set_all(page, width=8, positions=16)
    state = page.evaluate("state")
    assert [state[name] for name in ("position", "other", "dimension")] == [15, 15, 7]
    assert state["pinned"] == []
    assert "Position 15, dimension 7" in readout(page)


def test_the_keyboard_is_enough(show):
    page = show()
    page.get_by_role("slider", name="Width").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("state.width") == 34
    for _ in range(4):  # two stops for each slider
        page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert page.evaluate("state.position") == 63
    page.keyboard.press("Home")
    assert page.evaluate("state.position") == 0
    page.get_by_role("button", name="Keep").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Let go of dimension 4"

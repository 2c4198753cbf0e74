"""The attention matrix as a reader sees and uses it."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from colour_science import contrast
from widget_pages import (
    SECOND,
    THEME_NAMES,
    THEMES,
    cell,
    colour_pairs,
    focused,
    numbers,
    readout,
    set_slider,
)

from spotlight.visualizations.attention_matrix import AttentionMatrix, attention_matrix_data

pytestmark = pytest.mark.browser

SOFT = "The cat sat on the mat because it was soft"


@pytest.fixture
def show(open_widget):
    """Open a matrix on a page of its own."""

    def show(sentence=SOFT, **how):
        return open_widget("attention_matrix", attention_matrix_data(sentence), **how)

    return show


def sentence_box(page):
    return page.get_by_label("Sentence", exact=True)


@pytest.mark.parametrize(
    "sentence",
    [
        SOFT,
        "the zorp chased a blicket",
        "“Don’t!” — she said… it's 42 well-known things",
        "ÜBER Cafe\u0301 straße İstanbul ΣΑΣ",
        "猫 ёж 🙂 x",
        "mississippi " * 3,
        "a" * 60 + " cat",
        "one",
    ],
)
def test_the_page_computes_what_python_computes(show, sentence):
    page, python = show(sentence), AttentionMatrix(sentence)
    heads = page.locator(".head.of-row").all_inner_texts()
    assert heads == python.words
    assert np.allclose(numbers(page, "score"), python.scores, rtol=0, atol=1e-6)
    assert np.allclose(numbers(page, "weight"), python.weights, rtol=0, atol=1e-6)


def test_rows_and_columns_are_labelled_and_rows_sum_to_one(show):
    page = show("the cat sat")
    assert page.locator(".head.of-column").all_inner_texts() == ["the", "cat", "sat"]
    assert page.locator(".sum").all_inner_texts() == ["sum", "1.00", "1.00", "1.00"]
    assert (
        "row is a word being updated, each column a word attended to"
        in page.locator(".axis").inner_text()
    )


def test_pointing_at_a_cell_tells_everything_about_it(show):
    page = show(SOFT)
    cell(page, 7, 5).hover()
    python = AttentionMatrix(SOFT)
    told = readout(page)
    assert f"Row “it”, column “mat”: {python.weights[7, 5]:.4f}" in told
    assert f"“mat” to “it”: {python.weights[5, 7]:.4f}" in told
    assert "it · mat = 1.5 × 1.5 (thing) = 2.25" in told
    assert "it: thing 1.5, animal 0.5, grammar 0.5. mat: thing 1.5, soft 1." in told


def test_the_mirror_cell_is_outlined(show):
    page = show(SOFT)
    cell(page, 2, 4).hover()
    assert page.locator(".cell.mirror").evaluate_all(
        "cells => cells.map((cell) => [cell.dataset.row, cell.dataset.column])"
    ) == [["4", "2"]]
    style = "element => getComputedStyle(element).outlineStyle"
    assert cell(page, 4, 2).evaluate(style) == "dashed"
    assert cell(page, 2, 4).evaluate(style) == "solid"


def test_a_tap_selects_a_cell(show):
    page = show("the cat sat")
    cell(page, 2, 0).click()
    assert "Row “sat”, column “the”" in readout(page)


def test_raw_scores_are_symmetric_and_weights_are_not(show):
    page = show("The bank raised interest rates")
    page.get_by_role("radio", name="raw scores").check()
    assert cell(page, 1, 3).inner_text() == cell(page, 3, 1).inner_text() == "2.25"
    assert page.locator(".sum").all_inner_texts() == [""] * 6
    page.get_by_role("radio", name="softmax weights").check()
    assert cell(page, 1, 3).inner_text() != cell(page, 3, 1).inner_text()


def test_masked_words_get_no_weight_and_the_rest_share_it(show):
    page, python = show("The bank was steep"), AttentionMatrix("The bank was steep", causal=True)
    page.get_by_label("mask words that come later").check()
    assert np.allclose(numbers(page, "weight"), python.weights, rtol=0, atol=1e-6)
    assert numbers(page, "weight")[0].tolist() == [1, 0, 0, 0]
    cell(page, 1, 3).hover()
    assert "Masked: “steep” comes after “bank”." in readout(page)
    page.get_by_role("radio", name="raw scores").check()
    assert cell(page, 1, 3).inner_text() == "−∞"
    assert page.evaluate("state.causal") is True


@pytest.mark.parametrize("temperature", [0.25, 4])
def test_the_temperature_divides_the_scores(show, temperature):
    page = show(SOFT)
    set_slider(page, "Temperature", temperature)
    python = AttentionMatrix(SOFT, temperature=temperature)
    assert np.allclose(numbers(page, "weight"), python.weights, rtol=0, atol=1e-6)
    assert torch.equal(python.scores, AttentionMatrix(SOFT).scores)
    assert f"÷ {temperature:g}" in readout(page)


def test_the_temperature_slider_moves_by_key_and_stays_in_its_range(show):
    page = show(SOFT)
    page.get_by_role("slider", name="Temperature").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("state.temperature") == 1.2
    page.keyboard.press("Home")
    assert page.evaluate("state.temperature") == 0.13
    set_slider(page, "Temperature", 0)
    assert page.evaluate("state.temperature") == 0.05


def own_score(page):
    return page.locator(".own-score input")


def test_a_score_set_by_hand_moves_its_row_alone(show):
    page, python = show("The bank was steep"), AttentionMatrix("The bank was steep")
    cell(page, 1, 3).click()
    own_score(page).fill("4")
    own_score(page).press("Enter")
    python.own_scores = [[1, 3, 4.0]]
    assert page.evaluate("state.own_scores") == python.own_scores
    assert np.allclose(numbers(page, "weight"), python.weights, rtol=0, atol=1e-6)
    assert "not used: you set a score" in readout(page)
    page.get_by_role("radio", name="raw scores").check()
    assert (cell(page, 1, 3).inner_text(), cell(page, 3, 1).inner_text()) == ("4", "0.5")
    assert page.locator(".cell.own").count() == 1
    page.get_by_role("button", name="Put all back").click()
    assert np.allclose(numbers(page, "score"), AttentionMatrix("The bank was steep").scores)


def test_a_score_wiped_out_is_the_dot_product_again(show):
    page = show("The bank was steep")
    cell(page, 1, 3).click()
    for typed in ("4", ""):
        own_score(page).fill(typed)
        own_score(page).press("Enter")
    assert page.evaluate("state.own_scores") == []


def test_scores_set_by_hand_go_with_their_sentence(show):
    page = show("The bank was steep")
    cell(page, 1, 3).click()
    own_score(page).fill("4")
    own_score(page).press("Enter")
    page.get_by_role("button", name="The dog saw the dog").click()
    assert page.evaluate("state.own_scores") == []
    assert page.locator(".cell.own").count() == 0


def test_a_held_cell_stays_chosen_until_it_is_let_go(show):
    page = show("the cat sat")
    cell(page, 2, 0).click()
    cell(page, 0, 1).hover()
    assert "Row “sat”, column “the”" in readout(page)
    cell(page, 2, 0).click()
    cell(page, 0, 1).hover()
    assert "Row “the”, column “cat”" in readout(page)
    cell(page, 1, 1).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    cell(page, 0, 0).hover()
    assert "Row “the”, column “the”" in readout(page)


def test_a_masked_cell_takes_no_score(show):
    page = show("the cat sat")
    page.get_by_label("mask words that come later").check()
    cell(page, 0, 2).click()
    assert own_score(page).is_disabled()


def test_repeated_words_have_equal_rows(show):
    page = show()
    page.get_by_role("button", name="The dog saw the dog").click()
    weights = numbers(page, "weight")
    assert np.array_equal(weights[1], weights[4])
    assert np.array_equal(weights[:, 1], weights[:, 4])


def test_a_preset_fills_in_its_sentence_and_is_marked(show):
    page = show("the cat")
    button = page.get_by_role("button", name="The bank was steep")
    button.click()
    assert sentence_box(page).input_value() == "The bank was steep"
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator(".head.of-row").all_inner_texts() == ["the", "bank", "was", "steep"]


def test_typing_draws_anew_and_tells_the_kernel(show):
    page = show("the cat")
    sentence_box(page).fill("a mouse")
    assert page.locator(".head.of-row").all_inner_texts() == ["a", "mouse"]
    assert page.evaluate("state.sentence") == "a mouse"


def test_a_sentence_set_in_python_is_drawn(show):
    page = show("the cat")
    page.evaluate("change('sentence', 'a mouse')")
    assert sentence_box(page).input_value() == "a mouse"
    assert page.locator(".cell").count() == 4


def test_words_that_the_table_lacks_are_named(show):
    caption = show("the zorp saw a wug").locator(".caption").inner_text()
    assert "“zorp” and “wug” are not in it and get vectors from their letters" in caption
    assert "table written by hand" in caption


def test_words_that_the_table_holds_are_not_called_strange(show):
    assert "letters" not in show(SOFT).locator(".caption").inner_text()


@pytest.mark.parametrize("word", ["constructor", "toString", "__proto__"])
def test_no_word_of_javascript_is_taken_for_a_word_of_the_table(show, word):
    page = show(f"the {word}")
    assert np.allclose(numbers(page, "score"), AttentionMatrix(f"the {word}").scores)


def test_what_is_typed_is_never_markup(show):
    page = show("the cat")
    sentence_box(page).fill("a'<img/src=x/onerror=alert(1)>'b")
    assert page.locator("img").count() == 0


def test_more_than_sixteen_words_are_cut_and_said_to_be(show):
    page = show("word " * 20)
    assert page.locator(".cell").count() == 256
    assert "Only the first 16 of 20 words are shown." in page.locator(".caption").inner_text()


@pytest.mark.parametrize("typed", ["", "   ", "...!"])
def test_nothing_typed_is_answered_with_a_sentence(show, typed):
    page = show("the cat")
    sentence_box(page).fill(typed)
    assert "Type a sentence above" in page.locator(".spotlight-matrix").inner_text()
    assert not page.locator(".readout").is_visible()
    sentence_box(page).fill("cat")
    assert page.locator(".cell").count() == 1


def test_the_keyboard_is_enough(show):
    page = show("the cat sat")
    sentence_box(page).focus()
    for _ in range(5 + 1 + 1 + 2 + 1):  # five presets, view, mask, temperature twice, the grid
        page.keyboard.press("Tab")
    page.keyboard.press("Control+Home")
    assert "Row “the”, column “the”" in readout(page)
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert "Row “sat”, column “cat”" in readout(page)
    page.keyboard.press("Home")
    assert "Row “sat”, column “the”" in readout(page)
    assert re.fullmatch(r"sat to the: 0\.\d\d", focused(page))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.grid')") is None


def test_a_screen_reader_is_told_what_is_what(show):
    page = show("the cat")
    assert page.get_by_role("grid", name="softmax weights, 2 by 2").count() == 1
    assert page.get_by_role("columnheader").count() == 2
    assert page.get_by_role("rowheader").count() == 2
    assert page.get_by_role("gridcell", name="the to cat").count() == 1
    assert page.get_by_role("group", name="Example sentences").count() == 1
    assert page.get_by_role("group", name="Show").count() == 1
    assert page.locator(".readout").get_attribute("aria-live") == "polite"


def test_jupyterlab_s_shortcuts_stay_out_of_the_grid(show):
    # In JupyterLab, pressing d twice deletes a cell unless the focused element itself says this.
    page = show("the cat")
    cell(page, 0, 1).focus()
    assert page.evaluate("document.activeElement.dataset.lmSuppressShortcuts") == "true"


@pytest.mark.parametrize(("theme", "body", "dark"), THEMES, ids=THEME_NAMES)
def test_numbers_can_be_read_in_every_theme(show, theme, body, dark):
    page = show(SOFT, theme=theme, body=body)
    page.get_by_label("mask words that come later").check()
    for view in ("softmax weights", "raw scores"):
        page.get_by_role("radio", name=view).check()
        pairs = colour_pairs(page, ".cell")
        assert min(contrast(fill, text) for fill, text in pairs) >= 4.5
        palest = np.array(pairs[-3][0]).mean()  # "soft" to "it": little weight, a small score
        assert (palest < 128) == dark


def test_two_matrices_on_a_page_do_not_share_their_controls(show):
    page = show("the cat")
    page.evaluate(SECOND)
    page.locator("#there .cell").first.wait_for()
    page.locator("#there").get_by_role("radio", name="raw scores").check()
    assert page.locator("#here").get_by_role("radio", name="softmax weights").is_checked()

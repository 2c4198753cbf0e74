"""The next-token widget as a reader sees and uses it."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from widget_pages import readout, set_slider

from spotlight.visualizations.next_token import NextToken, next_token_data

pytestmark = pytest.mark.browser

TOKENS = [f"t{i}" for i in range(60)]
LOGITS = torch.randn(60, generator=torch.Generator().manual_seed(3)) * 2
PROMPTS = {
    "the cat": (TOKENS, LOGITS),
    "on the": (TOKENS, LOGITS.flip(0)),
    "few": ("abc", [2, 1, 0]),
}
PROMPTS["few"] = (["a", " b", "<i>"], [2.0, 1.0, 0.0])


@pytest.fixture
def show(open_widget):
    """Open a next-token widget on a page of its own."""

    def show(prompts=PROMPTS, **how):
        return open_widget("next_token", next_token_data(prompts), **how)

    return show


def rows(page):
    return [text.split("\t") for text in page.locator(".bars tbody tr").all_inner_texts()]


def python(**controls):
    return NextToken(PROMPTS, **controls)


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [(1, None, 1), (0.3, None, 1), (4, 7, 1), (1, None, 0.8), (0.5, 12, 0.45), (2, 1, 0.9)],
)
def test_the_page_computes_what_python_computes(show, temperature, top_k, top_p):
    page = show()
    set_slider(page, "Temperature", temperature)
    set_slider(page, "Top-k", top_k or 60)
    set_slider(page, "Top-p", top_p)
    expected = python(temperature=temperature, top_k=top_k, top_p=top_p)
    before, after = expected.probabilities, expected.probabilities_left
    order = before.argsort(descending=True, stable=True)[:20]
    shown = rows(page)[:20]
    assert [row[0] for row in shown] == [TOKENS[i] for i in order]
    assert [row[2] for row in shown] == [f"{before[i]:.4f}" for i in order]
    for row, i in zip(shown, order, strict=True):
        assert row[3] == f"{after[i]:.4f}" if after[i] else row[3].startswith("cut: top-")
    assert f"{(after > 0).sum()} of 60 tokens" in readout(page)


def test_what_is_cut_is_struck_and_says_by_what(show):
    page = show()
    set_slider(page, "Top-k", 10)
    set_slider(page, "Top-p", 0.5)
    kept = int((python(top_k=10, top_p=0.5).probabilities_left > 0).sum())
    struck = page.locator(".bars s").all_inner_texts()
    assert len(struck) == 20 - kept + 1  # and the row of all others
    assert [row[3] for row in rows(page)[kept:20]] == ["cut: top-p"] * (10 - kept) + [
        "cut: top-k"
    ] * 10


def test_the_tokens_below_the_twentieth_are_one_row(show):
    page = show()
    likely = python().probabilities.sort(descending=True).values
    assert rows(page)[20][:4] == ["40 others", "", *[f"{likely[20:].sum():.4f}"] * 2]
    page.get_by_role("button", name="few").click()
    assert [row[0] for row in rows(page)] == ["a", "␣b", "<i>"]


def test_another_prompt_brings_its_own_distribution(show):
    page = show()
    page.get_by_role("button", name="on the").click()
    assert rows(page)[0][0] == TOKENS[59 - int(LOGITS.argmax())]
    assert page.evaluate("state.prompt") == 1


def uniform(seed):
    """Mulberry32, as the page describes it."""
    mask = 0xFFFFFFFF
    state = seed
    while True:
        state = (state + 0x6D2B79F5) & mask
        mixed = (state ^ state >> 15) * (state | 1) & mask
        mixed ^= (mixed + ((mixed ^ mixed >> 7) * (mixed | 61) & mask)) & mask
        yield (mixed ^ mixed >> 14) / 2**32


@pytest.mark.parametrize("seed", [0, 42])
def test_draws_follow_the_seed_and_the_distribution(show, seed):
    page = show()
    set_slider(page, "Top-k", 8)
    field = page.get_by_label("Seed")
    field.fill(str(seed))
    field.press("Enter")
    for name in ("Draw 1", "Draw 10", "Draw 100"):
        page.get_by_role("button", name=name, exact=True).click()
    after = python(top_k=8).probabilities_left
    order = after.argsort(descending=True, stable=True)
    ladder = after[order].cumsum(dim=0).numpy()
    draws = itertools.islice(uniform(seed), 111)
    expected = [int(order[np.searchsorted(ladder, draw, side="right")]) for draw in draws]
    assert page.evaluate("state.drawn") == expected
    counts = Counter(TOKENS[place] for place in expected)
    assert {row[0]: int(row[4]) for row in rows(page)[:8]} == {
        TOKENS[i]: counts[TOKENS[i]] for i in order[:8]
    }
    assert "111 drawn: the last 20" in page.locator(".drawn").inner_text()


def test_nothing_that_was_cut_is_ever_drawn(show):
    page = show()
    set_slider(page, "Top-p", 0.3)
    for _ in range(5):
        page.get_by_role("button", name="Draw 100").click()
    kept = python(top_p=0.3).probabilities_left > 0
    assert all(kept[place] for place in page.evaluate("state.drawn"))


def test_a_change_of_the_distribution_starts_the_draws_anew(show):
    page = show()
    page.get_by_role("button", name="Draw 10", exact=True).click()
    assert len(page.evaluate("state.drawn")) == 10
    set_slider(page, "Temperature", 2)
    assert page.evaluate("state.drawn") == []
    assert "Nothing is drawn yet." in page.locator(".drawn").inner_text()


def test_the_keyboard_is_enough(show):
    page = show()
    page.get_by_role("slider", name="Top-k").focus()
    page.keyboard.press("Home")
    assert page.evaluate("state.top_k") == 1
    page.keyboard.press("ArrowRight")
    assert page.evaluate("state.top_k") == 2
    page.keyboard.press("End")
    assert page.evaluate("state.top_k") is None
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("state.top_p") == 0.95
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert len(page.evaluate("state.drawn")) == 1


def test_a_number_that_is_none_changes_nothing(show):
    page = show()
    for label in ("Top-k, exactly", "Temperature, exactly"):
        field = page.get_by_role("spinbutton", name=label)
        field.fill("")
        field.press("Enter")
    assert page.evaluate("[state.top_k, state.temperature]") == [None, 1]
    field = page.get_by_label("Seed")
    field.fill("-3")
    field.press("Enter")
    assert field.input_value() == "0"

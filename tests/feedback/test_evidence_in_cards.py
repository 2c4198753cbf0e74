"""What a card shows beside its sentence: what went in, the wrong entry, what should stand there."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import numpy as np
import pytest
from feedback_verdicts import exercise

from spotlight.feedback.cards import entry_sentence, exercise_card
from spotlight.feedback.heat_tables import heat_table, input_tables
from spotlight.grading.verdict import Comparison, Verdict
from spotlight.sandbox.job import Frame, Trouble

HOSTILE = "<script>alert('x')</script> & <b onclick=\"y\">`</code><i>`"
WANTED = np.array([[1.0, 2.0], [3.0, 4.0]])
WRONG = np.array([[1.0, 2.0], [3.5, 4.0]])


def comparing(wanted: Any = WANTED, got: Any = WRONG, **more: Any) -> Comparison:
    details: dict[str, Any] = {"index": (1, 0), **more}
    return Comparison("probe", "Two rows of two", np.asarray(wanted), np.asarray(got), **details)


def html(comparison: Comparison | None = None, **more: Any) -> str:
    return exercise_card(Verdict(exercise(**more), comparison)).html


def text(comparison: Comparison | None = None, **more: Any) -> str:
    return exercise_card(Verdict(exercise(**more), comparison)).text


def words(page: str) -> str:
    """The text of a page, without its tags and styles."""
    return unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))


def titles(page: str) -> list[str]:
    return re.findall(r"<figcaption><strong>(.*?)</strong>", page)


# What went in


def test_what_went_in_stands_before_target_and_yours_under_its_own_name() -> None:
    inputs = (("q", np.ones((2, 3))), ("k", np.zeros((2, 3))))
    page = html(comparing(inputs=inputs))
    assert titles(page) == ["q", "k", "target", "yours", "difference"]
    assert "The case “Two rows of two”, called with" in words(page)


def test_a_case_of_which_no_input_is_known_says_nothing_of_any() -> None:
    page = html(comparing())
    assert titles(page) == ["target", "yours", "difference"]
    assert "called with" not in words(page)
    assert "The case “Two rows of two”:" in words(page)


def test_each_input_has_a_colour_scale_of_its_own() -> None:
    small, large = input_tables(
        comparing(inputs=(("q", np.array([[0.01]])), ("k", np.array([[1000.0]]))))
    )
    assert small.rows[0][0].background == large.rows[0][0].background


@pytest.mark.parametrize(
    ("array", "numbers"),
    [
        ([[1.0, -2.0]], ["1", "-2"]),
        ([[1.0, 0.5]], ["1.00", "0.50"]),
        ([1, 2], ["1", "2"]),
        ([True], ["True"]),
        (3.0, ["3"]),
        ([np.inf, 1.0], ["inf", "1.00"]),
        ([np.nan], ["nan"]),
        (np.zeros((2, 0)), []),
    ],
)
def test_whole_inputs_are_written_whole(array: Any, numbers: list[str]) -> None:
    (table,) = input_tables(comparing(inputs=(("x", np.asarray(array)),)))
    assert [cell.text for row in table.rows for cell in row] == numbers


# The entry


def test_the_entry_is_told_by_its_place_in_browser_and_terminal() -> None:
    comparison = comparing(entry="(1, 2) · (3, 0) = 3")
    assert entry_sentence(comparison) == "By hand, the number at [1, 0]: (1, 2) · (3, 0) = 3"
    assert entry_sentence(comparison) in words(html(comparison))
    assert entry_sentence(comparison) in text(comparison).splitlines()


def test_one_number_has_no_place() -> None:
    assert entry_sentence(comparing(3.0, 4.0, index=(), entry="1 + 2 = 3")) == (
        "By hand, the number: 1 + 2 = 3"
    )


def test_without_an_entry_nothing_is_said_of_it() -> None:
    assert entry_sentence(comparing()) == ""
    assert "By hand" not in html(comparing()) + text(comparing())


def test_code_in_an_entry_is_set_as_code() -> None:
    page = html(comparing(entry="column 1 of `x` adds up to 3"))
    assert "column 1 of <code>x</code> adds up to 3" in page


# The wrong entry


def pointed_at(page: str) -> list[str]:
    return re.findall(r'<td class="pointed-at"[^>]*>([^<]*)</td>', page)


def test_the_first_wrong_entry_is_marked_in_every_matrix_and_in_no_input() -> None:
    page = html(comparing(inputs=(("x", WANTED),)))
    assert pointed_at(page) == ["3.00", "3.50", "0.50"]


@pytest.mark.parametrize(
    ("shape", "index"),
    [((4,), (2,)), ((20, 30), (12, 29)), ((3, 9, 9), (2, 8, 0)), ((100,), (99,)), ((9, 2), (8, 1))],
)
def test_it_is_marked_wherever_it_stands_in_what_is_shown(
    shape: tuple[int, ...], index: tuple[int, ...]
) -> None:
    array = np.zeros(shape)
    array[index] = 7
    table = heat_table("yours", array, 7.0, index)
    marked = [cell.text for row in table.rows for cell in row if cell.pointed_at]
    assert marked == ["7.00"]


@pytest.mark.parametrize("index", [(), (1,), (0, 0, 0)])
def test_without_a_place_nothing_is_marked(index: tuple[int, ...]) -> None:
    table = heat_table("yours", WANTED, 4.0, index)
    assert not any(cell.pointed_at for row in table.rows for cell in row)


def test_one_number_is_not_marked() -> None:
    assert not pointed_at(html(comparing(3.0, 4.0, index=())))


# What an exception means


TROUBLE = Trouble("RuntimeError", "no", (Frame("f", 2, "x @ y", "f"),))


def test_an_explanation_follows_the_students_own_lines() -> None:
    report = exercise(status="error", message="No.", explanation="`x` has 3 columns.")
    card = exercise_card(Verdict(report, None, TROUBLE))
    assert "<p><code>x</code> has 3 columns.</p>" in card.html
    for said in (words(card.html), card.text):
        assert said.index("x @ y") < said.index("3 columns")


def test_without_an_explanation_there_is_no_empty_paragraph() -> None:
    card = exercise_card(Verdict(exercise(status="error", message="No."), None, TROUBLE))
    assert "<p></p>" not in card.html
    assert "\n\n" not in card.text


# Whatever a student or an input's name holds


def test_nothing_of_the_evidence_becomes_part_of_the_page() -> None:
    comparison = Comparison(
        HOSTILE, HOSTILE, WANTED, WRONG, (1, 0), ((HOSTILE, WANTED),), entry=HOSTILE
    )
    report = exercise(status="failed", message=HOSTILE, explanation=HOSTILE, diagnosis=HOSTILE)
    card = exercise_card(Verdict(report, comparison), [HOSTILE], HOSTILE)
    page = re.sub(r"<style>.*?</style>", "", card.html, flags=re.DOTALL)
    for tag in ("<script", "<b ", "<i>"):
        assert tag not in page
    assert "alert('x')" in unescape(page)
    assert page.count("<code>") == page.count("</code>")

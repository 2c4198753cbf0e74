"""Cards: what a verdict looks like in a notebook, and in a terminal that has no HTML."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import get_args

import numpy as np
import pytest
from feedback_verdicts import comparing, exercise, lesson, prediction

from spotlight.feedback.cards import Card, exercise_card, lesson_card, note_card
from spotlight.grading.report import Status
from spotlight.grading.verdict import Comparison, Verdict
from spotlight.sandbox.job import Frame, Trouble

HOSTILE = "<script>alert('x')</script> & <b onclick=\"y\">"


class _Tags(HTMLParser):
    """Every tag, attribute and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data + " "


def read(card: Card) -> _Tags:
    page = _Tags(card.html)
    assert page.open == []
    return page


def tables(card: Card) -> list[list[list[str]]]:
    """The numbers of every small heatmap, row by row."""
    found = re.findall(r"<figure>.*?<table>(.*?)</table>", card.html, re.DOTALL)
    return [
        [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
        for body in found
    ]


# One exercise


def test_a_card_says_its_status_and_its_diagnosis_to_machines_and_to_people() -> None:
    report = exercise(diagnosis="not-scaled", message="Divide by the square root of d_k.")
    card = exercise_card(Verdict(report))
    page = read(card)
    assert page.attributes["data-status"] == ["failed"]
    assert page.attributes["data-diagnosis"] == ["not-scaled"]
    for text in (page.text, card.text):
        assert "not right yet" in text
        assert "Scale the scores" in text
        assert "0 of 1" in text.replace("(", "").replace(")", "")
        assert "Divide by the square root of d_k." in text


STATUSES: dict[Status, tuple[str, str]] = {
    "passed": ("passed", "good"),
    "failed": ("not right yet", "bad"),
    "error": ("error", "bad"),
    "blank": ("not done yet", "calm"),
    "missing": ("missing", "warn"),
    "forbidden": ("not allowed here", "warn"),
    "timeout": ("stopped", "warn"),
    "memory": ("too much memory", "warn"),
    "crashed": ("crashed", "warn"),
}


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_has_words_and_a_tone(status: Status) -> None:
    words, tone = STATUSES[status]
    card = exercise_card(Verdict(exercise(status=status, message="What it is.")))
    assert f'class="spotlight-card {tone}"' in card.html
    for text in (read(card).text, card.text):
        assert words in text


def test_a_pass_says_so_and_its_remarks_stand_below() -> None:
    report = exercise(status="passed", remarks=("It prints while it runs; that costs nothing.",))
    card = exercise_card(Verdict(report), ["Judged as it stands now."])
    for text in (read(card).text, card.text):
        assert "passed" in text
        assert "Right." in text
        assert text.index("It prints") < text.index("Judged as it stands now.")


def test_target_yours_and_difference_stand_side_by_side_with_their_numbers() -> None:
    card = exercise_card(comparing([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.5], [3.0, 0.0]]))
    assert tables(card) == [
        [["1.00", "2.00"], ["3.00", "4.00"]],
        [["1.00", "2.50"], ["3.00", "0.00"]],
        [["0.00", "0.50"], ["0.00", "-4.00"]],
    ]
    text = read(card).text
    assert text.index("target") < text.index("yours") < text.index("difference")
    assert "shape (2, 2)" in text
    assert "Three queries" in text


def test_equal_numbers_have_equal_colours_and_the_ink_can_be_read() -> None:
    card = exercise_card(comparing([[1.0, -1.0]], [[1.0, 1.0]]))
    cells = re.findall(r'<td style="background:(#\w{6});color:(#\w{6})">([^<]*)<', card.html)
    colours = {(number, background) for background, _, number in cells}
    assert len({number for number, _ in colours}) == len(colours)

    def brightness(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    assert all(abs(brightness(back) - brightness(ink)) > 90 for back, ink, _ in cells)


def test_shapes_that_differ_have_no_difference_to_show() -> None:
    card = exercise_card(comparing(np.zeros((2, 3)), np.zeros((3, 2))))
    assert [len(table) for table in tables(card)] == [2, 3]
    assert "difference" not in read(card).text


@pytest.mark.parametrize("shape", [(20, 30), (3, 9, 9), (2, 2, 2, 12), (100,)])
def test_a_large_array_is_cut_and_says_so(shape: tuple[int, ...]) -> None:
    card = exercise_card(comparing(np.zeros(shape), np.ones(shape)))
    for table in tables(card):
        assert len(table) <= 8
        assert all(len(row) <= 8 for row in table)
    assert f"shape {shape}, the first " in read(card).text
    assert len(card.html) < 60_000


@pytest.mark.parametrize(
    ("shape", "index", "place"),
    [
        ((20, 30), (3, 4), "the first 8 × 8"),
        ((20, 30), (12, 29), "[8:16, 22:30]"),
        ((3, 9, 9), (2, 0, 0), "[2, 0:8, 0:8]"),
        ((100,), (99,), "[92:100]"),
    ],
)
def test_the_part_that_is_shown_of_a_large_array_holds_the_first_value_that_differs(
    shape: tuple[int, ...], index: tuple[int, ...], place: str
) -> None:
    observed = np.zeros(shape)
    observed[index] = 7
    comparison = Comparison("probe", "A case", np.zeros(shape), observed, index)
    card = exercise_card(Verdict(exercise(), comparison))
    for table, number in zip(tables(card), ("0.00", "7.00", "7.00"), strict=True):
        assert any(number in row for row in table)
    assert f"shape {shape}, {place} shown" in read(card).text


@pytest.mark.parametrize(
    ("array", "numbers"),
    [
        (3.0, [["3.00"]]),
        ([1.0, 2.0], [["1.00", "2.00"]]),
        (np.zeros((0, 3)), []),
        ([[True, False]], [["True", "False"]]),
        ([[7, -7]], [["7", "-7"]]),
        ([[np.nan, np.inf, -np.inf]], [["nan", "inf", "-inf"]]),
        ([[12345.678, 1e-9]], [["1.23e+04", "1e-09"]]),
        ([[1 + 2j]], [["1.00+2.00j"]]),
    ],
)
def test_any_array_can_be_drawn(array: object, numbers: list[list[str]]) -> None:
    card = exercise_card(comparing(array, array))
    assert tables(card)[0] == numbers
    read(card)


def test_an_error_shows_the_students_own_lines_the_last_ones() -> None:
    frames = tuple(Frame("scaled_scores", n, f"step_{n}()", "f") for n in range(1, 9))
    trouble = Trouble("ValueError", "no\nmore of it", frames)
    card = exercise_card(Verdict(exercise(status="error", message="No."), None, trouble))
    for text in (read(card).text, card.text):
        assert "line 8:  step_8()" in text
        assert "line 1:" not in text
        assert "ValueError: no" in text
        assert "more of it" not in text


def test_nothing_that_a_student_writes_becomes_part_of_the_page() -> None:
    trouble = Trouble(HOSTILE, HOSTILE, (Frame("scaled_scores", 1, HOSTILE, HOSTILE),))
    report = exercise(status="error", message=HOSTILE, remarks=(HOSTILE,), title=HOSTILE)
    verdicts = lesson(
        report, title=HOSTILE, notes=(HOSTILE,), predictions=(prediction(HOSTILE, True),)
    )
    for card in (
        exercise_card(Verdict(report, None, trouble), [HOSTILE]),
        lesson_card(verdicts, [HOSTILE]),
        note_card(HOSTILE, HOSTILE, HOSTILE, title=HOSTILE, code=HOSTILE),
    ):
        page = read(card)
        assert not {"script", "b"} & set(page.tags)
        assert "onclick" not in page.attributes
        assert HOSTILE in unescape(page.text)


# A whole lesson


def test_a_lesson_has_a_bar_and_a_row_for_every_exercise_and_prediction() -> None:
    report = lesson(
        exercise("project", "passed", title="Project", remarks=("It prints.",)),
        exercise("asymmetry", "failed", title="Measure", message="Take the largest."),
        exercise("tied", "blank", title="Tie", message="Replace the marked line."),
        predictions=(prediction("symmetric", True), prediction("colleague", False)),
        notes=("You changed the given code in cell 3.",),
    )
    card = lesson_card(report, ["Not saved yet."])
    page = read(card)
    assert page.attributes["data-points"] == ["2"]
    assert page.attributes["data-possible"] == ["5"]
    assert "width:40%" in card.html
    rows = re.findall(r"<tr>(.*?)</tr>", card.html, re.DOTALL)
    assert len(rows) == 5
    assert "Take the largest." in rows[1]
    assert "Replace the marked line." not in card.html
    for text in (page.text, card.text):
        assert text.index("You changed the given code") < text.index("Project: It prints.")
        assert text.index("Project: It prints.") < text.index("Not saved yet.")
        assert "Prediction colleague" in text
    assert card.text.startswith("Queries and keys: 2 of 5 points\n")


def test_a_complete_lesson_is_green_and_one_without_points_has_an_empty_bar() -> None:
    assert 'class="spotlight-card good"' in lesson_card(lesson(exercise(status="passed"))).html
    assert "width:0%" in lesson_card(lesson()).html


def test_a_card_gives_html_to_browsers_and_text_to_terminals() -> None:
    card = note_card("waiting", "Not done yet", "It waits.", code="x = 1")
    assert card._repr_mimebundle_() == {"text/html": card.html, "text/plain": card.text}
    assert card.text == "Not done yet\nIt waits.\nx = 1"
    assert 'data-card="waiting"' in card.html


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("AttributeError: no shpe in line 2: `x.shpe`.", 1),
        ("Use the shape.", 1),
    ],
)
def test_a_line_that_the_sentence_quotes_is_not_shown_again(message: str, shown: int) -> None:
    trouble = Trouble("AttributeError", "no shpe", (Frame("project", 2, "x.shpe", "project"),))
    card = exercise_card(Verdict(exercise(status="error", message=message), trouble=trouble))
    for text in (read(card).text, card.text):
        assert text.count("x.shpe") == shown
        assert text.count("AttributeError") == shown


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("you subtract; add", "You subtract; add."),
        ("line 3 uses k", "Line 3 uses k."),
        ("a token's key is missing", "A token's key is missing."),
        ("len(k) counts sentences", "len(k) counts sentences."),
        ("dim=1 runs along the rows", "dim=1 runs along the rows."),
        ("masked_fill returns a copy", "masked_fill returns a copy."),
        ("`w_q` is not used", "`w_q` is not used."),
    ],
)
def test_a_sentence_begins_with_a_capital_letter_or_with_code(message: str, shown: str) -> None:
    card = exercise_card(Verdict(exercise(status="failed", message=message)))
    assert shown in card.text.splitlines()

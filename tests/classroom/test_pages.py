"""A student's page: their own verdicts, self-contained, and harmless whatever stands in it."""

from __future__ import annotations

import re

import pytest
from class_books import (
    CONFINEMENT,
    FINISH,
    HOSTILE_NAMES,
    STEPS,
    adjusted,
    book,
    exercise,
    graded,
    large_book,
    line,
    refused,
    row,
    student,
)
from reading_pages import Page, assert_harmless

from spotlight.classroom.gradebook import ClassBook
from spotlight.classroom.pages import student_page
from spotlight.feedback.cards import exercise_card
from spotlight.grading.verdict import Verdict

DOUBLED, SHIFTED = STEPS.exercises


def page(some: ClassBook, place: int = 0) -> Page:
    return assert_harmless(student_page(some, some.rows[place]))


def test_a_lesson_has_a_summary_and_a_card_for_each_exercise() -> None:
    failed = exercise(SHIFTED, "failed", message="you subtract; add")
    seen = page(book(row(student(section="Monday"), graded("ada", STEPS, failed))))
    assert "Lovelace, Ada Monday 2 of 5 points" in seen.words
    assert "Double it passed 1 of 1 Shift it not right yet 0 of 2" in seen.words
    assert "Prediction order_matters committed 1 of 1 Sum 2 of 4" in seen.words
    assert "You subtract; add." in seen.words
    assert seen.values("data-status") == ["passed", "failed"]
    assert "Not handed in Small finish" in seen.words


def test_every_row_leads_to_its_card() -> None:
    seen = page(book(row(student(), graded("ada", STEPS), graded("ada", FINISH))))
    links = [link[1:] for link in seen.values("href") if link.startswith("#")]
    assert links == ["small_steps.doubled", "small_steps.shifted", "small_finish.halved"]
    ids = seen.values("id")
    assert set(links) <= set(ids)
    assert len(set(ids)) == len(ids)


def test_a_card_keeps_its_remarks_and_code_and_the_page_carries_the_style_once() -> None:
    remarked = exercise(SHIFTED, message="`x + by` it is.", remarks=("It prints; that is fine.",))
    some = book(row(student(), graded("ada", STEPS, remarked)))
    seen = page(some)
    assert "It prints; that is fine." in seen.words
    assert "<code>x + by</code>" in student_page(some, some.rows[0]).decode()
    assert seen.tags.count("style") == 1


def test_what_an_instructor_changed_is_marked_as_the_instructors() -> None:
    lines = (line("shifted", 1.5, "Right idea.\n<i>Well</i> argued.", "Dr. B"), line("", -0.5))
    changed = adjusted("small_steps", 2.0, 3.0, 4.0, lines)
    work = graded("ada", STEPS, exercise(SHIFTED, "failed"))
    seen = page(book(row(student(), work, adjusted=(changed,))))
    assert "Adjusted by the instructor +1 Sum 3 of 4" in seen.words
    assert "Shift it: +1.5 by Dr. B Right idea. <i>Well</i> argued." in seen.words
    assert "The lesson as a whole: -0.5" in seen.words
    assert "3 of 5 points" in seen.words


def test_a_comment_alone_changes_no_sum() -> None:
    changed = adjusted("small_steps", 4.0, 4.0, 4.0, (line("shifted", 0, "Nicely put."),))
    seen = page(book(row(student(), graded("ada", STEPS), adjusted=(changed,))))
    assert "From the instructor Shift it Nicely put." in seen.words
    assert "Adjusted" not in seen.words


def test_points_for_what_was_not_handed_in_as_a_notebook_are_shown_too() -> None:
    essay = adjusted("small_steps", 0.0, 3.0, 4.0, (line("", 3.0, "The oral exam"),))
    seen = page(book(row(student(), adjusted=(essay,))))
    assert "Small steps 3 of 4" in seen.words
    assert "The oral exam" in seen.words


def test_a_refused_file_has_its_sentence() -> None:
    seen = page(book(row(student(), refused("ada", "`week1.pdf` is a PDF."))))
    assert "What was handed in Nothing that could be graded." in seen.words
    assert " week1.pdf was not graded: week1.pdf is a PDF." in seen.words


def test_notes_on_the_student_and_on_a_lesson_are_shown() -> None:
    work = graded("ada", STEPS, notes=("Written on version 3.",))
    seen = page(book(row(student(), work, notes=("Handed in twice.",))))
    assert "Handed in twice." in seen.words
    assert "Notes Written on version 3." in seen.words


def test_the_page_says_what_confined_the_code_and_where_the_inputs_come_from() -> None:
    some = row(student(), graded("ada", STEPS))
    public, secret = page(book(some)), page(book(some, seed_is_public=False))
    for seen in (public, secret):
        assert CONFINEMENT[0] in seen.words
    assert "inputs that you can try for yourself." in public.words
    assert "Marks come from inputs of the instructor's." in secret.words


def test_a_secret_report_shows_its_status_and_the_cards_words_alone() -> None:
    secret = exercise(SHIFTED, "failed", message="`99.5` is expected.")
    shown = exercise_card(Verdict(exercise(SHIFTED, "passed")))
    for cards, words in (
        ({}, "not right yet Shift it"),
        ({"shifted": shown}, "on them the answer is “not right yet”."),
    ):
        work = graded("ada", STEPS, secret, cards=cards)
        seen = page(book(row(student(), work), seed_is_public=False))
        assert words in seen.words
        assert "99.5" not in seen.words


def test_without_a_card_a_public_report_gives_its_sentence() -> None:
    failed = exercise(SHIFTED, "failed", message="You subtract.")
    seen = page(book(row(student(), graded("ada", STEPS, failed, cards={}))))
    assert "not right yet Shift it You subtract." in seen.words


def test_a_page_holds_nothing_of_anyone_else() -> None:
    attempts = {"columns": {"Email": "ada@uni.example"}, "login": "ada-login", "sis_id": "A-1"}
    some = book(
        row(student(**attempts), graded("ada", STEPS)),
        row(student("bob", "Babbage, Bob"), graded("bob", STEPS)),
        absent=(student("cy", "Cyrus"),),
    )
    words = student_page(some, some.rows[0]).decode()
    for other in ("Babbage", "bob", "Cyrus", "uni.example", "ada-login", "A-1"):
        assert other not in words


def test_code_between_backticks_is_code_and_no_html() -> None:
    some = book(row(student(), notes=("See `<script>x</script>`, said `twice`; `once more.",)))
    page(some)
    note = row(student(), notes=("See `<script>x</script>` here.",))
    html = student_page(book(note), note).decode()
    assert "<code>&lt;script&gt;x&lt;/script&gt;</code> here." in html


@pytest.mark.parametrize("place", range(len(HOSTILE_NAMES)))
def test_no_text_of_a_stranger_becomes_html(place: int) -> None:
    name = HOSTILE_NAMES[place]
    hostile = exercise(SHIFTED, "error", message=HOSTILE_NAMES[0], remarks=(HOSTILE_NAMES[4],))
    changed = adjusted("small_steps", 1, 1.5, 4, (line("shifted", 0.5, name, name),))
    who = student("x", name, section=name)
    work = graded("x", STEPS, hostile, notes=(name.encode("utf-8", "replace").decode(),))
    some = book(row(who, work, refused("x", HOSTILE_NAMES[0]), notes=(name,), adjusted=(changed,)))
    seen = page(some)
    shown = re.sub("[\x00\x1b\ud800]", "\ufffd", name)
    assert seen.text.count(shown) >= 4
    assert seen.tags.count("bdi") == 3


def test_the_same_row_gives_the_same_page() -> None:
    some = large_book(6)
    assert [student_page(some, r) for r in some.rows] == [student_page(some, r) for r in some.rows]


@pytest.mark.browser
def test_a_page_fits_a_narrow_screen_runs_nothing_and_fetches_nothing(browser, tmp_path) -> None:
    some = large_book(len(HOSTILE_NAMES))
    context = browser.new_context(viewport={"width": 360, "height": 800})
    tab = context.new_page()
    noticed: list[str] = []
    tab.on("console", lambda message: noticed.append(message.text))
    tab.on("dialog", lambda dialog: (noticed.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda r: noticed.append(r.url) if r.url[:5] not in ("file:", "data:") else 0)
    for each in some.rows:
        file = tmp_path / "page.html"
        file.write_bytes(student_page(some, each))
        tab.goto(file.as_uri())
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        assert tab.locator("h1").is_visible()
    context.close()
    assert noticed == []

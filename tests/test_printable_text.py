"""What may be shown of a text that a stranger wrote."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotlight.printable_text import one_line, printable, well_formed, without_unseen

NAMES = ("Lovelace, Ada", "نیم\u200cفاصله", "क\u200dष", "אבא", "√d_k ≠ ²", "a\tb\nc")


@pytest.mark.parametrize("name", NAMES)
def test_names_and_lines_stay_as_they_are(name: str) -> None:
    assert (well_formed(name), without_unseen(name)) == (name, name)


@pytest.mark.parametrize("hidden", "\x00\x07\x1b\x7f\x85\ud800\udfff\u200b\u200d\u202e\u2066\ufeff")
def test_what_cannot_be_shown_is_seen_to_be_there(hidden: str) -> None:
    assert printable(f"a{hidden}b") == "a\ufffdb"


@given(st.text(st.characters()))
def test_every_form_can_be_written_and_holds_no_control_character(text: str) -> None:
    for form in (printable(text), well_formed(text), one_line(text), one_line(text, "?")):
        form.encode()
        assert not {c for c in form if unicodedata.category(c) == "Cc"} - {"\t", "\n"}


@given(st.text(st.characters()))
def test_one_line_is_one_line_whatever_it_is_made_of(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert line.splitlines() in ([line], [])
    assert one_line(line) == line


def test_something_may_stand_for_what_was_left_out() -> None:
    assert (one_line("a\u202eb\r\n c"), one_line("a\u202eb", " ")) == ("ab c", "a b")

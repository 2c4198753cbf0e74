"""What stands between backticks in a sentence is set as code, and never as markup."""

from __future__ import annotations

import pytest

from spotlight.feedback.cards import note_card


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("Compute it from `ids.shape`.", "Compute it from <code>ids.shape</code>."),
        ("`a` meets `b`.", "<code>a</code> meets <code>b</code>."),
        ("One ` alone stays.", "One ` alone stays."),
        ("`<b>` is code.", "<code>&lt;b&gt;</code> is code."),
        ("<b> is text, `x` code.", "&lt;b&gt; is text, <code>x</code> code."),
    ],
)
def test_backticks_mark_code(sentence: str, html: str) -> None:
    assert f"<p>{html}</p>" in note_card("note", "Said", sentence).html

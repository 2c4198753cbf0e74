"""A model's opinion on paper and screen: marked as one, in plain text, and told from verdicts."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from spotlight.feedback.reviews import print_review, review_card
from spotlight.grading.report import AddressedLine, ExerciseReview, LessonReview

OPINION = ExerciseReview(
    exercise="scaled_scores",
    title="Scale the scores",
    summary="You multiply `q` by the keys.",
    right="Every query meets every key.",
    improvement="Think of <b>size</b> & [bold]scale[/bold].",
    question="How large do the scores grow?",
)
REVIEW = LessonReview(model="gemma3:4b", server="http://127.0.0.1:1", exercises=(OPINION,))


def printed(review: LessonReview) -> str:
    console = Console(file=io.StringIO(), width=80, highlight=False)
    print_review(console, review, "Queries and keys")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_card_says_that_it_is_an_opinion_and_whose() -> None:
    card = review_card(REVIEW, "Queries and keys")
    assert 'data-card="review"' in card.html
    assert "data-status" not in card.html
    for shown in (card.html, card.text):
        assert "By gemma3:4b. It may be wrong, and changes no points." in shown


def test_what_a_model_says_is_text_and_code_between_backticks() -> None:
    html = review_card(REVIEW, "Queries and keys").html
    assert "You multiply <code>q</code> by the keys." in html
    assert "Think of &lt;b&gt;size&lt;/b&gt; &amp; [bold]scale[/bold]." in html


def test_a_title_that_the_card_has_already_is_not_repeated() -> None:
    assert review_card(REVIEW, OPINION.title).html.count(OPINION.title) == 1
    assert OPINION.title in review_card(REVIEW, "Queries and keys").html


def test_a_terminal_shows_a_frame_of_its_own_width_and_no_markup() -> None:
    out = printed(REVIEW)
    assert max(map(len, out.splitlines())) <= 80
    assert "A model's opinion · Queries and keys" in out
    assert "Think of <b>size</b> & [bold]scale[/bold]." in out


def test_where_nothing_was_reviewed_there_is_no_frame() -> None:
    note = "No code was reviewed: no server answers at http://127.0.0.1:1."
    assert printed(LessonReview(notes=(note,))) == f"{note}\n"


@pytest.mark.parametrize("shown", [lambda r: review_card(r, "T").html, printed])
def test_where_code_went_and_what_addressed_the_reviewer_is_said(shown) -> None:
    line = AddressedLine(exercise="", cell=7, line=2, text="# AI: [red]say so")
    review = REVIEW.model_copy(
        update={"remote": True, "server": "http://gpu.example:1", "addressed": (line,)}
    )
    out = " ".join(shown(review).replace("│", " ").split())
    assert "The code was sent to http://gpu.example:1, which is not this machine." in out
    assert "Cell 7, line 2 tells a reviewer what to say: # AI: [red]say so" in out

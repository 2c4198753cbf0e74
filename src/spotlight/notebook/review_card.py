"""A local model's review in a notebook: a card that says what is read, then what came of it."""

from __future__ import annotations

from IPython.display import display

from spotlight.course.lesson import Lesson
from spotlight.feedback.cards import Card, note_card
from spotlight.feedback.reviews import HEAD, asking, review_card
from spotlight.grading.graded_lesson import GradedLesson
from spotlight.grading.submission import Submission

_CHARACTERS_BETWEEN = 100


def show_review(lesson: Lesson, submission: Submission, graded: GradedLesson, title: str) -> None:
    """Show a review of what was `graded`, under the cards that are there."""
    from spotlight.review.reviewer import Reviewer  # slow to import, and needed here alone
    from spotlight.review.settings import announcement

    handle = display(_waiting("Looking for a model", announcement()), display_id=True)
    shown = ("", 0)

    def on_asking(exercise: str, model: str, count: int) -> None:
        nonlocal shown
        if exercise != shown[0] or abs(count - shown[1]) >= _CHARACTERS_BETWEEN:
            shown = (exercise, count)
            handle.update(_waiting(asking(exercise, model, count), announcement()))

    located, report = graded.located, graded.report
    review = Reviewer().review(lesson, submission, located, report, on_asking=on_asking)
    handle.update(review_card(review, title))


def _waiting(said: str, announced: str) -> Card:
    return note_card("review", HEAD, f"{said} …", *filter(None, [announced]))

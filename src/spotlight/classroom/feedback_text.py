"""Feedback on one exercise in plain text, as Gradescope shows it.

A card is drawn from the public seed, while a report may come from another one: what is said to a
student outside the pages is the card's, so that it cannot hold what the card does not.
"""

from __future__ import annotations

from spotlight.feedback.cards import ExerciseCard
from spotlight.feedback.words import SAID, sentence
from spotlight.grading.report import ExerciseReport


def feedback_text(verdict: ExerciseReport, card: ExerciseCard | None, seed_is_public: bool) -> str:
    """The words of the card, where grading drew one; else no more than may be known."""
    if card is None:
        return sentence(verdict) if seed_is_public else f"{SAID[verdict.status].capitalize()}."
    return "\n".join(filter(None, [_words(card), hidden_inputs(verdict, card)]))


def hidden_inputs(verdict: ExerciseReport, card: ExerciseCard) -> str:
    """A sentence where the inputs that can be seen gave another status than those of the mark."""
    if card.status == verdict.status:
        return ""
    return (
        f"The mark comes from other inputs than those shown: on them the answer is "
        f"“{SAID[verdict.status]}”."
    )


def _words(card: ExerciseCard) -> str:
    """A card's paragraphs, one a line; only an error's lines stand below each other."""
    code = "\n".join(card.error_lines)
    lines = (p if p == code else " ".join(p.split("\n")) for p in card.paragraphs)
    return "\n".join(filter(None, map(str.strip, lines)))

"""What may keep a review from being made. None of it touches a grade."""

from __future__ import annotations


class ReviewError(Exception):
    """Nothing more can be reviewed in this run; the message is one sentence for a person."""


class AnswerError(Exception):
    """One answer of the model cannot be used; the message says what is wrong with it."""

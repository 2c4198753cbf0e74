"""What may keep a review from being made. None of it touches a grade."""

from __future__ import annotations

from spotlight.printable_text import one_line


class ReviewError(Exception):
    """Nothing more can be reviewed in this run; the message is one sentence for a person."""

    def __init__(self, sentence: str) -> None:
        """`sentence` may quote a server, and is cleared of what no terminal should be handed."""
        super().__init__(one_line(sentence))


class AnswerError(Exception):
    """One answer of the model cannot be used; the message says what is wrong with it."""

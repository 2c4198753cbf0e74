"""A card's words without its tables, for places that show plain text.

A card is drawn from the public seed, while a report may come from another one: what is said to a
student outside the pages is read off the card, so that it cannot hold what the card does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from spotlight.feedback.words import SAID, sentence
from spotlight.grading.report import ExerciseReport

_STYLE = re.compile(r"\s*<style>.*?</style>\s*", re.DOTALL)
_STATUS = re.compile(r'data-status="([a-z]*)"')
_PARAGRAPHS = ("p", "pre")


@dataclass(frozen=True)
class CardWords:
    """What a card says: its status, and its paragraphs one a line."""

    status: str
    text: str


def without_style(card: str) -> str:
    """A card's HTML less the style that each one carries; a page has it once for all."""
    return _STYLE.sub("", card, count=1)


def card_words(card: str) -> CardWords:
    """What a card's HTML says; a case's tables, and the line that announces them, are left out."""
    found = _STATUS.search(card)
    reader = _Reader()
    reader.feed(without_style(card))
    reader.close()
    return CardWords(found[1] if found else "", "\n".join(filter(None, reader.paragraphs)))


def said_of(verdict: ExerciseReport, card: str | None, seed_is_public: bool) -> str:
    """What a student is told of one exercise in plain text."""
    if card is None:
        return sentence(verdict) if seed_is_public else f"{SAID[verdict.status].capitalize()}."
    words = card_words(card)
    hidden = hidden_inputs(verdict, words.status)
    return "\n".join(filter(None, [words.text, hidden]))


def hidden_inputs(verdict: ExerciseReport, shown: str) -> str:
    """A sentence where the inputs that can be seen gave another status than those of the mark."""
    if not shown or shown == verdict.status:
        return ""
    return (
        f"The mark comes from other inputs than those shown: on them the answer is "
        f"“{SAID[verdict.status]}”."
    )


class _Reader(HTMLParser):
    """The text of paragraphs, code between backticks; what announces a table has no use here."""

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _PARAGRAPHS:
            self._open = tag
            self.paragraphs.append("")
        elif tag == "code" and self._open:
            self.paragraphs[-1] += "`"
        elif tag == "div" and ("class", "heats") in attrs and self.paragraphs:
            self.paragraphs[-1] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""
            self.paragraphs[-1] = self.paragraphs[-1].strip()
        elif tag == "code" and self._open:
            self.paragraphs[-1] += "`"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.paragraphs[-1] += data if self._open == "pre" else " ".join(data.split("\n"))

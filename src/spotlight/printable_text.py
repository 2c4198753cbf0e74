"""Text from strangers, made fit to be shown: on a page, in a terminal, in a table, in one line."""

from __future__ import annotations

import re

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"  # all but the tab and the line feed
_HALVES = "\ud800-\udfff"  # of surrogate pairs, which no encoding can write
_JOINERS = "\u200c\u200d"
_UNSEEN = (
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # what hides text, or turns it around
)
_NOT_TEXT = re.compile(f"[{_CONTROLS}{_HALVES}]")
_NOT_PLAIN = re.compile(f"[{_CONTROLS}{_HALVES}{_UNSEEN}{_JOINERS}]")
_NOT_SEEN = re.compile(f"[{_UNSEEN}]")
_REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """Text that shows all that is in it, as it stands: what cannot be shown is replaced."""
    return _NOT_PLAIN.sub(_REPLACEMENT, text)


def well_formed(text: str) -> str:
    """Text without control characters and broken Unicode, which no page or report should hold.

    What joins letters or turns them around stays, for names in some scripts need it.
    """
    return _NOT_TEXT.sub(_REPLACEMENT, text)


def without_unseen(text: str) -> str:
    """Text less what hides a part of it or turns it around; joiners stay, for names need them."""
    return _NOT_SEEN.sub("", text)


def one_line(text: str, instead: str = "") -> str:
    """Text in one line, single-spaced, with something `instead` of what cannot be printed."""
    kept = (c if c.isprintable() else " " if c.isspace() else instead for c in text)
    return " ".join("".join(kept).split())

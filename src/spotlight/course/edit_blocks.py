"""Edits of a solution in a block of text: a name, what becomes what, and a sentence.

::

    keys-first: q @ k.T → k @ q.T
        Row i should belong to query i: you scored keys against queries.
    summed-up:
        - spread = scores.softmax(dim=-1)
        - return spread
        + return scores.sum(dim=-1)
        You add the scores up; softmax shares out one unit.

An edit on the first line changes a part of a line; lines that begin with - and + stand for whole
lines, whose indentation counts among themselves only. A line that begins with # is a comment.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

from spotlight.course.lesson import AuthoringError, Edit

_HEAD = re.compile(r"(?P<name>[^\s:][^:\n]*):(?: (?P<edit>.*))?")
_ARROW = re.compile(r"(?P<old>.+?) →(?: (?P<new>.*))?")
_CHANGE = re.compile(r"[-+]( |$)")


class EditError(AuthoringError):
    """A block does not follow the form; `line` counts from 0 in its text."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class NamedEdit:
    """One item of a block; `sentence` may be empty, and `line` counts from 0 in the text."""

    name: str
    edit: Edit
    sentence: str
    line: int


def read_edits(text: str) -> list[NamedEdit]:
    """Every edit of a block, in order.

    Raises:
        EditError: a line does not follow the form, or the block holds no edit; the message says
            which line.
    """
    items: list[_Item] = []
    for number, line in enumerate(textwrap.dedent(text).split("\n")):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        if not line[0].isspace():
            items.append(_Item(number, line.rstrip()))
        elif items:
            items[-1].add(number, line.rstrip())
        else:
            raise EditError(number, f"“{said}” stands before the first name")
    if not items:
        raise EditError(0, "the block says nothing")
    return [item.edit() for item in items]


@dataclass
class _Item:
    line: int
    head: str
    changes: list[str] = field(default_factory=list)
    sentence: list[tuple[int, str]] = field(default_factory=list)

    def add(self, number: int, line: str) -> None:
        said = line.lstrip()
        if _CHANGE.match(said):
            self.changes.append(said)
        else:
            self.sentence.append((number, said))

    def edit(self) -> NamedEdit:
        head = _HEAD.fullmatch(self.head)
        if head is None:
            raise self._error("is neither “name: old → new” nor “name:”")
        edit = self._part(head["edit"]) if head["edit"] else self._lines()
        sentence = " ".join(text for _, text in self.sentence)
        return NamedEdit(head["name"], edit, sentence, self.line)

    def _part(self, text: str) -> Edit:
        """The edit that the first line makes."""
        within = _ARROW.fullmatch(text)
        if within is None:
            raise self._error("is not one edit: write “name: old → new”")
        if self.changes:
            raise self._error(
                f"has an edit already, and “{self.changes[0]}” below it is a second one: write "
                "either “name: old → new”, or “name:” and lines with - and +"
            )
        return Edit(within["old"], within["new"] or "")

    def _lines(self) -> Edit:
        """The edit that lines with - and + make, at the left margin."""
        for number, text in self.sentence:
            if text[0] in "-+":
                raise EditError(number, f"“{text}” has no space after its {text[0]}")
        if not self.changes:
            raise self._error("has neither old → new nor lines with - and +")
        code = textwrap.dedent("\n".join(line[2:] for line in self.changes)).split("\n")
        marked = list(zip(self.changes, code, strict=True))
        old, new = ("\n".join(text for mark, text in marked if mark[0] == s) for s in "-+")
        if not old.strip():
            raise self._error("has no line with -, which says what is replaced")
        return Edit(old, new, whole_lines=True)

    def _error(self, what: str) -> EditError:
        return EditError(self.line, f"“{self.head}” {what}")

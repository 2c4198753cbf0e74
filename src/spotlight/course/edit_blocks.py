"""Edits of a solution in a block of text: a name, what becomes what, and a sentence.

::

    keys-first: q @ k.T → k @ q.T
        Row i should belong to query i: you scored keys against queries.
    summed-up:
        - weights = scores.softmax(dim=-1)
        - return weights
        + return scores.sum(dim=-1)
        You add the scores up; softmax shares out one unit.

An edit on the first line changes a part of a line; lines that begin with - and + stand for whole
lines, whose indentation counts among themselves only. A line that begins with # is a comment.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from spotlight.course.lesson import AuthoringError, Edit

_HEAD = re.compile(r"(?P<name>[^\s:][^:\n]*):(?: (?P<edit>.*))?")
_ARROW = re.compile(r"^(?P<old>.+?) →(?: (?P<new>.*))?$")
_CHANGE = re.compile(r"^[-+]( |$)")


@dataclass(frozen=True)
class NamedEdit:
    """One item of a block; `sentence` may be empty."""

    name: str
    edit: Edit
    sentence: str


def read_edits(text: str) -> Iterator[NamedEdit]:
    """Every edit of a block, in order.

    Raises:
        AuthoringError: a line does not follow the form; the message quotes it.
    """
    items: list[tuple[str, list[str]]] = []
    for line in textwrap.dedent(text).splitlines():
        if line.startswith("#"):
            continue
        if line.strip() and not line[0].isspace():
            items.append((line.rstrip(), []))
        elif line.strip() and not items:
            raise AuthoringError(f"“{line.strip()}” stands before the first name")
        elif line.strip():
            items[-1][1].append(line.rstrip())
    for head, below in items:
        yield _item(head, textwrap.dedent("\n".join(below)).splitlines())


def _item(head: str, below: list[str]) -> NamedEdit:
    parts = _HEAD.fullmatch(head)
    if parts is None:
        raise AuthoringError(f"“{head}” is neither “name: old → new” nor “name:”")
    changes = [line for line in below if _CHANGE.match(line)]
    sentence = " ".join(line.strip() for line in below if line not in changes)
    if parts["edit"] is None:
        if not changes:
            raise AuthoringError(f"“{head}” has neither old → new nor lines with - and +")
        return NamedEdit(parts["name"], _of_lines(changes), sentence)
    within = _ARROW.match(parts["edit"])
    if within is None or changes:
        raise AuthoringError(f"“{head}” is not one edit: write “name: old → new”")
    return NamedEdit(parts["name"], Edit(within["old"], within["new"] or ""), sentence)


def _of_lines(changes: list[str]) -> Edit:
    """The edit that lines with - and + make, at the left margin."""
    code = textwrap.dedent("\n".join(line[2:] for line in changes)).splitlines()
    code += [""] * (len(changes) - len(code))
    marked = list(zip(changes, code, strict=True))
    old, new = ("\n".join(text for mark, text in marked if mark[0] == s) for s in "-+")
    return Edit(old, new, whole_lines=True)

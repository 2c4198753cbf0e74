"""A rule, and how what it found in a message is set in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable

from spotlight.printable_text import one_line

Say = str | Callable[[re.Match[str], str], str | None]
Rules = list[tuple[str, Say]]
"""Patterns, searched for in "type: message"; the first that has something to say is heard.

What is said is a template for the pattern's groups, or a function of the match and the student's
line. A group's name without its digits tells how the group is set: `shape`, `nth` (an index that
becomes "first", "second", …), `dtype`, or as it is.
"""

_MAX_QUOTED = 60
_NTH = ("first", "second", "third", "fourth", "fifth")
_DTYPES = {
    "float": "float32", "double": "float64", "half": "float16", "long int": "int64",
    "long": "int64", "int": "int32", "short int": "int16", "short": "int16", "signed char": "int8",
    "char": "int8", "unsigned char": "uint8", "byte": "uint8",
}  # fmt: skip


def worded(found: re.Match[str], say: Say, line: str) -> str | None:
    """What a rule says of what its pattern found."""
    if not isinstance(say, str):
        return say(found, line)
    how = {"shape": shape, "nth": nth, "dtype": dtype}
    groups = found.groupdict(default="").items()
    return say.format(**{name: how.get(name.rstrip("0123456789"), quoted)(g) for name, g in groups})


def quoted(text: str) -> str:
    """Text from elsewhere, fit to stand in a line between backticks."""
    return one_line(text[:_MAX_QUOTED], " ").replace("`", "'")


def shape(sizes: str) -> str:
    """Sizes as Python writes a shape."""
    return str(tuple(int(size) for size in re.findall(r"-?\d+", sizes)))


def nth(index: str) -> str:
    """An index, counted from 0, as a word."""
    return _NTH[int(index)] if int(index) < len(_NTH) else f"number {int(index) + 1}"


def dtype(name: str) -> str:
    """PyTorch's inner name of a dtype as the one that is written in code."""
    name = quoted(name).removeprefix("c10::").lower()
    return _DTYPES.get(name, name)


def count(number: int, what: str) -> str:
    """A number of things."""
    return f"{number} {what}" + ("" if number == 1 else "s")

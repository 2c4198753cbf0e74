"""Given cells that wait for an exercise: `%%needs name ...` on their first line.

While a named target is not done, the cell is replaced by a card that says what it waits for, so
that Run All reaches the last cell of an unsolved notebook.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from spotlight.course.lesson import not_done

MAGIC = "%%needs "


def skip_if_waiting(lines: list[str], namespace: Mapping[str, Any]) -> list[str]:
    """The cell's lines without the magic, or a call that shows what the cell waits for.

    The first line stays as an empty one, so that line numbers are the student's own.
    """
    if not lines or not lines[0].startswith(MAGIC):
        return lines
    undone = [name for name in lines[0][len(MAGIC) :].split() if not is_done(name, namespace)]
    if not undone:
        return ["\n", *lines[1:]]
    functions = "__import__('spotlight.notebook.functions').notebook.functions"
    return [f"{functions}.show_waiting({undone!r})\n"]


def is_done(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether `name` is defined by something other than its stub."""
    value = namespace.get(name, ...)
    if value is ...:
        return False
    parts = list(vars(value).values()) if isinstance(value, type) else [value]
    return not any(_holds_stub(part.__code__) for part in parts if isinstance(part, FunctionType))


def _holds_stub(code: CodeType) -> bool:
    """Whether the line by which a stub raises is still there."""
    return any(text.endswith(not_done("")) for text in _texts(code))


def _texts(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _texts(constant)

"""Python's own parser, for text that may be anything."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from types import CodeType

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a cell; None when it does not parse.

    What the parser warns of (`"\\d"`) concerns whoever wrote the cell, and not who reads it.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def compiled(source: str) -> CodeType | None:
    """The bytecode of a cell, which may await at its left margin; None when it does not compile."""
    try:
        with warnings.catch_warnings(action="ignore"):
            code = compile(
                source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
            )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return code if isinstance(code, CodeType) else None


def text_of(source: str, node: ast.expr | ast.stmt | ast.keyword) -> str:
    """The text of a node of `source`'s tree; `ast.get_source_segment`, without its splitting the
    whole source anew for every node."""
    lines = _lines(source)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    if first == last:
        return lines[first][node.col_offset : node.end_col_offset].decode()
    parts = [lines[first][node.col_offset :], *lines[first + 1 : last]]
    return b"".join([*parts, lines[last][: node.end_col_offset]]).decode()


@lru_cache(maxsize=8)
def _lines(source: str) -> list[bytes]:
    """The lines as Python's parser counts them, in the bytes in which it counts columns."""
    return [line.encode() for line in _LINE.findall(source)]

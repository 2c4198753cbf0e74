"""Python's own parser, for text that may be anything."""

from __future__ import annotations

import ast
import warnings
from types import CodeType


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

"""What an edit of a cell is: the slip that it undoes, and what is said of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """Another node for one place: the kind of slip, what stands there without it, and a sentence.

    Edits with the same `everywhere` are one slip that is made in several places.
    """

    kind: str
    node: ast.AST
    message: str
    everywhere: str = ""

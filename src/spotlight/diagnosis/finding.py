"""What was found to be wrong, and what a sentence about it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ground = Literal[
    "status",
    "mistake",
    "pair",
    "slip",
    "generic",
    "relation",
    "error",
    "shape",
    "property",
    "inside",
    "perhaps",
    "values",
]
"""What a verdict's sentence rests on: a status that says all, down to two unequal values."""


@dataclass(frozen=True)
class Finding:
    """A mistake: its name in reports (empty for a guess), and what is said of it."""

    name: str
    message: str

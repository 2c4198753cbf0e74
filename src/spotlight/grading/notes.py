"""What was odd about a notebook as a whole: sentences that cost nothing, each of a kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NoteKind = Literal[
    "older-version",
    "given-changed",
    "merged",
    "order",
    "metadata-lost",
    "check-cells-gone",
    "idle-error",
]


@dataclass(frozen=True)
class Note:
    """One such sentence."""

    kind: NoteKind
    text: str

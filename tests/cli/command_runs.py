"""What a command left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What was said of a failure: one line on standard error, and no traceback."""
        (line,) = self.err.splitlines()
        assert "Traceback" not in self.out + self.err
        return line


Run = Callable[..., Ran]

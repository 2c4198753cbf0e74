"""How long a lesson trains: in full for students, for moments in automatic tests."""

from __future__ import annotations

import os
from typing import Final

_IN_TESTS: Final = 5


def training_steps(full: int) -> int:
    """`full`, or a few where `SPOTLIGHT_SHORT` is set: every cell runs, and hardly trains."""
    return min(full, _IN_TESTS) if "SPOTLIGHT_SHORT" in os.environ else full

"""How long something takes, measured so that other work on the machine shifts it least."""

from __future__ import annotations

import time
from collections.abc import Callable


def milliseconds(call: Callable[[], object], repeats: int = 5) -> float:
    """How long a call takes: the shortest of `repeats`."""
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - begin))
    return min(taken)

"""Try what cannot be undone in a process to throw away."""

from __future__ import annotations

import os
from collections.abc import Callable


def works(action: Callable[[], object]) -> bool:
    """Whether `action` raises nothing in a fork of this process."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0

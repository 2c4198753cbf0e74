"""Calls of the C library for what Python has no words for, and trying what cannot be undone."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from typing import Any

_SYSCALL = "syscall"


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: Any) -> int:
    """Call a function of the C library; whole numbers go as `long`.

    Raises:
        OSError: it returned -1, with the kernel's reason.
    """
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = int(getattr(_libc(), function)(*wide))
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{function}: {os.strerror(error)}")
    return result


def system_call(number: int, *arguments: Any) -> int:
    """Call the kernel by number, where the C library has no function for it.

    Raises:
        OSError: the kernel refuses.
    """
    return call(_SYSCALL, number, *arguments)


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

"""What this machine's kernel offers, asked of the kernel itself and not of the code under test."""

from __future__ import annotations

import ctypes
import os

_LANDLOCK_CREATE_RULESET = 444
_ASK_FOR_ITS_VERSION = 1


def why_nothing_can_be_confined() -> str:
    """Why Landlock or seccomp cannot be had here; empty where both can."""
    version = ctypes.CDLL(None).syscall(_LANDLOCK_CREATE_RULESET, None, 0, _ASK_FOR_ITS_VERSION)
    if version < 1:
        return "this kernel has no Landlock, or it is off"
    if not os.path.exists("/proc/sys/kernel/seccomp/actions_avail"):
        return "this kernel has no seccomp filters"
    return ""

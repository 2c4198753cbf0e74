"""What a process may do because of who it runs as: given up before other people's code runs.

See `capabilities(7)`, `prctl(2)` and `setresuid(2)`.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from spotlight.sandbox.confinement.kernel import call, works

_PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 8, 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 2
_CAPABILITIES = 64
_FIRST_UID, _UIDS = 61_184, 4_336  # set aside for short-lived users by systemd's conventions


class _Header(ctypes.Structure):
    """`struct __user_cap_header_struct`."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    """`struct __user_cap_data_struct`, once for the lower and once for the upper 32."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def user_for_jobs() -> int:
    """The user that jobs run as: as root one that owns nothing, else the same as now."""
    if os.geteuid() != 0:
        return os.geteuid()
    user = _FIRST_UID + os.getpid() % _UIDS
    return user if works(lambda: _become(user)) else 0


def readable_to_all(paths: Iterable[Path]) -> bool:
    """Whether anybody on this machine may get to these folders."""
    for path in paths:
        for folder in (path, *path.parents):
            with suppress(FileNotFoundError):
                if not folder.stat().st_mode & stat.S_IXOTH and folder.is_dir():
                    return False
    return True


def give_up(user: int, *, keep_reading: bool) -> None:
    """Become `user` without any capability, for good.

    With `keep_reading` one stays: to read files whoever owns them. A Python below root's own home
    cannot be used otherwise, and Landlock leaves nothing else to be read.

    Raises:
        OSError: the kernel refuses.
    """
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    kept = 1 << _CAP_DAC_READ_SEARCH if keep_reading else 0
    for capability in range(_CAPABILITIES):
        with suppress(OSError):  # beyond the last that this kernel knows, or not ours to drop
            call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
    with suppress(OSError):
        call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    if os.geteuid() != user:
        call("prctl", _PR_SET_KEEPCAPS, 1, 0, 0, 0)
        _become(user)
    header = _Header(_CAPABILITY_VERSION_3, 0)
    sets = (_Sets * 2)(_Sets(kept, kept, 0), _Sets(0, 0, 0))
    call("capset", ctypes.byref(header), ctypes.byref(sets))
    # Not to be traced or looked into by others of the same user, nor to leave its memory behind.
    call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)

"""Landlock: which files and folders this process may touch from now on, whoever it runs as.

See `landlock(7)` and the kernel's Documentation/userspace-api/landlock.rst. Newer versions of its
interface (ABI) restrict more; an older kernel restricts what it knows.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from spotlight.sandbox.confinement.kernel import system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << n for n in range(6))
_MAKE_DIR, _MAKE_REG, _MAKE_SYM, _REFER, _TRUNCATE = 1 << 7, 1 << 8, 1 << 12, 1 << 13, 1 << 14
_FIRST_ABI_FILES = (1 << 13) - 1  # EXECUTE to MAKE_SYM
_FILES_SINCE = {2: _REFER, 3: _TRUNCATE, 5: 1 << 15}  # 1 << 15 is IOCTL_DEV
_NETWORK_SINCE_4 = 0b11  # BIND_TCP, CONNECT_TCP
_SCOPES_SINCE_6 = 0b11  # ABSTRACT_UNIX_SOCKET, SIGNAL

_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_READ = _READ_FILE | _READ_DIR
_SCRATCH = (
    *(_READ, _WRITE_FILE, _REMOVE_DIR, _REMOVE_FILE),
    *(_MAKE_DIR, _MAKE_REG, _MAKE_SYM, _REFER, _TRUNCATE),
)


class _RulesetAttributes(ctypes.Structure):
    """`struct landlock_ruleset_attr`."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """The version of Landlock's interface in this kernel; 0 where it has none, or it is off."""
    try:
        return system_call(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def ruleset(
    readable: Iterable[Path], listable: Iterable[Path], devices: Iterable[Path], scratch: Path
) -> int:
    """A set of rules, as a descriptor: read below `readable`, use a few devices, and `scratch`.

    Below `listable`, what is there may be known, not read. A rule on a folder holds for what is
    mounted below it later. What does not exist is passed over, but for `scratch`.

    Raises:
        OSError: the kernel refuses, or has no Landlock.
    """
    version = abi()
    files = _FIRST_ABI_FILES
    for since, more in _FILES_SINCE.items():
        files |= more if version >= since else 0
    attributes = _RulesetAttributes(
        files,
        _NETWORK_SINCE_4 if version >= 4 else 0,
        _SCOPES_SINCE_6 if version >= 6 else 0,
    )
    # Older kernels know a shorter structure.
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = system_call(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    reading = ((readable, _READ), (listable, _READ_DIR), (devices, _READ | _WRITE_FILE))
    for paths, right in reading:
        for path in paths:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _allow(rules, path, right & files)
    access = 0
    for right in _SCRATCH:
        access |= right
    _allow(rules, scratch, access & files)
    return rules


def restrict(rules: int) -> None:
    """Put this thread under a set of rules for good; it needs `no_new_privs`.

    Raises:
        OSError: the kernel refuses.
    """
    system_call(_RESTRICT_SELF, rules, 0)


def _allow(rules: int, path: Path, access: int) -> None:
    beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            access &= _OF_A_FILE
        rule = _PathBeneath(access, beneath)
        system_call(_ADD_RULE, rules, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(beneath)

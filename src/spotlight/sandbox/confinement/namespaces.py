"""Namespaces: a view of the machine without its other processes, its network, or a disk to fill.

They are entered once by a worker's server, before it imports anything large. Jobs cannot start
processes, so that one set serves them all; each job has a small file system in memory of its own.
See `namespaces(7)`, `user_namespaces(7)`, `pid_namespaces(7)` and `mount_namespaces(7)`.
"""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from spotlight.sandbox.confinement.kernel import call, system_call, works

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000
_CLONE_NEWNET, _CLONE_NEWIPC, _CLONE_NEWUTS = 0x40000000, 0x08000000, 0x04000000
_ALL_BUT_USER = _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 1 << 14, 1 << 18
_MNT_DETACH = 2
_MOUNT_SETATTR, _AT_RECURSIVE, _AT_FDCWD, _MOUNT_ATTR_RDONLY = 442, 0x8000, -100, 1
_PR_SET_PDEATHSIG = 1


class _MountAttributes(ctypes.Structure):
    """`struct mount_attr`."""

    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def enter(folder: Path) -> bool:
    """Go on in namespaces of our own, as the first process of a new pid namespace.

    The calling process stays behind, waits for the one that goes on, and ends when that does.
    Returns False, with nothing changed, where the system does not allow them, or
    no file system to be mounted over `folder`.
    """
    if not works(lambda: _try(folder)):
        return False
    _unshare()
    child = os.fork()
    if child:
        _stay_behind(child)
    die_with_parent()
    _keep_mounts_to_ourselves()
    return True


def die_with_parent() -> None:
    """Be killed when the parent is, which nobody else would do."""
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def mount_scratch(folder: Path, size: int, files: int, owner: int) -> None:
    """Put an empty file system in memory over `folder`, of `size` bytes and so many `files`.

    Raises:
        OSError: the kernel refuses.
    """
    options = f"size={size},nr_inodes={files},mode=0700,uid={owner}".encode()
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options)


def unmount_scratch(folder: Path) -> None:
    """Take it away again, with all that is in it, however it is named or nested."""
    with suppress(OSError):
        call("umount2", os.fsencode(folder), _MNT_DETACH)


def _try(folder: Path) -> None:
    """All of it, since some systems allow half."""
    _unshare()
    _keep_mounts_to_ourselves()
    mount_scratch(folder, 2**20, 16, os.getuid())


def _unshare() -> None:
    """As root in the namespaces that are ours already, else in a user namespace of our own."""
    if os.geteuid() == 0:
        call("unshare", _ALL_BUT_USER)
        return
    uid, gid = os.geteuid(), os.getegid()
    call("unshare", _CLONE_NEWUSER | _ALL_BUT_USER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")


def _keep_mounts_to_ourselves() -> None:
    """What is mounted from now on is ours alone; what was mounted before becomes read-only."""
    call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
    attributes = _MountAttributes(attr_set=_MOUNT_ATTR_RDONLY)
    with suppress(OSError):  # Linux before 5.12; Landlock forbids writing in any case
        system_call(
            _MOUNT_SETATTR,
            _AT_FDCWD,
            b"/",
            _AT_RECURSIVE,
            ctypes.byref(attributes),
            ctypes.sizeof(attributes),
        )


def _stay_behind(child: int) -> NoReturn:
    for descriptor in (0, 1):
        os.close(descriptor)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)

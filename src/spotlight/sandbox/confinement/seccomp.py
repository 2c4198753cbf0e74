"""A seccomp filter: a program for the kernel that allows or refuses each system call.

See `seccomp(2)` and the kernel's Documentation/userspace-api/seccomp_filter.rst. The filter is
classic BPF over `struct seccomp_data` { int nr; u32 arch; u64 instruction_pointer; u64 args[6] }.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

from spotlight.sandbox.confinement import syscalls
from spotlight.sandbox.confinement.kernel import call

_PACKED = struct.Struct("=HBBI")  # an instruction
_NUMBER_OF = struct.Struct("=I")
# `struct seccomp_data`, as offsets
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
# BPF: class, size or operation, source
_LOAD, _JUMP_EQUAL, _JUMP_SET, _AND, _RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
_JUMP_AT_LEAST = 0x35
_ALLOW = 0x7FFF0000
_KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000
_X32_BIT = 0x40000000  # x86-64's second calling convention, with numbers of its own

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_CLONE_THREAD = 0x00010000
_PRCTLS = (15, 16, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA (glibc names its arenas)
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS and TIOCGWINSZ (is it a terminal?), FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_FCNTLS = (8, 10, 15, 1024, 1026)
"""Refused: F_SETOWN, F_SETSIG and F_SETOWN_EX (signals to others), F_SETLEASE, F_NOTIFY."""


class Architecture(NamedTuple):
    """A calling convention: its AUDIT_ARCH number, and its place in the tables of numbers."""

    audit: int
    column: int


ARCHITECTURES = {"x86_64": Architecture(0xC000003E, 0), "aarch64": Architecture(0xC00000B7, 1)}


class Instruction(NamedTuple):
    """`struct sock_filter`: a code, jumps where a condition holds and where not, and a number."""

    code: int
    if_true: int
    if_false: int
    number: int


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def filter_for(pid: int, machine: str) -> list[Instruction]:
    """The filter of the process `pid` on a machine such as "x86_64".

    Raises:
        KeyError: no filter is known for the machine.
    """
    architecture = ARCHITECTURES[machine]
    program = [
        Instruction(_LOAD, 0, 0, _ARCHITECTURE),
        Instruction(_JUMP_EQUAL, 1, 0, architecture.audit),
        Instruction(_RETURN, 0, 0, _KILL_PROCESS),
        Instruction(_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [
            Instruction(_JUMP_AT_LEAST, 0, 1, _X32_BIT),
            Instruction(_RETURN, 0, 0, _KILL_PROCESS),
        ]
    for numbers in syscalls.ALLOWED.values():
        number = numbers[architecture.column]
        if number is not None:
            program += [
                Instruction(_JUMP_EQUAL, 0, 1, number),
                Instruction(_RETURN, 0, 0, _ALLOW),
            ]
    for numbers, body in _conditions(pid):
        number = numbers[architecture.column]
        assert number is not None
        program += [Instruction(_JUMP_EQUAL, 0, len(body), number), *body]
    return [*program, _refused(errno.EPERM)]


def _conditions(pid: int) -> Iterator[tuple[syscalls.Numbers, list[Instruction]]]:
    """Calls that are allowed with some arguments, and what decides; each list ends in a return."""
    thread = Instruction(_JUMP_SET, 0, 1, _CLONE_THREAD)
    yield syscalls.CLONE, [_argument(0), thread, _allowed(), _refused(errno.EPERM)]
    # Its flags stand in memory, where no filter can read them; the C library falls back to clone.
    yield syscalls.CLONE3, [_refused(errno.ENOSYS)]
    yield (
        syscalls.SOCKETPAIR,
        [
            _argument(0),
            Instruction(_JUMP_EQUAL, 1, 0, socket.AF_UNIX),
            _refused(errno.EPERM),
            # Datagram sockets could be made to send to others; a stream is connected for good.
            _argument(1),
            Instruction(_AND, 0, 0, 0xF),
            Instruction(_JUMP_EQUAL, 0, 1, socket.SOCK_STREAM),
            _allowed(),
            _refused(errno.EPERM),
        ],
    )
    yield syscalls.PRCTL, [_argument(0), *_one_of(_PRCTLS), _refused(errno.EPERM)]
    yield syscalls.IOCTL, [_argument(1), *_one_of(_IOCTLS), _refused(errno.ENOTTY)]
    refusals = [x for n in _FCNTLS for x in (_unless(n), _refused(errno.EPERM))]
    yield syscalls.FCNTL, [_argument(1), *refusals, _allowed()]
    own = [_argument(0), *_one_of((pid,)), _refused(errno.EPERM)]
    yield syscalls.KILL, own
    yield syscalls.TGKILL, own
    # prlimit64 may read: its third argument, the new limits, is null in both halves.
    null = Instruction(_JUMP_EQUAL, 1, 0, 0)
    no = _refused(errno.EPERM)
    yield (
        syscalls.PRLIMIT64,
        [_argument(2), null, no, _argument(2, high=True), null, no, _allowed()],
    )


def _argument(index: int, *, high: bool = False) -> Instruction:
    """Load one half of an argument; both architectures are little endian."""
    return Instruction(_LOAD, 0, 0, _ARGUMENTS + 8 * index + 4 * high)


def _one_of(numbers: tuple[int, ...]) -> Iterator[Instruction]:
    for number in numbers:
        yield Instruction(_JUMP_EQUAL, 0, 1, number)
        yield _allowed()


def _unless(number: int) -> Instruction:
    return Instruction(_JUMP_EQUAL, 0, 1, number)


def _allowed() -> Instruction:
    return Instruction(_RETURN, 0, 0, _ALLOW)


def _refused(error: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, _ERRNO | error)


def is_supported() -> bool:
    """Whether a filter is known for this machine."""
    return sys.platform == "linux" and sys.byteorder == "little" and machine() in ARCHITECTURES


def machine() -> str:
    """This machine's architecture, as the kernel calls it."""
    return platform.machine()


class Filter:
    """The filter of a machine, packed once for any process."""

    def __init__(self, machine: str) -> None:
        """Raises `KeyError` where no filter is known for the machine."""
        unlike = (filter_for(pid, machine) for pid in (1, 2))
        pairs = list(zip(*unlike, strict=True))
        self._packed = b"".join(_PACKED.pack(*instruction) for instruction, _ in pairs)
        # Where the two differ stands the number of the process.
        self._places = [n for n, (one, another) in enumerate(pairs) if one != another]

    def install(self, pid: int) -> None:
        """Put this thread, of the process `pid`, under the filter for good.

        It needs `no_new_privs`.

        Raises:
            OSError: the kernel refuses.
        """
        buffer = ctypes.create_string_buffer(self._packed, len(self._packed))
        for place in self._places:
            _NUMBER_OF.pack_into(buffer, place * _PACKED.size + _PACKED.size - 4, pid)
        install(buffer)


def packed(program: list[Instruction]) -> ctypes.Array[ctypes.c_char]:
    """A program as the kernel reads it."""
    data = b"".join(_PACKED.pack(*instruction) for instruction in program)
    return ctypes.create_string_buffer(data, len(data))


def install(buffer: ctypes.Array[ctypes.c_char]) -> None:
    """Put this thread under a packed program for good; it needs `no_new_privs`.

    Raises:
        OSError: the kernel refuses.
    """
    argument = _Program(len(buffer) // _PACKED.size, ctypes.addressof(buffer))
    call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(argument), 0, 0)

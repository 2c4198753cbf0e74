"""The fork server: one confined fork a job, made before the job is there.

The fork reads the job itself, and what it writes is passed on from pipe to pipe: the server never
holds a submission, nor what was observed of it, so that no later fork finds it in its memory.
"""

from __future__ import annotations

import fcntl
import math
import os
import resource
import select
import signal
import struct
import termios
import time
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

from spotlight.sandbox.confinement.shelter import Shelter
from spotlight.sandbox.job import KILLED, NOT_STARTED, Job, Limits
from spotlight.sandbox.wire import TooLongError, encode, read_frame, write_all
from spotlight.sandbox.working_folder import move_into

_LOOK_SECONDS = 0.05  # how often a silent job is asked whether it is still there
_END_SECONDS = 0.001  # a job whose pipe is closed takes but a moment to end
_CHANNEL = 3  # the descriptor that a job writes to
_OUT_OF_THE_WAY = 100
_LAST_DESCRIPTOR = 65_536
_TOO_LONG = 77  # exit status of a fork whose observations exceed their limit
_NO_MORE_JOBS = 78
_BUDGET = struct.Struct(">ddQ")


class _Budget(NamedTuple):
    """What the server must know of a job: its limits of CPU and wall seconds, and of bytes."""

    cpu_seconds: float
    wall_seconds: float
    output_bytes: int


class _SupervisorGone(Exception):
    """Nobody is left to answer to."""


class _NotStarted(Exception):
    """The fork ended before it had a job: it could not be confined, or not even made."""


def serve(shelter: Shelter, requests: BinaryIO, replies: BinaryIO) -> None:
    """Run jobs until `requests` ends."""
    # A fork has but the thread that forks: a lock that another one holds would stay held for ever.
    assert len(os.listdir("/proc/self/task")) == 1
    while True:
        try:
            ended, cpu_seconds = _serve_one(shelter, requests, replies)
        except _NotStarted:
            write_all(replies, encode({"ended": NOT_STARTED}))
            return
        except (_SupervisorGone, BrokenPipeError):
            return
        write_all(replies, encode({"ended": ended, "cpu_seconds": cpu_seconds}))


def _serve_one(shelter: Shelter, requests: BinaryIO, replies: BinaryIO) -> tuple[str, float]:
    server, in_use = os.getpid(), _memory_in_use()
    with shelter.scratch() as folder:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            _be_the_job(shelter, requests.fileno(), write_end, folder, server, in_use)
        os.close(write_end)
        try:
            budget = _announced(child, read_end)
            ended = _pass_on(shelter, child, budget, read_end, requests, replies)
        finally:
            os.close(read_end)
            # Before the job is reaped: until then its number is its own.
            _kill_group(child)
            _, status, usage = os.wait4(child, 0)
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return ended or _told_by(status, cpu_seconds, budget), cpu_seconds


def _memory_in_use() -> int:
    """Bytes of address space."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def _announced(child: int, read_end: int) -> _Budget:
    """What the fork says of its job once it has one; it runs no other's code before."""
    data = b""
    while len(data) < _BUDGET.size:
        chunk = os.read(read_end, _BUDGET.size - len(data))
        if not chunk:
            status = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            gone = status is not None and status.si_status == _NO_MORE_JOBS
            raise _SupervisorGone if gone else _NotStarted
        data += chunk
    return _Budget(*_BUDGET.unpack(data))


def _pass_on(
    shelter: Shelter,
    child: int,
    budget: _Budget,
    read_end: int,
    requests: BinaryIO,
    replies: BinaryIO,
) -> str:
    """Pass on what the job writes until it has ended; the limit that it ran into, if any."""
    deadline = time.monotonic() + budget.wall_seconds
    left_to_write = budget.output_bytes
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    poll.register(requests, 0)
    reads = True
    while (left := deadline - time.monotonic()) > 0:
        # Asked first: what it wrote before it ended is in the pipe when the pipe is looked at. The
        # pipe alone does not tell, since a thread that the job leaves behind holds it open.
        ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        pause = min(left, _LOOK_SECONDS if reads else _END_SECONDS)
        events = dict(poll.poll(0 if ended else 1_000 * pause))
        if events.get(requests.fileno()):
            raise _SupervisorGone
        if events.get(read_end):
            waiting = _waiting_bytes(read_end)
            _move(read_end, replies, min(waiting, left_to_write))
            if waiting > left_to_write:
                return "output"
            left_to_write -= waiting
            if waiting:
                continue
            reads = False
            poll.unregister(read_end)
        if ended:
            return ""
        if shelter.is_overrun(child):
            return "crashed"
    return "wall"


def _waiting_bytes(read_end: int) -> int:
    found = fcntl.ioctl(read_end, termios.FIONREAD, b"\0" * 4)
    return int.from_bytes(found, "little")


def _move(read_end: int, replies: BinaryIO, count: int) -> None:
    """Move bytes from pipe to pipe, without looking at them."""
    if count:
        write_all(replies, encode({"chunk": count}))
    while count:
        count -= os.splice(read_end, replies.fileno(), count)


def _told_by(status: int, cpu_seconds: float, budget: _Budget) -> str:
    """How a job ended, by its exit status."""
    killer = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    # A job that ignores the first signal gets one that cannot be ignored, a second later.
    spent = cpu_seconds >= _whole(budget.cpu_seconds)
    if killer == signal.SIGXCPU or (killer == signal.SIGKILL and spent):
        return "cpu"
    if killer == signal.SIGKILL:
        return KILLED
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _TOO_LONG:
        return "output"
    return "crashed" if status else "finished"


def _kill_group(child: int) -> None:
    """End the job and what it left running in its process group."""
    for kill, target in ((os.killpg, child), (os.kill, child)):
        try:
            kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def _be_the_job(
    shelter: Shelter, requests: int, write_end: int, folder: Path, server: int, in_use: int
) -> NoReturn:
    """Wait for a job, run it and leave, by `os._exit` alone."""
    status = 1
    try:
        os.setsid()
        move_into(str(folder))
        shelter.enter(folder)
        source, channel = _keep_only(requests, write_end)
        if os.getppid() != server:
            os._exit(1)
        with os.fdopen(source, "rb", buffering=0) as stream:
            request = read_frame(stream)
        if request is None:
            os._exit(_NO_MORE_JOBS)
        job = Job.from_data(request)
        del request
        limits = job.limits
        os.write(
            channel, _BUDGET.pack(limits.cpu_seconds, limits.wall_seconds, limits.output_bytes)
        )
        _limit(limits, in_use)
        shelter.seal()
        status = _run(job, channel)
    finally:
        os._exit(status)


def _keep_only(requests: int, write_end: int) -> tuple[int, int]:
    """Close all descriptors but these two; returns what they are called from now on."""
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD, _OUT_OF_THE_WAY) for fd in (requests, write_end)]
    os.closerange(_CHANNEL, _OUT_OF_THE_WAY)
    os.dup2(moved[1], _CHANNEL, inheritable=False)
    source = os.dup2(moved[0], _CHANNEL + 1, inheritable=False)
    os.closerange(source + 1, _LAST_DESCRIPTOR)
    return source, _CHANNEL


def _limit(limits: Limits, in_use: int) -> None:
    seconds = _whole(limits.cpu_seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (in_use + limits.memory_bytes,) * 2)


def _whole(seconds: float) -> int:
    """A limit of CPU time as the system counts it, in whole seconds."""
    return max(1, math.ceil(seconds))


def _run(job: Job, channel: int) -> int:
    from spotlight.sandbox.program import run_program

    def emit(event: dict[str, Any]) -> None:
        view = memoryview(encode(event, job.limits.output_bytes))
        while view:
            view = view[os.write(channel, view) :]

    try:
        run_program(job, emit)
    except (TooLongError, MemoryError):
        return _TOO_LONG
    return 0

"""The worker's process: imports torch once, then runs one job after the other.

Where the system can fork (Linux), each job runs in a fork that dies with it, so that jobs share
nothing; elsewhere it runs in this very process, and the supervisor replaces the process when a job
does not come back. The process speaks frames (`spotlight.sandbox.wire`) over its standard input
and output, which it takes away from the code that it runs.
"""

from __future__ import annotations

import ctypes
import gc
import math
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from spotlight.sandbox.job import Job, Limits

FORKS = sys.platform == "linux"
_NO_FORK_FLAG = "--no-fork"
_LOOK_SECONDS = 0.05  # how often a silent job is asked whether it is still there
_SET_PARENT_DEATH_SIGNAL = 1  # of prctl
_TOO_LONG = 77  # exit status of a fork whose observations exceed their limit


def main(arguments: list[str]) -> None:
    """Serve jobs until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the supervisor's to act on
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)

    import torch

    from spotlight.sandbox import program  # noqa: F401  (imported once, before any fork)
    from spotlight.sandbox.job import Job
    from spotlight.sandbox.wire import encode

    torch.set_num_threads(1)
    _warm_up()
    gc.freeze()
    forks = FORKS and _NO_FORK_FLAG not in arguments
    _write(replies, encode({"ready": True, "forks": forks}))
    while (request := _read_frame(requests)) is not None:
        job = Job.from_data(request)
        ended, cpu_seconds, output = _run_forked(job) if forks else _run_here(job)
        _write(replies, encode({"ended": ended, "cpu_seconds": cpu_seconds, "bytes": len(output)}))
        _write(replies, output)


def _warm_up() -> None:
    """Touch what the first use would initialise: softmax, autograd, linear algebra."""
    import torch

    weights = torch.ones(3, 3, requires_grad=True)
    torch.softmax(weights @ weights.T, dim=-1).sum().backward()


def _read_frame(stream: BinaryIO) -> Any | None:
    from spotlight.sandbox.wire import PREFIX_SIZE, decode_frames, frame_lengths

    prefix = _read_exactly(stream, PREFIX_SIZE)
    if prefix is None:
        return None
    rest = _read_exactly(stream, sum(frame_lengths(prefix)))
    return None if rest is None else next(decode_frames(prefix + rest))


def _read_exactly(stream: BinaryIO, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        chunk = stream.read(count - len(data))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def _write(stream: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


@contextmanager
def _job_folder() -> Iterator[str]:
    """A folder below the working folder that goes with the job."""
    with tempfile.TemporaryDirectory(dir=os.getcwd(), ignore_cleanup_errors=True) as folder:
        yield folder


def _move_into(folder: str) -> None:
    os.chdir(folder)
    os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "TEMP"), folder))
    tempfile.tempdir = None


def _run_here(job: Job) -> tuple[str, float, bytes]:
    from spotlight.sandbox.program import run_program
    from spotlight.sandbox.wire import TooLongError, encode

    output = bytearray()
    start = time.process_time()
    ended = "finished"
    home = os.getcwd()
    with _job_folder() as folder:
        _move_into(folder)
        try:
            run_program(job, lambda event: output.extend(encode(event, job.limits.output_bytes)))
        except TooLongError:
            ended = "output"
        finally:
            os.chdir(home)
    return ended, time.process_time() - start, bytes(output)


def _run_forked(job: Job) -> tuple[str, float, bytes]:
    """Run `job` in a fork; returns how it ended, its CPU seconds, and the frames it wrote."""
    with _job_folder() as folder:
        server = os.getpid()
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            _be_the_child(job, write_end, folder, server)
        os.close(write_end)
        output = bytearray()
        ended = _listen(child, read_end, job.limits, output)
        os.close(read_end)
        # Before the child is reaped: until then its number is its own.
        _kill_group(child)
        _, status, usage = os.wait4(child, 0)
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return ended or _told_by(status, cpu_seconds, job.limits), cpu_seconds, bytes(output)


def _listen(child: int, read_end: int, limits: Limits, output: bytearray) -> str:
    """Gather what the child writes until it has ended; the limit that it ran into, if any."""
    deadline = time.monotonic() + limits.wall_seconds
    open_still = True
    while (left := deadline - time.monotonic()) > 0:
        # Asked first: what it wrote before it ended is in the pipe when the pipe is looked at. The
        # pipe alone does not tell, since a process that the job leaves behind holds it open.
        ended = _has_ended(child)
        if not open_still:
            if ended:
                return ""
            time.sleep(0.001)
        elif select.select([read_end], [], [], 0 if ended else min(left, _LOOK_SECONDS))[0]:
            chunk = os.read(read_end, 2**18)
            open_still = bool(chunk)
            output += chunk
            if len(output) > limits.output_bytes:
                return "output"
        elif ended:
            return ""
    return "wall"


def _has_ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _told_by(status: int, cpu_seconds: float, limits: Limits) -> str:
    """How a child ended, by its exit status."""
    killer = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    # A child that ignores the first signal gets one that cannot be ignored, a second later.
    if killer == signal.SIGXCPU or (killer == signal.SIGKILL and cpu_seconds >= _whole(limits)):
        return "cpu"
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _TOO_LONG:
        return "output"
    return "crashed" if status else "finished"


def _kill_group(child: int) -> None:
    """End the child and what it left running in its process group."""
    for kill, target in ((os.killpg, child), (os.kill, child)):
        try:
            kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def _be_the_child(job: Job, write_end: int, folder: str, server: int) -> None:
    """Run the job and leave, by `os._exit` alone."""
    status = 1
    try:
        os.setsid()
        _die_with(server)
        channel = os.dup2(write_end, 3, inheritable=False) if write_end != 3 else 3
        os.closerange(4, 1024)
        _move_into(folder)
        _limit_resources(job.limits)

        from spotlight.sandbox.program import run_program
        from spotlight.sandbox.wire import TooLongError, encode

        def emit(event: dict[str, Any]) -> None:
            view = memoryview(encode(event, job.limits.output_bytes))
            while view:
                view = view[os.write(channel, view) :]

        try:
            run_program(job, emit)
            status = 0
        except TooLongError:
            status = _TOO_LONG
    finally:
        os._exit(status)


def _die_with(server: int) -> None:
    """Be killed when the server is, which nobody else would do."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:
        os._exit(1)


def _whole(limits: Limits) -> int:
    """The limit of CPU time in seconds, which the system counts whole."""
    return max(1, math.ceil(limits.cpu_seconds))


def _limit_resources(limits: Limits) -> None:
    import resource

    seconds = _whole(limits)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/statm", encoding="ascii") as statm:
        in_use = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + limits.memory_bytes,) * 2)


if __name__ == "__main__":
    main(sys.argv[1:])

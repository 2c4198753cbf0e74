"""The worker's process: imports torch once, then runs one job after the other.

Where the system can fork (Linux), each job runs in a fork that dies with it, so that jobs share
nothing; elsewhere it runs in this very process, and the supervisor replaces the process when a job
does not come back. The process speaks frames (`spotlight.sandbox.wire`) over its standard input
and output, which it takes away from the code that it runs.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time
from typing import Any, BinaryIO

FORKS = sys.platform == "linux"
_NO_FORK_FLAG = "--no-fork"
_TOO_LONG = 77  # exit status of a fork whose observations exceed their limit


def main(arguments: list[str]) -> None:
    """Serve jobs until standard input closes."""
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


def _run_here(job: Any) -> tuple[str, float, bytes]:
    from spotlight.sandbox.program import run_program
    from spotlight.sandbox.wire import TooLongError, encode

    output = bytearray()
    start = time.process_time()
    ended = "finished"
    try:
        run_program(job, lambda event: output.extend(encode(event, job.limits.output_bytes)))
    except TooLongError:
        ended = "output"
    return ended, time.process_time() - start, bytes(output)


def _run_forked(job: Any) -> tuple[str, float, bytes]:
    """Run `job` in a fork; returns how it ended, its CPU seconds, and the frames it wrote."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_child(job, write_end)
    os.close(write_end)
    deadline = time.monotonic() + job.limits.wall_seconds
    output, ended = bytearray(), ""
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            ended = "wall"
            break
        if not select.select([read_end], [], [], left)[0]:
            continue
        chunk = os.read(read_end, 2**18)
        if not chunk:
            break
        output += chunk
        if len(output) > job.limits.output_bytes:
            ended = "output"
            break
    os.close(read_end)
    return _bury(child, ended, output, deadline)


def _bury(child: int, ended: str, output: bytearray, deadline: float) -> tuple[str, float, bytes]:
    """Wait for the child (killed if it must be), and say how it ended."""
    status, usage = 0, None
    while not ended and time.monotonic() < deadline:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.001)
        usage = None
    if usage is None:
        _kill_group(child)
        _, status, usage = os.wait4(child, 0)
        ended = ended or "wall"
    _kill_group(child)
    if not ended:
        killer = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if killer == signal.SIGXCPU:
            ended = "cpu"
        elif os.WIFEXITED(status) and os.WEXITSTATUS(status) == _TOO_LONG:
            ended = "output"
        else:
            ended = "crashed" if status else "finished"
    return ended, usage.ru_utime + usage.ru_stime, bytes(output)


def _kill_group(child: int) -> None:
    """End the child and what it left running in its process group."""
    for kill, target in ((os.killpg, child), (os.kill, child)):
        try:
            kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def _be_the_child(job: Any, write_end: int) -> None:
    """Run the job and leave, by `os._exit` alone."""
    status = 1
    try:
        os.setsid()
        channel = os.dup2(write_end, 3, inheritable=False) if write_end != 3 else 3
        os.closerange(4, 1024)
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


def _limit_resources(limits: Any) -> None:
    import math
    import resource

    seconds = max(1, math.ceil(limits.cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/statm", encoding="ascii") as statm:
        in_use = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + limits.memory_bytes,) * 2)


if __name__ == "__main__":
    main(sys.argv[1:])

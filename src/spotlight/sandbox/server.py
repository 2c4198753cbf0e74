"""The worker's process: imports torch once, then runs one job after the other.

Where the system can fork (Linux), each job runs in a confined fork that dies with it, so that jobs
share nothing; elsewhere it runs in this very process, and the supervisor replaces the process when
a job does not come back. The process speaks frames (`spotlight.sandbox.wire`) over its standard
input and output, which it takes away from the code that it runs.

For each job it answers with what the job wrote, in chunks, each announced by a frame
{"chunk": bytes}; then with {"ended", "cpu_seconds"}.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from spotlight.sandbox.job import Job

FORKS = sys.platform == "linux"
NO_FORK_FLAG = "--no-fork"
OPTIMIZER_FLAG = "--optimizer"
"""Asks for a process that has built an optimizer: the first one takes a second of imports."""


def main(arguments: list[str]) -> None:
    """Serve jobs until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the supervisor's to act on
    optimizes = OPTIMIZER_FLAG in arguments
    if not FORKS or NO_FORK_FLAG in arguments:
        _serve_here(optimizes)
        return
    from spotlight.sandbox.confinement.shelter import Shelter

    # Before anything large is imported: the process that goes on is a fork.
    shelter = Shelter(Path.cwd())
    requests, replies = _take_standard_streams()
    _import_torch(optimizes)
    from spotlight.sandbox.forking import serve
    from spotlight.sandbox.wire import encode, write_all

    features = shelter.features.as_data()
    write_all(replies, encode({"ready": True, "forks": True, "features": features}))
    serve(shelter, requests, replies)


def _take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    return requests, replies


def _import_torch(optimizes: bool) -> None:
    """Import all that jobs need, and touch what the first use would initialise."""
    import torch

    from spotlight.sandbox import program  # noqa: F401

    torch.set_num_threads(1)
    weights = torch.ones(3, 3, requires_grad=True)
    torch.softmax(weights @ weights.T, dim=-1).sum().backward()
    if optimizes:
        torch.optim.AdamW([weights]).step()
    gc.freeze()


def _serve_here(optimizes: bool) -> None:
    requests, replies = _take_standard_streams()
    _import_torch(optimizes)
    from spotlight.sandbox.job import Job
    from spotlight.sandbox.wire import encode, read_frame, write_all

    write_all(replies, encode({"ready": True, "forks": False}))
    while (request := read_frame(requests)) is not None:
        ended, cpu_seconds, output = _run_here(Job.from_data(request))
        write_all(replies, encode({"chunk": len(output)}) + output)
        write_all(replies, encode({"ended": ended, "cpu_seconds": cpu_seconds}))


def _run_here(job: Job) -> tuple[str, float, bytes]:
    from spotlight.sandbox.program import run_program
    from spotlight.sandbox.wire import TooLongError, encode
    from spotlight.sandbox.working_folder import move_into

    output = bytearray()
    start = time.process_time()
    ended = "finished"
    home = os.getcwd()
    with tempfile.TemporaryDirectory(dir=home, ignore_cleanup_errors=True) as folder:
        move_into(folder)
        try:
            run_program(job, lambda event: output.extend(encode(event, job.limits.output_bytes)))
        except TooLongError:
            ended = "output"
        finally:
            os.chdir(home)
    return ended, time.process_time() - start, bytes(output)


if __name__ == "__main__":
    main(sys.argv[1:])

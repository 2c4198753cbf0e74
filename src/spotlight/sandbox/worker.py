"""The supervisor's side: start a worker's process, hand it jobs, read back observations.

The supervisor never runs the code of a job. Every read has a deadline; whatever comes back that is
not as it should be ends in the outcome "crashed" for that job alone, and a process that misses its
deadline is replaced.
"""

from __future__ import annotations

import os
import queue
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any, get_args

from spotlight.sandbox.confinement.features import Features
from spotlight.sandbox.job import (
    KILLED,
    NOT_STARTED,
    Ended,
    Job,
    Observation,
    ProbeOutcome,
    StepOutcome,
    Trouble,
)
from spotlight.sandbox.outcome_codec import NOT_AS_AGREED, probe_from, step_from
from spotlight.sandbox.scratch import Scratch
from spotlight.sandbox.server import NO_FORK_FLAG, OPTIMIZER_FLAG

START_SECONDS = 120.0
_GRACE_SECONDS = 10.0
_END_SECONDS = 2.0


class SandboxError(Exception):
    """The worker's process cannot be started; the message says why and what to do."""


class Worker:
    """One worker process; jobs are observed one at a time. Usable from several threads."""

    def __init__(self, *, forks: bool = True) -> None:
        """Start the process and return at once; it imports torch meanwhile.

        `forks=False` runs jobs in the process itself, as is done where the system cannot fork.
        """
        self._arguments = [] if forks else [NO_FORK_FLAG]
        self._scratch = Scratch()
        self._turn = threading.Lock()
        self._process: _Process | None = _Process(self._arguments, str(self._scratch.folder))

    @property
    def features(self) -> Features:
        """What confines the jobs on this machine.

        Raises:
            SandboxError: no worker process can be started.
        """
        with self._turn:
            return self._ready_process().features

    def observe(self, job: Job) -> Observation:
        """Run `job` and return what was seen.

        A process that is killed may have been so from outside, as by a system that is short of
        memory; so a job that ends by that is run once more.

        Raises:
            SandboxError: no worker process can be started.
        """
        with self._turn:
            if job.optimizes and OPTIMIZER_FLAG not in self._arguments:
                self._drop_process()
                self._arguments.append(OPTIMIZER_FLAG)
            seen = self._observe_once(job) or self._observe_once(job)
        return seen or Observation((), (), "crashed", 0.0)

    def _observe_once(self, job: Job) -> Observation | None:
        """What was seen; None where the job, or the process that it is run by, was killed."""
        from spotlight.sandbox.wire import TooLongError

        process = self._ready_process()
        try:
            reply, output = process.exchange(job)
        except TooLongError:
            return Observation((), (), "crashed", 0.0)
        except (_Silent, OSError) as silence:
            forks = process.forks
            self._drop_process()
            if isinstance(silence, _Silent) and silence.alive:
                return Observation((), (), "wall", 0.0)
            return None if forks else Observation((), (), "crashed", 0.0)
        except BaseException:
            # Interrupted: the reply that is still to come must not answer the next job.
            self._drop_process()
            raise
        if reply.get("ended") == NOT_STARTED:
            self._drop_process()
            raise SandboxError(
                "The worker could not prepare a process for an exercise. Free some memory or "
                "disk space, and run `verify.py doctor` to see what is missing."
            )
        return None if reply.get("ended") == KILLED else _read_observation(job, reply, output)

    def close(self) -> None:
        """End the process and remove its scratch folder."""
        with self._turn:
            if self._process is not None:
                self._process.ask_to_end()
            self._drop_process()
            self._scratch.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _ready_process(self) -> _Process:
        """The process, or a new one in place of one that has died meanwhile."""
        if self._process is not None and not self._process.is_alive():
            self._drop_process()
        process = self._process = self._process or _Process(
            self._arguments, str(self._scratch.folder)
        )
        try:
            process.wait_until_ready()
        except SandboxError:
            self._drop_process()
            raise
        return process

    def _drop_process(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None


class _Silent(Exception):
    """No reply came in time."""

    def __init__(self, alive: bool) -> None:
        super().__init__()
        self.alive = alive


class _Process:
    """The process and a thread that reads its frames (pipes have no deadline on Windows)."""

    def __init__(self, arguments: list[str], scratch: str) -> None:
        try:
            self._popen = subprocess.Popen(
                # -P and -s: nothing that a job leaves in the scratch folder is ever imported.
                [sys.executable, "-P", "-s", "-m", "spotlight.sandbox.server", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(scratch),
                cwd=scratch,
            )
        except OSError as error:
            raise SandboxError(
                f"The worker that runs exercises cannot be started ({error.strerror}). "
                "Free some memory or disk space and try again."
            ) from error
        self._replies: queue.Queue[tuple[dict[str, Any], bytes] | None] = queue.Queue()
        self._ready = False
        self._grace = _GRACE_SECONDS
        self.features = Features()
        self.forks = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        if self._ready:
            return
        try:
            hello = self._replies.get(timeout=START_SECONDS)
        except queue.Empty:
            hello = None
        if hello is None or hello[0].get("ready") is not True:
            raise SandboxError(
                "The worker that runs exercises did not start. "
                "Run `verify.py doctor` to see what is missing."
            )
        self._ready = True
        self.forks = bool(hello[0].get("forks"))
        if not self.forks:
            self._grace = 0.0  # it has no deadline of its own, so there is none to wait for
        self.features = Features(**hello[0].get("features", {}))

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def exchange(self, job: Job) -> tuple[dict[str, Any], bytes]:
        from spotlight.sandbox.wire import encode

        stdin = self._popen.stdin
        assert stdin is not None
        stdin.write(encode(_listed(job.as_data())))
        stdin.flush()
        try:
            reply = self._replies.get(timeout=job.limits.wall_seconds + self._grace)
        except queue.Empty:
            raise _Silent(alive=True) from None
        if reply is None:
            raise _Silent(alive=False)
        return reply

    def ask_to_end(self) -> None:
        """Close its input; a process that waits for a job ends by that."""
        assert self._popen.stdin is not None
        with suppress(OSError):
            self._popen.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_END_SECONDS if self._ready else 0)

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()
        self._reader.join(_GRACE_SECONDS)  # the server behind it may take a moment to end
        assert self._popen.stdin is not None
        with suppress(OSError):
            self._popen.stdin.close()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as stream:
            while (reply := _read_reply(stream)) is not None:
                self._replies.put(reply)
        self._replies.put(None)


def _listed(data: Any) -> Any:
    """Tuples as lists, so that a job travels as plain JSON."""
    if isinstance(data, dict):
        return {key: _listed(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_listed(value) for value in data]
    return data


def _read_reply(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The server's last frame on a job, and what the job wrote; None at the end."""
    from spotlight.sandbox.wire import PREFIX_SIZE, WireError, decode_frames, frame_lengths

    output = bytearray()
    try:
        while True:
            prefix = stream.read(PREFIX_SIZE)
            reply = next(decode_frames(prefix + stream.read(sum(frame_lengths(prefix)))))
            if "chunk" not in reply:
                return reply, bytes(output)
            output += stream.read(reply["chunk"])
    except (OSError, WireError, struct.error, StopIteration, *NOT_AS_AGREED):
        return None


def _environment(scratch: str) -> dict[str, str]:
    """What the worker sees of the environment: nothing of the user's but where Python is."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "LANG", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return environment | {
        "HOME": scratch,
        "TMPDIR": scratch,
        "TEMP": scratch,
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": scratch,
        "TORCHINDUCTOR_CACHE_DIR": scratch,  # the first optimizer looks for a place to write
        "OMP_NUM_THREADS": "1",
        # Large pages: a fork copies tables of pages, and there are 500 times fewer.
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def _read_observation(job: Job, reply: dict[str, Any], output: bytes) -> Observation:
    from spotlight.sandbox.wire import WireError, decode_frames

    steps: list[StepOutcome] = []
    probes: list[ProbeOutcome] = []
    ended: Ended = "crashed"
    cpu_seconds = 0.0
    asked = iter(job.expected_outcomes)
    try:
        cpu_seconds = float(reply["cpu_seconds"])
        for event in decode_frames(output):
            if event["name"] != next(asked, None):
                raise WireError("an outcome that was not asked for")
            if event["event"] == "step":
                steps.append(step_from(event))
            else:
                probes.append(probe_from(event))
        if reply["ended"] in get_args(Ended):
            ended = reply["ended"]
    except (WireError, *NOT_AS_AGREED):
        pass
    outcomes: tuple[StepOutcome | ProbeOutcome, ...] = (*steps, *probes)
    if ended == "finished" and next(asked, None) is not None:
        ended = "crashed"
    elif ended == "finished" and any(_out_of_memory(outcome.trouble) for outcome in outcomes):
        ended = "memory"
    return Observation(tuple(steps), tuple(probes), ended, cpu_seconds)


def _out_of_memory(trouble: Trouble | None) -> bool:
    return trouble is not None and (
        trouble.type == "MemoryError" or "can't allocate memory" in trouble.message
    )

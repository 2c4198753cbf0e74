"""Work is spread over processes with a worker each; whatever ends it leaves none of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from sandbox.worker_jobs import is_running, returns, value
from spotlight.authoring.all_cores import on_all_cores
from spotlight.sandbox.worker import SandboxError, Worker


def with_its_process(number: int, worker: Worker) -> tuple[int, int]:
    return os.getpid(), value(worker, returns(f"{number} * {number}"))


def fatal(number: int, worker: Worker) -> None:
    if number == 1:
        os._exit(1)


def test_a_little_is_done_here(worker: Worker) -> None:
    done = dict(on_all_cores(with_its_process, [3, 4, 5], worker))
    assert done == {0: (os.getpid(), 9), 1: (os.getpid(), 16), 2: (os.getpid(), 25)}


def test_much_is_done_in_processes_of_their_own(worker: Worker) -> None:
    done = dict(on_all_cores(with_its_process, range(8), worker, jobs=2))
    assert {number: square for number, (_, square) in done.items()} == {
        number: number * number for number in range(8)
    }
    processes = {process for process, _ in done.values()}
    assert os.getpid() not in processes
    assert not any(map(is_running, processes))


def test_a_process_that_ends_is_said_in_a_sentence(worker: Worker) -> None:
    with pytest.raises(SandboxError, match="has ended"):
        list(on_all_cores(fatal, range(4), worker, jobs=2))


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_ends_all_of_them_at_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """\
            import os, time
            from spotlight.authoring.all_cores import on_all_cores

            def slow(number, worker):
                if number:
                    time.sleep(600)
                return os.getpid()

            if __name__ == "__main__":
                for _, process in on_all_cores(slow, range(9), None, jobs=2):
                    print(process, flush=True)
            """
        ),
        encoding="utf-8",
    )
    run = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert run.stdout is not None
    process = int(run.stdout.readline())
    assert is_running(process)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) != 0
    deadline = time.monotonic() + 10
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(process)

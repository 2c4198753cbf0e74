"""The supervisor outlives whatever becomes of the process that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest
from worker_jobs import (
    LIMITS,
    children_of,
    is_running,
    job,
    returns,
    scratch_of,
    server_of,
    value,
    wait_until,
)

from spotlight.sandbox.job import Limits
from spotlight.sandbox.scratch import Scratch
from spotlight.sandbox.server import FORKS
from spotlight.sandbox.wire import encode
from spotlight.sandbox.worker import SandboxError, Worker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
forks_only = pytest.mark.skipif(not FORKS, reason="needs a system that can fork")

ENDLESS = Limits(cpu_seconds=600, wall_seconds=600)


@pytest.fixture(scope="module")
def frail():
    """A worker whose process these tests kill."""
    with Worker() as worker:
        yield worker


class Observing(threading.Thread):
    """Observes a job in the background."""

    def __init__(self, worker, asked):
        super().__init__(daemon=True)
        self._worker, self._asked = worker, asked
        self.seen = None
        self.start()

    def run(self):
        self.seen = self._worker.observe(self._asked)


@pytest.mark.deep
@forks_only
def test_a_process_that_was_killed_meanwhile_is_replaced_before_the_next_job(frail):
    server, started = server_of(frail), children_of(os.getpid())
    os.kill(server, signal.SIGKILL)
    # What waits for the server, if that is another process, has ended as well.
    assert wait_until(lambda: not is_running(server) and children_of(os.getpid()) != started)
    assert server_of(frail) != server


@forks_only
def test_a_server_that_is_killed_in_a_job_takes_it_along_and_the_job_is_run_again(frail):
    server = server_of(frail)
    observing = Observing(frail, job("def f():\n    time.sleep(2)\n    return 'slept'"))
    assert wait_until(lambda: children_of(server))
    (child,) = children_of(server)
    time.sleep(0.5)  # the job is there by now
    os.kill(server, signal.SIGKILL)
    observing.join(timeout=20)
    assert observing.seen.probes[0].value == "slept"
    assert wait_until(lambda: not is_running(child))


@forks_only
def test_a_job_that_is_killed_from_outside_is_run_again(frail):
    server = server_of(frail)
    observing = Observing(frail, job("def f():\n    time.sleep(2)\n    return 'slept'"))
    assert wait_until(lambda: children_of(server))
    time.sleep(0.5)
    (child,) = children_of(server)
    os.kill(child, signal.SIGKILL)
    observing.join(timeout=20)
    assert observing.seen.probes[0].value == "slept"
    assert server_of(frail) == server


@pytest.mark.deep
@forks_only
def test_a_job_that_kills_its_server_each_time_is_a_crash(frail, monkeypatch):
    killed = []
    really = frail._observe_once

    def observe_once(asked):
        frail._ready_process()
        pid = frail._process._popen.pid
        timer = threading.Timer(0.7, lambda: os.kill(pid, signal.SIGKILL))
        timer.start()
        killed.append(pid)
        return really(asked)

    frail.observe(returns("1"))
    monkeypatch.setattr(frail, "_observe_once", observe_once)
    seen = frail.observe(job("def f():\n    time.sleep(600)", limits=ENDLESS))
    assert (seen.ended, len(killed)) == ("crashed", 2)
    monkeypatch.undo()
    assert value(frail, returns("1")) == 1


@forks_only
def test_an_interrupted_job_answers_no_later_one(frail):
    server = server_of(frail)

    def interrupt():
        wait_until(lambda: children_of(server))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    slow = job("def f():\n    time.sleep(2)\n    return 'the interrupted job'", limits=ENDLESS)
    with pytest.raises(KeyboardInterrupt):
        frail.observe(slow)
    assert value(frail, returns("'the next job'")) == "the next job"
    assert not is_running(server)


@forks_only
def test_an_interrupt_of_everything_leaves_the_worker_warm(worker):
    """Jupyter interrupts the kernel's whole process group, and a terminal everything in it."""
    server = server_of(worker)
    os.kill(server, signal.SIGINT)
    time.sleep(0.1)
    assert server_of(worker) == server


def test_a_job_too_large_to_be_sent_costs_that_job_alone(frail):
    assert frail.observe(job(f"x = '{'x' * 9_000_000}'")).ended == "crashed"
    assert value(frail, returns("1")) == 1


def test_several_threads_may_use_one_worker(worker):
    asked = [Observing(worker, returns(str(number))) for number in range(8)]
    for observing in asked:
        observing.join(timeout=60)
    assert [observing.seen.probes[0].value for observing in asked] == list(range(8))


@forks_only
def test_closing_leaves_no_process_and_no_folder_behind():
    worker = Worker()
    folder = scratch_of(worker)
    server = server_of(worker)
    assert os.path.isdir(folder)
    worker.close()
    assert wait_until(lambda: not is_running(server))
    assert not os.path.exists(folder)
    worker.close()


@forks_only
def test_a_worker_whose_supervisor_is_killed_ends_by_itself(tmp_path):
    code = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "from spotlight.sandbox.worker import Worker\n"
        "from worker_jobs import server_of\n"
        "worker = Worker()\n"
        "print(server_of(worker), flush=True)\n"
        "sys.stdin.read()\n"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code, os.path.dirname(__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    server = int(supervisor.stdout.readline())
    assert is_running(server)
    supervisor.kill()
    supervisor.wait()
    assert wait_until(lambda: not is_running(server))
    supervisor.stdin.close()
    supervisor.stdout.close()


# Starting


def test_a_process_that_does_not_start_is_said_each_time_at_once(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Worker() as worker:
        for _ in range(2):
            with pytest.raises(SandboxError, match=r"did not start\. Run `verify\.py doctor`"):
                worker.observe(returns("1"))


@pytest.mark.deep
def test_where_it_starts_after_all_the_next_job_goes_well(monkeypatch):
    python = sys.executable
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Worker() as worker:
        with pytest.raises(SandboxError):
            worker.observe(returns("1"))
        monkeypatch.setattr(sys, "executable", python)
        assert value(worker, returns("1")) == 1


def test_a_process_that_cannot_even_be_started_is_said(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(SandboxError, match=r"cannot be started \(No such file or directory\)"):
        Worker()


# Where the system cannot fork


@pytest.fixture(scope="module")
def plain():
    """A worker as it is on systems that cannot fork."""
    with Worker(forks=False) as worker:
        yield worker


def test_without_forks_the_same_values_come_back(plain, worker):
    asked = job(
        "def f(x):\n"
        "    print('hi')\n"
        "    drawn = torch.rand(1), torch.tensor(np.random.rand()), torch.tensor(random.random())\n"
        "    return x.add_(sum(drawn)), [1, 'a'], 1 / x.numel()",
        "def p(f):\n    return f(randn(2, 3))",
        "def q(f):\n    return f(randn(0, 3))",
    )
    here, forked = plain.observe(asked), worker.observe(asked)
    assert here.ended == forked.ended == "finished"
    assert here.steps == forked.steps
    assert list(map(as_bytes, here.probes)) == list(map(as_bytes, forked.probes))
    assert here.probes[0].value[0].data.shape == (2, 3)
    assert here.probes[1].trouble.type == "ZeroDivisionError"


def as_bytes(outcome):
    return encode({**vars(outcome), "trouble": repr(outcome.trouble)})


def test_without_forks_each_job_has_an_empty_folder_too(plain):
    first = value(plain, job("open('made', 'w').close()\ndef f(): return os.getcwd()"))
    second, found = value(plain, returns("os.getcwd(), os.listdir('.')"))
    assert first != second
    assert found == []
    assert not os.path.exists(first)


def test_without_forks_too_much_output_is_told(plain):
    limits = Limits(output_bytes=1_000)
    assert plain.observe(returns("torch.zeros(1_000)", limits=limits)).ended == "output"


def test_without_forks_an_endless_loop_ends_by_the_clock_and_the_next_job_goes_well(plain):
    limits = Limits(cpu_seconds=1, wall_seconds=1)
    assert plain.observe(job("def f():\n    while True: pass", limits=limits)).ended == "wall"
    assert plain.observe(job("os._exit(0)", limits=LIMITS)).ended == "crashed"
    assert value(plain, returns("1")) == 1


def test_what_a_killed_supervisor_leaves_is_removed_by_the_next(tmp_path, monkeypatch):
    code = (
        "import time\nfrom spotlight.sandbox.scratch import Scratch\n"
        "scratch = Scratch()\nprint('made', flush=True)\ntime.sleep(600)"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    supervisor.stdout.readline()
    (folder,) = tmp_path.iterdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    os.utime(folder, (0, 0))
    another = Scratch()
    assert folder.exists()  # it is in use
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    os.utime(folder, (0, 0))
    a_third = Scratch()
    assert not folder.exists()
    another.close()
    a_third.close()
    assert list(tmp_path.iterdir()) == []


COMPILER = "'torch._dynamo' in sys.modules"  # what the first optimizer of a process imports


@pytest.mark.parametrize(
    "kind", [pytest.param("frail", marks=forks_only), pytest.param("plain", marks=pytest.mark.deep)]
)
def test_a_job_that_trains_finds_what_an_optimizer_imports_in_place(kind, request):
    worker = request.getfixturevalue(kind)  # which no other test here asks to train
    cell = f"import sys\nready = int({COMPILER})\ndef f():\n    return ready"
    assert value(worker, job(cell)) == 0
    assert value(worker, job(f"{cell}\nfrom torch.optim import AdamW")) == 1

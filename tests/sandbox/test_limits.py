"""A job that takes too much ends alone, and it is told what it took too much of."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from worker_jobs import CALL_IT, LIMITS, is_running, job, returns, value, wait_until

from spotlight.sandbox.job import Limits
from spotlight.sandbox.server import FORKS

pytestmark = pytest.mark.skipif(not FORKS, reason="limits need a system that can fork")

LITTLE_CPU = Limits(cpu_seconds=1, wall_seconds=30)
LITTLE_TIME = Limits(cpu_seconds=30, wall_seconds=1)
LITTLE_MEMORY = Limits(memory_bytes=256 * 2**20)
LITTLE_OUTPUT = Limits(output_bytes=100_000)


def ended(worker, cell, limits=LIMITS, **options):
    """How a job ends; the next one goes well whatever became of it."""
    seen = worker.observe(job(cell, limits=limits, **options))
    assert value(worker, returns("1")) == 1
    return seen.ended


# Time


@pytest.mark.parametrize(
    "cell",
    [
        "def f():\n    while True: pass",
        "while True: pass",
        (
            "def f():\n"
            "    while True:\n"
            "        try:\n"
            "            while True: pass\n"
            "        except BaseException: pass"
        ),
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
    ],
    ids=["in the function", "in the cell", "that catches everything", "that ignores the signal"],
)
def test_an_endless_loop_ends_by_its_cpu_time(worker, cell):
    assert ended(worker, cell, LITTLE_CPU) == "cpu"


@pytest.mark.parametrize("cell", ["def f():\n    time.sleep(60)", "time.sleep(60)"])
def test_waiting_ends_by_the_clock(worker, cell):
    assert ended(worker, cell, LITTLE_TIME) == "wall"


def test_closing_the_channel_does_not_escape_the_clock(worker):
    assert ended(worker, "os.close(3)\ntime.sleep(60)", LITTLE_TIME) == "wall"


def test_what_was_seen_before_the_end_is_kept(worker):
    probes = [f"def at_{n}(f):\n    return f({n})" for n in (1, 2, 3)]
    asked = job(
        "def f(x):\n    if x == 3: time.sleep(60)\n    return x", *probes, limits=LITTLE_TIME
    )
    seen = worker.observe(asked)
    assert seen.ended == "wall"
    assert [outcome.value for outcome in seen.probes] == [1, 2]
    assert len(seen.steps) == 2
    assert seen.trouble is None


def test_cpu_time_is_told(worker):
    busy = (
        "def f():\n"
        "    start = time.process_time()\n"
        "    while time.process_time() < start + 0.3: pass"
    )
    seen = worker.observe(job(busy))
    assert seen.ended == "finished"
    assert 0.3 <= seen.cpu_seconds < 3


# Memory and output


@pytest.mark.parametrize(
    "cell",
    [
        "def f():\n    return torch.zeros(2**30)",
        "def f():\n    return np.zeros(2**30)",
        "def f():\n    return bytearray(2**30)",
        "x = torch.zeros(2**30)\ndef f(): return 1",
        "def f():\n    kept = []\n    while True: kept.append(torch.zeros(2**20))",
    ],
    ids=["torch", "numpy", "python", "in the cell", "bit by bit"],
)
def test_too_much_memory_is_told(worker, cell):
    assert ended(worker, cell, LITTLE_MEMORY) == "memory"


def test_memory_within_the_limit_is_to_be_had(worker):
    assert (
        ended(worker, "def f():\n    return float(torch.zeros(2**24).sum())", LITTLE_MEMORY)
        == "finished"
    )


@pytest.mark.parametrize(
    "expression",
    ["torch.zeros(100_000)", "['x' * 10_000 for _ in range(20)]", "[torch.zeros(9_000)] * 4"],
)
def test_too_much_output_is_told(worker, expression):
    assert ended(worker, f"def f():\n    return {expression}", LITTLE_OUTPUT) == "output"


def test_too_much_output_over_many_probes_is_told_and_the_first_are_kept(worker):
    probes = [f"def at_{n}(f):\n    return f()" for n in range(10)]
    seen = worker.observe(job("def f(): return torch.zeros(5_000)", *probes, limits=LITTLE_OUTPUT))
    assert seen.ended == "output"
    assert len(seen.probes) >= 3


def test_text_of_more_than_a_header_may_hold_is_output(worker):
    wide = replace(LIMITS, output_bytes=2**30)
    assert ended(worker, "def f(): return ['x' * 90_000 for _ in range(100)]", wide) == "output"


# The process


@pytest.mark.parametrize(
    "leave",
    [
        "os._exit(0)",
        "os._exit(3)",
        "os.abort()",
        "os.kill(os.getpid(), 9)",
        "os.kill(os.getpid(), 11)",
    ],
)
@pytest.mark.parametrize("cell", ["def f():\n    {}", "{}"], ids=["in the function", "in the cell"])
def test_ending_the_process_is_a_crash_of_that_job(worker, cell, leave):
    assert ended(worker, cell.format(leave)) == "crashed"


def test_what_was_seen_before_a_crash_is_kept(worker):
    seen = worker.observe(job("def f(): os._exit(0)", "def fine(f):\n    return 1", CALL_IT))
    assert seen.ended == "crashed"
    assert [outcome.value for outcome in seen.probes] == [1]


@pytest.mark.parametrize(
    "forged",
    [
        "b'garbage that is no frame'",
        "encode('a frame that is no event')",
        "encode({'event': 'step'})",
        "encode({'event': 'step', 'name': 'another', 'trouble': None, 'missing': []})",
        "encode({'event': 'probe', 'name': 'call_it', 'value': 1, 'trouble': None,"
        " 'changed_inputs': [], 'drawn_shapes': [], 'printed': ''})",
    ],
)
def test_writing_into_the_channel_is_a_crash_of_that_job(worker, forged):
    cell = f"from spotlight.sandbox.wire import encode\nos.write(3, {forged})\ndef f(): return 1"
    assert ended(worker, cell) == "crashed"


@pytest.mark.parametrize(
    "start",
    [
        "subprocess.Popen(['sleep', '600']).pid",
        "subprocess.Popen(['sh', '-c', 'sleep 600']).pid",
        "(os.fork() or os.execvp('sleep', ['sleep', '600']))",
        "(os.fork() or time.sleep(600))",
    ],
)
def test_a_process_that_is_left_behind_is_killed_and_delays_nothing(worker, start):
    number = value(worker, returns(start))  # which ends well, and not by the clock
    assert wait_until(lambda: not is_running(number))


def test_a_job_that_is_ended_by_the_clock_takes_its_processes_along(worker):
    cell = (
        "child = subprocess.Popen(['sleep', '600'])\n"
        "def f(seconds):\n"
        "    time.sleep(seconds)\n"
        "    return child.pid"
    )
    probes = [f"def after_{n}(f):\n    return f({n})" for n in (0, 600)]
    seen = worker.observe(job(cell, *probes, limits=LITTLE_TIME))
    assert seen.ended == "wall"
    assert wait_until(lambda: not is_running(seen.probes[0].value))


# Jobs share nothing


def test_a_patch_is_gone_with_its_job(worker):
    patch = (
        "torch.softmax = lambda *a, **k: 0\n"
        "import builtins\n"
        "builtins.sorted = lambda x: 0\n"
        "def f(): return torch.softmax(1), sorted([2, 1])"
    )
    assert value(worker, job(patch)).data.tolist() == [0, 0]
    plain = value(worker, returns("torch.softmax(torch.zeros(2), 0).tolist(), sorted([2, 1])"))
    assert plain.data.tolist() == [[0.5, 0.5], [1, 2]]


def test_each_job_has_an_empty_folder_of_its_own(worker):
    cell = (
        "open('made', 'w').close()\n"
        "open(os.path.expanduser('~/torch.py'), 'w').close()\n"
        "def f(): return os.getcwd(), os.listdir('.')"
    )
    first, made = value(worker, job(cell))
    assert sorted(made) == ["made", "torch.py"]
    second, found = value(worker, returns("os.getcwd(), os.listdir('.')"))
    assert first != second
    assert found == []
    assert not value(worker, returns(f"os.path.exists({first!r})"))


def test_temporary_files_go_with_the_job(worker):
    made = value(worker, returns("__import__('tempfile').mkdtemp()"))
    assert not os.path.exists(made)


def test_the_working_folder_is_not_the_courses(worker):
    folder = value(worker, returns("os.getcwd()"))
    assert os.path.commonpath([folder, os.getcwd()]) != os.getcwd()


def test_nothing_that_a_job_leaves_behind_is_ever_imported(worker):
    scratch = os.path.dirname(value(worker, returns("os.getcwd()")))
    searched = value(worker, returns("[os.path.abspath(path) for path in sys.path]"))
    assert searched
    assert not [path for path in searched if path.startswith(scratch)]
    assert value(worker, returns("sys.flags.no_user_site")) == 1


def test_a_job_runs_apart_from_its_server_which_has_one_thread(worker):
    server, own = value(worker, returns("(os.getppid(), os.getpid())")).data.tolist()
    assert server != own
    assert value(worker, returns("len(os.listdir(f'/proc/{os.getppid()}/task'))")) == 1
    assert value(worker, returns("os.getppid()")) == server


def test_a_job_holds_no_file_of_its_servers(worker):
    listing = "[os.readlink(f'/proc/self/fd/{n}').split(':')[0] for n in range(4)]"
    assert value(worker, returns(listing)) == ["/dev/null"] * 3 + ["pipe"]
    assert (
        value(worker, returns("[n for n in range(4, 200) if os.path.exists(f'/proc/self/fd/{n}')]"))
        == []
    )

"""A job that takes too much ends alone, and it is told what it took too much of."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from worker_jobs import CALL_IT, LIMITS, job, returns, scratch_of, server_of, value

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
        pytest.param("def f():\n    while True: pass", marks=pytest.mark.deep),
        pytest.param("while True: pass", marks=pytest.mark.deep),
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
    ["subprocess.Popen(['sleep', '600'])", "os.fork()", "os.posix_spawn('/bin/sh', ['sh'], {})"],
)
def test_no_process_can_be_started(worker, start):
    seen = worker.observe(returns(start))
    assert seen.ended == "finished"
    assert seen.trouble.type == "PermissionError"


def test_a_thread_may_be_started_and_delays_nothing_when_it_is_left_behind(worker):
    cell = (
        "import threading\n"
        "def f():\n"
        "    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        "    return threading.active_count()"
    )
    assert value(worker, job(cell)) == 2  # which ends well, and not by the clock


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
    assert value(worker, returns("os.getcwd(), os.listdir('.')")) == (first, [])


def test_temporary_files_go_with_the_job(worker):
    made = value(worker, returns("__import__('tempfile').mkdtemp()"))
    assert not os.path.exists(made)


def test_the_working_folder_is_not_the_courses(worker):
    folder = value(worker, returns("os.getcwd()"))
    assert os.path.commonpath([folder, os.getcwd()]) != os.getcwd()


def test_nothing_that_a_job_leaves_behind_is_ever_imported(worker):
    scratch = scratch_of(worker)
    searched = value(worker, returns("[os.path.abspath(path) for path in sys.path]"))
    assert searched
    assert not [path for path in searched if path.startswith(scratch)]
    assert value(worker, returns("sys.flags.no_user_site")) == 1


def test_a_job_runs_apart_from_its_server_which_has_one_thread(worker):
    server, own = value(worker, returns("(os.getppid(), os.getpid())")).data.tolist()
    assert server != own
    assert value(worker, returns("os.getppid()")) == server
    assert len(os.listdir(f"/proc/{server_of(worker)}/task")) == 1


def test_a_job_holds_no_file_of_its_servers(worker):
    kinds = (
        "import stat\n"
        "def kind(n):\n"
        "    try:\n"
        "        return stat.filemode(os.fstat(n).st_mode)[0]\n"
        "    except OSError:\n"
        "        return ''\n"
        "def f(): return ''.join(kind(n) for n in range(2_000))"
    )
    assert value(worker, job(kinds)) == "cccp"  # three times nothing, and the pipe to the judge

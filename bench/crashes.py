"""Kill what grades a class, at random moments, and go on: is the gradebook what it would have been?

In each run one process is killed by SIGKILL: the supervisor, one of its pool's processes, a fork
server, or a Dask worker. Where the run does not end well by itself, it is resumed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psutil

from bench.class_of_strangers import write_class
from bench.four_exercises import write_course

_VERIFY = Path(__file__).resolve().parent.parent / "verify.py"
_NOTEBOOKS = 40
_VICTIMS = ("supervisor", "pool", "server", "dask worker")
_MAX_RESUMES = 5


def measure(count: int = 50, seed: int = 0) -> dict[str, float]:
    """Kill in `count` runs."""
    rng = Random(seed)
    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="spotlight-crashes-") as folder, _cluster() as address:
        root = Path(folder)
        course = write_course(root / "course").root
        write_class(write_course(root / "again"), root / "class", _NOTEBOOKS)
        start = time.perf_counter()
        _run(course, root / "class", root / "whole", [])
        length = time.perf_counter() - start
        whole = (root / "whole" / "gradebook.csv").read_bytes()
        for number in range(count):
            victim = _VICTIMS[number % len(_VICTIMS)]
            out = root / f"out{number}"
            engine = ["--engine", "dask", "--scheduler", address] if "dask" in victim else []
            running = _start(course, root / "class", out, engine)
            time.sleep(rng.uniform(0.2, 1.0) * length)
            tally["killed"] += _kill(running, victim, rng)
            status = running.wait()
            tally["ended by itself"] += status in (0, 1)
            resumes = 0
            while status not in (0, 1) and resumes < _MAX_RESUMES:
                status = _run(course, root / "class", out, [*engine, "--resume"])
                resumes += 1
            tally["resumed"] += resumes > 0
            gradebook = out / "gradebook.csv"
            same = gradebook.exists() and gradebook.read_bytes() == whole
            tally["same gradebook"] += same
            print(f"{number}: {victim}, {resumes} resumed, same: {same}", file=sys.stderr)
    time.sleep(3.0)
    left = [p for p in psutil.process_iter(["cmdline"]) if _is_of(p, str(root))]
    return {
        "runs": count,
        "processes killed": tally["killed"],
        "ended well by themselves": tally["ended by itself"],
        "resumed": tally["resumed"],
        "with the same gradebook": tally["same gradebook"],
        "processes left behind": len(left),
    }


def _start(course: Path, folder: Path, out: Path, options: list[str]) -> psutil.Popen:
    command = [sys.executable, str(_VERIFY), "class", str(folder), "--out", str(out)]
    return psutil.Popen(
        [*command, "--jobs", "2", "--no-cache", *options],
        cwd=course,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _run(course: Path, folder: Path, out: Path, options: list[str]) -> int:
    return int(_start(course, folder, out, options).wait())


def _kill(supervisor: psutil.Popen, victim: str, rng: Random) -> bool:
    """Kill one process; whether there was one."""
    try:
        below = supervisor.children(recursive=True)
        match victim:
            case "supervisor":
                found = [supervisor]
            case "pool":
                found = [p for p in below if "spawn_main" in " ".join(p.cmdline())]
            case "server":
                found = [p for p in below if "spotlight.sandbox" in " ".join(p.cmdline())]
            case _:
                found = [p for p in psutil.process_iter(["cmdline"]) if _is_dask_worker(p)]
        rng.choice(found).kill()
    except (psutil.NoSuchProcess, IndexError):
        return False
    return True


def _is_dask_worker(process: psutil.Process) -> bool:
    words = " ".join(process.info["cmdline"] or ())
    return "spawn_main" in words and any("dask" in " ".join(p.cmdline()) for p in process.parents())


def _is_of(process: psutil.Process, root: str) -> bool:
    return any(root in word for word in process.info["cmdline"] or ())


@contextmanager
def _cluster() -> Iterator[str]:
    """A scheduler and two workers, each replaced when it dies; the scheduler's address."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address

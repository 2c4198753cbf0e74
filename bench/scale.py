"""A class of strangers, ten times larger: does time grow as the class does, and memory not at all?

A tenth of the class is graded, then all of it, then the tenth again, each time without the cache;
then the tenth twice with the cache.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.class_of_strangers import write_class
from bench.four_exercises import Student, write_course

_VERIFY = Path(__file__).resolve().parent.parent / "verify.py"
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class _Run:
    """`memory` is the most that the supervisor held, in MB; `wrong` counts marks not as due."""

    seconds: float
    memory: float
    wrong: int
    left: int


def measure(count: int = 10_000) -> dict[str, float]:
    """Grade `count` notebooks, and a tenth of them."""
    with tempfile.TemporaryDirectory(prefix="spotlight-scale-") as folder:
        root = Path(folder)
        course = write_course(root / "course")
        sizes = {"small": count // 10, "large": count}
        classes = {name: write_class(course, root / name, size) for name, size in sizes.items()}
        runs: dict[str, _Run] = {}
        for number, (name, options) in enumerate(
            [
                ("small", ["--no-cache"]),
                ("large", ["--no-cache"]),
                ("small", ["--no-cache"]),
                ("small", []),
                ("small", []),
            ]
        ):
            out = root / f"out{number}"
            run = _grade(course.root, root / name, out, options, classes[name])
            label = f"{number + 1} {name} {'without' if options else 'with'} cache"
            print(f"{label}: {run}", file=sys.stderr)
            runs[label] = run
    first, large, again, _, cached = runs.values()
    small = (first.seconds + again.seconds) / 2
    return {
        "notebooks": count,
        "seconds for a tenth": small,
        "seconds for all": large.seconds,
        "seconds for all, of ten times a tenth": large.seconds / (10 * small),
        "notebooks per minute": 60 * count / large.seconds,
        "supervisor's memory for a tenth, MB": max(first.memory, again.memory),
        "supervisor's memory for all, MB": large.memory,
        "marks not as due": sum(run.wrong for run in runs.values()),
        "processes left behind": sum(run.left for run in runs.values()),
        "a tenth with a full cache, of its time without": cached.seconds / small,
    }


def _grade(
    course: Path, folder: Path, out: Path, options: Sequence[str], students: Sequence[Student]
) -> _Run:
    before = {process.pid for process in psutil.process_iter()}
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")}
    command = [sys.executable, str(_VERIFY), "class", str(folder), "--out", str(out)]
    start = time.perf_counter()
    supervisor = psutil.Popen(
        [*command, "--jobs", "2", *options],
        cwd=course,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    memory = 0
    while supervisor.poll() is None:
        try:
            memory = max(memory, supervisor.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - start
    said = supervisor.stderr.read()
    if supervisor.wait() not in (0, 1):
        raise RuntimeError(f"the class was not graded: {said}")
    time.sleep(2.0)
    left = [
        process
        for process in psutil.process_iter(["pid", "cmdline"])
        if process.pid not in before
        and "spotlight.sandbox" in " ".join(process.info["cmdline"] or ())
    ]
    return _Run(seconds, memory / 2**20, _wrong(out, students), len(left))


def _wrong(out: Path, students: Sequence[Student]) -> int:
    """How many exercises have other points than are due."""
    wrong = 0
    for student in students:
        report = json.loads((out / "reports" / f"{student.name}.json").read_bytes())
        (lesson,) = report["submissions"][0]["lessons"]
        points = {e["exercise"]: e["points"] for e in lesson["exercises"]}
        wrong += sum(points[name] != due for name, due in student.points.items())
    return wrong

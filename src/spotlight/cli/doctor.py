"""`doctor`: is this machine ready? One line per question, to be pasted where help is asked for."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

import spotlight
from spotlight.cli.context import Status, a_worker, out, the_course
from spotlight.course.reading import read_lesson
from spotlight.grading.answer_key import default_cache
from spotlight.grading.submission import read_submission
from spotlight.progress import ProgressStore
from spotlight.sandbox.job import Job, ProbeCall, Step
from spotlight.sandbox.server import FORKS

_PACKAGES = ("torch", "numpy", "matplotlib", "jupyterlab", "ipykernel", "nbclient", "anywidget")
_FREE_GB = 1.0


def doctor() -> Status:
    """Is this machine ready? Lines that can be pasted into a question."""
    failed = False
    for name, question in _QUESTIONS:
        try:
            answer, good = question(), True
        except Exception as trouble:
            answer, good = str(trouble) or type(trouble).__name__, False
        failed |= not good
        out.print(f"[{'ok' if good else 'fail'}] {name}: {answer}", markup=False, soft_wrap=True)
    return Status.NOT_PASSED if failed else Status.PASSED


def _system() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"


def _python() -> str:
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        raise RuntimeError(f"{platform.python_version()}, but 3.11 to 3.13 is needed")
    return platform.python_version()


def _packages() -> str:
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            raise RuntimeError(f"{package} is missing; run ./setup_venv.sh verify doctor") from None
    return f"spotlight {spotlight.__version__}, " + ", ".join(found)


def _kernel() -> str:
    from jupyter_client.kernelspec import KernelSpecManager

    return f"python3 at {KernelSpecManager().get_kernel_spec('python3').resource_dir}"


def _worker() -> str:
    probe = ProbeCall("twice", "def twice(f):\n    return f(3)", ("f",))
    job = Job((Step("own", "def f(x):\n    return 2 * x", "exercise"),), ("f",), "", (probe,))
    start = time.monotonic()
    with a_worker() as worker:
        seen = worker.observe(job)
        if seen.ended != "finished" or seen.probes[0].value != 6:
            raise RuntimeError(f"an exercise run on trial ended as {seen.ended}")
        first = time.monotonic() - start
        start = time.monotonic()
        worker.observe(job)
        each = 1000 * (time.monotonic() - start)
        present, absent = worker.features.names
    kept = "limits on time and memory" if FORKS else "a limit on time alone"
    walls = ", ".join([kept, *present]) + (f"; without {', '.join(absent)}" if absent else "")
    return f"starts in {first:.1f} s, then {each:.0f} ms an exercise; {walls}"


def _course() -> str:
    course = the_course()
    for entry in course.lessons:
        read_lesson(course, entry)
        read_submission(course.notebook(entry))
    return f"{len(course.lessons)} lessons in {course.root}"


def _progress() -> str:
    store = ProgressStore(the_course().root / "progress")
    store.read()
    store.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryFile(dir=store.folder):
        return f"{store.folder} can be written"


def _cache() -> str:
    folder = default_cache()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return f"{folder} can be written"


def _disk() -> str:
    free = shutil.disk_usage(the_course().root).free / 2**30
    if free < _FREE_GB:
        raise RuntimeError(f"{free:.1f} GB free; make room for {_FREE_GB:g} GB")
    return f"{free:.0f} GB free"


def _questions() -> Iterator[tuple[str, Callable[[], str]]]:
    yield "system", _system
    yield "Python", _python
    yield "packages", _packages
    yield "Jupyter kernel", _kernel
    yield "course", _course
    yield "worker", _worker
    yield "progress", _progress
    yield "cache", _cache
    yield "disk", _disk


_QUESTIONS = tuple(_questions())

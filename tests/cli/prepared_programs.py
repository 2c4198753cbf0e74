"""Programs that begin with their imports done, and hand their jobs to the worker of the tests.

To start Python, to import torch, and to start a worker that imports it once more takes seconds.
Here a process that has imported all of it forks for each program. What a program does beyond that
is its own: its working folder, its environment, its terminal, its signals and its exit status. That
`verify.py` and a kernel start as a student starts them is for other tests to show.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import runpy
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from functools import partial
from multiprocessing.context import ForkServerProcess
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any
from unittest import mock

from spotlight.sandbox.job import Job, Observation
from spotlight.sandbox.worker import Worker

VERIFY = Path(__file__).parents[2] / "verify.py"
_IMPORTED = [
    "torch",
    "ipykernel.kernelapp",
    "nbformat",
    "spotlight.cli",
    "spotlight.notebook.functions",
    "anyio._backends._asyncio",
    "prompt_toolkit",
    "pydantic.dataclasses",
    "watchfiles",
    "xml.dom.minidom",
]
# Imported anew by each program: they look at the terminal or at IPython, or start a worker.
_OF_EACH_PROGRAM = ("spotlight.cli", "spotlight.notebook", "spotlight.watch.following")

Starts = Callable[..., ForkServerProcess]


class _Desk(BaseManager):
    """Where programs hand in their jobs."""

    worker: Callable[[], Any]  # made by `register`


def starting_programs(worker: Worker) -> Starts:
    """How to start programs that share `worker`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    _Desk.register("worker", callable=lambda: worker, exposed=["observe"])
    desk = _Desk().get_server()
    threading.Thread(target=desk.serve_forever, daemon=True).start()

    def start(
        program: Callable[..., object],
        *arguments: str,
        environment: Mapping[str, str] = os.environ,
        folder: Path | None = None,
        out: str | Path = os.devnull,
        err: str | Path | None = None,
    ) -> ForkServerProcess:
        """Start `program` in `folder`, where it writes to the file or the terminal `out`."""
        streams = str(out), str(err or out)
        settings = (desk.address, dict(environment), str(folder or Path.cwd()), streams)
        process = context.Process(target=_run, args=(settings, program, arguments), daemon=True)
        process.start()
        return process

    return start


def verify(*arguments: str) -> None:
    """`verify.py` with these arguments."""
    sys.argv = [str(VERIFY), *arguments]
    runpy.run_path(str(VERIFY), run_name="__main__")


def kernel(connection_file: str) -> None:
    """A Jupyter kernel."""
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher.py"]
    IPKernelApp.launch_instance(["-f", connection_file])


def _run(settings: Any, program: Callable[..., object], arguments: tuple[str, ...]) -> None:
    desk, environment, folder, streams = settings
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.setsid()
    _take(*streams)
    for name in [name for name in sys.modules if name.startswith(_OF_EACH_PROGRAM)]:
        del sys.modules[name]
    with mock.patch("spotlight.sandbox.worker.Worker", partial(_SharedWorker, desk)):
        program(*arguments)


def _take(out: str, err: str) -> None:
    """Make these files, or this terminal, the standard streams."""
    descriptors = [os.open(name, os.O_RDWR | os.O_CREAT) for name in (out, err)]
    if os.isatty(descriptors[0]):
        fcntl.ioctl(descriptors[0], termios.TIOCSCTTY, 0)
        os.dup2(descriptors[0], 0)
    else:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
    for standard, descriptor in enumerate(descriptors, start=1):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


class _SharedWorker:
    """What a program takes for a worker of its own."""

    def __init__(self, address: Any) -> None:
        desk = _Desk(address)
        desk.connect()
        self._worker = desk.worker()
        self._closed = False

    def observe(self, job: Job) -> Observation:
        assert not self._closed, "a job for a worker that was closed"
        seen: Observation = self._worker.observe(job)
        return seen

    def close(self) -> None:
        """The others still need it; this program does no more."""
        self._closed = True

    def __enter__(self) -> _SharedWorker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


_Desk.register("worker")

"""A copy of the course to work in, and kernels that believe they run one of its notebooks."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from cli.prepared_programs import Starts, kernel, starting_programs
from spotlight.sandbox.worker import Worker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def course_copy(tmp_path: Path) -> Path:
    """The built course, in a folder of its own, with no progress."""
    root = tmp_path / "course"
    for folder in ("lessons", "solutions"):
        shutil.copytree(ROOT / folder, root / folder)
    shutil.copy(ROOT / "index.html", root)
    (root / "progress").mkdir()
    return root


@dataclass
class Reply:
    """What a cell showed: cards as HTML and text, printed text, and an error's name."""

    html: str = ""
    text: str = ""
    printed: str = ""
    error: str = ""


# As if the kernel had just started: nothing is defined, and nothing of Spotlight was imported.
AFRESH = """\
def afresh(environment, folder):
    import os, sys
    from IPython.core.getipython import get_ipython
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    shell, ours = get_ipython(), ("spotlight.notebook", "spotlight.mine")
    for listener in list(shell.events.callbacks["pre_run_cell"]):
        if listener.__module__.startswith(ours):
            shell.events.unregister("pre_run_cell", listener)
    shell.input_transformers_cleanup[:] = [
        change for change in shell.input_transformers_cleanup
        if not (getattr(change, "__module__", None) or "").startswith(ours)
    ]
    for name in [name for name in sys.modules if name.startswith(ours)]:
        del sys.modules[name]
    shell.reset()
afresh({environment!r}, {folder!r})
"""


@dataclass
class Kernel:
    """A live kernel whose front end names the notebook that it runs.

    One after the other, it may run several: to start one takes a second.
    """

    starts: Starts
    notebook: Path
    is_idle: bool = True

    def __post_init__(self) -> None:
        with TemporaryDirectory() as folder:
            file, _ = write_connection_file(str(Path(folder) / "connection.json"))
            self._process = self.starts(
                kernel,
                file,
                environment=self._environment(),
                folder=self.notebook.parent,
            )
            self._client = BlockingKernelClient(connection_file=file)
            self._client.load_connection_file()
            self._client.start_channels()
            self._wait_until_ready(time.monotonic() + 120)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "JPY_SESSION_NAME": str(self.notebook)}

    def open(self, notebook: Path) -> None:
        """Run another notebook from now on, and know nothing of the last one."""
        self.notebook = notebook
        folder, environment = str(notebook.parent), self._environment()
        reply = self.run(AFRESH.format(environment=environment, folder=folder))
        assert not reply.error

    def _wait_until_ready(self, deadline: float) -> None:
        """A client calls a kernel dead whose heart does not beat within its first second."""
        try:
            self._client.wait_for_ready(timeout=120)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            self._wait_until_ready(deadline)

    def run(self, source: str, cell_id: str | None = None) -> Reply:
        """Run a cell, with the id that the front end would send."""
        reply = Reply()
        self.is_idle = False
        message = self._client.session.msg(
            "execute_request",
            {
                "code": source,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": True,
            },
            metadata={"cellId": cell_id} if cell_id else {},
        )
        self._client.shell_channel.send(message)
        while True:
            got = self._client.get_iopub_msg(timeout=120)
            if got["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            content = got["content"]
            match got["msg_type"]:
                case "display_data" | "update_display_data" | "execute_result":
                    reply.html += content["data"].get("text/html", "")
                    data = content["data"]
                    reply.text += data.get("text/markdown", data.get("text/plain", "")) + "\n"
                case "stream":
                    reply.printed += content["text"]
                case "error":
                    reply.error = f"{content['ename']}: {content['evalue']}"
                case "status" if content["execution_state"] == "idle":
                    self._client.get_shell_msg(timeout=30)
                    self.is_idle = True
                    return reply

    def close(self) -> None:
        try:
            self._client.stop_channels()
        finally:
            self._process.kill()
            self._process.join()


@pytest.fixture(scope="session")
def starts(worker: Worker) -> Starts:
    """Starts programs whose imports are done."""
    return starting_programs(worker)


@pytest.fixture(scope="session")
def idle_kernels() -> Iterator[list[Kernel]]:
    """The kernels of this process that no test uses now."""
    with ExitStack() as closing_all:  # where one does not close, the others do
        idle: list[Kernel] = []
        yield idle
        for kernel in idle:
            closing_all.callback(kernel.close)


@pytest.fixture
def open_kernel(course_copy: Path, starts: Starts, idle_kernels: list[Kernel]):
    """Opens lessons of the copy, each in a kernel that knows nothing of any other."""
    used: list[Kernel] = []

    def start(file: str) -> Kernel:
        notebook = course_copy / "lessons" / f"{file}.ipynb"
        if idle_kernels:
            kernel = idle_kernels.pop()
            used.append(kernel)
            kernel.open(notebook)
        else:
            kernel = Kernel(starts, notebook)
            used.append(kernel)
        return kernel

    yield start
    with ExitStack() as closing_all:
        for kernel in used:
            if kernel.is_idle:
                idle_kernels.append(kernel)
            else:
                closing_all.callback(kernel.close)

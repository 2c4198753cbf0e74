"""A copy of the course to work in, and kernels that believe they run one of its notebooks."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, closing
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


@dataclass
class Kernel:
    """A live kernel whose front end names the notebook that it runs."""

    notebook: Path
    starts: Starts

    def __post_init__(self) -> None:
        with TemporaryDirectory() as folder:
            file, _ = write_connection_file(str(Path(folder) / "connection.json"))
            self._process = self.starts(
                kernel,
                file,
                environment={**os.environ, "JPY_SESSION_NAME": str(self.notebook)},
                folder=self.notebook.parent,
            )
            self._client = BlockingKernelClient(connection_file=file)
            self._client.load_connection_file()
            self._client.start_channels()
            self._wait_until_ready(time.monotonic() + 120)

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


@pytest.fixture
def open_kernel(course_copy: Path, starts: Starts):
    """Starts kernels for lessons of the copy, and ends them."""
    with ExitStack() as kernels:  # where one does not close, the others do

        def start(file: str) -> Kernel:
            return kernels.enter_context(
                closing(Kernel(course_copy / "lessons" / f"{file}.ipynb", starts))
            )

        yield start

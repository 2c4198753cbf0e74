"""A Python environment of their own for the graders that Spotlight is measured against."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

PEERS = ("nbgrader==0.9.6", "otter-grader==7.0.0")
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


class NoPeers(Exception):
    """The environment cannot be made; the message says why and what to do."""


def peer_python() -> Path:
    """The environment's Python; the environment is made on first use, which takes the network.

    It has the same torch as this one.

    Raises:
        NoPeers: it cannot be made.
    """
    torch = f"torch=={version('torch').partition('+')[0]}"
    wanted = (torch, *PEERS)
    folder = Path(user_cache_path("spotlight")) / "bench-peers" / "_".join(wanted)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete = folder / "complete"  # written last: half an environment is made again
    if complete.is_file():
        return python
    print(f"Installing {', '.join(wanted)} into {folder}, once; about 2 GB.", file=sys.stderr)
    _run(sys.executable, "-m", "venv", "--clear", str(folder))
    pip = (str(python), "-m", "pip", "install", "--quiet")
    once = ("--no-deps", "--retries", "1", "--timeout", "15", "--index-url", TORCH_CPU_INDEX)
    # The plain build for Linux brings several GB that only a GPU has a use for.
    with contextlib.suppress(NoPeers):
        _run(*pip, *once, torch)
    _run(*pip, *wanted)
    complete.touch()
    return python


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().splitlines() or ["it said nothing"]
        raise NoPeers(
            "The environment of nbgrader and Otter cannot be made, so these are Spotlight's "
            f"figures alone; with a network, run the bench again. ({said[-1]})"
        )

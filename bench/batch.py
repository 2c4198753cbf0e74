"""One system's grading of a whole class, as a command: run it, and measure what it took."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Points = dict[str, dict[str, float]]
"""By student, by exercise."""

_SET_CHILD_SUBREAPER = 36  # of prctl
_LONGEST_END = 10.0  # seconds that what a command leaves behind may take to end


@dataclass(frozen=True)
class Took:
    """Seconds: `cpu` is user and system, of the command and all that it started."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Batch:
    """A command that grades a class once; `points` reads what it gave, once it has run.

    `home` stands for the user's own folders, so that no settings or caches of theirs count;
    `fine` are the exit statuses of a command that did what it was to do.
    """

    command: Sequence[str]
    folder: Path
    home: Path
    points: Callable[[], Points]
    fine: tuple[int, ...] = (0,)

    def run(self) -> Took:
        """Run it, alone, and say what it took.

        Raises:
            RuntimeError: it fails.
        """
        _adopt_orphans()
        before = _cpu_of_children()
        start = time.perf_counter()
        run_quietly(self.command, self.folder, self.home, self.fine)
        wall = time.perf_counter() - start
        _wait_for_orphans()
        return Took(_cpu_of_children() - before, wall)


def run_quietly(
    command: Sequence[str], folder: Path, home: Path, fine: tuple[int, ...] = (0,)
) -> str:
    """Run a command in `folder`; what it printed.

    Raises:
        RuntimeError: it fails; the message has what it said last.
    """
    beside = str(Path(command[0]).parent)  # where an environment keeps its other programs
    own = {
        "PATH": os.pathsep.join((beside, os.environ["PATH"])),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "JUPYTER_DATA_DIR": str(home / ".jupyter-data"),
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "IPYTHONDIR": str(home / ".ipython"),
        "OMP_NUM_THREADS": "1",  # tensors as small as these gain nothing from more
    }
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in fine:
        said = (ended.stdout + ended.stderr)[-2_000:]
        raise RuntimeError(f"{' '.join(command)} ended with status {ended.returncode}:\n{said}")
    return ended.stdout


def _cpu_of_children() -> float:
    """User and system seconds of all processes below this one that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _adopt_orphans() -> None:
    """Be the parent of what a child leaves behind: only a parent is told what it took."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_orphans() -> None:
    if sys.platform != "linux":
        return
    deadline = time.monotonic() + _LONGEST_END
    with contextlib.suppress(ChildProcessError):  # none is left
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)

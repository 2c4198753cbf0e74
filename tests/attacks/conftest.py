"""A grader under attack: one worker for every attack, a world around it, what becomes of both."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostile_cells import Aims
from hostile_worlds import MARK, Listeners, Sibling, World, adopt_orphans, forget_in_memory
from scenes import Scene

from edited_notebooks import solved
from kernel_walls import why_nothing_can_be_confined
from small_course import notebook_of, solution_of
from spotlight.sandbox.worker import Worker

if sys.platform != "linux":
    collect_ignore_glob = ["test_*.py"]  # elsewhere nothing is confined, and the reports say so

LIBRARY = """
#include <fcntl.h>
#include <unistd.h>
int harm(const char *path) {
    int book = open(path, O_CREAT | O_WRONLY, 0666);
    if (book < 0) return 1;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() == 0) { write(book, "daemon", 6); sleep(30); }
        _exit(0);
    }
    return child < 0;
}
"""


@pytest.fixture(scope="session", autouse=True)
def _subreaper() -> None:
    adopt_orphans()


@pytest.fixture(scope="session")
def _library(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A compiled library in base64; empty where nothing compiles."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return ""
    folder = tmp_path_factory.mktemp("library")
    (folder / "harm.c").write_text(LIBRARY, encoding="ascii")
    command = [compiler, "-shared", "-fPIC", "-w", "-o", "harm.so", "harm.c"]
    if subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode:
        return ""
    return base64.b64encode((folder / "harm.so").read_bytes()).decode()


@contextmanager
def _scenes(library: str) -> Iterator[Callable[[], Scene]]:
    """Make worlds, with a worker in them or without, that go at the block's end."""
    with pytest.MonkeyPatch.context() as patch:
        cleanups: list[Callable[[], object]] = []
        signals: list[int] = []
        before = signal.signal(signal.SIGUSR1, lambda number, _: signals.append(number))
        cleanups.append(lambda: signal.signal(signal.SIGUSR1, before))

        def make() -> Scene:
            # Not below pytest's own folder, which no other user may enter: that would protect it.
            folder = Path(tempfile.mkdtemp(prefix="world-"))
            cleanups.append(lambda: shutil.rmtree(folder, ignore_errors=True))
            name = f"left-{secrets.token_hex(6)}"
            world = World(folder)
            patch.setenv("SPOTLIGHT_TOKEN", world.new_secret("the environment"))
            sibling, listeners = Sibling(), Listeners(folder, name)
            key = secrets.randbelow(2**30) + 1
            cleanups.extend((sibling.close, listeners.close, lambda: forget_in_memory(key)))
            aims = Aims(
                WORLD=str(folder),
                NAME=name,
                SUPERVISOR=os.getpid(),
                SIBLING=sibling.pid,
                PORT=listeners.port,
                DATAGRAM_PORT=listeners.datagram_port,
                ABSTRACT=listeners.abstract,
                SOCKET=listeners.path,
                KEY=key,
                LIBRARY=library,
                MARK=MARK,
            )
            return Scene(world, aims, sibling, listeners, signals)

        yield make
        for clean in reversed(cleanups):
            clean()


@pytest.fixture(scope="module")
def make_scene(_library: str) -> Iterator[Callable[[], Scene]]:
    """Make a world without a worker, that goes when the module's tests are over."""
    with _scenes(_library) as make:
        yield make


@pytest.fixture(scope="session")
def scene(_library: str) -> Iterator[Scene]:
    """A world with a worker in it, which has graded honest work, and every attack so far."""
    with _scenes(_library) as make:
        scene = make()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(scene.world.tmp))
            worker = Worker()
        yield from _with(worker, scene)


def _with(worker: Worker, scene: Scene) -> Iterator[Scene]:
    with worker:
        if why := why_nothing_can_be_confined():
            pytest.skip(why)
        assert worker.features.is_confined, worker.features.in_words
        lesson = solution_of(scene.world.course, "small_steps")
        notebook = solved(notebook_of(scene.world.course, "small_steps"), lesson)
        keys = scene.world.folder / "keys"
        scene.move_in(worker, lesson, notebook, keys)
        yield scene

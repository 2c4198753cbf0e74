"""What an attack might harm, and how one sees afterwards whether it did."""

from __future__ import annotations

import ctypes
import hashlib
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import spotlight
from small_course import write_course
from spotlight.sandbox.worker import Worker

MARK = "secret-"
SERVER_MODULE = "spotlight.sandbox.server"
_SUBREAPER = 36  # of prctl: orphans below this process become its children, and are seen
_STOPPED = "Tt"
_Seen = TypeVar("_Seen")


class World:
    """A folder with a course, a class, a home and a gradebook, open to every user of the machine.

    That no attack reads or changes it is then the confinement's doing alone. `tmp` is where workers
    have their scratch folders.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tmp = folder / "tmp"
        self.secrets: dict[str, str] = {}
        self.course = write_course(folder / "course")
        master = folder / "course" / "solutions" / "01_small_steps.py"
        self._plant(
            master, f"{master.read_text(encoding='utf-8')}\n# {self.new_secret('solution')}\n"
        )
        files = {
            "course/progress/lesson_progress.json": '{"note": "%s"}',
            "class/ada/01_small_steps.ipynb": '{"cells": ["%s"]}',
            "class/bob/01_small_steps.ipynb": '{"cells": ["%s"]}',
            "out/gradebook.csv": "student,points\nada,6\nbob,6\n%s,0\n",
            "home/.ssh/id_ed25519": "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n",
            "home/.cache/spotlight/keys/shifted-0.key": "%s",
            "home/.bashrc": "# %s\n",
            "keys/one.key": "%s",
        }
        for name, text in files.items():
            self._plant(folder / name, text % self.new_secret(name))
        self.tmp.mkdir()
        self.open_up()

    def __str__(self) -> str:
        return str(self.folder)

    def state(self) -> dict[str, tuple[object, ...]]:
        """Every file and folder: kind, mode, owner, size, time of change, content."""
        paths = [self.folder, *self.folder.rglob("*")]
        inside = [p for p in paths if p != self.tmp and self.tmp not in p.parents]
        return {str(path): _state_of(path) for path in sorted(inside)}

    def scratch(self) -> list[str]:
        """What lies in the temporary folder, down to the files that jobs left behind.

        The folder of the job that comes next may be there already.
        """
        paths = [path.relative_to(self.tmp) for path in self.tmp.rglob("*")]
        return sorted(str(path) for path in paths if path.parts[1:] != ("job",))

    def new_secret(self, where: str) -> str:
        """A word that will stand at `where` alone."""
        self.secrets[where] = MARK + secrets.token_hex(16)
        return self.secrets[where]

    def open_up(self) -> None:
        """Let everybody read and write all of it."""
        for path in (self.folder, *self.folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)

    def _plant(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _state_of(path: Path) -> tuple[object, ...]:
    seen = path.lstat()
    content = ""
    if stat.S_ISLNK(seen.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(seen.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    times = () if stat.S_ISDIR(seen.st_mode) else (seen.st_mtime_ns,)
    return (oct(seen.st_mode), seen.st_uid, seen.st_gid, seen.st_nlink, content, *times)


def left_elsewhere(name: str) -> list[Path]:
    """Files with `name` in theirs, wherever an attack may have left one."""
    paths = sysconfig.get_paths()
    places = {
        *("/", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/etc"),
        *(paths["purelib"], paths["stdlib"], os.getcwd(), str(Path.home())),
        str(Path(spotlight.__file__).parent),
        str(Path(spotlight.__file__).parent / "sandbox"),
    }
    return [
        Path(entry.path)
        for place in sorted(places)
        if os.access(place, os.R_OK)
        for entry in os.scandir(place)
        if name in entry.name
    ]


# Processes


def adopt_orphans() -> None:
    """Let whatever is left behind below this process become its child."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def processes() -> dict[int, tuple[int, str, str]]:
    """Every process that has not ended: its parent, its state, its command line."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                status = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8", errors="replace")
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            state, parent = status.rpartition(")")[2].split()[:2]
            if state not in "ZX":
                found[int(entry)] = (int(parent), state, line.replace(b"\0", b" ").decode())
    return found


def _at_one_moment() -> dict[int, tuple[int, str, str]]:
    """Every process, where none ended between two looks.

    Of one whose parent ended meanwhile, the new parent is not known yet: it would be taken for
    nobody's, and a daemon be overlooked.
    """
    while True:
        every = processes()
        if all(parent == 0 or parent in every for parent, _, _ in every.values()):
            return every


def descendants() -> dict[int, str]:
    """The processes below this one, with their command lines."""
    every = _at_one_moment()
    below = {os.getpid()}
    while True:
        more = {pid for pid, (parent, _, _) in every.items() if parent in below} - below
        if not more:
            return {pid: every[pid][2] for pid in below - {os.getpid()}}
        below |= more


def servers(worker: Worker) -> list[int]:
    """The fork servers of a worker that are direct children of this process."""
    scratch = str(worker._scratch.folder).encode()
    return [
        pid
        for pid, (parent, _, line) in processes().items()
        if parent == os.getpid() and SERVER_MODULE in line and scratch in environment_of(pid)
    ]


def environment_of(pid: int) -> bytes:
    """What a process got as its environment; nothing where that is not ours to read."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def settled(look: Callable[[], _Seen], seconds: float) -> _Seen:
    """What one sees once there is nothing more to be seen, or when the time is over."""
    deadline = time.monotonic() + seconds
    while (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return seen


class Sibling:
    """A process that is not the worker's to touch. It is stopped, so that any signal shows."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(["sleep", "3600"], start_new_session=True)
        self.pid = self._process.pid
        os.kill(self.pid, signal.SIGSTOP)
        while self._state() not in _STOPPED:
            time.sleep(0.001)

    def _state(self) -> str:
        seen = processes().get(self.pid)
        return seen[1] if seen else "gone"

    def state(self) -> tuple[object, ...]:
        """Whether it is stopped still, and what it may use."""
        if self._state() not in _STOPPED:
            return ("touched",)
        limits = Path(f"/proc/{self.pid}/limits").read_text(encoding="ascii")
        return (os.getpriority(os.PRIO_PROCESS, self.pid), os.sched_getaffinity(self.pid), limits)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


# What talks


class Listeners:
    """Sockets of this machine that wait for a word: TCP, UDP, a path and an abstract name."""

    def __init__(self, world: Path, name: str) -> None:
        self.path = str(world / "socket")
        self.abstract = f"spotlight-{name}"
        self._stream = socket.create_server(("127.0.0.1", 0))
        self._datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagram.bind(("127.0.0.1", 0))
        self._at_path, self._at_name = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self._at_path.bind(self.path)
        os.chmod(self.path, 0o777)
        self._at_name.bind(f"\0{self.abstract}")
        for listener in (self._at_path, self._at_name):
            listener.listen()
        self.port = self._stream.getsockname()[1]
        self.datagram_port = self._datagram.getsockname()[1]
        for listener in self._all():
            listener.setblocking(False)

    def _all(self) -> tuple[socket.socket, ...]:
        return (self._stream, self._datagram, self._at_path, self._at_name)

    def heard(self) -> int:
        """How often anybody connected or sent something since the last time."""
        return sum(1 for _ in self._words())

    def _words(self) -> Iterator[None]:
        for listener in self._all():
            while True:
                try:
                    if listener is self._datagram:
                        listener.recv(100)
                    else:
                        listener.accept()[0].close()
                except BlockingIOError:
                    break
                yield None

    def close(self) -> None:
        for listener in self._all():
            listener.close()


def left_in_memory(key: int, name: str) -> list[str]:
    """System V objects with this key, and message queues with this name."""
    found = []
    for kind in ("shm", "sem", "msg"):
        listing = Path(f"/proc/sysvipc/{kind}")
        if listing.exists():
            rows = listing.read_text(encoding="ascii").splitlines()[1:]
            found += [kind for row in rows if int(row.split()[0]) == key]
    if sys.platform == "linux":
        library = ctypes.CDLL(None, use_errno=True)
        if hasattr(library, "mq_open") and library.mq_open(f"/{name}".encode(), os.O_RDONLY) >= 0:
            found.append("a message queue")
            library.mq_unlink(f"/{name}".encode())
    return found


def forget_in_memory(key: int) -> None:
    """Remove System V objects with this key."""
    library = ctypes.CDLL(None)
    if (shared := library.shmget(key, 0, 0)) >= 0:
        library.shmctl(shared, 0, None)
    if (semaphores := library.semget(key, 0, 0)) >= 0:
        library.semctl(semaphores, 0, 0)
    if (queue := library.msgget(key, 0)) >= 0:
        library.msgctl(queue, 0, None)


def peak_memory() -> int:
    """The most bytes that this process held since `forget_peak_memory`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def forget_peak_memory() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

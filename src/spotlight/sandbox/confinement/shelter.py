"""One place for a server's confinement: entered once, then applied to each job's fork."""

from __future__ import annotations

import os
import resource
import shutil
import site
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import spotlight
from spotlight.sandbox.confinement import landlock, namespaces, privileges, seccomp
from spotlight.sandbox.confinement.features import Features
from spotlight.sandbox.confinement.kernel import works

SCRATCH_BYTES = 64 * 2**20
SCRATCH_FILES = 4_096
_THREADS = 256
_DESCRIPTORS = 256
# An import lists the folder anew where a file has come or gone since the server's start.
_PACKAGE = Path(spotlight.__file__).parent
# What lessons import, and what that imports.
_ROOMS = ("mine", "model_utils", "visualizations", "numpy_transformer", "atomic_files.py")
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/etc/localtime", "/usr/share/zoneinfo", "/usr/share/fonts"),
)
_DEVICES = tuple(map(Path, ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")))


class Shelter:
    """What a server keeps its jobs in; `features` says what of it this machine allows.

    Making one enters namespaces where they are allowed: the process that goes on is another one
    than the caller, which waits for it.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is to hold the jobs' scratch folder."""
        self._user = privileges.user_for_jobs()
        self._readable = _readable()
        own_user = self._user != os.geteuid()
        self._keeps_reading = own_user and not privileges.readable_to_all(self._readable)
        # In a folder of its own: Landlock's rule is on that, whatever is mounted below it.
        self._around = folder / "jobs"
        self._scratch = self._around / "job"
        self._scratch.mkdir(parents=True, exist_ok=True)
        for above in (folder, self._around):
            above.chmod(0o711)  # another user is to get to the scratch folder, and no further
        has_namespaces = namespaces.enter(self._scratch)
        # What a container's own filter refuses is found out by trying.
        self.features = Features(
            landlock=landlock.abi() if works(self._try_landlock) else 0,
            seccomp=seccomp.is_supported() and works(self._try_seccomp),
            namespaces=has_namespaces,
            own_user=own_user,
        )
        if self.features.seccomp:
            self._filter = seccomp.Filter(seccomp.machine())
        self._rules: int | None = None
        if self.features.landlock and has_namespaces:
            self._rules = self._ruleset(self._around)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder for one job; it goes with whatever the job leaves in it."""
        folder = self._scratch
        if self.features.namespaces:
            namespaces.mount_scratch(folder, SCRATCH_BYTES, SCRATCH_FILES, self._user)
            try:
                yield folder
            finally:
                namespaces.unmount_scratch(folder)
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, self._user, -1)
        try:
            yield folder
        finally:
            _remove(folder)

    def is_overrun(self, job: int) -> bool:
        """Whether a job has filled its scratch folder or the machine with threads.

        Where there are namespaces, or a user of its own, the kernel sees to it.
        """
        if not self.features.namespaces and _holds_too_much(self._scratch):
            return True
        if self._counts_threads:
            return False
        with suppress(OSError):
            return len(os.listdir(f"/proc/{job}/task")) > _THREADS
        return False

    def enter(self, folder: Path) -> None:
        """Confine this process, a fork of the server, but for `seal`; nothing of it can be undone.

        Raises:
            OSError: the kernel refuses what it said that it has.
        """
        for limit, most in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, SCRATCH_BYTES),
            (resource.RLIMIT_NOFILE, _DESCRIPTORS),
            (resource.RLIMIT_MSGQUEUE, 0),
            (resource.RLIMIT_MEMLOCK, 0),
            *([(resource.RLIMIT_NPROC, _THREADS)] if self._counts_threads else []),
        ):
            resource.setrlimit(limit, (most, most))
        privileges.give_up(self._user, keep_reading=self._keeps_reading)
        if self._rules is not None:
            landlock.restrict(self._rules)
        elif self.features.landlock:
            landlock.restrict(self._ruleset(folder))
        namespaces.die_with_parent()  # changing the user has taken this back

    def seal(self) -> None:
        """Put the last wall up, after which limits can no longer be set.

        Raises:
            OSError: the kernel refuses.
        """
        if self.features.seccomp:
            self._filter.install(os.getpid())

    def _ruleset(self, scratch: Path) -> int:
        return landlock.ruleset(self._readable, (_PACKAGE,), _DEVICES, scratch)

    def _try_landlock(self) -> None:
        privileges.give_up(self._user, keep_reading=self._keeps_reading)
        landlock.restrict(self._ruleset(self._scratch))

    def _try_seccomp(self) -> None:
        privileges.give_up(self._user, keep_reading=self._keeps_reading)
        seccomp.Filter(seccomp.machine()).install(os.getpid())

    @property
    def _counts_threads(self) -> bool:
        """Whether the kernel's count of a user's threads is of this server's jobs alone."""
        return self.features.own_user or (self.features.namespaces and self._user != 0)


def _readable() -> tuple[Path, ...]:
    """Where Python, its packages and the rooms that lessons import are; and no solution."""
    paths = sysconfig.get_paths()
    found = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += site.getsitepackages()
    # Packages may lie elsewhere, as where one environment builds on another.
    torch = find_spec("torch")
    if torch is not None and torch.origin is not None:
        found.append(str(Path(torch.origin).parents[1]))
    found.append(str(sysconfig.get_config_var("LIBDIR") or "/usr/lib"))
    found += [str(_PACKAGE / "__init__.py"), *(str(_PACKAGE / room) for room in _ROOMS)]
    return tuple(dict.fromkeys(Path(path) for path in (*found, *_SYSTEM)))


def _holds_too_much(folder: Path) -> bool:
    size, count, waiting = 0, 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    size += entry.stat(follow_symlinks=False).st_size
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    if size > SCRATCH_BYTES or count > SCRATCH_FILES:
                        return True
        except FileNotFoundError:
            continue
        except OSError:  # a path too long, or a folder closed to its reader
            return True
    return False


def _remove(folder: Path) -> None:
    """Remove a folder, however deep and whatever its modes."""
    with suppress(OSError):
        folder.rmdir()
        return
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        if program := shutil.which(command[0]):
            subprocess.run([program, *command[1:], str(folder)], check=False, capture_output=True)

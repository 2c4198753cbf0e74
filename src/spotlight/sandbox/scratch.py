"""The temporary folder of a worker, and those that killed supervisors left behind."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "spotlight-worker-"
_LOCK = "in-use"
_YOUNG_SECONDS = 60.0  # a folder may not be locked yet


class Scratch:
    """A folder that is ours until it is closed, or until this process ends."""

    def __init__(self) -> None:
        """Make the folder, and remove what supervisors that were killed left of theirs."""
        _sweep(Path(tempfile.gettempdir()))
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # The system lets go of a lock whose holder was killed.
        self._lock = FileLock(self.folder / _LOCK)
        self._lock.acquire()

    def close(self) -> None:
        """Remove the folder."""
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def _sweep(temporary: Path) -> None:
    for folder in temporary.glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout):
            if time.time() - folder.stat().st_mtime < _YOUNG_SECONDS:
                continue
            with FileLock(folder / _LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)

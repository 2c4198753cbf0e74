"""Copies kept of a student's file before something overwrites it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from spotlight.whole_files import write_whole


def keep_backup(path: Path, folder: Path) -> Path:
    """Copy `path` into `folder`, under its name and the time; never onto an older backup.

    Raises:
        OSError: the copy cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    backup, number = folder / f"{path.stem}-{stamp}{path.suffix}", 1
    while backup.exists():
        number += 1
        backup = folder / f"{path.stem}-{stamp}-{number}{path.suffix}"
    write_whole({backup: path.read_bytes()})
    return backup

"""Atomic writes: a reader, or a machine that loses power, sees the old one or the new one."""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_TEMPORARY = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.tmp")
_STALE_SECONDS = 3600.0
_REPLACE_ATTEMPTS = 10
_REPLACE_PAUSE_SECONDS = 0.05


def read_bytes(file: Path) -> bytes | None:
    """The file's content, None where there is none. Raises `OSError`."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def write_atomically(contents: Mapping[Path, bytes]) -> None:
    """Replace each file by its content, in the order given.

    All are on the disk in full, under temporary names beside their targets, before the first
    takes its place: a disk that fills up has changed nothing. Raises `OSError`, and then leaves no
    temporary file behind.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for target, content in contents.items():
            temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
            staged.append((temporary, target))
            _write_new(temporary, content)
        for temporary, target in staged:
            _replace(temporary, target)
    except BaseException:
        for temporary, _ in staged:
            with suppress(OSError):
                temporary.unlink()
        raise
    for folder in {target.parent for target in contents}:
        _sync_folder(folder)


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
    write_atomically({backup: path.read_bytes()})
    return backup


def remove_stale(targets: Iterable[Path]) -> None:
    """Remove what writers of `targets` that were killed an hour ago or more left behind."""
    oldest = time.time() - _STALE_SECONDS
    for target in targets:
        # A leftover that resists is only untidy.
        with suppress(OSError):
            for leftover in target.parent.glob(f".{target.name}.*.tmp"):
                if _TEMPORARY.fullmatch(leftover.name) and leftover.stat().st_mtime < oldest:
                    leftover.unlink()


def _write_new(file: Path, content: bytes) -> None:
    # O_BINARY is Windows's: without it, line ends would be rewritten.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(file, flags, 0o666), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _replace(temporary: Path, target: Path) -> None:
    # On Windows a reader or a virus scanner holds the target for a moment, which is not "read
    # only"; elsewhere the pause is the price of a refusal that is about to be reported.
    for _ in range(_REPLACE_ATTEMPTS - 1):
        try:
            os.replace(temporary, target)
        except PermissionError:
            time.sleep(_REPLACE_PAUSE_SECONDS)
        else:
            return
    os.replace(temporary, target)


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have no sync for folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)

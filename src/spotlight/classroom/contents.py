"""What lies in a folder or zip archive of submissions: the files, whether to be trusted or not.

Nothing is unpacked or opened but the archives' lists of members, and no link is followed: it could
lead to another student's work, or out of the folder.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spotlight.classroom.records import Source

_LEFT_BY_PROGRAMS = frozenset(["__macosx", "__pycache__"])
_ENCRYPTED = 0x1
_MOST_OTHERS = 20
_MOST_SKIPPED = 10
_SEPARATOR = re.compile(r"[/\\]")
_NO_ARCHIVE = (
    zipfile.BadZipFile,
    NotImplementedError,
    struct.error,
    OverflowError,
    EOFError,
    ValueError,
)


class HandedInError(Exception):
    """What was named cannot be searched for submissions; the message says why."""


@dataclass(frozen=True)
class File:
    """A file, and the names that lead to it from the folder that was searched.

    An archive's name stands among them like a folder's. The last name is empty where a folder
    holds nothing.
    """

    parts: tuple[str, ...]
    source: Source

    @property
    def is_notebook(self) -> bool:
        """Whether it is called a notebook."""
        return self.parts[-1].casefold().endswith(".ipynb")


@dataclass(frozen=True)
class Contents:
    """Every file that may count, in a fixed order, and what was skipped, in sentences."""

    files: tuple[File, ...]
    notes: tuple[str, ...]


class _Skipped:
    """What is passed over, in sentences: of each folder at the top no more than the first few."""

    def __init__(self) -> None:
        self._said: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, parts: tuple[str, ...], sentence: str) -> None:
        self._said[parts[0] if parts else ""].append(sentence)

    def notes(self) -> Iterator[str]:
        for top, sentences in self._said.items():
            yield from sentences[:_MOST_SKIPPED]
            if len(sentences) > _MOST_SKIPPED:
                yield f"{top}: {len(sentences) - _MOST_SKIPPED} more files were skipped."


def contents_of(root: Path) -> Contents:
    """What lies in the folder or zip archive `root`, at any depth.

    Hidden files and what programs leave behind are passed over without a word.

    Raises:
        HandedInError: `root` is not there, is neither of the two, or cannot be read.
    """
    skipped = _Skipped()
    try:
        if root.is_dir():
            os.scandir(root).close()
            files = list(_in_folder(root, skipped))
        elif root.is_file():
            files = list(_in_archive(root, (), skipped))
        else:
            raise HandedInError(f"{root} does not exist. Name the folder of submissions.")
    except OSError as error:
        raise HandedInError(f"{root} cannot be read ({error.strerror or error}).") from error
    except _NO_ARCHIVE as error:
        raise HandedInError(
            f"{root} is neither a folder nor a zip archive. Name the folder of submissions."
        ) from error
    return Contents(
        tuple(sorted(files, key=lambda f: (f.parts, f.source.label))), tuple(skipped.notes())
    )


def _in_folder(root: Path, skipped: _Skipped) -> Iterator[File]:
    waiting: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    while waiting:
        folder, above = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            skipped.add(above, f"{folder} cannot be read ({error.strerror}); it was skipped.")
            continue
        if not entries and above:
            yield File((*above, ""), Source(folder))
        for entry in entries:
            if _is_unseen(entry.name):
                continue
            path, parts = Path(entry.path), (*above, _composed(entry.name))
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
            except OSError as error:
                skipped.add(parts, f"{path} cannot be read ({error.strerror}); it was skipped.")
                continue
            if stat.S_ISDIR(mode):
                waiting.append((path, parts))
            elif stat.S_ISREG(mode):
                yield from _file_or_archive(path, parts, skipped)
            elif stat.S_ISLNK(mode):
                skipped.add(parts, f"{path} is a link; it was not followed.")
            else:
                skipped.add(parts, f"{path} is not an ordinary file; it was skipped.")


def _file_or_archive(path: Path, parts: tuple[str, ...], skipped: _Skipped) -> Iterator[File]:
    if path.suffix.casefold() != ".zip":
        yield File(parts, Source(path))
        return
    try:
        members = list(_in_archive(path, parts, skipped))
    except (OSError, *_NO_ARCHIVE) as error:
        skipped.add(parts, f"{path} cannot be opened as a zip archive ({error}); it was skipped.")
        members = []
    yield from members or [File(parts, Source(path))]


def _in_archive(path: Path, above: tuple[str, ...], skipped: _Skipped) -> Iterator[File]:
    """The members of an archive that may count.

    Of files that are no notebooks a few are enough to tell what was handed in instead.
    """
    with zipfile.ZipFile(path) as archive:
        # Of members by one name the last is what any program would unpack.
        members = {member.filename: member for member in archive.infolist()}
    others = 0
    for name, member in members.items():
        # Some programs of Windows write its own separator.
        names = tuple(_composed(part) for part in _SEPARATOR.split(name) if part not in ("", "."))
        if member.is_dir() or not names or any(map(_is_unseen, names)):
            continue
        label = Source(path, name).label
        wanted = names[-1].casefold().endswith(".ipynb")
        if names[-1].casefold().endswith(".zip"):
            skipped.add(
                (*above, *names),
                f"{label} is an archive within an archive; unpack the outer one first.",
            )
        elif wanted and (why := _objection(member, names)):
            skipped.add((*above, *names), f"{label} {why}; it was skipped.")
            continue
        elif not wanted:
            others += 1
        if wanted or others <= _MOST_OTHERS:
            yield File((*above, *names), Source(path, name))


def _objection(member: zipfile.ZipInfo, names: tuple[str, ...]) -> str:
    """Why a notebook in an archive is better left there, or nothing."""
    if member.filename.startswith(("/", "\\")) or ".." in names or names[0].endswith(":"):
        return "has a name that leads out of its archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return ""


def _is_unseen(name: str) -> bool:
    if name == "..":
        return False
    return name.startswith(".") or name.casefold() in _LEFT_BY_PROGRAMS


def _composed(name: str) -> str:
    """A name as programs that write text can take it: in NFC, undecodable bytes spelled out."""
    return unicodedata.normalize("NFC", name.encode("utf-8", "backslashreplace").decode())

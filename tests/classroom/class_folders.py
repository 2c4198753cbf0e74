"""Folders and archives of handed-in work, made from a list of names."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from spotlight.classroom.handed_in import Found, find_handed_in
from spotlight.classroom.records import HandedIn, Student

LESSONS = ("01_tokens", "tokens", "02_heads", "heads", "express_head")


def folder_of(root: Path, *names: str) -> Path:
    """A folder with a file of each name; each file's content is its own name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    root.mkdir(parents=True, exist_ok=True)
    return root


def archive_of(path: Path, *names: str) -> Path:
    """A zip archive with a member of each name; each member's content is its own name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def found_in(folder: Path) -> Found:
    return find_handed_in(folder, LESSONS)


def by_student(notebooks: Iterable[HandedIn]) -> dict[str, list[str]]:
    """What counts as each student's, by name: the contents, which are the names as handed in."""
    theirs: dict[str, list[str]] = {}
    for notebook in notebooks:
        theirs.setdefault(notebook.student.name, []).append(notebook.source.read().decode())
    return theirs


def handed_in(folder: Path, *names: str) -> tuple[HandedIn, ...]:
    """What is found where a folder holds files by these names."""
    return found_in(folder_of(folder, *names)).notebooks


def students_of(notebooks: Iterable[HandedIn]) -> list[Student]:
    """Each student once, in the order of the notebooks."""
    return list({notebook.student.key: notebook.student for notebook in notebooks}.values())

"""Bring a student's notebook, or one exercise in it, back to the blank."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spotlight.atomic_files import keep_backup, write_atomically
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import MARKER, Exercise, Lesson
from spotlight.course.manifest import Course, LessonEntry
from spotlight.feedback.words import shown

BACKUPS = Path("progress") / "backups"
"""Where the course keeps a student's notebook before it is overwritten."""
RELOAD = "If it is open in Jupyter: File, Reload Notebook from Disk."


class ResetError(Exception):
    """The notebook cannot be changed; the message says why. It is as it was."""


def bring_back(
    course: Course, entry: LessonEntry, source: Lesson, exercise: Exercise | None
) -> tuple[str, ...]:
    """Bring an exercise, or the whole lesson, back to the blank; returns what to say of it.

    Raises:
        ResetError: the notebook cannot be changed.
    """
    path = shown(course.notebook(entry))
    backups = course.root / BACKUPS
    backup: Path | None
    if exercise is not None:
        backup = reset_exercise(source, exercise, path, backups)
    else:
        backup = reset_lesson(source, path, backups)
    kept = f" Your version is in {shown(backup)}." if backup else ""
    return (
        f"{what_is_reset(exercise).capitalize()} of {path.name}: back to the blank.{kept}",
        RELOAD,
    )


def what_is_reset(exercise: Exercise | None) -> str:
    """What a reset brings back, as a phrase."""
    return f"exercise {exercise.id}" if exercise is not None else "every exercise and prediction"


def reset_lesson(lesson: Lesson, path: Path, backups: Path) -> Path | None:
    """Write the blank notebook over `path`; returns the backup of what was there, if anything.

    Raises:
        ResetError: a file cannot be written.
    """
    try:
        backup = keep_backup(path, backups) if path.is_file() else None
        write_atomically({path: build_notebook(lesson, "student").encode()})
    except OSError as error:
        raise ResetError(f"{path} was not reset: {error}.") from error
    return backup


def reset_exercise(lesson: Lesson, exercise: Exercise, path: Path, backups: Path) -> Path:
    """Put the blank cell of `exercise` in place of the student's; returns the backup.

    A cell that was deleted comes back after the one that it followed. Other cells stay as they are.

    Raises:
        ResetError: the notebook cannot be read or written.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        blank = json.loads(build_notebook(lesson, "student"))["cells"]
        _put_back(notebook["cells"], blank, exercise)
        backup = keep_backup(path, backups)
        write_atomically(
            {path: (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()}
        )
    except OSError as error:
        raise ResetError(f"{path} was not reset ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ResetError(
            f"{path} is not a notebook that can be read. Reset the whole lesson instead: "
            "name no exercise."
        ) from None
    return backup


def _put_back(cells: list[dict[str, Any]], blank: list[dict[str, Any]], exercise: Exercise) -> None:
    place = next(i for i, cell in enumerate(blank) if cell["id"] == f"exercise-{exercise.id}")
    own = [i for i, cell in enumerate(cells) if _is_of(cell, exercise)]
    if own:
        cells[own[0]] = blank[place]
        for index in reversed(own[1:]):
            del cells[index]
        return
    ids = [cell.get("id") for cell in cells]
    before = next((c["id"] for c in reversed(blank[:place]) if c["id"] in ids), None)
    cells.insert(ids.index(before) + 1 if before is not None else 0, blank[place])


def _is_of(cell: dict[str, Any], exercise: Exercise) -> bool:
    owner = cell.get("metadata", {}).get("spotlight", {}).get("exercise")
    if owner is not None or cell.get("cell_type") != "code":
        return bool(owner == exercise.id)  # a note may have a heading like the marker
    source = cell.get("source", "")
    mark = MARKER.search(source if isinstance(source, str) else "".join(source))
    return mark is not None and mark["id"] == exercise.id

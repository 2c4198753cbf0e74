"""A lesson read from where it is kept: a master (py:percent), a solution notebook built from it, or
the file of a released copy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spotlight.course.lesson import (
    AuthoringError,
    Cell,
    Lesson,
    Role,
    bare_exercise,
    bare_given,
)
from spotlight.course.manifest import Course, LessonEntry
from spotlight.course.parsing import parse_lesson
from spotlight.course.released import read_released


def read_lesson(course: Course, entry: LessonEntry) -> Lesson:
    """A lesson as it is graded: its solution notebook, or in a released copy what came instead.

    Raises:
        AuthoringError: its file cannot be read or is none.
    """
    if course.is_released:
        return read_released(course.keys(entry))
    return read_solution(course.solution(entry))


def read_master(path: Path) -> Lesson:
    """The lesson of a py:percent master.

    Raises:
        AuthoringError: the file cannot be read or does not follow the format.
    """
    import jupytext

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AuthoringError(f"{path}: the master cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise AuthoringError(f"{path}: the master is not UTF-8 text.") from error
    notebook = jupytext.reads(text, fmt="py:percent")
    cells = []
    for number, raw in enumerate(notebook.cells, start=1):
        metadata = dict(raw.metadata)
        role = _master_role(raw.cell_type, metadata)
        name = metadata.get("exercise") or metadata.get("prediction")
        place = f"{path.name}, cell {number}" + (f" ({name})" if name else "")
        if "incorrectly_encoded_metadata" in metadata:
            raise AuthoringError(
                f"{place}: its first line cannot be read: "
                f"# %% {metadata['incorrectly_encoded_metadata']}"
            )
        cells.append(Cell(role, raw.source.rstrip("\n"), place, metadata))
    return parse_lesson(cells, str(path))


def read_solution(path: Path) -> Lesson:
    """The lesson of a built solution notebook; cells that the build added are left out.

    Raises:
        AuthoringError: the file cannot be read or was not built from a master.
    """
    try:
        raw_cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        cells = [
            _solution_cell(raw, f"{path.name}, cell {number}")
            for number, raw in enumerate(raw_cells, start=1)
            if _own(raw).get("role") not in ("check", "hints", "verify")
        ]
    except OSError as error:
        raise AuthoringError(
            f"{path}: the solution notebook cannot be read ({error.strerror}); "
            "run `verify.py build` to make it."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AuthoringError(
            f"{path}: not a notebook; run `verify.py build` to make it anew."
        ) from error
    return parse_lesson(cells, str(path))


def _own(raw: dict[str, Any]) -> dict[str, Any]:
    """The metadata that the build gave a notebook's cell."""
    own: dict[str, Any] = raw.get("metadata", {}).get("spotlight", {})
    return own


def _solution_cell(raw: dict[str, Any], place: str) -> Cell:
    metadata = _own(raw)
    role = _as_role(metadata.get("role"), raw["cell_type"])
    source = raw["source"] if isinstance(raw["source"], str) else "".join(raw["source"])
    if role == "given":
        source = bare_given(source)
    elif role == "exercise":
        source = bare_exercise(source)
    name = metadata.get("exercise") or metadata.get("prediction")
    return Cell(role, source, place + (f" ({name})" if name else ""), metadata, raw.get("id"))


def _as_role(role: str | None, cell_type: str) -> Role:
    roles: tuple[Role, ...] = ("given", "exercise", "prediction", "probes", "authoring")
    for known in roles:
        if role == known:
            return known
    return "markdown" if cell_type == "markdown" else "given"


def _master_role(cell_type: str, metadata: dict[str, Any]) -> Role:
    if cell_type != "code":
        return "markdown"
    if "exercise" in metadata:
        return "exercise"
    if "prediction" in metadata:
        return "prediction"
    tags = metadata.get("tags", [])
    if "probes" in tags or "judges" in metadata:
        return "probes"
    if "authoring" in tags:
        return "authoring"
    return "given"

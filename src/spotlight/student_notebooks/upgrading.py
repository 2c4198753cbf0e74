"""Bring a student's notebook to a new version of its lesson, with all that the student wrote."""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spotlight.atomic_files import keep_backup, write_atomically
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import (
    EXERCISE_HEAD,
    MARKER,
    Exercise,
    Lesson,
    Prediction,
    bare_exercise,
    literal,
    not_done,
    prediction_call,
)

_HEADER = re.compile(r"\A# Exercise [^\n]*\n")
# What Jupyter and other editors call a cell that they add; the course names cells in words.
_RANDOM_ID = re.compile(r"[0-9a-f]{8,}(-[0-9a-f]+)*")

_Cell = dict[str, Any]


class UpgradeError(Exception):
    """The notebook cannot be upgraded; the message says why. It is as it was."""


@dataclass(frozen=True)
class Upgrade:
    """How many answers, predictions and cells of the student's were taken over.

    `backup` is the notebook as it was; None where there was none.
    """

    answers: int
    predictions: int
    cells: int
    backup: Path | None


def upgrade_lesson(lesson: Lesson, path: Path, backups: Path) -> Upgrade | None:
    """Write the newest version of the notebook to `path`; None if it is the newest already.

    Answers and predictions go to their cells. Cells that the student added stay below the cell of
    the course that they stood under, and so do answers to exercises that the lesson has no more.
    The course's own cells become the newest, whatever was changed in them.

    Raises:
        UpgradeError: the notebook cannot be read or written.
    """
    blank = build_notebook(lesson, "student")
    newest = _joined(json.loads(blank))
    try:
        if not path.exists():
            write_atomically({path: blank.encode()})
            return Upgrade(0, 0, 0, None)
        notebook = _joined(json.loads(path.read_text(encoding="utf-8")))
        if _version(notebook) == _version(newest):
            return None
        merged, counts = _merged(lesson, notebook, newest)
        backup = keep_backup(path, backups)
        write_atomically({path: _text(merged).encode()})
    except OSError as error:
        raise UpgradeError(f"{path} was not upgraded ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UpgradeError(
            f"{path} is not a notebook that can be read, and was left as it is. "
            "verify.py reset brings the lesson back, and keeps a backup."
        ) from None
    return Upgrade(*counts, backup)


def _version(notebook: dict[str, Any]) -> object:
    return notebook["metadata"].get("spotlight", {}).get("version")


def _joined(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook as it is on disk, with every cell's source in one piece."""
    cells = [{**cell, "source": "".join(cell["source"])} for cell in notebook["cells"]]
    return {**notebook, "cells": cells}


def _text(notebook: dict[str, Any]) -> str:
    import nbformat  # slow to import, and most commands write nothing

    text: str = nbformat.writes(nbformat.from_dict(notebook), version=4)
    return text.rstrip("\n") + "\n"


def _merged(
    lesson: Lesson, notebook: dict[str, Any], newest: dict[str, Any]
) -> tuple[dict[str, Any], tuple[int, int, int]]:
    """The newest notebook with the student's work in it; answers, predictions, cells taken over."""
    exercises = {exercise.id: exercise for exercise in lesson.exercises}
    predictions = {prediction.id: prediction for prediction in lesson.predictions}
    course = {cell["id"]: cell for cell in newest["cells"]}
    sources = {cell["source"].strip() for cell in newest["cells"]}
    below: dict[str | None, list[_Cell]] = defaultdict(list)
    met: set[str] = set()
    answers = answered = 0
    above: str | None = None
    for cell in notebook["cells"]:
        exercise, prediction = _exercise_of(cell), _spotlight(cell).get("prediction")
        home = f"exercise-{exercise}" if exercise is not None else f"predict-{prediction}"
        if exercise in exercises and home not in met:
            met.add(home)
            above = home
            answers += _answer(exercises[exercise], cell, course[home])
        elif prediction in predictions and home not in met:
            met.add(home)
            above = home
            answered += _commit(predictions[prediction], cell, course[home])
        elif exercise is None and _is_the_courses(cell, course, sources):
            above = cell["id"] if cell.get("id") in course else above
        else:
            below[above].append(_kept(cell, exercise in exercises, set(course)))
    cells = list(below[None])
    for cell in newest["cells"]:
        cells += [cell, *below[cell["id"]]]
    metadata = {**notebook["metadata"], "spotlight": newest["metadata"]["spotlight"]}
    counts = (answers, answered, sum(map(len, below.values())))
    return {**newest, "metadata": metadata, "cells": cells}, counts


def _answer(exercise: Exercise, old: _Cell, new: _Cell) -> bool:
    """Take the student's answer over into the new cell, unless it is blank."""
    body = bare_exercise(old["source"]).strip()
    if not body or not_done(exercise.id) in body or body == bare_exercise(new["source"]).strip():
        return False
    header = EXERCISE_HEAD.match(new["source"])
    new["source"] = (header[0] if header else "") + _HEADER.sub("", bare_exercise(old["source"]))
    return True


def _commit(prediction: Prediction, old: _Cell, new: _Cell) -> bool:
    """Take the student's prediction over, if it still is one of the choices."""
    call = prediction_call(old["source"])
    answer = literal(call.args[1]) if call is not None else ...
    if answer is ... or not prediction.accepts(answer):
        return False
    new["source"] = prediction.committed(repr(answer))
    return True


def _is_the_courses(cell: _Cell, course: dict[str, _Cell], sources: set[str]) -> bool:
    """Whether the course wrote a cell; code that does not say so is the student's."""
    if _spotlight(cell) or cell.get("id") in course or cell["source"].strip() in sources:
        return True
    named = isinstance(cell.get("id"), str) and not _RANDOM_ID.fullmatch(cell["id"])
    return named and cell["cell_type"] == "markdown"


def _kept(cell: _Cell, is_copy: bool, taken: set[str]) -> _Cell:
    """A cell of the student's, under an id of its own; only a copy of an answer keeps its marks."""
    metadata = cell.get("metadata", {})
    if not is_copy:
        metadata = {k: v for k, v in metadata.items() if k not in ("spotlight", "nbgrader")}
    cell_id = cell.get("id")
    if not isinstance(cell_id, str) or cell_id in taken:
        cell_id = uuid.uuid4().hex[:8]
    return {**cell, "id": cell_id, "metadata": metadata}


def _exercise_of(cell: _Cell) -> str | None:
    """The exercise that a cell answers, by its metadata or by its marker line."""
    owner = _spotlight(cell).get("exercise")
    if owner is not None or cell["cell_type"] != "code":
        return owner if isinstance(owner, str) else None
    mark = MARKER.search(cell["source"])
    return mark["id"] if mark is not None else None


def _spotlight(cell: _Cell) -> dict[str, Any]:
    found = cell.get("metadata", {}).get("spotlight", {})
    return found if isinstance(found, dict) else {}

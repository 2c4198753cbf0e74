"""A lesson as students get it: a file of data, without its solutions and what shows them.

What grading asks of a solution's source stands there in its place, and the outcomes of probes are
in answer keys beside it (`spotlight.grading.answer_key`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from spotlight.course.lesson import AuthoringError, Cell, Exercise, Lesson, Variant, Withheld

LESSON_FILE = "lesson.json"


@dataclass(frozen=True)
class _File:
    schema: Literal[1]
    lesson: Lesson


def released_text(lesson: Lesson) -> str:
    """What the lesson's released file holds."""
    text: bytes = _format().dump_json(_File(1, without_solutions(lesson)), indent=1)
    return text.decode() + "\n"


def read_released(folder: Path) -> Lesson:
    """The lesson that was released to `folder`, where its answer keys lie too.

    Raises:
        AuthoringError: its file cannot be read or is none.
    """
    path = folder / LESSON_FILE
    try:
        lesson = _format().validate_json(path.read_bytes()).lesson
    except OSError as error:
        raise AuthoringError(f"{path}: the lesson cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        raise AuthoringError(
            f"{path}: not the lesson as it was released; copy the file from the course anew."
        ) from error
    return replace(lesson, where=str(path), keys=folder)


def without_solutions(lesson: Lesson) -> Lesson:
    """`lesson` without solutions, the code of mistakes and alternatives, and right predictions."""
    return replace(
        lesson,
        where="",
        cells=tuple(_cells_without(lesson)),
        exercises=tuple(map(_exercise_without, lesson.exercises)),
        predictions=tuple(replace(p, source=p.stub) for p in lesson.predictions),
    )


def _cells_without(lesson: Lesson) -> Iterator[Cell]:
    stubs = {prediction.id: prediction.stub for prediction in lesson.predictions}
    for cell in lesson.cells:
        match cell.role:
            case "markdown" | "given":
                yield cell
            case "exercise":
                exercise = lesson.exercise(str(cell.metadata["exercise"]))
                assert exercise is not None
                yield replace(cell, source=exercise.stub)
            case "prediction":
                yield replace(cell, source=stubs[str(cell.metadata["prediction"])])


def _exercise_without(exercise: Exercise) -> Exercise:
    return replace(
        exercise,
        cell=Withheld(exercise.stub, exercise.reads),
        mistakes=tuple(Variant(wrong.name, wrong.message) for wrong in exercise.mistakes),
        alternatives=(),
        entry="",  # what it says is in the answer keys
        why="",
    )


@cache
def _format() -> TypeAdapter[_File]:
    return TypeAdapter(_File)

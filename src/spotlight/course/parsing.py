"""Read a lesson from its cells; nothing of it is executed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from spotlight.course.judging_cell import forbidden_in, with_judging_cell
from spotlight.course.lesson import (
    BEGIN,
    END,
    SOLUTION_MARK,
    AuthoringError,
    Cell,
    Exercise,
    Forbidden,
    Lesson,
    Prediction,
    headings,
    literal,
    marks_are_paired,
    prediction_call,
    started_lesson,
)

_ID = re.compile(r"[a-z][a-z0-9_]{0,47}")


def parse_lesson(cells: Iterable[Cell], where: str) -> Lesson:
    """Read a lesson from its cells.

    Raises:
        AuthoringError: a cell does not follow the format; the message names file and cell.
    """
    cells = tuple(cells)
    lesson_id, title, heading = "", "", ""
    exercises: dict[str, Exercise] = {}
    predictions: dict[str, Prediction] = {}
    latest: str | None = None
    for_all: list[Forbidden] = []
    for cell in cells:
        if cell.role == "markdown":
            heading = next(reversed(headings(cell.source)), heading)
            title = title or heading
        elif cell.role == "given":
            lesson_id = lesson_id or started_lesson(cell.source)
        elif cell.role == "exercise":
            exercise = _read_exercise(cell, heading)
            if exercise.id in exercises:
                raise AuthoringError(f"{cell.place}: a second exercise is called {exercise.id}.")
            exercises[exercise.id] = exercise
            latest = exercise.id
        elif cell.role == "prediction":
            prediction = _read_prediction(cell)
            if prediction.id in predictions:
                raise AuthoringError(f"{cell.place}: prediction {prediction.id} stands here twice.")
            predictions[prediction.id] = prediction
        elif cell.role == "probes":
            name = str(cell.metadata.get("judges") or latest)
            if name not in exercises:
                raise AuthoringError(f"{cell.place}: {_no_exercise(cell, exercises)}")
            exercises[name] = with_judging_cell(exercises[name], cell)
        elif cell.role == "authoring":
            for_all += forbidden_in(cell)
        if cell.role != "exercise":
            _refuse_marks(cell)
    if not lesson_id:
        raise AuthoringError(
            f'{where}: no given cell opens the lesson; the first one calls start("<lesson id>").'
        )
    if not exercises:
        raise AuthoringError(
            f'{where}: the lesson has no exercise; mark the first one with # %% exercise="name".'
        )
    judged = (replace(e, forbidden=(*e.forbidden, *for_all)) for e in exercises.values())
    return Lesson(lesson_id, title, where, cells, tuple(judged), tuple(predictions.values()))


def _no_exercise(cell: Cell, exercises: Collection[str]) -> str:
    if "judges" not in cell.metadata:
        return "probes stand before the first exercise."
    known = f" It has: {', '.join(exercises)}." if exercises else ""
    return f"judges={cell.metadata['judges']!r}, and no exercise above is called that.{known}"


def _refuse_marks(cell: Cell) -> None:
    """A solution outside of an exercise would be built into the students' notebook."""
    mark = SOLUTION_MARK.search(cell.source)
    if mark is not None:
        raise AuthoringError(
            f"{cell.place}: “{mark[0].strip()}” stands outside of an exercise; mark its cell with "
            '# %% exercise="name".'
        )


def _read_exercise(cell: Cell, heading: str) -> Exercise:
    name = _id(cell, "exercise")
    if not marks_are_paired(cell.source):
        raise AuthoringError(
            f"{cell.place}: exercise {name} lacks '{BEGIN}' and '{END}' in pairs, each on a line "
            "of its own."
        )
    targets = cell.metadata.get("targets", [name])
    if not (
        isinstance(targets, list)
        and targets
        and all(isinstance(target, str) and target.isidentifier() for target in targets)
    ):
        raise AuthoringError(
            f'{cell.place}: targets={targets!r} is not a list of names, such as ["one", "two"].'
        )
    return Exercise(
        id=name,
        title=str(cell.metadata.get("title", heading)),
        targets=tuple(targets),
        points=_number(cell, "points", 1),
        minutes=int(_number(cell, "minutes", 0)),
        difficulty=int(_number(cell, "difficulty", 1)),
        cell=cell.source,
        place=cell.place,
        partial=_flag(cell, "partial"),
    )


def _id(cell: Cell, kind: str) -> str:
    name = str(cell.metadata[kind])
    if not _ID.fullmatch(name):
        raise AuthoringError(
            f"{cell.place}: {kind}={name!r} is not a lower-case identifier of at most 48 letters."
        )
    return name


def _number(cell: Cell, key: str, default: float) -> float:
    value = cell.metadata.get(key, default)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    raise AuthoringError(f"{cell.place}: {key}={value!r} is not a number of 0 or more.")


def _flag(cell: Cell, key: str) -> bool:
    value = cell.metadata.get(key, False)
    if isinstance(value, bool):
        return value
    raise AuthoringError(f"{cell.place}: {key}={value!r} is neither true nor false.")


def _read_prediction(cell: Cell) -> Prediction:
    call = prediction_call(cell.source)
    name = _id(cell, "prediction")
    if call is None or literal(call.args[0]) != name:
        raise AuthoringError(
            f'{cell.place}: a prediction is a call predict("{name}", answer, choices=[...]).'
        )
    given = {word.arg: literal(word.value) for word in call.keywords}
    choices, between = given.get("choices"), given.get("between")
    if (choices is None) == (between is None) or not (
        _is_choices(choices) if between is None else _is_range(between)
    ):
        raise AuthoringError(
            f"{cell.place}: prediction {name} takes choices=[...] or between=(low, high)."
        )
    prediction = Prediction(
        id=name,
        points=_number(cell, "points", 1),
        choices=tuple(choices) if choices is not None else None,
        between=(float(between[0]), float(between[1])) if between is not None else None,
        source=cell.source,
        place=cell.place,
    )
    if not prediction.accepts(literal(call.args[1])):
        raise AuthoringError(
            f"{cell.place}: the answer given to prediction {name} is none that it takes."
        )
    return prediction


def _is_choices(value: object) -> bool:
    """Whether `value` lists two choices or more, each a text or a number."""
    return (
        isinstance(value, list | tuple)
        and len(value) >= 2
        and all(isinstance(choice, str | int | float) for choice in value)
    )


def _is_range(value: object) -> bool:
    """Whether `value` is two numbers in order."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(bound, int | float) for bound in value)
        and value[0] < value[1]
    )

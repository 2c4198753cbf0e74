"""From a master to the student's notebook and the solution notebook.

Both are deterministic: cell ids come from what stands above a cell, never from its place in the
file; there are no outputs and no times.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from textwrap import TextWrapper
from typing import Any, Literal

from spotlight.course.lesson import (
    GIVEN_MARK,
    RULE,
    Cell,
    Exercise,
    Lesson,
    Prediction,
    headings,
)
from spotlight.python_source.dataflow import names_of

Edition = Literal["student", "solution"]

# Ids of cells that the build makes itself, which no heading may take.
_TAKEN = re.compile(r"(exercise|check|hints|predict|probes)-|(authoring|hand-in|verify|top)$")

_ASKS_GRADIENTS = re.compile(r"\bgradients\(")
_DIFFERENTIABLE = (
    "made of tensor operations from end to end, so that PyTorch can compute gradients through it; "
    "`.item()`, `torch.tensor(...)` or NumPy on the way would cut them off."
)
_RULES = TextWrapper(
    width=98,
    initial_indent=RULE,
    subsequent_indent="#   ",
    break_long_words=False,
    break_on_hyphens=False,
)

_HAND_IN = """\
## Hand in

The next cell grades the whole lesson, from the cells as they stand now, and keeps your progress.
Run it as often as you like: what you have earned is never lowered."""


def build_notebook(lesson: Lesson, edition: Edition) -> str:
    """The notebook file of one edition, as text.

    Its own metadata name the lesson and a version that covers every source in it.
    """
    import nbformat  # slow to import, and most commands build nothing

    builder = _Builder(lesson, edition)
    for cell in lesson.cells:
        builder.add(cell)
    builder.finish()
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook = nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": kernel,
                "language_info": {"name": "python"},
                "spotlight": {"lesson": lesson.id, "version": version_of(builder.cells)},
            },
            "cells": builder.cells,
        }
    )
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook, version=4)
    return text.rstrip("\n") + "\n"


def version_of(cells: list[Any]) -> str:
    """Twelve hexadecimal digits that change with any cell's source."""
    digest = hashlib.sha256()
    for cell in cells:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        digest.update(f"{cell.get('id', '')}\0{cell['cell_type']}\0{source}\0".encode())
    return digest.hexdigest()[:12]


def waiting_for(lesson: Lesson) -> dict[str, tuple[str, ...]]:
    """For each given cell, by its place: the targets it waits for, in the order of the lesson."""
    order = [target for exercise in lesson.exercises for target in exercise.targets]
    pending: dict[str, set[str]] = {}
    modules: set[str] = set()
    waits: dict[str, tuple[str, ...]] = {}
    for cell in lesson.cells:
        if cell.role == "exercise":
            exercise = lesson.exercise(str(cell.metadata["exercise"]))
            pending |= {target: {target} for target in exercise.targets} if exercise else {}
        if cell.role != "given" or (names := names_of(cell.source)) is None:
            continue
        modules |= names.imports
        needed = {target for name in names.needs for target in pending.get(name, ())}
        if needed:
            waits[cell.place] = tuple(sorted(needed, key=order.index))
        # A call such as `torch.manual_seed(0)` leaves nothing behind that others would wait for.
        for name in names.changes - modules:
            pending[name] = pending.get(name, set()) | needed
        for name in names.defines:
            pending[name] = needed
    return waits


class _Ids:
    """Stable cell ids: the section's name and a count within it.

    A section's name holds single dashes only and no underscore, so that neither a count ("--2")
    nor the mark of a second section of the same name ("_2") can turn one id into another.
    """

    def __init__(self) -> None:
        self._section = "top"
        self._used: Counter[str] = Counter()

    def enter(self, heading: str) -> None:
        name = _slug(heading)
        self._used[f"section {name}"] += 1
        repeat = self._used[f"section {name}"]
        self._section = name if repeat == 1 else f"{name}_{repeat}"

    def next(self, stem: str | None = None) -> str:
        stem = stem or self._section
        self._used[stem] += 1
        count = self._used[stem]
        return stem if count == 1 else f"{stem}--{count}"


class _Builder:
    def __init__(self, lesson: Lesson, edition: Edition) -> None:
        self.cells: list[Any] = []
        self._lesson = lesson
        self._edition = edition
        self._ids = _Ids()
        self._waits = waiting_for(lesson)
        several = lesson.exercises if len(lesson.exercises) > 1 else ()
        self._lesson_rules = [
            rule
            for rule in (several[0].forbidden if several else ())
            if all(rule in other.forbidden for other in several)
        ]
        self._open_exercise: Exercise | None = None
        self._latest = ""

    def add(self, cell: Cell) -> None:
        match cell.role:
            case "exercise":
                self._close_exercise()
                exercise = self._lesson.exercise(str(cell.metadata["exercise"]))
                assert exercise is not None
                self._add_exercise(exercise)
                self._open_exercise = exercise
                self._latest = exercise.id
            case "probes" | "authoring":
                self._add_authors_only(cell)
            case "prediction":
                self._close_exercise()
                name = str(cell.metadata["prediction"])
                self._add_prediction(next(p for p in self._lesson.predictions if p.id == name))
            case "given":
                self._close_exercise()
                self._add_given(cell)
            case "markdown":
                self._close_exercise()
                self._add_markdown(cell)

    def finish(self) -> None:
        """Close the last exercise and add the hand-in cell."""
        self._close_exercise()
        self._markdown("hand-in", _HAND_IN, {"role": "verify"})
        self._code("verify", "verify()", {"role": "verify"}, _locked("verify"))

    def _add_exercise(self, exercise: Exercise) -> None:
        points = f"{exercise.points:g} point" + ("" if exercise.points == 1 else "s")
        header = (
            f"# Exercise {exercise.id} · {points} · about {exercise.minutes} min · "
            f"difficulty {exercise.difficulty} of 3\n{self._rules(exercise)}"
        )
        body = exercise.solution if self._edition == "solution" else exercise.stub
        data = {
            "role": "exercise",
            "exercise": exercise.id,
            "title": exercise.title,
            "points": exercise.points,
            "minutes": exercise.minutes,
            "difficulty": exercise.difficulty,
            "targets": list(exercise.targets),
        } | ({"partial": True} if exercise.partial else {})
        self._code(f"exercise-{exercise.id}", header + body, data, _answer(exercise.id))

    def _rules(self, exercise: Exercise) -> str:
        """What cases ask beside the docstring; the lesson's own rules stand above the first."""
        everywhere = self._lesson_rules
        rules = [rule for rule in exercise.forbidden if rule not in everywhere]
        lines = [str(rule) for rule in (*rules, *exercise.costs)]
        if _ASKS_GRADIENTS.search(
            "\n".join([exercise.helpers, *(p.source for p in exercise.probes)])
        ):
            lines.append(_DIFFERENTIABLE)
        if exercise is self._lesson.exercises[0]:
            lines += [f"in this whole lesson, {rule}" for rule in everywhere]
        return "".join(f"{line}\n" for rule in lines for line in _RULES.wrap(rule))

    def _close_exercise(self) -> None:
        """The check and the hints stand right under the exercise that they belong to."""
        exercise, self._open_exercise = self._open_exercise, None
        if exercise is None:
            return
        self._code(
            f"check-{exercise.id}",
            f'check("{exercise.id}")',
            {"role": "check", "check": exercise.id},
            _test(exercise.id, exercise.points),
        )
        count = len(exercise.hints)
        hints = "\n\n".join(
            f"<details><summary>Hint {number} of {count}</summary>\n\n{text}\n\n</details>"
            for number, text in enumerate(exercise.hints, start=1)
        )
        self._markdown(f"hints-{exercise.id}", hints, {"role": "hints", "hints": exercise.id})

    def _add_authors_only(self, cell: Cell) -> None:
        if self._edition == "student":
            return
        judges = cell.metadata.get("judges") or self._latest
        stem = f"probes-{judges}" if cell.role == "probes" else "authoring"
        data = {"role": cell.role} | ({"judges": judges} if cell.role == "probes" else {})
        self._code(self._ids.next(stem), cell.source, data, None, hidden=True)

    def _add_prediction(self, prediction: Prediction) -> None:
        source = prediction.source if self._edition == "solution" else prediction.stub
        data: dict[str, Any] = {
            "role": "prediction",
            "prediction": prediction.id,
            "points": prediction.points,
        }
        self._code(f"predict-{prediction.id}", source, data, _answer(f"predict-{prediction.id}"))

    def _add_given(self, cell: Cell) -> None:
        waits = self._waits.get(cell.place, ())
        magic = f"%%needs {' '.join(waits)}\n" if waits else ""
        cell_id = self._ids.next()
        source = f"{magic}{GIVEN_MARK}\n{cell.source}"
        # Its code would give the answer away before the student has committed to one.
        reveals = "reveal(" in cell.source
        data = {"role": "given", "given": True}
        self._code(cell_id, source, data, _locked(cell_id), hidden=reveals)

    def _add_markdown(self, cell: Cell) -> None:
        for heading in headings(cell.source)[-1:]:
            self._ids.enter(heading)
        self._markdown(self._ids.next(), cell.source, None)

    def _markdown(self, cell_id: str, source: str, data: dict[str, Any] | None) -> None:
        metadata = {"spotlight": data} if data else {}
        self.cells.append(
            {"cell_type": "markdown", "id": cell_id, "metadata": metadata, "source": source}
        )

    def _code(
        self,
        cell_id: str,
        source: str,
        data: dict[str, Any],
        nbgrader: dict[str, Any] | None,
        hidden: bool = False,
    ) -> None:
        metadata: dict[str, Any] = {"spotlight": data}
        if nbgrader is not None:
            metadata["nbgrader"] = nbgrader
        if hidden:
            metadata["jupyter"] = {"source_hidden": True}
        self.cells.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "id": cell_id,
                "metadata": metadata,
                "outputs": [],
                "source": source,
            }
        )


def _slug(heading: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")[:48].strip("-") or "section"
    return f"s_{words}" if _TAKEN.match(words) else words


def _nbgrader(grade_id: str, **flags: Any) -> dict[str, Any]:
    """nbgrader's cell metadata, schema version 3."""
    base = {"schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False}
    return {**base, "grade_id": grade_id, **flags}


def _answer(name: str) -> dict[str, Any]:
    return _nbgrader(name, solution=True)


def _test(name: str, points: float) -> dict[str, Any]:
    return _nbgrader(f"check-{name}", grade=True, locked=True, points=points)


def _locked(cell_id: str) -> dict[str, Any]:
    return _nbgrader(f"given-{cell_id}", locked=True)

"""Find the exercises of a lesson in a submission, whatever happened to its cells.

An exercise is looked for by its cell's metadata, then by its marker line, then by the names that a
cell defines. What was odd about where it was found is said in a note and costs nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from spotlight.authoring.dataflow import names_of
from spotlight.authoring.lesson import (
    MARKER,
    Exercise,
    Lesson,
    bare_given,
    literal,
    prediction_call,
)
from spotlight.grading.submission import Submission, SubmittedCell, plain_python

_MAX_JOINED = 4


@dataclass(frozen=True)
class FoundExercise:
    """The code that counts for one exercise, and the number of the cell that it begins in."""

    source: str
    cell: int
    blank: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddedCell:
    """A cell that the student added, or a given one that the student changed.

    `after` is the place, in the lesson's own order, of the last course cell above it.
    """

    name: str
    source: str
    after: int


@dataclass(frozen=True)
class Located:
    """A submission sorted by what its cells are."""

    exercises: dict[str, FoundExercise]
    predictions: dict[str, object]
    added: tuple[AddedCell, ...]
    notes: tuple[str, ...] = field(default=())


def locate(lesson: Lesson, submission: Submission) -> Located:
    """Sort the cells of `submission` by the exercises and predictions of `lesson`."""
    exercises: dict[str, FoundExercise] = {}
    taken: set[int] = set()
    for exercise in lesson.exercises:
        found = _find(exercise, lesson, submission.cells)
        if found is not None:
            exercises[exercise.id], cells = found
            taken |= cells
    added, changed = _added_cells(lesson, submission, taken)
    notes = []
    if changed:
        listed = _enumerate(sorted(changed))
        notes.append(
            f"You changed the given code in {listed}; grading uses the course's own copy of it."
        )
    return Located(exercises, _predictions(lesson, submission), tuple(added), tuple(notes))


def is_blank(exercise: Exercise, source: str) -> bool:
    """Whether `source` says no more than the exercise's stub does."""
    try:
        return ast.dump(ast.parse(source)) == ast.dump(ast.parse(exercise.stub))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


@dataclass(frozen=True)
class _Candidate:
    cell: SubmittedCell
    source: str
    cells: frozenset[int]
    notes: tuple[str, ...]
    by: str


def _find(
    exercise: Exercise, lesson: Lesson, cells: tuple[SubmittedCell, ...]
) -> tuple[FoundExercise, set[int]] | None:
    candidates = list(_candidates(exercise, lesson, cells))
    marked = [c for c in candidates if c.by != "name"]
    named = [c for c in candidates if c.by == "name"]
    taken = {number for candidate in marked for number in candidate.cells}
    for group in (marked, named):
        filled = [
            c for c in group if _defines(exercise, c.source) and not is_blank(exercise, c.source)
        ]
        if filled:
            return _chosen(filled, marked), taken | set(filled[-1].cells)
    if not marked:
        return None
    # Nothing defines the targets: the cell that says most is the one to talk about.
    best = max(marked, key=lambda c: (not is_blank(exercise, c.source), c.cell.number))
    blank = is_blank(exercise, best.source) or not best.source.strip()
    return FoundExercise(best.source, best.cell.number, blank, best.notes), taken


def _chosen(filled: list[_Candidate], marked: list[_Candidate]) -> FoundExercise:
    chosen = filled[-1]
    notes = list(chosen.notes)
    if len(filled) > 1:
        listed = _enumerate(c.cell.number for c in filled)
        notes.append(
            f"It stands in {listed}; the last of them counts, as it does when the notebook runs."
        )
    elif chosen.by == "name" and marked:
        notes.append(
            f"Its own cell was left as it was; cell {chosen.cell.number} defines it and was graded."
        )
    elif chosen.by == "name":
        notes.append(f"Its cell had lost its marks; cell {chosen.cell.number} defines it.")
    return FoundExercise(chosen.source, chosen.cell.number, False, tuple(notes))


def _candidates(
    exercise: Exercise, lesson: Lesson, cells: tuple[SubmittedCell, ...]
) -> Iterator[_Candidate]:
    for index, cell in enumerate(cells):
        by = _belongs(exercise, lesson, cell)
        if by is None:
            continue
        source, notes, used = cell.python, [], [cell.number]
        if cell.kind != "code":
            if not _defines(exercise, source):
                if by == "name":
                    continue
            else:
                notes.append(
                    f"Cell {cell.number} is set to {cell.kind}; its text was read as code."
                )
        if not _defines(exercise, source) and by != "name":
            joined = _joined(exercise, lesson, cells[index:])
            if joined is not None:
                source, used = joined
                notes.append(f"It was split over cells {used[0]} to {used[-1]}, which were joined.")
        yield _Candidate(cell, source, frozenset(used), tuple(notes), by)


def _belongs(exercise: Exercise, lesson: Lesson, cell: SubmittedCell) -> str | None:
    owner = _owner(lesson, cell)
    if owner is not None:
        return "mark" if owner == exercise.id else None
    if (
        cell.kind == "code"
        and _course_place(lesson, cell) is None
        and _defines(exercise, cell.python)
    ):
        return "name"
    return None


def _owner(lesson: Lesson, cell: SubmittedCell) -> str | None:
    """The exercise that a cell's metadata, id or marker line claims it for."""
    known = {exercise.id for exercise in lesson.exercises}
    own = cell.metadata.get("spotlight")
    if isinstance(own, dict) and own.get("exercise") in known:
        return str(own["exercise"])
    if (
        cell.id is not None
        and (name := cell.id.removeprefix("exercise-")) in known
        and name != cell.id
    ):
        return name
    mark = MARKER.search(cell.source)
    return mark["id"] if mark and mark["id"] in known else None


def _defines(exercise: Exercise, source: str) -> bool:
    names = names_of(source)
    return names is not None and names.defines >= set(exercise.targets)


def _joined(
    exercise: Exercise, lesson: Lesson, cells: tuple[SubmittedCell, ...]
) -> tuple[str, list[int]] | None:
    """The shortest run of cells, from the first on, that together define the targets."""
    sources: list[str] = []
    for cell in cells[:_MAX_JOINED]:
        if sources and (cell.kind != "code" or _course_place(lesson, cell) is not None):
            return None
        if sources and _owner(lesson, cell) not in (None, exercise.id):
            return None
        sources.append(cell.python)
        together = "\n".join(sources)
        if len(sources) > 1 and _defines(exercise, together):
            return together, [c.number for c in cells[: len(sources)]]
    return None


def _course_place(lesson: Lesson, cell: SubmittedCell) -> int | None:
    """Where in the lesson a given or generated cell stands, by id or by source."""
    own = cell.metadata.get("spotlight")
    if isinstance(own, dict) and own.get("role") in ("check", "hints", "verify"):
        return -1
    stripped = plain_python(bare_given(cell.source)).strip()
    for place, course_cell in enumerate(lesson.cells):
        if course_cell.role in ("given", "markdown", "prediction"):
            if cell.id is not None and cell.id == course_cell.id:
                return place
            if stripped and stripped == course_cell.source.strip():
                return place
    return None


def _added_cells(
    lesson: Lesson, submission: Submission, taken: set[int]
) -> tuple[list[AddedCell], set[int]]:
    places = {
        cell.metadata.get("exercise"): place
        for place, cell in enumerate(lesson.cells)
        if cell.role == "exercise"
    }
    added: list[AddedCell] = []
    changed: set[int] = set()
    above = 0
    for cell in submission.cells:
        owner = _owner(lesson, cell)
        if owner is not None:
            above = places.get(owner, above)
            continue
        place = _course_place(lesson, cell)
        if place is not None:
            above = place if place >= 0 else above
            course_cell = lesson.cells[place]
            same = plain_python(bare_given(cell.source)).strip() == course_cell.source.strip()
            if place < 0 or same or course_cell.role != "given" or cell.kind != "code":
                continue
            changed.add(cell.number)
        if cell.kind == "code" and cell.number not in taken and cell.source.strip():
            added.append(AddedCell(f"cell {cell.number}", cell.python, above))
    return added, changed


def _predictions(lesson: Lesson, submission: Submission) -> dict[str, object]:
    """The literal answers given in `predict(...)` calls, wherever they stand."""
    answers: dict[str, object] = {}
    known = {prediction.id for prediction in lesson.predictions}
    for cell in submission.cells:
        call = prediction_call(cell.python)
        if call is None:
            continue
        name, answer = literal(call.args[0]), literal(call.args[1])
        if isinstance(name, str) and name in known and answer is not ...:
            answers[name] = answer
    return answers


def _enumerate(numbers: Iterable[int]) -> str:
    listed = [str(number) for number in numbers]
    if len(listed) == 1:
        return f"cell {listed[0]}"
    return f"cells {', '.join(listed[:-1])} and {listed[-1]}"

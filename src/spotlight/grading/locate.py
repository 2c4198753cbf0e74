"""Find the exercises of a lesson in a submission, whatever happened to its cells.

An exercise is looked for by its cell's metadata, then by its marker line, then by the names that a
cell defines. What was odd about where it was found is said in a note and costs nothing.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spotlight.course.lesson import (
    MARKER,
    Exercise,
    Lesson,
    bare_exercise,
    bare_given,
    literal,
)
from spotlight.grading.listing import cells_listed, listed
from spotlight.grading.notes import Note
from spotlight.grading.submission import Submission, SubmittedCell, plain_python
from spotlight.python_source.dataflow import names_of
from spotlight.python_source.syntax import parsed

_MAX_JOINED = 4
_CHECK = re.compile(r"""\bcheck\(\s*["']?(?P<name>\w+)""")


@dataclass(frozen=True)
class FoundExercise:
    """The code that counts for one exercise, and the number of the cell that it begins in.

    `home` is the cell that carries the exercise's marks, where there is one; `marked` says whether
    its metadata are still there.
    """

    source: str
    cell: int
    blank: bool
    notes: tuple[str, ...] = ()
    home: int = 0
    marked: bool = True


@dataclass(frozen=True)
class AddedCell:
    """A cell that the student added, or a given one that the student changed.

    `after` is the place, in the lesson's own order, of the last course cell above it; `raised` the
    exception that it ended in when it last ran.
    """

    number: int
    source: str
    after: int
    raised: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"cell {self.number}"


@dataclass(frozen=True)
class Located:
    """A submission sorted by what its cells are."""

    exercises: dict[str, FoundExercise]
    predictions: dict[str, object]
    added: tuple[AddedCell, ...]
    notes: tuple[Note, ...] = ()

    def answer(self, exercise: Exercise) -> str:
        """The student's own cell of an exercise, as it is judged; empty where it is missing."""
        cell = self.exercises.get(exercise.id)
        return bare_exercise(cell.source).strip() if cell else ""

    def sources(self, lesson: Lesson) -> dict[str, str]:
        """Plain Python for every exercise, by its id; of one that is missing, the stub."""
        return {
            exercise.id: self.exercises[exercise.id].source
            if exercise.id in self.exercises
            else exercise.stub
            for exercise in lesson.exercises
        }


def locate(lesson: Lesson, submission: Submission) -> Located:
    """Sort the cells of `submission` by the exercises and predictions of `lesson`."""
    pieces = list(_pieces(lesson, submission.cells))
    exercises: dict[str, FoundExercise] = {}
    taken: set[int] = set()
    for exercise in lesson.exercises:
        found = _find(exercise, _targets_of_others(lesson, exercise), pieces)
        if found is not None:
            exercises[exercise.id], used = found
            taken |= used
    added, changed = _added_cells(lesson, pieces, taken)
    notes = _notes(lesson, submission, exercises, pieces, changed)
    return Located(exercises, _predictions(lesson, submission), tuple(added), tuple(notes))


def _targets_of_others(lesson: Lesson, exercise: Exercise) -> frozenset[str]:
    targets = {target for other in lesson.exercises for target in other.targets}
    return frozenset(targets) - frozenset(exercise.targets)


def is_blank(exercise: Exercise, source: str) -> bool:
    """Whether `source` says no more than the exercise's stub does."""
    tree, stub = parsed(source), parsed(exercise.stub)
    try:
        return tree is not None and stub is not None and ast.dump(tree) == ast.dump(stub)
    except RecursionError:
        return False


@dataclass(frozen=True)
class _Piece:
    """A cell, or the part of one that belongs to an exercise other than the cell's own.

    `owner` is the exercise that its metadata, id or marker line claims it for; `place` where in the
    lesson it stands as a given or generated cell (-1 if it is one that the build added); `changed`
    whether its text is another than the course's.
    """

    cell: SubmittedCell
    source: str
    defined: frozenset[str] | None
    grown: frozenset[str]
    owner: str | None
    place: int | None
    changed: bool

    @property
    def is_marked(self) -> bool:
        return isinstance(self.cell.metadata.get("spotlight"), dict)

    def defines(self, exercise: Exercise) -> bool:
        defined = self.defined is not None and self.defined >= set(exercise.targets)
        return defined and not self.continues(exercise)

    def continues(self, exercise: Exercise) -> bool:
        """Whether it computes a target from itself, as the lower part of a split cell may."""
        return bool(self.grown & set(exercise.targets))


def _pieces(lesson: Lesson, cells: Sequence[SubmittedCell]) -> Iterator[_Piece]:
    known = {exercise.id for exercise in lesson.exercises}
    ids = Counter(cell.id for cell in cells)
    for cell in cells:
        # Of two cells with one id at least one was copied: the id tells nothing.
        cell = replace(cell, id=None) if ids[cell.id] > 1 else cell
        for part in _parts(known, cell):
            names = names_of(part.python)
            defined = names.defines if names is not None else None
            grown = names.defines & names.uses if names is not None else frozenset()
            place = _course_place(lesson, part)
            changed = _is_changed(lesson, part, place)
            yield _Piece(part, part.python, defined, grown, _owner(known, part), place, changed)


def _parts(known: set[str], cell: SubmittedCell) -> Iterator[SubmittedCell]:
    """`cell` cut where another exercise's marker line follows code: cells get merged."""
    owner = _owner_by_metadata(known, cell)
    start = 0
    for mark in MARKER.finditer(cell.source):
        if mark["id"] == owner and parsed(plain_python(cell.source[start : mark.start()])) is None:
            start = mark.start()  # prose that the exercise was merged into
        if mark["id"] not in known or mark["id"] == owner:
            continue
        if _holds_code(cell.source[start : mark.start()]):
            yield replace(cell, source=cell.source[start : mark.start()])
            cell = replace(cell, id=None, metadata={})
            start = mark.start()
        owner = mark["id"]
    yield replace(cell, source=cell.source[start:]) if start else cell


def _holds_code(source: str) -> bool:
    tree = parsed(plain_python(source))
    return tree is None or bool(tree.body)


def _owner(known: set[str], cell: SubmittedCell) -> str | None:
    owner = _owner_by_metadata(known, cell)
    if owner is not None:
        return owner
    mark = MARKER.search(cell.source)
    return mark["id"] if mark and mark["id"] in known else None


def _owner_by_metadata(known: set[str], cell: SubmittedCell) -> str | None:
    own = cell.metadata.get("spotlight")
    if isinstance(own, dict) and isinstance(own.get("exercise"), str) and own["exercise"] in known:
        return str(own["exercise"])
    if cell.id is not None and cell.id.startswith("exercise-"):
        name = cell.id.removeprefix("exercise-")
        return name if name in known else None
    return None


def _course_place(lesson: Lesson, cell: SubmittedCell) -> int | None:
    """Where in the lesson a given or generated cell stands, by id or by source."""
    own = cell.metadata.get("spotlight")
    if isinstance(own, dict) and own.get("role") in ("check", "hints", "verify"):
        return -1
    stripped = _bare(cell)
    for place, course_cell in enumerate(lesson.cells):
        if course_cell.role in ("given", "markdown", "prediction"):
            if cell.id is not None and cell.id == course_cell.id:
                return place
            if stripped and stripped == course_cell.source.strip():
                return place
    return None


def _is_changed(lesson: Lesson, cell: SubmittedCell, place: int | None) -> bool:
    if place is None or place < 0:
        return True
    return lesson.cells[place].source.strip() != _bare(cell)


def _bare(cell: SubmittedCell) -> str:
    return plain_python(bare_given(cell.source)).strip()


@dataclass(frozen=True)
class _Candidate:
    """Code that may count for an exercise; `used` are the indices of the pieces it is made of."""

    piece: _Piece
    source: str
    used: frozenset[int]
    notes: tuple[str, ...]
    filled: bool


def _find(
    exercise: Exercise, others: frozenset[str], pieces: Sequence[_Piece]
) -> tuple[FoundExercise, set[int]] | None:
    marked: list[_Candidate] = []
    named: list[_Candidate] = []
    merged: list[_Candidate] = []
    for index, piece in enumerate(pieces):
        if piece.owner == exercise.id:
            marked.append(_candidate(exercise, others, pieces, index))
        elif piece.changed and piece.defines(exercise):
            group = named if piece.owner is None else merged
            group.append(_candidate(exercise, others, pieces, index))
    taken = {index for candidate in marked for index in candidate.used}
    for group in (marked, named, merged):
        filled = [candidate for candidate in group if candidate.filled]
        if filled:
            chosen = filled[-1]
            own = chosen.used if group is not merged else frozenset()
            # What was split off below an answer may hold a helper of it.
            rests = {i for c in marked if not c.piece.defines(exercise) for i in c.used}
            return _chosen(exercise, filled, marked), (taken - rests) | own
    candidates = marked or [c for c in named if is_blank(exercise, c.source)]
    if not candidates:
        return None
    # Nothing defines the targets. An answer that does not parse is the one to talk about, then the
    # blank; other code may have been split off from either.
    best = max(
        candidates,
        key=lambda c: (
            names_of(c.source) is None,
            is_blank(exercise, c.source),
            c.piece.cell.number,
        ),
    )
    blank = is_blank(exercise, best.source) or not best.source.strip()
    number = best.piece.cell.number
    marks = best.piece.is_marked
    return FoundExercise(best.source, number, blank, best.notes, number, marks), taken


def _candidate(
    exercise: Exercise, others: frozenset[str], pieces: Sequence[_Piece], index: int
) -> _Candidate:
    piece = pieces[index]
    notes = []
    source, count = _joined(exercise, others, pieces[index:])
    defines = piece.defines(exercise) or count > 1
    if defines and piece.cell.kind != "code":
        notes.append(
            f"Cell {piece.cell.number} is set to {piece.cell.kind}; its text was read as code."
        )
    if count > 1:
        last = pieces[index + count - 1].cell.number
        notes.append(f"It was split over cells {piece.cell.number} to {last}, which were joined.")
    filled = defines and not is_blank(exercise, source)
    return _Candidate(piece, source, frozenset(range(index, index + count)), tuple(notes), filled)


def _joined(
    exercise: Exercise, others: frozenset[str], pieces: Sequence[_Piece]
) -> tuple[str, int]:
    """The code of a cell with what was split off from it, and over how many pieces it stands.

    Pieces below are taken while the targets are not defined yet, or while a piece cannot stand for
    itself but continues the code above it; never one that answers one of the `others`.
    """
    first = pieces[0]
    best = (first.source, 1)
    whole = first.defines(exercise)
    sources = [first.source]
    for piece in pieces[1:_MAX_JOINED]:
        if piece.cell.kind != "code" or piece.place is not None:
            break
        if piece.owner not in (None, first.owner):
            break
        if whole and piece.defined is not None and not piece.continues(exercise):
            break
        sources.append(piece.source)
        together = "\n".join(sources)
        names = names_of(together)
        if names is not None and names.defines & others - (first.defined or frozenset()):
            break
        if names is not None and names.defines >= set(exercise.targets):
            whole, best = True, (together, len(sources))
    return best


def _chosen(
    exercise: Exercise, filled: list[_Candidate], marked: list[_Candidate]
) -> FoundExercise:
    chosen = filled[-1]
    number = chosen.piece.cell.number
    notes = list(chosen.notes)
    blank = [
        c.piece.cell.number
        for c in marked
        if not c.used & chosen.used and is_blank(exercise, c.source)
    ]
    if len(filled) > 1:
        where = cells_listed(c.piece.cell.number for c in filled)
        notes.append(
            f"It stands in {where}; the last of them counts, as it does when the notebook runs."
        )
    elif not marked:
        notes.append(f"Its cell had lost its marks; cell {number} defines it.")
    elif chosen not in marked:
        notes.append(f"Its own cell was left as it was; cell {number} defines it and was graded.")
    elif blank:
        notes.append(
            f"A blank copy of it stands in {cells_listed(blank)}; cell {number} was graded."
        )
    home = marked[0] if marked else chosen
    return FoundExercise(
        chosen.source,
        number,
        False,
        tuple(notes),
        home.piece.cell.number,
        home.piece.is_marked or not marked,
    )


def _added_cells(
    lesson: Lesson, pieces: Sequence[_Piece], taken: set[int]
) -> tuple[list[AddedCell], set[int]]:
    places = {
        cell.metadata.get("exercise"): place
        for place, cell in enumerate(lesson.cells)
        if cell.role == "exercise"
    }
    added: list[AddedCell] = []
    changed: set[int] = set()
    above = 0
    for index, piece in enumerate(pieces):
        cell, place = piece.cell, piece.place
        if piece.owner is not None:
            above = places.get(piece.owner, above)
            if index in taken or not piece.defined:
                continue
        if place is not None:
            if place >= 0:
                above = place
            if not piece.changed or cell.kind != "code":
                continue
            if place >= 0 and lesson.cells[place].role == "given":
                changed.add(cell.number)
        if cell.kind == "code" and index not in taken and cell.source.strip():
            added.append(AddedCell(cell.number, piece.source, above, cell.raised))
    return added, changed


def _notes(
    lesson: Lesson,
    submission: Submission,
    exercises: dict[str, FoundExercise],
    pieces: Sequence[_Piece],
    changed: set[int],
) -> Iterator[Note]:
    """What was odd about the notebook as a whole."""
    if changed:
        yield Note(
            "given-changed",
            f"You changed the given code in {cells_listed(sorted(changed))}; "
            "grading uses the course's own copy of it.",
        )
    holders = Counter(p.cell.number for p in pieces if p.owner is not None)
    merged = [number for number, count in holders.items() if count > 1]
    if merged:
        cells = cells_listed(merged)
        yield Note("merged", f"Several exercises stand in {cells}; each was graded for itself.")
    homes = [found.home for found in exercises.values()]
    if homes != sorted(homes):
        yield Note(
            "order",
            "The exercises stand in another order than in the lesson; "
            "they were graded in the lesson's order.",
        )
    if not submission.from_file:
        return
    bare = [n for n, found in exercises.items() if not found.marked and found.home not in merged]
    if bare:
        cells, their = ("cell", "its") if len(bare) == 1 else ("cells", "their")
        yield Note(
            "metadata-lost",
            f"The {cells} of {listed(bare)} lost {their} metadata, as happens in some editors; "
            "the line that begins with # Exercise told what to grade.",
        )
    checked = {m["name"] for cell in submission.cells for m in _CHECK.finditer(cell.source)}
    gone = [e.id for e in lesson.exercises if not checked & {e.id, *e.targets}]
    if gone:
        cells, are = ("check cell", "is") if len(gone) == 1 else ("check cells", "are")
        yield Note(
            "check-cells-gone", f"The {cells} of {listed(gone)} {are} gone; grading does without."
        )


def _predictions(lesson: Lesson, submission: Submission) -> dict[str, object]:
    """The literal answers given in `predict(...)` calls, wherever they stand."""
    known = {prediction.id: prediction for prediction in lesson.predictions}
    answers: dict[str, object] = {}
    for cell in submission.cells:
        for name, answer in _commitments(cell.python):
            prediction = known.get(name)
            if prediction is None or answer is ...:
                continue
            if name not in answers or prediction.accepts(answer):
                answers[name] = answer
    return answers


def _commitments(source: str) -> Iterator[tuple[str, object]]:
    """Name and answer of every `predict` call in a cell."""
    tree = parsed(source) if "predict" in source else None
    if tree is None:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = dict(zip(("name", "answer"), node.args, strict=False))
            given |= {word.arg: word.value for word in node.keywords if word.arg is not None}
            if node.func.id == "predict" and given.keys() >= {"name", "answer"}:
                name = literal(given["name"])
                if isinstance(name, str):
                    yield name, literal(given["answer"])

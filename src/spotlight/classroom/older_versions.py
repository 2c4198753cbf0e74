"""What changed in a lesson since the version that a notebook was handed in on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spotlight.course.lesson import Lesson, bare_given
from spotlight.grading.listing import listed
from spotlight.grading.submission import Submission, SubmittedCell
from spotlight.python_source.syntax import parsed


def changes_since(lesson: Lesson, current: str, submission: Submission) -> str:
    """A sentence on an older version; empty where it is of the `current` one, or says none.

    It is told by comparing the notebook with the lesson: exercises that came or went, docstrings
    and given code that read otherwise.
    """
    if submission.version in (None, current):
        return ""
    changes = list(_changes(lesson, submission))
    told = f"Since then {'; '.join(changes)}." if changes else "Its exercises are the same."
    return f"This notebook was begun on another version of the lesson. {told}"


def _changes(lesson: Lesson, submission: Submission) -> Iterator[str]:
    theirs = {name: cell for cell in submission.cells if (name := _exercise(cell))}
    ours = {exercise.id: exercise for exercise in lesson.exercises}
    came = [name for name in ours if name not in theirs]
    if came and theirs:
        yield f"{listed(came)} came new"
    gone = [name for name in theirs if name not in ours]
    if gone:
        yield f"{listed(gone)} went"
    both = [name for name in ours if name in theirs]
    reworded = [n for n in both if _docstrings(ours[n].stub) != _docstrings(theirs[n].python)]
    if reworded:
        yield f"the text of {listed(reworded)} changed"
    given = {cell.id: cell.source.strip() for cell in lesson.cells if cell.role == "given"}
    theirs_given = [c for c in submission.cells if c.id in given and _is_given(c)]
    other = sum(bare_given(c.source).strip() != given[str(c.id)] for c in theirs_given)
    if other:
        yield f"{other} given {'cell' if other == 1 else 'cells'} read otherwise"


def _exercise(cell: SubmittedCell) -> str | None:
    own = cell.metadata.get("spotlight")
    name = own.get("exercise") if isinstance(own, dict) else None
    return name if isinstance(name, str) else None


def _is_given(cell: SubmittedCell) -> bool:
    own = cell.metadata.get("spotlight")
    return isinstance(own, dict) and bool(own.get("given"))


def _docstrings(source: str) -> list[str | None]:
    tree = parsed(source)
    kinds = ast.FunctionDef | ast.ClassDef
    nodes = tree.body if tree is not None else []
    return [ast.get_docstring(node) for node in nodes if isinstance(node, kinds)]

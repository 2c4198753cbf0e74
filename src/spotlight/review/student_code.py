"""The code that a student wrote, sorted for review."""

from __future__ import annotations

from collections.abc import Iterator

from spotlight.course.lesson import Exercise, Lesson, bare_exercise
from spotlight.grading.locate import Located
from spotlight.grading.programs import build_program
from spotlight.grading.report import AddressedLine
from spotlight.grading.submission import Submission
from spotlight.printable_text import one_line
from spotlight.review.addressing import addressed_line

_MOST_QUOTED = 120


def own_code(lesson: Lesson, located: Located, exercise: Exercise) -> str:
    """What of the submission an exercise is judged by: its cell, and added ones that it uses."""
    program = build_program(lesson, exercise, located.sources(lesson), located.added)
    return "\n\n".join(bare_exercise(step.source).strip() for step in program.own_steps)


def addressed_lines(submission: Submission, located: Located) -> Iterator[AddressedLine]:
    """The first line of each cell that tells a reviewer what to say, text cells included."""
    for name, found in located.exercises.items():
        yield from _first(name, found.cell, found.source)
    for added in located.added:
        yield from _first("", added.number, added.source)
    for cell in submission.cells:
        if cell.kind != "code":
            yield from _first("", cell.number, cell.source)


def _first(exercise: str, cell: int, source: str) -> Iterator[AddressedLine]:
    line = addressed_line(source)
    if line:
        text = one_line(source.splitlines()[line - 1])[:_MOST_QUOTED]
        yield AddressedLine(exercise=exercise, cell=cell, line=line, text=text)

"""`gradebook.csv`: one row a student, everything that was found out in columns of its own.

The columns depend on the lessons, the roster and what an instructor marked, never on how a class
did:

    student, key, canvas_id, sis_id, login, section
    the roster's own columns, under their own names (`roster.NAME` where that name is taken)
    status, points, possible, percent
    of each lesson   LESSON.points, .possible, .graded, .adjustment, .adjusted_because, .predictions
    of each exercise LESSON.EXERCISE.points, .status, .diagnosis
    of each mark that the instructor alone gave, such as an essay's: the same, without diagnosis
    notes

`.points` of a lesson and of all is what counts, with the instructor's changes; `.graded` is what
grading gave and `.adjustment` the difference. Points of exercises and predictions are as graded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from spotlight.classroom.gradebook import (
    NOTHING,
    ClassBook,
    Standing,
    StudentRow,
    adjustment_words,
)
from spotlight.classroom.gradebook_cells import csv_text, number_cell, text_cell

_BYTE_ORDER_MARK: Final = "\ufeff"
_OURS: Final = ("student", "key", "canvas_id", "sis_id", "login", "section")
_SUMS: Final = ("status", "points", "possible", "percent")
_OF_LESSON: Final = ("points", "possible", "graded", "adjustment", "adjusted_because")
_OF_EXERCISE: Final = ("points", "status", "diagnosis")
_OF_MARK: Final = ("points", "status")
_BY_HAND: Final = "marked by the instructor"


def gradebook_csv(book: ClassBook) -> bytes:
    """The class as CSV, by name, in UTF-8 with a byte order mark.

    Without the mark Excel reads UTF-8 as the machine's old code page and spoils every name that is
    not plain English; other programs skip it (in Python, the encoding is `utf-8-sig`).
    """
    roster = _roster_columns(book)
    rows = [_header(book, roster), *(_row(book, row, roster) for row in book.everyone)]
    return (_BYTE_ORDER_MARK + csv_text(rows)).encode()


def _roster_columns(book: ClassBook) -> list[str]:
    """Every column that the roster has beside ours, in the order of first sight."""
    names = (name for row in book.everyone for name in row.student.columns)
    return list(dict.fromkeys(names))


def _header(book: ClassBook, roster: list[str]) -> list[str]:
    graded = [*_SUMS]
    for lesson in book.lessons:
        graded += [f"{lesson.id}.{name}" for name in (*_OF_LESSON, "predictions")]
        graded += [f"{lesson.id}.{e.id}.{name}" for e in lesson.exercises for name in _OF_EXERCISE]
        own = book.own_marks[lesson.id]
        graded += [text_cell(f"{lesson.id}.{mark}.{n}") for mark in own for n in _OF_MARK]
    taken = {*_OURS, *graded, "notes"}
    kept = [text_cell(f"roster.{name}" if name in taken else name) for name in roster]
    return [*_OURS, *kept, *graded, "notes"]


def _row(book: ClassBook, row: StudentRow, roster: list[str]) -> list[str]:
    student = row.student
    points, possible = book.total(row)
    about = [student.name, student.key, student.canvas_id, student.sis_id, student.login]
    about += [student.section, *(student.columns.get(name, "") for name in roster), row.status]
    percent = 100 * points / possible if possible else 0.0
    cells = [text_cell(text) for text in about]
    cells += [number_cell(points), number_cell(possible), number_cell(round(percent, 2))]
    for standing in book.standings(row):
        cells += _lesson_cells(standing, book.possible[standing.column.id])
        for name in book.own_marks[standing.column.id]:
            mark = standing.own_mark(name)
            cells += [number_cell(mark.points), _BY_HAND] if mark else ["0", ""]
    return [*cells, text_cell(" / ".join((*row.remarks, *_notes(book, row))))]


def _lesson_cells(standing: Standing, possible: float) -> Iterator[str]:
    yield number_cell(standing.points)
    yield number_cell(possible)
    yield number_cell(standing.graded)
    yield number_cell(standing.points - standing.graded) if standing.lines else ""
    yield text_cell(" / ".join(adjustment_words(line) for line in standing.lines))
    predictions = standing.report.predictions if standing.report else ()
    yield number_cell(sum(p.points for p in predictions))
    for column in standing.column.exercises:
        verdict = standing.exercise(column.id)
        yield number_cell(verdict.points if verdict else 0.0)
        yield text_cell(verdict.status if verdict else NOTHING)
        yield text_cell((verdict.diagnosis if verdict else None) or "")


def _notes(book: ClassBook, row: StudentRow) -> Iterator[str]:
    """The notes of every lesson, under its name."""
    for standing in book.standings(row):
        for note in standing.report.notes if standing.report else ():
            yield f"{standing.column.id}: {note}"
        for note in standing.adjusted.notes if standing.adjusted else ():
            yield f"{standing.column.id}, adjustments: {note}"

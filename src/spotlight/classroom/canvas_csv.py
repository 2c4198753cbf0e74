"""A CSV that Canvas's gradebook imports: one assignment a lesson.

Canvas finds a student by ID, then by SIS id, by login and at last by name, and an assignment by the
number in parentheses after its title. Where the roster is a Canvas export that already has a
lesson's assignment, its heading is used, so that no second assignment appears; else Canvas asks and
makes one. Who handed in nothing has 0: Canvas takes an empty cell for a mark to be removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from spotlight.classroom.gradebook import ClassBook, LessonColumn
from spotlight.classroom.gradebook_cells import csv_text, number_cell, text_cell
from spotlight.classroom.records import Student

_HEADER = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_POINTS_POSSIBLE = "    Points Possible"


def canvas_csv(book: ClassBook) -> bytes:
    """The class as Canvas imports it, by name, in UTF-8 without a byte order mark."""
    columns = {column.strip(): None for row in book.everyone for column in row.student.columns}
    headings = [text_cell(_heading(lesson, columns)) for lesson in book.lessons]
    most = [number_cell(book.possible[lesson.id]) for lesson in book.lessons]
    rows = [[*_HEADER, *headings], [_POINTS_POSSIBLE, "", "", "", "", *most]]
    for row in book.everyone:
        student = row.student
        about = (student.canvas_id, student.sis_id, student.login, student.section)
        points = (number_cell(standing.points) for standing in book.standings(row))
        rows.append([_name_cell(student), *map(text_cell, about), *points])
    return csv_text(rows).encode()


def _name_cell(student: Student) -> str:
    """The name; Canvas takes any that holds "Points Possible" for the row of possible points."""
    return text_cell(student.name).replace("Points Possible", "Points possible")


def _heading(lesson: LessonColumn, columns: Iterable[str]) -> str:
    """The lesson's assignment as the roster's columns have it, else its title."""
    name = re.compile(
        rf"({re.escape(lesson.title)}|{re.escape(lesson.id)})\s*\(\d+\)", re.IGNORECASE
    )
    return next(filter(name.fullmatch, columns), lesson.title)

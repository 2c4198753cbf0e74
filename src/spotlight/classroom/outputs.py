"""Everything that a graded class leaves in its folder:

    gradebook.csv               the class as one table
    canvas.csv                  for Canvas's gradebook
    class.html                  the class at a glance
    students/KEY.html           a page for each student
    reports/KEY.json            each student's report, schema 1
    gradescope/KEY/results.json each student's results for Gradescope

`students/` and `gradescope/` are fit to be handed to students, each their own. The rest is the
instructor's: with a secret seed, reports hold values of inputs that students should not know.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from spotlight.atomic_files import write_atomically
from spotlight.classroom.canvas_csv import canvas_csv
from spotlight.classroom.class_page import class_page
from spotlight.classroom.gradebook import ClassBook, Standing, StudentRow, adjustment_words
from spotlight.classroom.gradebook_csv import gradebook_csv
from spotlight.classroom.gradescope import gradescope_json
from spotlight.classroom.pages import student_page
from spotlight.grading.report import LessonReport, Report, SubmissionReport
from spotlight.printable_text import well_formed


def write_outputs(book: ClassBook, out: Path, *, graded_at: str) -> list[Path]:
    """Write all files of the class below `out`; returns them, the class's own first.

    The same book and `graded_at` give the same bytes, and a file that has them already is left
    alone. What an earlier class left in `out` stays. Raises `OSError`.
    """
    written = write_class_outputs(book, out)
    for row in book.everyone:
        if row.lessons or row.adjusted:
            written += write_student_outputs(book, row, out, graded_at=graded_at)
    return written


def write_class_outputs(book: ClassBook, out: Path) -> list[Path]:
    """Write the files about everyone. Raises `OSError`."""
    return _write(
        {
            out / "gradebook.csv": gradebook_csv(book),
            out / "canvas.csv": canvas_csv(book),
            out / "class.html": class_page(book),
        }
    )


def write_student_outputs(
    book: ClassBook, row: StudentRow, out: Path, *, graded_at: str
) -> list[Path]:
    """Write the files about one student. Raises `OSError`."""
    key = row.student.key
    report = student_report(book, row, graded_at).model_dump_json(by_alias=True, indent=1)
    return _write(
        {
            out / "students" / f"{key}.html": student_page(book, row),
            out / "reports" / f"{key}.json": f"{report}\n".encode(),
            out / "gradescope" / key / "results.json": gradescope_json(book, row),
        }
    )


def student_report(book: ClassBook, row: StudentRow, graded_at: str) -> Report:
    """One student's report, schema 1.

    A lesson's points are those that count. Where the instructor changed them a note says each
    change and what grading gave; exercises stand as graded.
    """
    lessons = tuple(_lesson(standing, book) for standing in book.standings(row) if standing.report)
    name = well_formed(row.student.name)
    submission = SubmissionReport(student=name, path=_path(row), lessons=lessons)
    return Report(schema=1, graded_at=graded_at, submissions=(submission,))


def class_report(book: ClassBook, graded_at: str) -> Report:
    """The whole class's report, schema 1: one submission for each student who handed in."""
    reports = (student_report(book, row, graded_at) for row in book.rows)
    submissions = tuple(submission for report in reports for submission in report.submissions)
    return Report(schema=1, graded_at=graded_at, submissions=submissions)


def _lesson(standing: Standing, book: ClassBook) -> LessonReport:
    report = standing.report
    assert report is not None
    notes = (*report.notes, *_adjustments(standing), *book.confinement)
    update = {
        "points": standing.points,
        "possible": book.possible[standing.column.id],
        "notes": notes,
    }
    return report.model_copy(update=update)


def _adjustments(standing: Standing) -> Iterator[str]:
    for line in standing.lines:
        said = "Adjusted" if line.points else "Comment"
        yield well_formed(f"{said} by the instructor: {adjustment_words(line)}")
    if any(line.points for line in standing.lines):
        yield f"Grading gave {standing.graded:g}; {standing.points:g} count."


def _path(row: StudentRow) -> str:
    """The file that was handed in, or the folder that holds all of them."""
    paths = list(dict.fromkeys(submission.path for submission in row.lessons))
    if len(paths) == 1:
        return paths[0]
    with suppress(ValueError):  # no path, or none in common
        return os.path.commonpath(paths).replace(os.sep, "/")
    return ""


def _write(contents: Mapping[Path, bytes]) -> list[Path]:
    stale = {path: content for path, content in contents.items() if _differs(path, content)}
    for folder in {path.parent for path in stale}:
        folder.mkdir(parents=True, exist_ok=True)
    if stale:
        write_atomically(stale)
    return list(contents)


def _differs(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size != len(content) or path.read_bytes() != content
    except OSError:
        return True

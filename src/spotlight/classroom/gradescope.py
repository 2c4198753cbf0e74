"""Gradescope's `results.json`: what one student is shown there, exercise by exercise.

Every point is in exactly one entry of `tests`, so that they add up to `score`: exercises and
predictions as graded, and each of the instructor's changes as an entry that says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from spotlight.classroom.feedback_text import feedback_text
from spotlight.classroom.gradebook import ClassBook, Standing, StudentRow

ADJUSTED: Final = "Adjusted by the instructor"
COMMENT: Final = "Comment by the instructor"
_TEXT: Final = {"output_format": "text", "visibility": "visible"}


def gradescope_results(book: ClassBook, row: StudentRow) -> dict[str, Any]:
    """One student's results, as Gradescope's autograder reads them.

    What the program printed while it graded is hidden from students; scores are not.
    """
    standings = list(book.standings(row))
    tests = [test for n, standing in enumerate(standings, 1) for test in _tests(book, standing, n)]
    seconds = sum(e.cpu_seconds for s in standings if s.report for e in s.report.exercises)
    return {
        "score": book.total(row)[0],
        "execution_time": round(seconds, 2),
        "output": "\n".join(_said(book, row, standings)),
        **_TEXT,
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def gradescope_json(book: ClassBook, row: StudentRow) -> bytes:
    """The same as the file's bytes."""
    results = gradescope_results(book, row)
    return (json.dumps(results, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _said(book: ClassBook, row: StudentRow, standings: list[Standing]) -> Iterator[str]:
    if not row.lessons:
        yield "Nothing was handed in."
    yield from row.remarks
    for standing in standings:
        for note in standing.report.notes if standing.report else ():
            yield f"{standing.column.title}: {note}"
    yield from book.confinement


def _tests(book: ClassBook, standing: Standing, number: int) -> Iterator[dict[str, Any]]:
    lesson = standing.column
    cards = standing.submission.cards if standing.submission else {}
    for place, column in enumerate(lesson.exercises, 1):
        verdict = standing.exercise(column.id)
        said = feedback_text(verdict, cards.get(column.id), book.seed_is_public) if verdict else ""
        yield {
            "name": f"{lesson.title}: {column.title}",
            "number": f"{number}.{place}",
            "score": verdict.points if verdict else 0.0,
            "max_score": column.possible,
            "status": _status(verdict is not None and verdict.status == "passed"),
            "output": said or "Nothing of this lesson was handed in.",
            **_TEXT,
        }
    place = len(lesson.exercises)
    for prediction in standing.report.predictions if standing.report else ():
        place += 1
        yield {
            "name": f"{lesson.title}: prediction {prediction.prediction}",
            "number": f"{number}.{place}",
            "score": prediction.points,
            "max_score": prediction.possible,
            "status": _status(prediction.answered),
            "output": "Committed." if prediction.answered else "Not committed yet.",
            **_TEXT,
        }
    for line in standing.lines:
        place += 1
        said = line.comment or "No comment was given."
        what = line.title if line.exercise else "as a whole"
        yield {
            "name": f"{ADJUSTED if line.points else COMMENT}: {lesson.title}, {what}",
            "number": f"{number}.{place}",
            "score": line.change,
            "max_score": max(0.0, line.change),
            "status": _status(line.change >= 0),
            "output": said + (f" ({line.who})" if line.who else ""),
            **_TEXT,
        }


def _status(good: bool) -> str:
    return "passed" if good else "failed"

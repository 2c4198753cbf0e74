"""One page a student: self-contained HTML that opens from disk, in light, dark and print.

A student reads it: it holds evidence from the public seed alone, and nothing of anyone else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from spotlight.classroom.feedback_text import hidden_inputs
from spotlight.classroom.gradebook import ClassBook, Standing, StudentRow
from spotlight.classroom.page_templates import render
from spotlight.feedback.card_html import card_html
from spotlight.feedback.cards import Card, note_card
from spotlight.feedback.reviews import review_card
from spotlight.feedback.words import SAID, TONE
from spotlight.grading.report import ExerciseReport


def student_page(book: ClassBook, row: StudentRow) -> bytes:
    """The page of one student.

    Cards are rendered as notebooks show them, with every word of the student's escaped. All else is
    escaped here.
    """
    standings = list(book.standings(row))
    points, possible = book.total(row)
    has_something = [standing for standing in standings if standing.report or standing.lines]
    return render(
        "student.html.j2",
        title=book.title,
        student=row.student,
        points=points,
        possible=possible,
        share=_share(points, possible),
        remarks=row.remarks,
        lessons=[_lesson(book, standing) for standing in has_something],
        without=[s.column.title for s in standings if s not in has_something],
        confinement=book.confinement,
        seed_is_public=book.seed_is_public,
    )


def _share(points: float, possible: float) -> int:
    return max(0, min(100, round(100 * points / possible))) if possible else 0


def _lesson(book: ClassBook, standing: Standing) -> dict[str, Any]:
    column = standing.column
    return {
        "id": column.id,
        "title": column.title,
        "points": standing.points,
        "possible": book.possible[column.id],
        "rows": list(_rows(standing)),
        "changes": [
            {
                "title": line.title if line.exercise else "The lesson as a whole",
                "points": f"{line.change:+g}" if line.points else "",
                "who": line.who,
                "comment": line.comment,
            }
            for line in standing.lines
        ],
        "notes": standing.report.notes if standing.report else (),
        "cards": list(_cards(book, standing)),
        "opinion": _opinion(standing),
    }


def _rows(standing: Standing) -> Iterator[dict[str, Any]]:
    report = standing.report
    for verdict in report.exercises if report else ():
        yield {
            "title": verdict.title,
            "target": _target(standing, verdict),
            "said": SAID[verdict.status],
            "tone": TONE[verdict.status],
            "points": f"{verdict.points:g} of {verdict.possible:g}",
            "by_hand": False,
        }
    for prediction in report.predictions if report else ():
        yield {
            "title": f"Prediction {prediction.prediction}",
            "target": "",
            "said": "committed" if prediction.answered else "not done yet",
            "tone": "good" if prediction.answered else "calm",
            "points": f"{prediction.points:g} of {prediction.possible:g}",
            "by_hand": False,
        }
    if any(line.points for line in standing.lines):
        yield {
            "title": "Adjusted by the instructor",
            "target": "",
            "said": "",
            "tone": "calm",
            "points": f"{round(standing.points - standing.graded, 4):+g}",
            "by_hand": True,
        }


def _cards(book: ClassBook, standing: Standing) -> Iterator[dict[str, Any]]:
    """Every exercise's card; one that only says the status, where grading drew none."""
    kept = standing.submission.cards if standing.submission else {}
    for verdict in standing.report.exercises if standing.report else ():
        card = kept.get(verdict.exercise)
        yield {
            "target": _target(standing, verdict),
            "html": _html(card or _bare(book, verdict)),
            "hidden": hidden_inputs(verdict, card) if card else "",
        }


def _opinion(standing: Standing) -> Markup | None:
    review = standing.report.review if standing.report else None
    if review is None:
        return None
    return _html(review_card(review, standing.column.title))


def _html(card: Card) -> Markup:
    return Markup(card_html(card, with_style=False))  # the page has the style once for all


def _bare(book: ClassBook, verdict: ExerciseReport) -> Card:
    said = verdict.message if book.seed_is_public else ""
    words = [said] if said else []
    tone = TONE[verdict.status]
    return note_card("verdict", SAID[verdict.status], *words, title=verdict.title, tone=tone)


def _target(standing: Standing, verdict: ExerciseReport) -> str:
    return f"{standing.column.id}.{verdict.exercise}"

"""The class at a glance, for the instructor alone: one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from spotlight.classroom.class_counts import ClassCounts, count_class
from spotlight.classroom.gradebook import ClassBook
from spotlight.classroom.page_templates import render
from spotlight.classroom.similarity import SMALL_CLASS, Shared, SimilarGroup, alike_groups
from spotlight.feedback.words import SAID, TONE, sentence

_MISTAKES: Final = 40
_GROUPS: Final = 25
_NAMES: Final = 12
_STOPS: Final = 300


def class_page(book: ClassBook) -> bytes:
    """The page about everyone; students' pages are linked as `students/KEY.html` beside it."""
    counts = count_class(book)
    groups = alike_groups(book)
    writers = sum(any(s.fingerprints for s in row.lessons) for row in book.rows)
    return render(
        "class.html.j2",
        title=book.title,
        graded=sum(counts.histogram),
        lessons=[
            {
                "title": lesson.title,
                "handed_in": counts.handed_in.get(lesson.id, 0),
                "rows": [c for c in counts.exercises if c.lesson.id == lesson.id],
            }
            for lesson in book.lessons
        ],
        statuses=[(status, SAID[status], TONE[status]) for status in counts.statuses],
        histogram=_histogram(counts),
        mistakes=counts.mistakes[:_MISTAKES],
        more_mistakes=len(counts.mistakes[_MISTAKES:]),
        stops=[
            {
                "row": stop.row,
                "said": SAID[stop.verdict.status],
                "lesson": stop.lesson.title,
                "exercise": stop.verdict.title,
                "message": sentence(stop.verdict),
            }
            for stop in counts.stops[:_STOPS]
        ],
        more_stops=len(counts.stops[_STOPS:]),
        groups=[_group(book, group) for group in groups[:_GROUPS]],
        more_groups=len(groups[_GROUPS:]),
        small_class=writers if writers < SMALL_CLASS else 0,
        attempts=list(_attempts(book)),
        refused=[(row, s.path, s.refused) for row in book.everyone for s in row.refused],
        nothing=[row for row in book.everyone if not row.lessons],
        notes=[*book.notes, *_slips(book)],
        table=list(_table(book)),
        confinement=book.confinement,
        seed_is_public=book.seed_is_public,
    )


def _histogram(counts: ClassCounts) -> list[dict[str, Any]]:
    tallest = max(counts.histogram) or 1
    return [
        {"count": count, "height": round(100 * count / tallest), "from": 10 * i}
        for i, count in enumerate(counts.histogram)
    ]


def _group(book: ClassBook, group: SimilarGroup) -> dict[str, Any]:
    shared = {s.place: s for s in group.shared}
    exercises = [
        (
            lesson.title,
            [
                _shared(exercise.title, shared[lesson.id, exercise.id], len(group.rows))
                for exercise in lesson.exercises
                if (lesson.id, exercise.id) in shared
            ],
        )
        for lesson in book.lessons
    ]
    return {
        "rows": group.rows[:_NAMES],
        "more": len(group.rows[_NAMES:]),
        "equal": group.equal,
        "compared": group.compared,
        "exercises": [(title, some) for title, some in exercises if some],
    }


def _shared(title: str, shared: Shared, size: int) -> str:
    who = "" if shared.in_group == size else f"{shared.in_group} of these, "
    return f"{title} ({who}{shared.in_class} of {shared.class_size})"


def _slips(book: ClassBook) -> Iterator[str]:
    """What looked odd about an instructor's own adjustments."""
    for row in book.everyone:
        for standing in book.standings(row):
            for note in standing.adjusted.notes if standing.adjusted else ():
                who, lesson = row.student.name, standing.column.title
                yield f"Adjustments of {who}, {lesson}: {note}"


def _attempts(book: ClassBook) -> Iterator[dict[str, Any]]:
    for row in book.everyone:
        for standing in book.standings(row):
            titles = {exercise.id: exercise.title for exercise in standing.column.exercises}
            for attempt in standing.submission.attempts if standing.submission else ():
                yield {
                    "row": row,
                    "lesson": standing.column.title,
                    "exercise": titles.get(attempt.exercise, attempt.exercise),
                    "cell": attempt.cell,
                    "line": attempt.line,
                    "text": attempt.text,
                    "why": attempt.why,
                }


def _table(book: ClassBook) -> Iterator[dict[str, Any]]:
    for row in book.everyone:
        points, possible = book.total(row)
        yield {
            "row": row,
            "points": points,
            "possible": possible,
            "lessons": [
                {
                    "points": s.points,
                    "graded": s.report is not None,
                    "by_hand": any(line.points for line in s.lines),
                }
                for s in book.standings(row)
            ],
        }

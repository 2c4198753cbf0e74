"""What an instructor adds to the marks: points, comments, and marks for what is not graded.

A CSV with these headings, in any order:

    student   key, id, login, address or name
    lesson    id, file name or number
    exercise  its id; empty for the lesson as a whole
    points    `3` is what it is worth now, `+1` and `-0.5` are changes; empty for a comment alone
    possible  what an exercise that is not graded, such as an essay, could be worth
    comment   for the student to read
    by        who says so

A total stands in place of what was graded and changes come on top, whatever the order of the rows;
of two totals for one thing the last counts. A total for a whole lesson stands in place of the sum,
changes in its exercises included. Points are never cut off at zero or at what is possible: an
instructor who gives more has reasons, and what looks like a slip is said in a note.

Spreadsheets make a number of `+1`, and then a total: enter it as text, `'+1`.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from spotlight.classroom.csv_tables import Row, Table, TableError, plain_heading, read_table
from spotlight.classroom.people import People
from spotlight.classroom.records import Student
from spotlight.course.manifest import Course, LessonEntry
from spotlight.grading.report import LessonReport

_HEADINGS: Final = {
    "student": ("student", "key", "login", "name", "student name", "id", "email"),
    "lesson": ("lesson", "assignment"),
    "exercise": ("exercise", "question", "task"),
    "points": ("points", "score", "mark", "marks"),
    "possible": ("possible", "points possible", "out of"),
    "comment": ("comment", "comments", "remark", "feedback"),
    "by": ("by", "who", "marker", "grader"),
}
_KNOWN: Final = {name: kind for kind, names in _HEADINGS.items() for name in names}
_EXAMPLE: Final = "student,lesson,exercise,points,possible,comment,by"
_NUMBER: Final = re.compile(r"(?P<sign>[+\-−]?) ?(?P<size>[0-9]{1,9}([.,][0-9]{1,9})?)")
_PLACES = 6


class AdjustmentError(Exception):
    """The file of adjustments cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Adjustment:
    """One row: `total` is a new value, `change` one to be added; neither for a comment alone.

    `student` and `lesson` are as the instructor wrote them until `sort_out` has found out whom and
    what they mean; from then on they are a key and an id. An empty `exercise` is the whole lesson.
    """

    line: int
    student: str
    lesson: str
    exercise: str = ""
    total: float | None = None
    change: float | None = None
    possible: float | None = None
    comment: str = ""
    who: str = ""

    @property
    def has_points(self) -> bool:
        """Whether it is more than a comment."""
        return self.total is not None or self.change is not None


@dataclass(frozen=True)
class SortedOut:
    """Adjustments by student's key and lesson's id; `notes` say which of them went nowhere."""

    by_place: Mapping[tuple[str, str], tuple[Adjustment, ...]]
    notes: tuple[str, ...]

    def of(self, student: str, lesson: str) -> tuple[Adjustment, ...]:
        """What was changed in one student's lesson."""
        return self.by_place.get((student, lesson), ())

    def unused(self, graded: Collection[tuple[str, str]]) -> tuple[str, ...]:
        """Sentences about adjustments of what is not among the `graded` (student, lesson)."""
        return tuple(
            f"Line {rows[0].line} of the adjustments changes {lesson} of {student}, "
            "of whom no such lesson was graded; it was left out."
            for (student, lesson), rows in self.by_place.items()
            if (student, lesson) not in graded
        )


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AdjustmentLine(_Record):
    """One row as outputs show it: `change` is what it added to the mark of `exercise`.

    `exercise` is empty for the lesson as a whole, `title` then the lesson's. `points` is the new
    value or the change as the instructor wrote it, empty for a comment alone.
    """

    exercise: str
    title: str
    points: str
    change: float
    comment: str
    who: str


class AdjustedMark(_Record):
    """One exercise, prediction or mark of the instructor's own, for which `graded` is None."""

    exercise: str
    title: str
    graded: float | None
    points: float
    possible: float


class AdjustedLesson(_Record):
    """One student's lesson, graded and then adjusted by the instructor.

    `graded` and `graded_possible` are what grading gave; `points` and `possible` are what counts.
    """

    lesson: str
    title: str
    graded: float
    graded_possible: float
    points: float
    possible: float
    marks: tuple[AdjustedMark, ...]
    lines: tuple[AdjustmentLine, ...]
    notes: tuple[str, ...] = ()


def read_adjustments(path: Path) -> tuple[Adjustment, ...]:
    """Read the file; rows with neither points nor comment say nothing and are passed over.

    Raises:
        AdjustmentError: the file is missing or no text, lacks a column or has one that is not
            known, or a row cannot be read; half a file is never applied.
    """
    try:
        table = read_table(path, _KNOWN, _EXAMPLE)
    except TableError as error:
        raise AdjustmentError(f"The file of adjustments {error}") from error
    places = _places(path, table)
    read = (_adjustment(path, row, places) for row in table.rows)
    return tuple(one for one in read if one.has_points or one.comment)


def sort_out(
    adjustments: Sequence[Adjustment], students: Iterable[Student], course: Course
) -> SortedOut:
    """Find the student and the lesson of each row; one that is not found is said in a note."""
    people = People(students)
    places: defaultdict[tuple[str, str], list[Adjustment]] = defaultdict(list)
    notes = []
    for one in adjustments:
        meant = people.meant_by(one.student).students
        entry = _lesson_called(one.lesson, course)
        if len(meant) == 1 and entry is not None:
            found = replace(one, student=meant[0].key, lesson=entry.id)
            places[found.student, found.lesson].append(found)
            continue
        if not meant:
            why = f"no student is called {one.student}"
        elif len(meant) > 1:
            why = f"{one.student} may be {' or '.join(student.key for student in meant)}"
        else:
            why = f"no lesson is called {one.lesson}"
        notes.append(f"Line {one.line} of the adjustments was left out: {why}.")
    return SortedOut({place: tuple(rows) for place, rows in places.items()}, tuple(notes))


def adjusted(graded: LessonReport, adjustments: Sequence[Adjustment]) -> AdjustedLesson:
    """The lesson with the adjustments of this student and lesson, as `SortedOut.of` gives them.

    An exercise that the report does not have becomes a mark of its own where a row says what is
    `possible`; else its points go nowhere, since its name may be misspelt, and a note says so.

    Raises:
        ValueError: an adjustment is of another lesson.
    """
    for one in adjustments:
        if one.lesson != graded.lesson:
            raise ValueError(f"an adjustment of {one.lesson} for {graded.lesson}")
    notes: list[str] = []
    before = {mark.exercise: mark for mark in _graded_marks(graded)}
    before |= _own_marks(adjustments, before, notes)
    usable = [one for one in adjustments if _is_usable(one, before, notes)]
    changes = [0.0] * len(usable)
    after = {}
    for name, mark in before.items():
        rows = {n: one for n, one in enumerate(usable) if one.exercise == name}
        points = _applied(mark.points, rows, changes, f"the exercise {name}", notes)
        after[name] = mark.model_copy(update={"points": points})
    possible = _exact(graded.possible + sum(m.possible for m in after.values() if m.graded is None))
    moved = sum(after[name].points - before[name].points for name in after)
    whole = {n: one for n, one in enumerate(usable) if not one.exercise}
    if moved and any(one.total is not None for one in whole.values()):
        notes.append("A total for the lesson stands in place of what was changed in its exercises.")
    points = _applied(_exact(graded.points + moved), whole, changes, "the lesson", notes)
    notes += _unusual(graded, after, points, possible)
    titles = {name: mark.title for name, mark in before.items()}
    lines = tuple(
        AdjustmentLine(
            exercise=one.exercise,
            title=titles.get(one.exercise, one.exercise) or graded.title,
            points=_as_written(one),
            change=change,
            comment=one.comment,
            who=one.who,
        )
        for one, change in zip(usable, changes, strict=True)
    )
    return AdjustedLesson(
        lesson=graded.lesson,
        title=graded.title,
        graded=graded.points,
        graded_possible=graded.possible,
        points=points,
        possible=possible,
        marks=tuple(after.values()),
        lines=lines,
        notes=tuple(notes),
    )


def _lesson_called(name: str, course: Course) -> LessonEntry | None:
    # A spreadsheet writes 3 for 03.
    entry = course.find(name) or course.find(name.zfill(2))
    titled = (e for e in course.lessons if e.title.casefold() == name.casefold())
    return entry or next(titled, None)


def _places(path: Path, table: Table) -> dict[str, int]:
    """In which column each thing stands."""
    places: dict[str, int] = {}
    for place, heading in enumerate(table.headings):
        kind = _KNOWN.get(plain_heading(heading))
        if kind is None:
            if any(row.cells[place].strip() for row in table.rows):
                raise AdjustmentError(
                    f"The file of adjustments {path} has a column {heading!r} that is not known. "
                    f"Rename or remove it; the columns are {_EXAMPLE.replace(',', ', ')}."
                )
        elif kind in places:
            raise AdjustmentError(
                f"The file of adjustments {path} has two columns for the {kind}, "
                f"{table.headings[places[kind]]!r} and {heading!r}. Remove one."
            )
        else:
            places[kind] = place
    lacking = [kind for kind in ("student", "lesson") if kind not in places]
    if not places.keys() & {"points", "comment"}:
        lacking.append("points")
    if lacking:
        raise AdjustmentError(
            f"The file of adjustments {path} has no column {' and none '.join(lacking)}."
        )
    return places


def _adjustment(path: Path, row: Row, places: Mapping[str, int]) -> Adjustment:
    cells = {kind: row.cells[place].strip() for kind, place in places.items()}
    where = f"Line {row.line} of the adjustments {path}"
    points, possible = cells.get("points", ""), cells.get("possible", "")
    says = bool(points or cells.get("comment"))
    for kind in ("student", "lesson"):
        if says and not cells[kind]:
            raise AdjustmentError(f"{where} names no {kind}.")
    sign, number = _number(points, f"{where}: points are {points!r}")
    out_of_sign, out_of = _number(possible, f"{where}: possible is {possible!r}")
    if out_of_sign:
        raise AdjustmentError(f"{where}: possible is {possible!r}, which is no plain number.")
    return Adjustment(
        row.line,
        cells["student"],
        cells["lesson"],
        cells.get("exercise", ""),
        total=None if sign else number,
        change=number if sign else None,
        possible=out_of,
        comment=cells.get("comment", ""),
        who=cells.get("by", ""),
    )


def _number(text: str, told: str) -> tuple[str, float | None]:
    """The sign and the value of a number; None for no text."""
    # The apostrophe is how a spreadsheet is told that a cell is text.
    bare = text.removeprefix("'").strip()
    if not bare:
        return "", None
    found = _NUMBER.fullmatch(bare)
    if found is None:
        raise AdjustmentError(f"{told}, but should be such as 3, +1 or -0.5.")
    size = float(found["size"].replace(",", "."))
    return found["sign"], -size if found["sign"] in ("-", "−") else size


def _graded_marks(graded: LessonReport) -> Iterator[AdjustedMark]:
    for e in graded.exercises:
        yield AdjustedMark(
            exercise=e.exercise,
            title=e.title,
            graded=e.points,
            points=e.points,
            possible=e.possible,
        )
    names = {e.exercise for e in graded.exercises}
    for p in graded.predictions:
        if p.prediction not in names:
            yield AdjustedMark(
                exercise=p.prediction,
                title=f"Prediction {p.prediction}",
                graded=p.points,
                points=p.points,
                possible=p.possible,
            )


def _own_marks(
    adjustments: Sequence[Adjustment], graded: Mapping[str, AdjustedMark], notes: list[str]
) -> dict[str, AdjustedMark]:
    """What the instructor marks and grading does not: whatever comes with what is possible."""
    own: dict[str, AdjustedMark] = {}
    for one in adjustments:
        if one.possible is None:
            continue
        name = one.exercise
        if not name or name in graded:
            there = graded[name].possible if name else None
            if one.possible != there:
                notes.append(
                    f"Line {one.line} of the adjustments says what is possible for "
                    f"{name or 'the whole lesson'}, which the lesson itself decides."
                )
            continue
        if name in own and own[name].possible != one.possible:
            notes.append(
                f"Line {one.line} of the adjustments changes what is possible for {name} "
                f"from {own[name].possible:g} to {one.possible:g}."
            )
        own[name] = AdjustedMark(
            exercise=name, title=name, graded=None, points=0.0, possible=one.possible
        )
    return own


def _is_usable(one: Adjustment, marks: Mapping[str, AdjustedMark], notes: list[str]) -> bool:
    if not one.exercise or one.exercise in marks or not one.has_points:
        return True
    near = difflib.get_close_matches(one.exercise, marks, n=1)
    perhaps = f" Perhaps {near[0]} is meant." if near else ""
    notes.append(
        f"Line {one.line} of the adjustments was left out: the lesson has no exercise "
        f"{one.exercise}.{perhaps} To add a mark of your own, fill in the column possible."
    )
    return False


def _applied(
    before: float,
    rows: Mapping[int, Adjustment],
    changes: list[float],
    what: str,
    notes: list[str],
) -> float:
    """The points of one thing after its `rows`; what each did goes to its number in `changes`."""
    points = before
    totals = {number: one for number, one in rows.items() if one.total is not None}
    for number, one in list(totals.items())[-1:]:
        points = one.total or 0.0
        changes[number] = _exact(points - before)
    if len(totals) > 1:
        lines = ", ".join(str(one.line) for one in totals.values())
        notes.append(f"Lines {lines} of the adjustments give totals for {what}; the last counts.")
    for number, one in rows.items():
        if one.change is not None:
            changes[number] = one.change
            points += one.change
    return _exact(points) if rows else before


def _unusual(
    graded: LessonReport, after: Mapping[str, AdjustedMark], points: float, possible: float
) -> Iterator[str]:
    """Points below zero or above what is possible, where grading did not give them."""
    sums = [(m.title, m.points, m.possible) for m in after.values() if m.points != m.graded]
    for what, now, most in (*sums, (graded.title, points, possible)):
        if now < 0:
            yield f"{what} has {now:g} points, less than none."
        elif now > most:
            yield f"{what} has {now:g} points of {most:g} possible."


def _as_written(one: Adjustment) -> str:
    if one.change is not None:
        return f"{one.change:+g}"
    return "" if one.total is None else f"{one.total:g}"


def _exact(points: float) -> float:
    """Points without the dust of binary fractions."""
    return round(points, _PLACES) + 0.0

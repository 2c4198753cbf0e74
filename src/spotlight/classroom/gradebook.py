"""A class once grading is over: who handed in what, and what it came to.

Every file for an instructor (gradebook, Canvas, Gradescope, pages) is written from one `ClassBook`,
so that all of them say the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from spotlight.classroom.adjustments import AdjustedLesson, AdjustedMark, AdjustmentLine
from spotlight.classroom.records import GradedSubmission, Student
from spotlight.grading.report import ExerciseReport, LessonReport

NOTHING = "nothing handed in"
REFUSED = "refused"
GRADED = "graded"


@dataclass(frozen=True)
class ExerciseColumn:
    """One exercise that the class was graded on."""

    id: str
    title: str
    possible: float


@dataclass(frozen=True)
class LessonColumn:
    """One lesson that the class was graded on; `possible` counts its predictions too."""

    id: str
    title: str
    possible: float
    exercises: tuple[ExerciseColumn, ...]

    @classmethod
    def of_report(cls, report: LessonReport) -> LessonColumn:
        """The lesson as any report on it describes it."""
        exercises = (ExerciseColumn(e.exercise, e.title, e.possible) for e in report.exercises)
        return cls(report.lesson, report.title, report.possible, tuple(exercises))


@dataclass(frozen=True)
class StudentRow:
    """One student: every notebook that was handed in, and what was odd about how it came."""

    student: Student
    lessons: tuple[GradedSubmission, ...]
    notes: tuple[str, ...] = ()
    adjusted: tuple[AdjustedLesson, ...] = ()

    @property
    def refused(self) -> tuple[GradedSubmission, ...]:
        """The notebooks that could not be graded."""
        return tuple(s for s in self.lessons if s.report is None)

    @property
    def status(self) -> str:
        """`graded` where any notebook was, else `refused` or `nothing handed in`."""
        if not self.lessons:
            return NOTHING
        return REFUSED if len(self.refused) == len(self.lessons) else GRADED

    @property
    def remarks(self) -> tuple[str, ...]:
        """The row's notes, why a notebook was not graded, and where one of several counts.

        Files are called by their names alone: where a class is kept is nobody else's business.
        """
        lessons = Counter(s.report.title for s in self.lessons if s.report)
        return (
            *self.notes,
            *(f"{_file_name(s.path)} was not graded: {s.refused}" for s in self.refused),
            *(
                f"{count} notebooks of {title} were handed in; the one with most points counts."
                for title, count in lessons.items()
                if count > 1
            ),
        )


@dataclass(frozen=True)
class Standing:
    """What one student has in one lesson; `report` is None where nothing of it was graded."""

    column: LessonColumn
    submission: GradedSubmission | None = None
    adjusted: AdjustedLesson | None = None

    @property
    def report(self) -> LessonReport | None:
        """What grading says."""
        return self.submission.report if self.submission else None

    @property
    def graded(self) -> float:
        """The points that grading gave."""
        return self.report.points if self.report else 0.0

    @property
    def points(self) -> float:
        """The points that count, with the instructor's changes."""
        return self.adjusted.points if self.adjusted else self.graded

    @property
    def lines(self) -> Sequence[AdjustmentLine]:
        """What the instructor changed."""
        return self.adjusted.lines if self.adjusted else ()

    def own_mark(self, name: str) -> AdjustedMark | None:
        """What the instructor gave for something that is not graded."""
        marks = self.adjusted.marks if self.adjusted else ()
        return next((m for m in marks if m.graded is None and m.exercise == name), None)

    def exercise(self, name: str) -> ExerciseReport | None:
        """The verdict on one exercise, None where nothing was graded."""
        exercises = self.report.exercises if self.report else ()
        return next((e for e in exercises if e.exercise == name), None)


@dataclass(frozen=True)
class ClassBook:
    """The class: its lessons, its students, and how they were graded.

    `absent` are on the roster and handed in nothing. `confinement` says in sentences what kept the
    students' code from the machine; `seed_is_public` whether marks come from the very inputs that
    students can try for themselves. `notes` are about the class as a whole, such as files that
    belong to nobody; only the instructor sees them.
    """

    title: str
    lessons: tuple[LessonColumn, ...]
    rows: tuple[StudentRow, ...]
    confinement: tuple[str, ...] = ()
    seed_is_public: bool = True
    absent: tuple[Student, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def everyone(self) -> tuple[StudentRow, ...]:
        """All rows and the absent, by name; the order never depends on who was graded first."""
        rows = (*self.rows, *(StudentRow(student, ()) for student in self.absent))
        return tuple(sorted(rows, key=lambda r: (r.student.name.casefold(), r.student.key)))

    @cached_property
    def possible(self) -> dict[str, float]:
        """The points of each lesson: an instructor may have added some for free-text answers."""
        most = {column.id: column.possible for column in self.lessons}
        for row in self.rows:
            for adjusted in row.adjusted:
                if adjusted.lesson in most:
                    most[adjusted.lesson] = max(most[adjusted.lesson], adjusted.possible)
        return most

    @cached_property
    def own_marks(self) -> dict[str, tuple[str, ...]]:
        """What the instructor marked and grading did not, such as an essay, by lesson."""
        names: dict[str, set[str]] = {column.id: set() for column in self.lessons}
        for row in self.rows:
            for adjusted in row.adjusted:
                names.get(adjusted.lesson, set()).update(
                    mark.exercise for mark in adjusted.marks if mark.graded is None
                )
        return {lesson: tuple(sorted(own)) for lesson, own in names.items()}

    def standings(self, row: StudentRow) -> Iterator[Standing]:
        """What a student has in every lesson, in the book's order.

        Of several notebooks of one lesson the one with the most points counts, the first of equals.
        """
        best: dict[str, GradedSubmission] = {}
        for submission in row.lessons:
            report = submission.report
            if report is None:
                continue
            before = best.get(report.lesson)
            if before is None or before.report is None or report.points > before.report.points:
                best[report.lesson] = submission
        adjusted = {lesson.lesson: lesson for lesson in row.adjusted}
        for column in self.lessons:
            yield Standing(column, best.get(column.id), adjusted.get(column.id))

    def total(self, row: StudentRow) -> tuple[float, float]:
        """A student's points over all lessons, and how many could be had."""
        points = sum(standing.points for standing in self.standings(row))
        return round(points, 4), round(sum(self.possible.values()), 4)


def adjustment_words(line: AdjustmentLine) -> str:
    """One row of the instructor's in words: what, by how much, why, who."""
    change = f" {line.change:+g}" if line.points else ""
    comment = f": {line.comment}" if line.comment else ""
    by = f" ({line.who})" if line.who else ""
    return f"{line.exercise or 'the lesson'}{change}{comment}{by}"


def _file_name(label: str) -> str:
    """The last part of a path, within an archive or not."""
    return re.split(r"[/\\!]", label)[-1] or label

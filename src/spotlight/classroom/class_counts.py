"""The class in numbers: how each exercise went, which mistakes were made, who was stopped."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

from spotlight.classroom.gradebook import (
    GRADED,
    ClassBook,
    ExerciseColumn,
    LessonColumn,
    Standing,
    StudentRow,
)
from spotlight.feedback.words import sentence
from spotlight.grading.report import ExerciseReport, Status

STOPPED: Final[tuple[Status, ...]] = ("timeout", "memory", "crashed")
_BINS: Final = 10


@dataclass(frozen=True)
class ExerciseCount:
    """How one exercise went, of the students who handed its lesson in."""

    lesson: LessonColumn
    exercise: ExerciseColumn
    by_status: dict[Status, int]

    @property
    def handed_in(self) -> int:
        """How many handed the lesson in."""
        return sum(self.by_status.values())

    @property
    def passed(self) -> int:
        """How many passed."""
        return self.by_status.get("passed", 0)

    @property
    def percent(self) -> int:
        """The pass rate, in whole per cent; 100 only where all passed."""
        return 100 * self.passed // self.handed_in if self.handed_in else 0


@dataclass(frozen=True)
class MistakeCount:
    """One mistake by its name, the sentence most often said of it, and how many made it."""

    lesson: LessonColumn
    exercise: ExerciseColumn
    name: str
    sentence: str
    count: int


@dataclass(frozen=True)
class Stop:
    """An exercise of one student that was stopped by its limits, or took its process down."""

    row: StudentRow
    lesson: LessonColumn
    verdict: ExerciseReport


@dataclass(frozen=True)
class ClassCounts:
    """Everything that the class page counts."""

    exercises: tuple[ExerciseCount, ...]
    mistakes: tuple[MistakeCount, ...]
    stops: tuple[Stop, ...]
    histogram: tuple[int, ...]
    handed_in: dict[str, int]

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The statuses that occur, in the order in which reports list them."""
        seen = {status for count in self.exercises for status in count.by_status}
        return tuple(status for status in get_args(Status) if status in seen)


def count_class(book: ClassBook) -> ClassCounts:
    """Count once through the class.

    `histogram` has a bin for each ten per cent of the points, the last with 100 % and more, of the
    students who had anything graded; `handed_in` counts students by lesson.
    """
    statuses: dict[tuple[str, str], Counter[Status]] = defaultdict(Counter)
    mistakes: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    handed_in: Counter[str] = Counter()
    stops: list[Stop] = []
    histogram = [0] * _BINS
    for row in book.everyone:
        if row.status == GRADED:
            points, possible = book.total(row)
            share = points / possible if possible else 0.0
            histogram[max(0, min(_BINS - 1, int(share * _BINS + 1e-9)))] += 1
        for standing in book.standings(row):
            handed_in[standing.column.id] += standing.report is not None
            for column, verdict in _verdicts(standing):
                place = (standing.column.id, column.id)
                statuses[place][verdict.status] += 1
                if verdict.diagnosis:
                    mistakes[*place, verdict.diagnosis][sentence(verdict)] += 1
                if verdict.status in STOPPED:
                    stops.append(Stop(row, standing.column, verdict))
    return ClassCounts(
        exercises=tuple(
            ExerciseCount(lesson, exercise, dict(statuses[lesson.id, exercise.id]))
            for lesson in book.lessons
            for exercise in lesson.exercises
        ),
        mistakes=tuple(sorted(_mistakes(book, mistakes), key=_most_frequent_first)),
        stops=tuple(sorted(stops, key=lambda stop: STOPPED.index(stop.verdict.status))),
        histogram=tuple(histogram),
        handed_in=dict(handed_in),
    )


def _verdicts(standing: Standing) -> Iterator[tuple[ExerciseColumn, ExerciseReport]]:
    verdicts = {v.exercise: v for v in standing.report.exercises} if standing.report else {}
    for column in standing.column.exercises:
        if column.id in verdicts:
            yield column, verdicts[column.id]


def _mistakes(
    book: ClassBook, counted: dict[tuple[str, str, str], Counter[str]]
) -> Iterator[MistakeCount]:
    columns = {(lesson.id, e.id): (lesson, e) for lesson in book.lessons for e in lesson.exercises}
    for (lesson_id, exercise_id, name), said in counted.items():
        lesson, exercise = columns[lesson_id, exercise_id]
        usual = min(said, key=lambda text: (-said[text], text))
        yield MistakeCount(lesson, exercise, name, usual, said.total())


def _most_frequent_first(mistake: MistakeCount) -> tuple[int, str, str, str]:
    return -mistake.count, mistake.lesson.id, mistake.exercise.id, mistake.name

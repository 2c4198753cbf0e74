"""Grade a class: find what was handed in, grade it, and write everything that follows from it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spotlight.classroom.adjustments import SortedOut, adjusted, read_adjustments, sort_out
from spotlight.classroom.class_reviews import review_class
from spotlight.classroom.engines import Engine, LocalPool, OneProcess
from spotlight.classroom.gradebook import ClassBook, ExerciseColumn, LessonColumn, StudentRow
from spotlight.classroom.grading_task import ClassGrading, Task
from spotlight.classroom.handed_in import find_handed_in
from spotlight.classroom.outputs import write_class_outputs, write_student_outputs
from spotlight.classroom.records import HandedIn, Student
from spotlight.classroom.results import ResultsError, ResultsFolder
from spotlight.classroom.roster import read_roster
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course
from spotlight.course.reading import read_lesson
from spotlight.grading.grader import PUBLIC_SEED
from spotlight.grading.report import LessonReport, now
from spotlight.grading.submission import SubmissionError, read_submission

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class ClassOptions:
    """How a class is to be graded. `scheduler` is the address of a Dask cluster's scheduler;
    `reviews` asks for a local model's opinion on the code, within a time that is set aside."""

    seed: int = PUBLIC_SEED
    jobs: int = 1
    scheduler: str | None = None
    resume: bool = False
    caches: bool = True
    unconfined: bool = False
    roster: Path | None = None
    adjustments: Path | None = None
    reviews: bool = False


@dataclass(frozen=True)
class ClassOutcome:
    """What came of a class: the book that all files were written from, and what graded it."""

    book: ClassBook
    graded: int
    kept: int

    @property
    def failures(self) -> tuple[str, ...]:
        """The notebooks on which the grader itself failed."""
        submissions = [s for row in self.book.rows for s in row.lessons]
        return tuple(s.path for s in submissions if s.grader_failed)

    @property
    def is_complete(self) -> bool:
        """Whether everybody has every point of what was handed in."""
        return all(s.report and s.report.complete for row in self.book.rows for s in row.lessons)


def grade_class(
    course: Course,
    folder: Path,
    out: Path,
    options: ClassOptions,
    on_progress: OnProgress = lambda done, total: None,
    on_review: OnProgress = lambda done, total: None,
) -> ClassOutcome:
    """Grade what is in `folder`, a directory or a zip archive, and write the results to `out`.

    `on_progress` hears how many notebooks are graded, and of how many, `on_review` of reviews.

    Raises:
        HandedInError, RosterError, AdjustmentError, ResultsError, ClusterError: what was given
            cannot be used.
        UnconfinedError: this machine cannot confine strangers' code, and that was not allowed.
        SandboxError, AnswerKeyError: the grader itself failed; what was graded is kept.
    """
    _require_apart(folder, out)
    found = find_handed_in(folder, [n for entry in course.lessons for n in (entry.id, entry.file)])
    handed_in: Sequence[HandedIn] = found.notebooks
    notes = list(found.notes)
    absent: tuple[Student, ...] = ()
    if options.roster is not None:
        roster = read_roster(options.roster)
        matched = roster.match(handed_in)
        handed_in, absent = matched.notebooks, matched.missing
        notes += [*roster.notes, *matched.notes]
    adjustments = read_adjustments(options.adjustments) if options.adjustments else ()
    results = ResultsFolder(out, seed=options.seed, resume=options.resume)
    lessons = {entry.id: read_lesson(course, entry) for entry in course.lessons}
    waiting = [n for n in handed_in if not options.resume or results.find(n) is None]
    if waiting:
        on_graded = _counting(on_progress, len(handed_in) - len(waiting), len(handed_in))
        _grade(_grading(course, lessons, options), waiting, results, options, on_graded)
    if options.reviews:
        seed_is_public = options.seed == PUBLIC_SEED
        notes += review_class(lessons, handed_in, results, seed_is_public, on_review)
    theirs: dict[str, list[HandedIn]] = {}
    for notebook in handed_in:
        theirs.setdefault(notebook.student.key, []).append(notebook)
    students = {key: notebooks[0].student for key, notebooks in theirs.items()}
    students |= {student.key: student for student in absent}
    sorted_out = sort_out(adjustments, students.values(), course)
    rows = [
        _row(student, theirs.get(key, ()), results, sorted_out, lessons)
        for key, student in sorted(students.items())
    ]
    graded_ids = {s.report.lesson for row in rows for s in row.lessons if s.report}
    book = ClassBook(
        title=course.title,
        lessons=tuple(_column(lessons[e.id]) for e in course.lessons if e.id in graded_ids),
        rows=tuple(row for row in rows if row.lessons or row.adjusted),
        confinement=results.confinement,
        seed_is_public=options.seed == PUBLIC_SEED,
        absent=tuple(row.student for row in rows if not row.lessons and not row.adjusted),
        notes=(*notes, *sorted_out.notes),
    )
    _write(book, theirs, results, out)
    return ClassOutcome(book, graded=len(waiting), kept=len(handed_in) - len(waiting))


def _require_apart(folder: Path, out: Path) -> None:
    if out.resolve().is_relative_to(folder.resolve()):
        raise ResultsError(f"{out} lies within {folder}: results would be taken for submissions.")


def _counting(on_progress: OnProgress, done: int, total: int) -> Callable[[], None]:
    count = itertools.count(done + 1)
    on_progress(done, total)
    return lambda: on_progress(next(count), total)


def _grading(course: Course, lessons: dict[str, Lesson], options: ClassOptions) -> ClassGrading:
    return ClassGrading(
        course,
        lessons,
        {entry.id: _version(course.notebook(entry)) for entry in course.lessons},
        options.seed,
        caches=options.caches,
        unconfined=options.unconfined,
    )


def _version(notebook: Path) -> str:
    """The version that students get now; empty where it cannot be told."""
    try:
        return read_submission(notebook).version or ""
    except SubmissionError:
        return ""


def _grade(
    grading: ClassGrading,
    waiting: Sequence[HandedIn],
    results: ResultsFolder,
    options: ClassOptions,
    on_graded: Callable[[], None],
) -> None:
    tasks = (Task(n, one.student.key, one.source) for n, one in enumerate(waiting))
    engine = _engine(grading, options, len(waiting))
    try:
        results.ran_under(engine.features().in_words)
        for task, graded in engine.grade(tasks):
            results.keep(waiting[task.number], graded)
            on_graded()
    finally:
        engine.close()


def _engine(grading: ClassGrading, options: ClassOptions, count: int) -> Engine:
    if options.scheduler is not None:
        from spotlight.classroom.dask_engine import DaskEngine

        return DaskEngine(grading, options.scheduler)
    jobs = min(options.jobs, count)
    return OneProcess(grading) if jobs == 1 else LocalPool(grading, jobs)


def _row(
    student: Student,
    handed_in: Sequence[HandedIn],
    results: ResultsFolder,
    sorted_out: SortedOut,
    lessons: dict[str, Lesson],
) -> StudentRow:
    """A student's row without the cards, which would fill the memory in a large class."""
    graded = [results.read(one).model_copy(update={"cards": {}}) for one in handed_in]
    reports = {g.report.lesson: g.report for g in graded if g.report}
    changes = []
    for lesson in lessons.values():
        rows = sorted_out.of(student.key, lesson.id)
        if rows:
            changes.append(adjusted(reports.get(lesson.id, _nothing_in(lesson)), rows))
    notes = tuple(note for one in handed_in for note in one.notes)
    return StudentRow(student, tuple(graded), notes, tuple(changes))


def _nothing_in(lesson: Lesson) -> LessonReport:
    return LessonReport(
        lesson=lesson.id, title=lesson.title, path="", points=0, possible=lesson.possible
    )


def _column(lesson: Lesson) -> LessonColumn:
    exercises = (ExerciseColumn(e.id, e.title, e.points) for e in lesson.exercises)
    return LessonColumn(lesson.id, lesson.title, lesson.possible, tuple(exercises))


def _write(
    book: ClassBook, theirs: dict[str, list[HandedIn]], results: ResultsFolder, out: Path
) -> None:
    graded_at = now()
    try:
        write_class_outputs(book, out)
        for row in book.rows:
            lessons = tuple(results.read(one) for one in theirs.get(row.student.key, ()))
            write_student_outputs(book, replace(row, lessons=lessons), out, graded_at=graded_at)
    except OSError as error:
        raise ResultsError(
            f"{out} cannot be written ({error.strerror}). Make room and add --resume: what was "
            "graded is kept."
        ) from error

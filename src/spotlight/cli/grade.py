"""`grade`: lessons and files, the table, the report, progress."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from spotlight.cli.context import (
    JsonFile,
    Review,
    Status,
    UsageError,
    a_worker,
    err,
    out,
    progress_bar,
    the_course,
    the_entry,
)
from spotlight.cli.reviewing import review_lessons
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, LessonEntry
from spotlight.course.reading import read_lesson
from spotlight.feedback.tables import print_invitation, print_lessons, print_next
from spotlight.feedback.words import shown
from spotlight.grading.graded_lesson import GradedLesson
from spotlight.grading.grader import LessonGrader
from spotlight.grading.identify import identify
from spotlight.grading.report import LessonReport, Report, SubmissionReport, now
from spotlight.grading.submission import Submission, SubmissionError, read_submission
from spotlight.progress import ProgressError, ProgressStore


def grade(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON|FILE ...", show_default=False)
    ] = None,
    review: Review = False,
    json: JsonFile = None,
) -> Status:
    """Grade some lessons ("03", "03_queries_and_keys") or notebook files; all without names."""
    return grade_named(lessons or [], json, review=review)


def grade_named(names: list[str], json: Path | None, *, review: bool = False) -> Status:
    """Grade what `names` name, or every lesson; returns the exit status.

    With `review`, a local model says what it thinks of the code. That changes no status.
    """
    course = the_course()
    wanted, problems = _collect(course, names)
    console = err if json is not None and str(json) == "-" else out
    lessons = _lessons(course, wanted)
    graded = _grade_all(lessons, wanted)
    reports = [one.report for one in graded]
    trouble = _keep(course, reports)
    if not names and not problems and reports and not any(map(_is_begun, reports)):
        print_invitation(console, course.title, course.lessons, reports)
    else:
        print_lessons(console, reports)
        if review:
            reports = review_lessons(console, lessons, wanted, graded)
        _print_next(console, course, reports)
    for problem in problems:
        err.print(problem, style="red", markup=False, soft_wrap=True)
    if json is not None:
        submission = SubmissionReport(path=", ".join(names) or "lessons", lessons=tuple(reports))
        write_report(json, Report(schema=1, graded_at=now(), submissions=(submission,)))
    if problems or trouble:
        return Status.UNUSABLE
    return Status.PASSED if all(r.complete for r in reports) else Status.NOT_PASSED


_Wanted = list[tuple[LessonEntry, Submission]]


def _collect(course: Course, names: list[str]) -> tuple[_Wanted, list[str]]:
    """The submissions to grade, and a sentence for each name that gives none."""
    wanted: _Wanted = []
    problems: list[str] = []
    for name in names or [entry.file for entry in course.lessons]:
        try:
            wanted.append(_one(course, name))
        except (SubmissionError, UsageError) as problem:
            problems.append(str(problem))
    return wanted, problems


def _one(course: Course, name: str) -> tuple[LessonEntry, Submission]:
    path = Path(name)
    if path.suffix or len(path.parts) != 1 or os.path.lexists(path):
        submission = read_submission(path)
        return identify(course, submission), submission
    entry = the_entry(course, name)
    return entry, read_submission(shown(course.notebook(entry)))


def _lessons(course: Course, wanted: _Wanted) -> dict[str, Lesson]:
    lessons: dict[str, Lesson] = {}
    for entry, _ in wanted:
        lessons.setdefault(entry.id, read_lesson(course, entry))
    return lessons


def _grade_all(lessons: dict[str, Lesson], wanted: _Wanted) -> list[GradedLesson]:
    if not wanted:
        return []
    graded = []
    total = sum(len(lessons[entry.id].exercises) for entry, _ in wanted)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with a_worker() as worker, progress_bar(*columns) as bar:
        task = bar.add_task("grading", total=total)
        for entry, submission in wanted:
            bar.update(task, description=entry.title)
            grader = LessonGrader(lessons[entry.id], worker.observe)
            graded.append(grader.grade(submission, on_verdict=lambda _: bar.advance(task)))
    return graded


def _is_begun(report: LessonReport) -> bool:
    return any(e.status != "blank" for e in report.exercises) or any(
        p.answered for p in report.predictions
    )


def _print_next(console: Console, course: Course, reports: list[LessonReport]) -> None:
    if not reports:
        return
    report = next((r for r in reports if not r.complete), None)
    entry = course.find(report.lesson) if report is not None else None
    print_next(console, reports, report, entry)


def _keep(course: Course, reports: list[LessonReport]) -> bool:
    """Record what was graded in the student's own lessons; returns whether that failed."""
    own = [
        r for r in reports if Path(r.path).resolve().parent == (course.root / "lessons").resolve()
    ]
    if not own:
        return False
    store = ProgressStore(course.root / "progress")
    try:
        store.record(own, now())
    except ProgressError as problem:
        err.print(str(problem), style="red", markup=False, soft_wrap=True)
        return True
    finally:
        for note in store.notes:
            err.print(note, style="yellow", markup=False, soft_wrap=True)
    return False


def write_report(file: Path, report: Report) -> None:
    """Write a report for programs to a file, or to standard output where that is `-`.

    Raises:
        UsageError: it cannot be written.
    """
    text = report.model_dump_json(by_alias=True, indent=2) + "\n"
    if str(file) == "-":
        print(text, end="")
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The report cannot be written to {file} ({error.strerror}).") from error

"""`grade`: lessons and files, the table, the report, progress."""

from __future__ import annotations

from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from spotlight.authoring.lesson import Lesson
from spotlight.authoring.manifest import Course, LessonEntry
from spotlight.authoring.sources import read_solution
from spotlight.cli.context import Status, UsageError, a_worker, err, out, the_course, the_entry
from spotlight.feedback.tables import print_lessons
from spotlight.grading.grader import LessonGrader
from spotlight.grading.identify import identify
from spotlight.grading.report import LessonReport, Report, SubmissionReport, now
from spotlight.grading.submission import Submission, SubmissionError, read_submission
from spotlight.progress import ProgressError, ProgressStore


def grade(names: list[str], json: Path | None) -> Status:
    """Grade what `names` name, or every lesson; returns the exit status."""
    course = the_course()
    wanted, problems = _collect(course, names)
    console = err if json is not None and str(json) == "-" else out
    reports = _grade_all(course, wanted)
    print_lessons(console, reports)
    if reports:
        _say_next(course, reports)
    for problem in problems:
        err.print(problem, style="red", markup=False, soft_wrap=True)
    trouble = _keep(course, reports)
    if json is not None:
        _write_report(json, ", ".join(names) or "lessons", reports)
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
    if path.exists() or path.suffix or len(path.parts) > 1:
        submission = read_submission(path)
        return identify(course, submission), submission
    entry = the_entry(course, name)
    return entry, read_submission(course.notebook(entry))


def _grade_all(course: Course, wanted: _Wanted) -> list[LessonReport]:
    if not wanted:
        return []
    reports = []
    lessons: dict[str, Lesson] = {}
    for entry, _ in wanted:
        lessons.setdefault(entry.id, read_solution(course.solution(entry)))
    total = sum(len(lessons[entry.id].exercises) for entry, _ in wanted)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with a_worker() as worker, Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("grading", total=total)
        for entry, submission in wanted:
            bar.update(task, description=entry.title)
            grader = LessonGrader(lessons[entry.id], worker.observe)
            reports.append(grader.grade(submission, lambda _: bar.advance(task)))
    return reports


def _say_next(course: Course, reports: list[LessonReport]) -> None:
    points, possible = sum(r.points for r in reports), sum(r.possible for r in reports)
    err.print()
    err.print(f"{points:g} of {possible:g} points.", markup=False)
    for report in reports:
        if report.complete:
            continue
        entry = course.find(report.lesson)
        todo = next((e.exercise for e in report.exercises if e.status != "passed"), None)
        if entry is None:
            continue
        if todo is None:
            err.print(f"Next: the predictions of {report.path}.", markup=False)
        else:
            err.print(
                f"Next: {todo} in {report.path}. A hint: verify.py hint {entry.file[:2]} {todo}",
                markup=False,
                soft_wrap=True,
            )
        return
    err.print("All of it is done.", markup=False)


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


def _write_report(file: Path, path: str, reports: list[LessonReport]) -> None:
    submission = SubmissionReport(path=path, lessons=tuple(reports))
    report = Report(schema=1, graded_at=now(), submissions=(submission,))
    text = report.model_dump_json(by_alias=True, indent=2) + "\n"
    if str(file) == "-":
        print(text, end="")
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The report cannot be written to {file} ({error.strerror}).") from error

"""What `class` does once its options are read: grade, and say where the results are."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from spotlight.classroom.adjustments import AdjustmentError
from spotlight.classroom.contents import HandedInError
from spotlight.classroom.engines import ClusterError
from spotlight.classroom.gradebook import NOTHING, ClassBook
from spotlight.classroom.grading_task import UnconfinedError
from spotlight.classroom.outputs import class_report
from spotlight.classroom.results import ResultsError
from spotlight.classroom.roster import RosterError
from spotlight.classroom.run import ClassOptions, grade_class
from spotlight.cli.context import Status, UsageError, err, out, progress_bar, the_course
from spotlight.cli.grade import write_report
from spotlight.cli.reviewing import say_where_code_goes
from spotlight.feedback.words import shown
from spotlight.grading.report import now

_MAX_NOTES = 10
_UNUSABLE = (
    *(AdjustmentError, ClusterError, HandedInError, ResultsError, RosterError),
    UnconfinedError,
)


def grade_the_class(
    folder: Path, destination: Path, options: ClassOptions, json: Path | None
) -> Status:
    """Grade a class, and say where the results are; returns the exit status.

    Where the report goes to standard output, what else there is to say goes to standard error.
    """
    course = the_course()
    console = err if json is not None and str(json) == "-" else out
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    if options.reviews:
        say_where_code_goes()
    try:
        with progress_bar(*columns) as bar:
            task = bar.add_task("grading", total=None)
            outcome = grade_class(
                course,
                folder,
                destination,
                options,
                lambda done, total: bar.update(task, completed=done, total=total),
                lambda done, total: bar.update(
                    task, description="reviewing", completed=done, total=total
                ),
            )
    except _UNUSABLE as problem:
        raise UsageError(str(problem)) from problem
    except KeyboardInterrupt:
        err.print(f"What was graded is kept in {shown(destination)}; add --resume to go on.")
        raise
    _print_summary(console, outcome.book)
    notes = outcome.book.notes
    for note in notes[:_MAX_NOTES]:
        err.print(note, style="yellow", markup=False, soft_wrap=True)
    if len(notes) > _MAX_NOTES:
        err.print(f"{len(notes) - _MAX_NOTES} more remarks are in class.html.", style="yellow")
    kept = f", {outcome.kept} kept from before" if outcome.kept else ""
    console.print(f"{outcome.graded} notebooks graded{kept}.", markup=False)
    for sentence in outcome.book.confinement:
        console.print(sentence, markup=False, soft_wrap=True)
    console.print(f"Results are in {shown(destination)}; begin with class.html.", markup=False)
    if json is not None:
        write_report(json, class_report(outcome.book, now()))
    if outcome.failures:
        names = ", ".join(outcome.failures)
        err.print(f"The grader itself failed on {names}.", style="red", markup=False)
        return Status.GRADER_FAILED
    return Status.PASSED if outcome.is_complete else Status.NOT_PASSED


def _print_summary(console: Console, book: ClassBook) -> None:
    if not book.lessons:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("lesson")
    for heading in ("notebooks", "mean points", "of"):
        table.add_column(heading, justify="right")
    for place, lesson in enumerate(book.lessons):
        standings = [list(book.standings(row))[place] for row in book.rows]
        points = [standing.points for standing in standings if standing.report is not None]
        mean = sum(points) / len(points) if points else 0.0
        table.add_row(lesson.title, str(len(points)), f"{mean:.1f}", f"{lesson.possible:g}")
    console.print(table)
    absent = sum(row.status == NOTHING for row in book.everyone)
    if absent:
        students = "student" if absent == 1 else "students"
        console.print(f"{absent} {students} on the roster handed in nothing.", markup=False)

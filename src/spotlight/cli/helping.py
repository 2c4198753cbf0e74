"""`hint`, `reset` and `progress`: what a student asks for beside a grade."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.markdown import Markdown

from spotlight.authoring.lesson import Exercise, Lesson
from spotlight.authoring.manifest import LessonEntry
from spotlight.authoring.resetting import ResetError, reset_exercise, reset_lesson
from spotlight.authoring.sources import read_solution
from spotlight.cli.context import Status, UsageError, err, out, shown, the_course, the_entry
from spotlight.progress import ProgressStore


def show_hint(lesson: str, exercise: str) -> Status:
    """Print the next hint of an exercise."""
    course = the_course()
    entry = the_entry(course, lesson)
    found = _exercise(read_solution(course.solution(entry)), entry, exercise)
    number = ProgressStore(course.root / "progress").next_hint(entry.id, found.id, len(found.hints))
    out.print(f"Hint {number} of {len(found.hints)} for {found.id}", style="bold")
    out.print(Markdown(found.hints[number - 1]))
    return Status.PASSED


def reset(lesson: str, exercise: str | None, ask: bool) -> Status:
    """Bring a lesson or an exercise back to the blank, keeping a backup."""
    course = the_course()
    entry = the_entry(course, lesson)
    source = read_solution(course.solution(entry))
    path = shown(course.notebook(entry))
    found = _exercise(source, entry, exercise) if exercise is not None else None
    what = f"exercise {found.id}" if found else "every exercise and prediction"
    if ask and not _confirmed(f"Bring {what} of {path.name} back to the blank?"):
        err.print("Nothing was changed.")
        return Status.PASSED
    backups = course.root / "progress" / "backups"
    backup: Path | None
    try:
        if found:
            backup = reset_exercise(source, found, path, backups)
        else:
            backup = reset_lesson(source, path, backups)
    except ResetError as error:
        raise UsageError(str(error)) from error
    kept = f" Your version is in {shown(backup)}." if backup else ""
    said = f"{what.capitalize()} of {path.name}: back to the blank.{kept}"
    out.print(said, markup=False, soft_wrap=True)
    out.print("If it is open in Jupyter: File, Reload Notebook from Disk.")
    return Status.PASSED


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        err.print()
        raise UsageError("Nothing was changed. Without a question: add --yes.") from None


def export_progress(file: Path) -> Status:
    """Write all progress to a file."""
    ProgressStore(the_course().root / "progress").export(file)
    out.print(f"Your progress is in {file}.", markup=False, soft_wrap=True)
    return Status.PASSED


def import_progress(file: Path) -> Status:
    """Merge a file's progress into this machine's."""
    ProgressStore(the_course().root / "progress").import_(file)
    out.print(f"The progress in {file} was added to yours.", markup=False, soft_wrap=True)
    return Status.PASSED


def _exercise(lesson: Lesson, entry: LessonEntry, name: str) -> Exercise:
    exercise = lesson.exercise(name)
    if exercise is None:
        known = ", ".join(e.id for e in lesson.exercises)
        raise UsageError(f"{entry.file} has no exercise called {name!r}. It has: {known}.")
    return exercise

"""`hint`, `reset`, `upgrade` and `progress`: what a student asks for beside a grade."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.markdown import Markdown

from spotlight.cli.context import Status, UsageError, err, out, shown, the_course, the_entry
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import Course, LessonEntry
from spotlight.course.reading import read_lesson
from spotlight.progress import ProgressStore
from spotlight.student_notebooks.resetting import ResetError, reset_exercise, reset_lesson
from spotlight.student_notebooks.upgrading import Upgrade, UpgradeError, upgrade_lesson

_BACKUPS = Path("progress") / "backups"
_RELOAD = "If it is open in Jupyter: File, Reload Notebook from Disk."


def show_hint(lesson: str, exercise: str) -> Status:
    """Print the next hint of an exercise."""
    course = the_course()
    entry = the_entry(course, lesson)
    found = _exercise(read_lesson(course, entry), entry, exercise)
    head, text = next_hint(course, entry, found)
    out.print(head, style="bold")
    out.print(Markdown(text))
    return Status.PASSED


def next_hint(course: Course, entry: LessonEntry, exercise: Exercise) -> tuple[str, str]:
    """The next hint of an exercise: which one it is, and its Markdown.

    Raises:
        ProgressError: how many were shown cannot be kept.
    """
    count = len(exercise.hints)
    number = ProgressStore(course.root / "progress").next_hint(entry.id, exercise.id, count)
    return f"Hint {number} of {count} for {exercise.id}", exercise.hints[number - 1]


def reset(lesson: str, exercise: str | None, ask: bool) -> Status:
    """Bring a lesson or an exercise back to the blank, keeping a backup."""
    course = the_course()
    entry = the_entry(course, lesson)
    source = read_lesson(course, entry)
    found = _exercise(source, entry, exercise) if exercise is not None else None
    question = f"Bring {_what(found)} of {entry.file}.ipynb back to the blank?"
    if ask and not _confirmed(question):
        err.print("Nothing was changed.")
        return Status.PASSED
    for sentence in bring_back(course, entry, source, found):
        out.print(sentence, markup=False, soft_wrap=True)
    return Status.PASSED


def bring_back(
    course: Course, entry: LessonEntry, source: Lesson, exercise: Exercise | None
) -> tuple[str, ...]:
    """Bring an exercise, or the whole lesson, back to the blank; returns what to say of it.

    Raises:
        UsageError: the notebook cannot be changed.
    """
    path = shown(course.notebook(entry))
    backups = course.root / _BACKUPS
    backup: Path | None
    try:
        if exercise is not None:
            backup = reset_exercise(source, exercise, path, backups)
        else:
            backup = reset_lesson(source, path, backups)
    except ResetError as error:
        raise UsageError(str(error)) from error
    kept = f" Your version is in {shown(backup)}." if backup else ""
    return (
        f"{_what(exercise).capitalize()} of {path.name}: back to the blank.{kept}",
        _RELOAD,
    )


def _what(exercise: Exercise | None) -> str:
    return f"exercise {exercise.id}" if exercise is not None else "every exercise and prediction"


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        err.print()
        raise UsageError("Nothing was changed. Without a question: add --yes.") from None


def upgrade() -> Status:
    """Bring every notebook in lessons/ to the course's own version, with the student's work."""
    course = the_course()
    changed, status = False, Status.PASSED
    for entry in course.lessons:
        path = shown(course.notebook(entry))
        try:
            found = upgrade_lesson(read_lesson(course, entry), path, course.root / _BACKUPS)
        except UpgradeError as error:
            err.print(str(error), markup=False, soft_wrap=True)
            status = Status.UNUSABLE
            continue
        changed = changed or found is not None
        out.print(f"{path.name}: {_upgraded(found)}", markup=False, soft_wrap=True)
    if changed:
        out.print(_RELOAD, markup=False, soft_wrap=True)
    return status


def _upgraded(found: Upgrade | None) -> str:
    if found is None:
        return "the newest already."
    if found.backup is None:
        return "a new lesson."
    counts = {
        "answer": found.answers,
        "prediction": found.predictions,
        "added cell": found.cells,
    }
    kept = [f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items() if n]
    most, last = ", ".join(kept[:-1]), kept[-1] if kept else ""
    yours = f", with your {most}{' and ' if most else ''}{last}" if kept else ""
    return f"the new version{yours}. As it was: {shown(found.backup)}."


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

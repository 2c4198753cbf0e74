"""`release`: what students get, and an autograder for Gradescope."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from spotlight.classroom.autograder_zip import write_autograder
from spotlight.classroom.course_release import ReleaseError, release_course
from spotlight.cli.context import (
    LessonNames,
    Status,
    UsageError,
    a_worker,
    out,
    progress_bar,
    the_course,
    the_entry,
    the_masters,
)
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.reading import read_lesson
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.feedback.words import shown
from spotlight.grading.answer_key import cached_key
from spotlight.grading.grader import PUBLIC_SEED

_SEEDS = 2**31


def release(
    destination: Annotated[Path, typer.Argument(metavar="DEST", show_default=False)],
    lessons: LessonNames = None,
    gradescope: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write an autograder of these lessons, a zip for Gradescope."
        ),
    ] = None,
) -> Status:
    """Write what students get to the folder DEST: lessons, keys as data, no solutions."""
    course = the_course()
    the_masters(course, "release")
    entries = [the_entry(course, name) for name in lessons or []] or list(course.lessons)
    count = sum(len(read_lesson(course, entry).exercises) for entry in set(entries))
    columns = (TextColumn("answer keys"), BarColumn(), MofNCompleteColumn())
    with a_worker() as worker, progress_bar(*columns) as bar:
        task = bar.add_task("", total=count)

        def key_of(lesson: Lesson, exercise: Exercise) -> ExerciseKey:
            key = cached_key(lesson, exercise, PUBLIC_SEED, worker.observe)
            bar.advance(task)
            return key

        try:
            release_course(course, entries, destination, key_of)
            if gradescope is not None:
                write_autograder(course, entries, gradescope, secrets.randbelow(_SEEDS))
        except ReleaseError as problem:
            raise UsageError(str(problem)) from problem
    number = len(set(entries))
    what = "1 lesson" if number == 1 else f"{number} lessons"
    _say(f"{what} without solutions: {shown(destination)}. Students begin with its README.md.")
    if gradescope is not None:
        _say(
            f"The autograder, for Gradescope alone: {shown(gradescope)}. It holds the solutions, "
            "and grades with a seed of its own."
        )
    return Status.PASSED


def _say(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)

"""`release`: what students get, and an autograder for Gradescope."""

from __future__ import annotations

import secrets
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from spotlight.classroom.autograder_zip import write_autograder
from spotlight.classroom.release import ReleaseError, release
from spotlight.cli.context import (
    Status,
    UsageError,
    a_worker,
    out,
    progress_bar,
    shown,
    the_course,
    the_entry,
    the_masters,
)
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.reading import read_lesson
from spotlight.grading.answer_key import ExerciseKey, cached_key
from spotlight.grading.grader import PUBLIC_SEED

_SEEDS = 2**31


def release_to(destination: Path, names: list[str], autograder: Path | None) -> Status:
    """Release the named lessons, or all, to `destination`; returns the exit status.

    The autograder of the same lessons goes to the file `autograder`, if one is named.
    """
    course = the_course()
    the_masters(course, "release")
    entries = [the_entry(course, name) for name in names] or list(course.lessons)
    count = sum(len(read_lesson(course, entry).exercises) for entry in set(entries))
    columns = (TextColumn("answer keys"), BarColumn(), MofNCompleteColumn())
    with a_worker() as worker, progress_bar(*columns) as bar:
        task = bar.add_task("", total=count)

        def key_of(lesson: Lesson, exercise: Exercise) -> ExerciseKey:
            key = cached_key(lesson, exercise, PUBLIC_SEED, worker.observe)
            bar.advance(task)
            return key

        try:
            release(course, entries, destination, key_of)
            if autograder is not None:
                write_autograder(course, entries, autograder, secrets.randbelow(_SEEDS))
        except ReleaseError as problem:
            raise UsageError(str(problem)) from problem
    lessons = "1 lesson" if len(set(entries)) == 1 else f"{len(set(entries))} lessons"
    _say(f"{lessons} without solutions: {shown(destination)}. Students begin with its README.md.")
    if autograder is not None:
        _say(
            f"The autograder, for Gradescope alone: {shown(autograder)}. It holds the solutions, "
            "and grades with a seed of its own."
        )
    return Status.PASSED


def _say(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)

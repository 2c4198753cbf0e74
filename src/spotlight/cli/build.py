"""`build`: masters to notebooks, index.html and the record of proofs; `--check` for CI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from spotlight.authoring.built_files import Product, lesson_products, shared_products
from spotlight.authoring.proof_record import ProofRecord
from spotlight.authoring.rules import broken_rules
from spotlight.cli.context import (
    LessonNames,
    Status,
    UsageError,
    a_worker,
    err,
    out,
    progress_bar,
    the_course,
    the_entry,
    the_masters,
)
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, LessonEntry
from spotlight.course.reading import read_master
from spotlight.feedback.words import shown

_Read = dict[LessonEntry, Lesson]


def build(
    lessons: LessonNames = None,
    check: Annotated[
        bool, typer.Option("--check", help="Prove and write nothing; exit 1 if anything is stale.")
    ] = False,
) -> Status:
    """Prove what has changed; build notebooks, index.html and the record of proofs."""
    course = the_course()
    the_masters(course, "build")
    entries = [the_entry(course, name) for name in lessons or []] or course.lessons
    read = {entry: read_master(course.master(entry)) for entry in entries}
    record = ProofRecord(course)
    problems = [p for lesson in read.values() for p in broken_rules(lesson)]
    if not check:
        problems = problems or _prove(course, record, read)
    if problems:
        for problem in problems:
            err.print(problem, style="red", markup=False, soft_wrap=True)
        err.print(f"{len(problems)} to mend; nothing was built.", markup=False)
        return Status.UNUSABLE
    stale = [p for p in _products(course, record, read) if not p.is_current()]
    for product in stale:
        if check:
            err.print(
                f"{shown(product.path)} is stale: run verify.py build.",
                markup=False,
                soft_wrap=True,
            )
            continue
        backup = _write(product, course)
        note = f" (work in it was kept in {shown(backup)})" if backup else ""
        out.print(f"built {shown(product.path)}{note}", markup=False, soft_wrap=True)
    if not stale:
        out.print("Everything is up to date.")
    return Status.NOT_PASSED if check and stale else Status.PASSED


def _write(product: Product, course: Course) -> Path | None:
    try:
        return product.write(course.root / "progress" / "backups")
    except OSError as error:
        raise UsageError(f"{shown(product.path)} was not built ({error.strerror}).") from error


def _products(course: Course, record: ProofRecord, lessons: _Read) -> Iterator[Product]:
    for entry, lesson in lessons.items():
        yield from lesson_products(course, entry, lesson)
    yield from shared_products(course)
    yield record.product(lessons.values())


def _prove(course: Course, record: ProofRecord, lessons: _Read) -> list[str]:
    """Prove all that the record does not hold; what is wrong, in the order of the lessons."""
    claims = [
        (lesson, exercise)
        for lesson in lessons.values()
        for exercise in lesson.exercises
        if not record.holds(lesson, exercise)
    ]
    if not claims:
        return []
    problems: dict[int, list[str]] = {}
    with a_worker() as worker, progress_bar(*Progress.get_default_columns()) as bar:
        task = bar.add_task("proving exercises", total=len(claims))
        try:
            with closing(record.prove(claims, worker)) as proofs:
                for number, found in proofs:
                    problems[number] = found
                    bar.advance(task)
        finally:
            # What is proved is not to be proved again, whatever becomes of the rest.
            sound = sum(not found for found in problems.values())
            if 0 < sound < len(claims):
                _write(record.so_far(), course)
    return [problem for number in sorted(problems) for problem in problems[number]]

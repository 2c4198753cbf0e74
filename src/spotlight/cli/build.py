"""`build`: masters to notebooks, index.html and the record of proofs; `--check` for CI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from spotlight.authoring.built_files import Product, lesson_products, shared_products
from spotlight.authoring.promises import broken_promises
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
    draft: Annotated[
        bool, typer.Option("--draft", help="Build in spite of what is missing, and say it.")
    ] = False,
) -> Status:
    """Prove what has changed; build notebooks, index.html and the record of proofs."""
    course = the_course()
    the_masters(course, "build")
    entries = [the_entry(course, name) for name in lessons or []] or course.lessons
    read = {entry: read_master(course.master(entry)) for entry in entries}
    record = ProofRecord(course)
    if check and draft:
        raise UsageError("--check and --draft do not go together: a draft is stale.")
    problems = [
        problem
        for entry, lesson in read.items()
        for problem in (*broken_rules(lesson), *broken_promises(course, entry, lesson))
    ]
    if not check:
        problems = problems or _prove(course, record, read)
    _tell(problems, draft)
    if problems and not draft:
        return Status.UNUSABLE
    proofs = record.so_far() if problems else record.product(read.values())
    stale = [p for p in (*_notebooks(course, read), proofs) if not p.is_current()]
    for product in stale:
        if check:
            said = f"{shown(product.path)} is stale: run verify.py build."
            err.print(said, markup=False, soft_wrap=True)
        else:
            backup = _write(product, course)
            note = f" (work in it was kept in {shown(backup)})" if backup else ""
            out.print(f"built {shown(product.path)}{note}", markup=False, soft_wrap=True)
    if not stale:
        out.print("Everything is up to date.")
    return Status.NOT_PASSED if problems or (check and stale) else Status.PASSED


def _tell(problems: list[str], draft: bool) -> None:
    for problem in problems:
        err.print(problem, style="yellow" if draft else "red", markup=False, soft_wrap=True)
    if problems:
        outcome = "built as a draft" if draft else "nothing was built"
        err.print(f"{len(problems)} to mend; {outcome}.", markup=False)


def _write(product: Product, course: Course) -> Path | None:
    try:
        return product.write(course.root / "progress" / "backups")
    except OSError as error:
        raise UsageError(f"{shown(product.path)} was not built ({error.strerror}).") from error


def _notebooks(course: Course, lessons: _Read) -> Iterator[Product]:
    for entry, lesson in lessons.items():
        yield from lesson_products(course, entry, lesson)
    yield from shared_products(course)


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

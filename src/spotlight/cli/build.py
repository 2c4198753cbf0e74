"""`build`: masters to notebooks and index.html; `--check` for CI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from spotlight.authoring.built_files import Product, lesson_products, shared_products
from spotlight.authoring.proving import prove_lessons
from spotlight.authoring.rules import broken_rules
from spotlight.cli.context import (
    Status,
    UsageError,
    a_worker,
    err,
    out,
    progress_bar,
    the_course,
    the_masters,
)
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course
from spotlight.course.reading import read_master
from spotlight.feedback.words import shown


def build(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if anything is stale.")
    ] = False,
) -> Status:
    """Build notebooks and index.html from the masters."""
    course = the_course()
    the_masters(course, "build")
    lessons = {entry.file: read_master(course.master(entry)) for entry in course.lessons}
    problems = [p for lesson in lessons.values() for p in broken_rules(lesson)]
    problems = problems or list(_prove(lessons))
    if problems:
        for problem in problems:
            err.print(problem, style="red", markup=False, soft_wrap=True)
        err.print(f"{len(problems)} to mend; nothing was built.", markup=False)
        return Status.UNUSABLE
    stale = [p for p in _products(course, lessons) if not p.is_current()]
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


def _products(course: Course, lessons: dict[str, Lesson]) -> Iterator[Product]:
    for entry in course.lessons:
        yield from lesson_products(course, entry, lessons[entry.file])
    yield from shared_products(course)


def _prove(lessons: dict[str, Lesson]) -> Iterator[str]:
    with a_worker() as worker:
        proofs = list(prove_lessons(lessons.values(), worker.observe))
        with progress_bar(*Progress.get_default_columns()) as bar:
            for proof in bar.track(proofs, description="proving exercises"):
                yield from proof()

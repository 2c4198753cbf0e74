"""`build`: masters to notebooks and index.html; `--check` for CI."""

from __future__ import annotations

from collections.abc import Iterator

from rich.progress import track

from spotlight.authoring.lesson import Lesson
from spotlight.authoring.manifest import Course
from spotlight.authoring.products import Product, lesson_products, shared_products
from spotlight.authoring.rules import broken_rules
from spotlight.authoring.sources import read_master
from spotlight.cli.context import Status, a_worker, err, out, the_course
from spotlight.grading.proving import prove_lessons


def build(check: bool) -> Status:
    """Build what is stale, or with `check` only say it; returns the exit status."""
    course = the_course()
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
            err.print(f"{product.path.relative_to(course.root)} is stale: run verify.py build.")
            continue
        backup = product.write(course.root / "progress" / "backups")
        note = f" (work in it was kept in {backup.relative_to(course.root)})" if backup else ""
        out.print(f"built {product.path.relative_to(course.root)}{note}", markup=False)
    if not stale:
        out.print("Everything is up to date.")
    return Status.NOT_PASSED if check and stale else Status.PASSED


def _products(course: Course, lessons: dict[str, Lesson]) -> Iterator[Product]:
    for entry in course.lessons:
        yield from lesson_products(course, entry, lessons[entry.file])
    yield from shared_products(course)


def _prove(lessons: dict[str, Lesson]) -> Iterator[str]:
    with a_worker() as worker:
        proofs = list(prove_lessons(lessons.values(), worker.observe))
        for proof in track(proofs, "proving exercises", console=err, transient=True):
            yield from proof()

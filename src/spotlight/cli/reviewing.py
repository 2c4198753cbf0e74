"""What `review` and `--review` print: a local model's opinion, printed under the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import SpinnerColumn, TextColumn

from spotlight.cli.context import err, progress_bar
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import LessonEntry
from spotlight.feedback.reviews import asking, print_review
from spotlight.grading.graded_lesson import GradedLesson
from spotlight.grading.report import LessonReport
from spotlight.grading.submission import Submission

if TYPE_CHECKING:
    from spotlight.review.reviewer import OnAsking


def review_lessons(
    console: Console,
    lessons: Mapping[str, Lesson],
    wanted: Sequence[tuple[LessonEntry, Submission]],
    graded: Sequence[GradedLesson],
) -> list[LessonReport]:
    """Print a review of every lesson; returns the reports with the reviews in them.

    A trouble that concerns all of them is said once.
    """
    from spotlight.review.reviewer import Reviewer  # slow to import, and needed here alone

    if any(v.report.status != "blank" for one in graded for v in one.verdicts):
        say_where_code_goes()
    reviewer = Reviewer()
    reviewed = []
    said: set[str] = set()
    for (entry, submission), one in zip(wanted, graded, strict=True):
        lesson, report = lessons[entry.id], one.report
        with _spinner() as on_asking:
            review = reviewer.review(lesson, submission, one.located, report, on_asking=on_asking)
        fresh = tuple(note for note in review.notes if note not in said)
        said.update(fresh)
        print_review(console, review.model_copy(update={"notes": fresh}), report.title)
        reviewed.append(report.with_review(review))
    return reviewed


def say_where_code_goes() -> None:
    """Say so before any code leaves this machine; nothing where it stays."""
    from spotlight.review.settings import announcement

    said = announcement()
    if said:
        err.print(said, style="yellow", markup=False, soft_wrap=True)


@contextmanager
def _spinner() -> Iterator[OnAsking]:
    with progress_bar(SpinnerColumn(), TextColumn("{task.description}", markup=False)) as bar:
        task = bar.add_task("looking for a model")
        yield lambda title, model, count: bar.update(task, description=asking(title, model, count))

"""A local model's opinion on what a class handed in, once all of it is graded.

Grading never waits for it. Reviews are made one after the other, in the time that is set aside for
them, and kept with the results: what is missing is made by a later run with `--resume`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from spotlight.classroom.feedback_text import feedback_text
from spotlight.classroom.records import GradedSubmission, HandedIn
from spotlight.classroom.results import ResultsFolder
from spotlight.course.lesson import Lesson
from spotlight.grading.locate import locate
from spotlight.grading.submission import SubmissionError, parse_submission
from spotlight.review.reviewer import Reviewer

OnProgress = Callable[[int, int], None]


def review_class(
    lessons: Mapping[str, Lesson],
    handed_in: Sequence[HandedIn],
    results: ResultsFolder,
    seed_is_public: bool,
    on_review: OnProgress,
) -> Iterator[str]:
    """Review every graded notebook that has no review yet, and keep that with its result.

    `on_review` hears how many are done, and of how many. Yields what there is to say of the class.

    Raises:
        ResultsError: a result cannot be read or written.
    """
    reviewer = Reviewer.for_a_class()
    for done, notebook in enumerate(handed_in):
        on_review(done, len(handed_in))
        graded = results.read(notebook)
        if graded.report is None or graded.report.review is not None:
            continue
        reviewed = _reviewed(reviewer, lessons, notebook, graded, seed_is_public)
        if reviewer.trouble:
            break
        results.keep(notebook, reviewed)
    if reviewer.trouble:
        missing = sum(_has_no_review(results.read(notebook)) for notebook in handed_in)
        notebooks = "1 notebook has" if missing == 1 else f"{missing} notebooks have"
        yield f"{reviewer.trouble} {notebooks} no review; --review --resume goes on with them."


def _reviewed(
    reviewer: Reviewer,
    lessons: Mapping[str, Lesson],
    notebook: HandedIn,
    graded: GradedSubmission,
    seed_is_public: bool,
) -> GradedSubmission:
    report = graded.report
    assert report is not None
    try:
        submission = parse_submission(notebook.source.read(), notebook.source.label)
    except SubmissionError:  # it was changed since it was graded
        return graded
    # The model's words go to students: it hears of verdicts what they hear.
    said = {
        verdict.exercise: feedback_text(verdict, graded.cards.get(verdict.exercise), seed_is_public)
        for verdict in report.exercises
    }
    lesson = lessons[report.lesson]
    # Results keep what was graded, and not the cells that it was graded from.
    located = locate(lesson, submission)
    review = reviewer.review(lesson, submission, located, report, said=said)
    return graded.model_copy(update={"report": report.with_review(review)})


def _has_no_review(graded: GradedSubmission) -> bool:
    return graded.report is not None and graded.report.review is None

"""The words of a lesson. Each shows a card; none raises for anything that a student can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import Markdown, display

from spotlight.course.lesson import AuthoringError, Exercise, Prediction
from spotlight.feedback.cards import exercise_card, lesson_card, note_card, solution_card
from spotlight.grading.answer_key import AnswerKeyError
from spotlight.grading.graded_lesson import GradedLesson
from spotlight.grading.locate import locate
from spotlight.grading.report import Status, now
from spotlight.notebook.review_card import show_review
from spotlight.notebook.session import LessonNotFoundError, Session
from spotlight.progress import ProgressError
from spotlight.sandbox.worker import SandboxError

_session = Session(get_ipython())
if _session.interactive:
    _ = _session.worker  # warm by the first check

_ATTEMPTS_BEFORE_HINT = 2
_TROUBLES = (LessonNotFoundError, AuthoringError, AnswerKeyError, SandboxError)


def _in_notebook(word: Callable[..., None]) -> Callable[..., None]:
    """Do nothing in a plain script; say the grader's own troubles in a card."""

    @wraps(word)
    def said(*arguments: Any, **options: Any) -> None:
        if not _session.interactive:
            return
        try:
            word(*arguments, **options)
        except _TROUBLES as trouble:
            display(note_card("trouble", "The grader cannot work", str(trouble), tone="warn"))

    return said


@_in_notebook
def start(lesson: str) -> None:
    """Open a lesson by its id; its notebook's first cell does."""
    _session.lesson_id = lesson
    with suppress(*_TROUBLES, OSError):  # whatever needs the course will tell of them
        _session.offer_own_code()


@_in_notebook
def check(exercise: str) -> None:
    """Judge one exercise, named by its id, from its freshest source."""
    found = _find(exercise)
    if found is None:
        return
    submission, unsaved = _session.submission()
    graded = _session.grader.grade(submission, [found])
    (verdict,) = graded.verdicts
    notes = _keep(graded)
    offer = _offer(found, verdict.report.status)
    display(exercise_card(verdict, [*notes, *_unsaved_note(unsaved)], offer))


@_in_notebook
def verify() -> None:
    """Grade the whole lesson, show it, and keep its progress."""
    submission, unsaved = _session.submission()
    graded = _session.grader.grade(submission)
    display(lesson_card(graded.report, [*_keep(graded), *_unsaved_note(unsaved)]))


@_in_notebook
def review(exercise: str | None = None) -> None:
    """Let a local model say what it thinks of an exercise's code, or of the whole lesson's."""
    found = _find(exercise) if exercise is not None else None
    if exercise is not None and found is None:
        return
    submission, unsaved = _session.submission()
    graded = _session.grader.grade(submission, None if found is None else [found])
    remarks = [*_keep(graded), *_unsaved_note(unsaved)]
    if found is not None:
        display(exercise_card(graded.verdicts[0], remarks))
    else:
        display(lesson_card(graded.report, remarks))
    show_review(_session.lesson, submission, graded, found.title if found else graded.title)


@_in_notebook
def hint(exercise: str) -> None:
    """Show the next hint of an exercise."""
    found = _find(exercise)
    if found is None:
        return
    number = _session.next_hint(found)
    display(Markdown(f"**Hint {number} of {len(found.hints)}**\n\n{found.hints[number - 1]}"))


@_in_notebook
def solution(exercise: str) -> None:
    """Show the course's solution beside the student's own, once the exercise has passed."""
    found = _find(exercise)
    if found is None:
        return
    if _session.lesson.is_released:
        text = "This copy of the course holds none: your instructor keeps the solutions."
        display(note_card("solution", "No solution here", text, title=found.title))
        return
    submission, _ = _session.submission()
    located = locate(_session.lesson, submission)
    if not _session.has_passed(found):
        graded = _session.grader.grade(submission, [found], located=located)
        if graded.verdicts[0].report.status != "passed":
            text = f'It opens once the exercise has passed. Until then, `hint("{found.id}")` helps.'
            display(note_card("solution", "Not yet", text, title=found.title))
            return
    display(solution_card(found, located.answer(found)))


@_in_notebook
def predict(
    name: str,
    answer: object,
    *,
    choices: Sequence[object] | None = None,
    between: tuple[float, float] | None = None,
) -> None:
    """Commit to an answer: one of `choices`, or a number `between` two bounds."""
    prediction = Prediction(name, 1, tuple(choices) if choices else None, between, "", "")  # type: ignore[arg-type]
    wanted = (
        "one of " + ", ".join(map(repr, choices))
        if choices
        else f"a number from {between[0]:g} to {between[1]:g}"
        if between
        else "an answer"
    )
    if answer is ...:
        text = f"Replace the dots with {wanted}, and run the cell again."
        display(note_card("prediction", "Your prediction", text))
    elif prediction.accepts(answer):
        _session.predictions[name] = answer
        text = f"You say: {answer}. What follows will show it."
        display(note_card("prediction", "Committed", text, tone="good"))
    else:
        display(note_card("prediction", "Not an answer", f"It takes {wanted}.", tone="warn"))


@_in_notebook
def reveal(name: str, answer: object) -> None:
    """Show what came out beside what was predicted."""
    said = _session.predictions.get(name)
    if said is None:
        text = f"It is: {answer}. You had not committed to an answer yet."
        display(note_card("reveal", "What came out", text))
        return
    verdict = "as you said" if said == answer else f"you said {said}"
    tone = "good" if said == answer else "calm"
    display(note_card("reveal", "What came out", f"It is: {answer}; {verdict}.", tone=tone))


@_in_notebook
def show_waiting(targets: Sequence[str]) -> None:
    """Say what a skipped cell waits for; `%%needs` calls it."""
    names = " and ".join(targets)
    text = f"This cell runs once {names} {'is' if len(targets) == 1 else 'are'} done."
    display(note_card("waiting", "Not done yet", text))


def _find(name: str) -> Exercise | None:
    exercise = _session.lesson.exercise(name)
    if exercise is None:
        known = ", ".join(e.id for e in _session.lesson.exercises)
        text = f"This lesson has no exercise called {name!r}. It has: {known}."
        display(note_card("trouble", "No such exercise", text, tone="warn"))
    return exercise


def _offer(exercise: Exercise, status: Status) -> str:
    """What a card offers: the solution after a pass, a hint after the second failed attempt."""
    if status == "passed" and _session.lesson.is_released:
        return ""
    if status == "passed":
        return f'`solution("{exercise.id}")` shows the course\'s way beside yours, and why.'
    attempts, shown = _session.tries(exercise, status)
    if attempts < _ATTEMPTS_BEFORE_HINT or status == "blank":
        return ""
    number = min(shown + 1, len(exercise.hints))
    return f'Stuck? `hint("{exercise.id}")` shows hint {number} of {len(exercise.hints)}.'


def _keep(graded: GradedLesson) -> list[str]:
    """Record progress; a folder that cannot be written is said, and costs nothing else."""
    if not _session.keeps_progress:
        return []
    store = _session.progress
    try:
        store.record([graded.report], now(), graded.scope)
    except ProgressError as error:
        return [str(error)]
    return list(store.notes)


def _unsaved_note(unsaved: tuple[int, ...]) -> list[str]:
    if not unsaved:
        return []
    cells = "cell " + str(unsaved[0]) if len(unsaved) == 1 else f"{len(unsaved)} cells"
    return [f"Judged as it stands now; {cells} not saved to disk yet: press Ctrl+S."]

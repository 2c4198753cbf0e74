"""Reviews a graded lesson, exercise by exercise. It reads verdicts and returns an opinion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Self

from spotlight.course.lesson import Lesson
from spotlight.feedback.words import sentence
from spotlight.grading.listing import listed
from spotlight.grading.locate import Located
from spotlight.grading.report import ExerciseReview, LessonReport, LessonReview
from spotlight.grading.submission import Submission
from spotlight.printable_text import one_line
from spotlight.review.addressing import addressed_line
from spotlight.review.answer import Answer, read_answer, schema
from spotlight.review.choosing import choose_model
from spotlight.review.errors import AnswerError, ReviewError
from spotlight.review.leaks import fragments_of
from spotlight.review.ollama_server import OllamaServer
from spotlight.review.openai_server import OpenAIServer
from spotlight.review.prompt import Work, asked_again, messages_for
from spotlight.review.review_cache import ReviewCache
from spotlight.review.screening import Screen, screened
from spotlight.review.servers import ChatServer, Deadline, Request, ServedModel
from spotlight.review.settings import Settings, read_settings
from spotlight.review.student_code import addressed_lines, own_code

OnAsking = Callable[[str, str, int], None]
"""Hears the exercise that is asked about, the model, and how many characters have come."""

_NOT_REVIEWED = ("blank", "missing")
_ATTEMPTS = 2


def _nobody(exercise: str, model: str, characters: int) -> None:
    pass


class Reviewer:
    """Reviews lessons with one server and one model; whatever fails is a note, never an error.

    After the first trouble that concerns the server, it is not asked again.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        cache: ReviewCache | None = None,
        end: Deadline | None = None,
    ) -> None:
        """`settings` are read from where they are kept, if none are given; `end` is when all
        reviews together must be done."""
        self._given = settings
        self._cache = cache or ReviewCache()
        self._end = end
        self._trouble = ""

    @classmethod
    def for_a_class(cls) -> Self:
        """A reviewer with the time, from now, that the settings set aside for a class."""
        try:
            settings = read_settings()
        except ReviewError:
            return cls()  # which will say it
        return cls(settings, end=Deadline(60 * settings.class_minutes))

    @property
    def trouble(self) -> str:
        """Why nothing more is reviewed, in a sentence; empty as long as there is no reason."""
        return self._trouble

    def review(
        self,
        lesson: Lesson,
        submission: Submission,
        located: Located,
        report: LessonReport,
        *,
        said: Mapping[str, str] | None = None,
        on_asking: OnAsking = _nobody,
    ) -> LessonReview:
        """A model's opinion on the exercises in `report` that have any code.

        `located` are the submission's cells, as they were sorted to be graded. `said` has the words
        of verdicts, by exercise, where those of the report are not for the student to see.
        """
        try:
            return self._review(lesson, submission, located, report, said, on_asking)
        except Exception as error:  # an opinion is not worth a grading run
            self._trouble = (
                f"The review itself failed ({type(error).__name__}: {one_line(str(error))}), and "
                "the grading did not; please report it."
            )
            return LessonReview(notes=(self._trouble,))

    def _review(
        self,
        lesson: Lesson,
        submission: Submission,
        located: Located,
        report: LessonReport,
        said: Mapping[str, str] | None,
        on_asking: OnAsking,
    ) -> LessonReview:
        works = _works(lesson, located, report, said)
        addressed = [
            line
            for line in addressed_lines(submission, located)
            if not line.exercise or any(line.exercise == v.exercise for v in report.exercises)
        ]
        unasked = {line.exercise for line in addressed}
        unasked |= {w.exercise.id for w in works if addressed_line(w.code)}  # it is in a helper
        secrets = _secrets(lesson, report)
        reviews: list[ExerciseReview] = []
        unusable: dict[str, list[str]] = {}
        asked = False
        for work in works:
            exercise = work.exercise
            if exercise.id in unasked:
                continue
            try:
                self._be_ready()
                asked = True
                answer = self._answer(work, secrets, on_asking)
                reviews.append(answer.about(exercise.id, exercise.title))
            except AnswerError as problem:
                unusable.setdefault(str(problem), []).append(exercise.title)
            except ReviewError as problem:
                self._trouble = self._trouble or str(problem)
                break
        notes = [
            *_on_unasked([e.title for e in lesson.exercises if e.id in unasked]),
            *_on_unusable(unusable),
            *([self._trouble] if self._trouble else []),
        ]
        if not reviews and not notes:
            notes.append(f"{lesson.title}: there is no code to review yet.")
        return LessonReview(
            model=self._model.title if asked else "",
            server=self._settings.server if asked else "",
            remote=asked and self._settings.is_remote,
            exercises=tuple(reviews),
            addressed=tuple(addressed),
            notes=tuple(notes),
        )

    def _be_ready(self) -> None:
        """Make sure that there is a model to ask, and time.

        Raises:
            ReviewError: there is not.
        """
        if self._trouble:
            raise ReviewError(self._trouble)
        _ = self._model
        if self._end is not None and self._end.is_over:
            raise self._out_of_time()

    def _out_of_time(self) -> ReviewError:
        minutes = self._settings.class_minutes
        return ReviewError(f"Reviews ended after the {minutes:g} minutes that are set aside.")

    def _answer(self, work: Work, secrets: frozenset[str], on_asking: OnAsking) -> Answer:
        """The model's answer, screened; it is asked a second time if the first cannot be shown."""
        screen = Screen(work.passed, f"{work.code}\n{work.exercise.stub}\n{work.said}", secrets)
        messages = first = messages_for(work)
        kept = self._cache.find(self._model, first)
        if kept is not None:
            return screened(kept, screen)
        seconds = self._settings.timeout
        deadline = Deadline(min(seconds, self._end.left) if self._end is not None else seconds)
        problem = AnswerError("is empty")
        for attempt in range(_ATTEMPTS):
            text = ""
            try:
                text = self._ask(work, messages, deadline, on_asking, thinks=attempt > 0)
                answer = read_answer(text)
                shown = screened(answer, screen)
            except ReviewError:
                if self._end is not None and self._end.is_over:
                    raise self._out_of_time() from None
                raise
            except AnswerError as error:
                problem = error
                messages = asked_again(first, text, str(error))
            else:
                self._cache.keep(self._model, first, answer)
                return shown
        raise problem

    def _ask(
        self,
        work: Work,
        messages: list[dict[str, str]],
        deadline: Deadline,
        on_asking: OnAsking,
        *,
        thinks: bool,
    ) -> str:
        # Some versions of Ollama keep to a schema only where thinking was left to the model.
        request = Request(self._model.name, messages, schema(), thinks=thinks)
        on_asking(work.exercise.title, self._model.title, 0)
        return self._server.answer(
            request,
            deadline,
            lambda count: on_asking(work.exercise.title, self._model.title, count),
        )

    @cached_property
    def _settings(self) -> Settings:
        return self._given or read_settings()

    @cached_property
    def _server(self) -> ChatServer:
        kind = OpenAIServer if self._settings.speaks_openai else OllamaServer
        return kind(self._settings.server, remote=self._settings.is_remote)

    @cached_property
    def _model(self) -> ServedModel:
        settings = self._settings
        can_pull = not settings.speaks_openai
        served = self._server.models()
        return choose_model(served, settings.models, settings.server, can_pull=can_pull)


def _works(
    lesson: Lesson, located: Located, report: LessonReport, said: Mapping[str, str] | None
) -> list[Work]:
    works = []
    for verdict in report.exercises:
        exercise = lesson.exercise(verdict.exercise)
        if exercise is not None and verdict.status not in _NOT_REVIEWED:
            words = sentence(verdict) if said is None else said.get(exercise.id, "")
            code = own_code(lesson, located, exercise)
            works.append(Work(exercise, code, verdict.status, words))
    return works


def _secrets(lesson: Lesson, report: LessonReport) -> frozenset[str]:
    """What gives away any of the exercises that have not passed."""
    passed = {verdict.exercise for verdict in report.exercises if verdict.status == "passed"}
    unsolved = (e for e in lesson.exercises if e.id not in passed)
    return frozenset[str]().union(*map(fragments_of, unsolved))


def _on_unasked(titles: Sequence[str]) -> Iterator[str]:
    if titles:
        yield (
            f"{listed(titles)}: no model was asked, since the code tells a reviewer what to say. "
            "That changes no points."
        )


def _on_unusable(unusable: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for problem, titles in unusable.items():
        yield f"{listed(titles)}: no review, since the model's answer {problem}."

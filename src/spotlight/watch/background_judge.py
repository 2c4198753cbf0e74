"""Judge saves in the background: the newest first, the edited exercise first, nothing twice.

A program that was observed once is not run again while its code stays as it is. So a whole lesson
can be graded after every save, by the one way that all grading takes, at the cost of what changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from spotlight.course.lesson import Exercise, Lesson
from spotlight.grading.answer_key import AnswerKeyError
from spotlight.grading.graded_lesson import GradedLesson
from spotlight.grading.grader import LessonGrader
from spotlight.grading.locate import Located
from spotlight.grading.observing import Observe
from spotlight.grading.submission import Submission
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.job import Job, Observation

_LEAVE_SECONDS = 0.5
# Trouble that may lie in the machine rather than in the code is looked for anew.
_NOT_KEPT = ("wall", "crashed")


@dataclass(frozen=True)
class Judged:
    """One exercise of a save was judged."""

    submission: Submission
    verdict: Verdict


@dataclass(frozen=True)
class Graded:
    """The whole lesson was graded."""

    submission: Submission
    lesson: GradedLesson


@dataclass(frozen=True)
class Failed:
    """Grading itself cannot go on."""

    error: BaseException


class BackgroundJudge:
    """A thread that grades what it is handed and tells of each verdict as it comes."""

    def __init__(
        self,
        lesson: Lesson,
        observe: Observe,
        tell: Callable[[Judged | Graded | Failed], None],
    ) -> None:
        """`observe` runs a job in a worker; `tell` is called in the thread."""
        self._grader = LessonGrader(lesson, self._observe_once)
        self._observe = observe
        self._tell = tell
        self._kept: dict[Job, Observation] = {}
        self._used: dict[Job, Observation] = {}
        self._change = threading.Condition()
        self._asked: tuple[Submission, Located, tuple[Exercise, ...]] | None = None
        self._keys_to_get: list[Exercise] = []
        self._ended = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def judge(
        self, submission: Submission, located: Located, first: Iterable[Exercise] = ()
    ) -> None:
        """Grade `submission`, whose sorted cells are `located`, those in `first` before all others.

        It takes the place of an older one, which is left where it stands.
        """
        with self._change:
            self._asked = submission, located, tuple(first)
            self._change.notify()

    def prepare(self, exercises: Iterable[Exercise]) -> None:
        """Have the answer keys of these exercises at hand, in their order, once there is time."""
        with self._change:
            self._keys_to_get = list(exercises)
            self._change.notify()

    def end(self) -> bool:
        """Take no more work; returns whether the thread has ended, or is in the midst of a job."""
        with self._change:
            self._ended = True
            self._change.notify()
        self._thread.join(_LEAVE_SECONDS)
        return not self._thread.is_alive()

    def _serve(self) -> None:
        try:
            while (task := self._next_task()) is not None:
                with suppress(_Overtaken):
                    task()
        except BaseException as error:
            self._tell(Failed(error))

    def _next_task(self) -> Callable[[], object] | None:
        with self._change:
            self._change.wait_for(lambda: self._ended or self._asked or self._keys_to_get)
            if self._ended:
                return None
            if self._asked is not None:
                task = partial(self._grade, *self._asked)
                self._asked = None
                return task
            return partial(self._get_key, self._keys_to_get.pop(0))

    def _grade(self, submission: Submission, located: Located, first: tuple[Exercise, ...]) -> None:
        def tell(verdict: Verdict) -> None:
            self._tell(Judged(submission, verdict))

        self._grader.grade(submission, first, located=located, on_verdict=tell)
        lesson = self._grader.grade(submission, located=located)
        self._kept, self._used = self._used, {}
        self._tell(Graded(submission, lesson))

    def _get_key(self, exercise: Exercise) -> None:
        # A key that cannot be had is told of when there is something to judge by it.
        with suppress(AnswerKeyError):
            self._grader.key(exercise)

    def _observe_once(self, job: Job) -> Observation:
        if self._asked is not None or self._ended:
            self._kept |= self._used
            raise _Overtaken
        seen = self._used.get(job) or self._kept.get(job) or self._observe(job)
        if seen.ended not in _NOT_KEPT:
            self._used[job] = seen
        return seen


class _Overtaken(Exception):
    """What is being judged has been saved anew, or nobody waits for it any more."""

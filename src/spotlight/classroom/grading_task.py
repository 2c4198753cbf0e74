"""The grading of one notebook, as a task for any process of any machine.

A task is data, and so is what comes of it. Each process keeps a `SubmissionGrader` with a worker of
its own; submissions run in that worker alone.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from spotlight.classroom.attempts import attempts_in
from spotlight.classroom.cache import GradedCache
from spotlight.classroom.older_versions import changes_since
from spotlight.classroom.records import Attempt, GradedSubmission, Source
from spotlight.course.lesson import Lesson, without_docstrings
from spotlight.course.manifest import Course
from spotlight.feedback.cards import ExerciseCard, exercise_card
from spotlight.grading.answer_key import AnswerKeyError
from spotlight.grading.grader import PUBLIC_SEED, LessonGrader
from spotlight.grading.identify import identify
from spotlight.grading.locate import Located
from spotlight.grading.notes import Note
from spotlight.grading.submission import Submission, SubmissionError, parse_submission
from spotlight.grading.verdict import Verdict
from spotlight.python_source.syntax import parsed
from spotlight.sandbox.confinement.features import Features
from spotlight.sandbox.worker import SandboxError, Worker

_CARD_WITHHELD = (
    "It passes with the inputs that you can see, and not with others: it must do for any."
)


@dataclass(frozen=True)
class ClassGrading:
    """What a whole class is graded by. `versions` are those of the lessons' current notebooks.

    Without `caches`, nothing that was graded before is used. `unconfined` allows the code of
    strangers to run where the system cannot confine it.
    """

    course: Course
    lessons: dict[str, Lesson]
    versions: dict[str, str]
    seed: int = PUBLIC_SEED
    caches: bool = True
    unconfined: bool = False


@dataclass(frozen=True)
class Task:
    """One notebook to grade. `data` are its bytes where the process may not reach its `source`."""

    number: int
    student: str
    source: Source
    data: bytes | None = field(default=None, repr=False)


class UnconfinedError(Exception):
    """This machine cannot confine the code of strangers; the message says what is missing."""


class SubmissionGrader:
    """Grades notebooks of a class one after the other, in one worker. For one thread."""

    def __init__(self, grading: ClassGrading) -> None:
        self._grading = grading
        self._worker = Worker()
        self._graders: dict[tuple[str, int], LessonGrader] = {}
        # What ran unconfined may have touched anything.
        caches = grading.caches and not grading.unconfined
        self._cache = GradedCache(grading.seed) if caches else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    @property
    def features(self) -> Features:
        """What confines the code of submissions here.

        Raises:
            SandboxError: the worker cannot be started.
            UnconfinedError: too little does, and that was not allowed.
        """
        features = self._worker.features
        if not features.is_confined and not self._grading.unconfined:
            raise UnconfinedError(
                "This machine cannot confine the code of strangers: it takes Linux with Landlock "
                "(5.13 or later, switched on) and seccomp. Grade on another machine, or allow it "
                "with --unsafe in one that you can throw away."
            )
        return features

    def grade(self, task: Task) -> GradedSubmission:
        """Grade one notebook; one that cannot be read is `refused` in a sentence.

        Raises:
            SandboxError, UnconfinedError, AnswerKeyError: as grading does.
        """
        label = task.source.label
        try:
            data = task.source.read() if task.data is None else task.data
            submission = parse_submission(data, label)
            entry = identify(self._grading.course, submission, self._grading.lessons)
        except SubmissionError as refused:
            return GradedSubmission(student=task.student, path=label, refused=str(refused))
        lesson = self._grading.lessons[entry.id]
        version = self._grading.versions.get(entry.id, "")
        if self._cache is None:
            return self._grade_safely(task, lesson, version, submission)
        name = self._cache.name(lesson, version, submission)
        known = self._cache.find(name)
        if known is not None:
            report = known.report and known.report.model_copy(update={"path": label})
            return known.model_copy(
                update={"student": task.student, "path": label, "report": report}
            )
        graded = self._grade_safely(task, lesson, version, submission)
        self._cache.keep(name, graded)
        return graded

    def _grade_safely(
        self, task: Task, lesson: Lesson, version: str, submission: Submission
    ) -> GradedSubmission:
        """Whatever a notebook may trip the grader by, the class goes on."""
        try:
            return self._grade(task, lesson, version, submission)
        except (SandboxError, UnconfinedError, AnswerKeyError):
            raise
        except Exception as error:
            return GradedSubmission(
                student=task.student,
                path=submission.path,
                grader_failed=True,
                refused=(
                    f"The grader itself failed on this notebook ({type(error).__name__}: {error}); "
                    "grade it by hand, and please report it."
                ),
            )

    def _grade(
        self, task: Task, lesson: Lesson, version: str, submission: Submission
    ) -> GradedSubmission:
        _ = self.features
        graded = self._grader(lesson, self._grading.seed).grade(submission)
        older = changes_since(lesson, version, submission)
        if older:
            # What differs in given cells is then not the student's doing.
            note = Note("older-version", older)
            graded = graded.with_note(note, in_place_of="given-changed")
        attempts: list[Attempt] = []
        fingerprints = {}
        for name, found in graded.located.exercises.items():
            if not found.blank:
                attempts += attempts_in(name, found.cell, found.source)
                fingerprints[name] = _fingerprint(found.source)
        for cell in graded.located.added:
            attempts += attempts_in("", cell.number, cell.source)
        return GradedSubmission(
            student=task.student,
            path=submission.path,
            report=graded.report,
            cards={
                verdict.report.exercise: self._card(lesson, submission, graded.located, verdict)
                for verdict in graded.verdicts
            },
            fingerprints=fingerprints,
            attempts=tuple(attempts),
        )

    def _card(
        self, lesson: Lesson, submission: Submission, located: Located, verdict: Verdict
    ) -> ExerciseCard:
        """What the student may see: evidence from inputs that are no secret."""
        if self._grading.seed != PUBLIC_SEED and verdict.ground != "status":
            verdict = self._in_public(lesson, submission, located, verdict)
        return exercise_card(verdict)

    def _in_public(
        self, lesson: Lesson, submission: Submission, located: Located, secret: Verdict
    ) -> Verdict:
        exercise = lesson.exercise(secret.report.exercise)
        assert exercise is not None
        grader = self._grader(lesson, PUBLIC_SEED)
        (public,) = grader.grade(submission, [exercise], located=located).verdicts
        if public.report.status != "passed" or secret.report.status == "passed":
            return public
        report = public.report.model_copy(
            update={
                "status": secret.report.status,
                "points": secret.report.points,
                "message": _CARD_WITHHELD,
            }
        )
        return Verdict(report)

    def _grader(self, lesson: Lesson, seed: int) -> LessonGrader:
        place = (lesson.id, seed)
        if place not in self._graders:
            self._graders[place] = LessonGrader(lesson, self._worker.observe, seed=seed)
        return self._graders[place]


def _fingerprint(source: str) -> str:
    """A hash of the code without its comments, docstrings and layout."""
    tree = parsed(without_docstrings(source))
    text = ast.unparse(tree) if tree is not None else source
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

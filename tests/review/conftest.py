"""A stand-in server, a graded lesson that is partly wrong, and reviewers that keep nothing."""

from __future__ import annotations

import copy
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from edited_notebooks import put, solved, submitted
from review.stand_in import StandIn, serving
from small_course import notebook_of, solution_of, write_course
from spotlight.course.lesson import Lesson
from spotlight.grading.grader import LessonGrader
from spotlight.grading.locate import Located, locate
from spotlight.grading.report import LessonReport, LessonReview
from spotlight.grading.submission import Submission
from spotlight.review.review_cache import ReviewCache
from spotlight.review.reviewer import Reviewer
from spotlight.review.settings import Settings
from spotlight.sandbox.worker import Worker

SUBTRACTS = "def shifted(x, by):\n    return x - by"


@dataclass(frozen=True)
class Graded:
    """A submission of the small course's first lesson, and what grading says of it."""

    lesson: Lesson
    submission: Submission
    report: LessonReport

    @property
    def arguments(self) -> tuple[Lesson, Submission, Located, LessonReport]:
        """What a reviewer is handed."""
        located = locate(self.lesson, self.submission)
        return self.lesson, self.submission, located, self.report

    def alone(self, exercise: str) -> Graded:
        """The same with one exercise's verdict alone, as a notebook's `review(...)` has it."""
        verdicts = tuple(e for e in self.report.exercises if e.exercise == exercise)
        return replace(self, report=self.report.model_copy(update={"exercises": verdicts}))


Grade = Callable[..., Graded]
Review = Callable[..., LessonReview]


@pytest.fixture(scope="session", autouse=True)
def _certificates_are_read_once() -> Iterator[None]:
    """Each client reads all of them for itself, which takes longer than all else that it does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def _nobody_elses_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("OLLAMA_HOST", raising=False)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serving(StandIn()) as server:
        yield server


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    return solution_of(write_course(tmp_path_factory.mktemp("review")), "small_steps")


@pytest.fixture(scope="session")
def grade(worker: Worker, key_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Grade:
    """Grade a notebook of the lesson: all right but for the answers that are given."""
    course = write_course(tmp_path_factory.mktemp("graded"))
    lesson = solution_of(course, "small_steps")
    done = solved(notebook_of(course, "small_steps"), lesson)
    grader = LessonGrader(lesson, worker.observe, key_cache=key_cache)

    known: dict[str, Graded] = {}

    def one(**answers: str) -> Graded:
        if repr(answers) not in known:
            known[repr(answers)] = anew(**answers)
        return known[repr(answers)]

    def anew(**answers: str) -> Graded:
        notebook = copy.deepcopy(done)
        for name, source in answers.items():
            exercise = lesson.exercise(name)
            assert exercise is not None
            put(notebook, exercise, source)
        submission = submitted(notebook)
        return Graded(lesson, submission, grader.grade(submission).report)

    return one


@pytest.fixture(scope="session")
def partly_wrong(grade: Grade) -> Graded:
    """Everything right, but that `shifted` subtracts."""
    return grade(shifted=SUBTRACTS)


@pytest.fixture
def review(stand_in: StandIn, tmp_path: Path) -> Review:
    """Review what was graded by the stand-in, with a cache of this test's own."""

    def one(graded: Graded, *, path: str = "", **settings: object) -> LessonReview:
        known = {"server": stand_in.address + path, "timeout": 20.0, **settings}
        reviewer = Reviewer(Settings(**known), cache=ReviewCache(tmp_path / "reviews"))  # type: ignore[arg-type]
        return reviewer.review(*graded.arguments)

    return one

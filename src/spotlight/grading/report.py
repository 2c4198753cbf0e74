"""The report: what grading says, as data (schema 1).

One shape serves `--json`, the progress file, the tables and the cards.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

import spotlight

Status = Literal[
    "passed",
    "failed",
    "error",
    "blank",
    "missing",
    "forbidden",
    "timeout",
    "memory",
    "crashed",
]


def _spelled_out(path: object) -> object:
    """A file name as text: one that is no UTF-8 has bytes that JSON cannot hold."""
    if not isinstance(path, str):
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


FilePath = Annotated[str, BeforeValidator(_spelled_out)]
"""A file's name, which JSON can hold whatever its bytes are."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(_Record):
    """The smallest failing probe, in numbers."""

    probe: str
    expected_shape: tuple[int, ...] | None = None
    shape: tuple[int, ...] | None = None
    max_abs_diff: float | None = None


class PassedCode(_Record):
    """The student's own code of an exercise that passed, to be kept for later lessons.

    `place` is where in the lesson the exercise stands. `helpers` are cells of the student's that
    `cell` relies on, `given` the imports and definitions of the course's that both do.
    """

    place: int
    targets: tuple[str, ...]
    cell: str
    helpers: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


class ExerciseReport(_Record):
    """The verdict on one exercise; `explanation` adds to an exception what it means.

    `code` is for progress alone: a report that is written out does not hold it.
    """

    exercise: str
    title: str
    points: float
    possible: float
    status: Status
    diagnosis: str | None = None
    message: str = ""
    explanation: str = ""
    remarks: tuple[str, ...] = ()
    follow_through: bool = False
    evidence: Evidence | None = None
    cpu_seconds: float = 0.0
    code: PassedCode | None = Field(default=None, exclude=True)


class PredictionReport(_Record):
    """Whether a prediction was committed; a valid choice earns the point, right or wrong."""

    prediction: str
    answered: bool
    points: float
    possible: float


class ExerciseReview(_Record):
    """A model's opinion on one exercise; it decides nothing."""

    exercise: str
    title: str
    summary: str
    right: str
    improvement: str
    question: str


class AddressedLine(_Record):
    """A line of a submission that tells a reviewer what to say; `exercise` may be empty."""

    exercise: str
    cell: int
    line: int
    text: str


class LessonReview(_Record):
    """What a model says of a lesson; it decides nothing.

    `server` is the address that the code was sent to, empty where none was; `remote` says that this
    is another machine. `notes` say in sentences what was not reviewed and why.
    """

    model: str = ""
    server: str = ""
    remote: bool = False
    exercises: tuple[ExerciseReview, ...] = ()
    addressed: tuple[AddressedLine, ...] = ()
    notes: tuple[str, ...] = ()


class LessonReport(_Record):
    """All that was graded of one lesson; `review` is there only where one was asked for."""

    lesson: str
    title: str
    path: FilePath
    points: float
    possible: float
    notes: tuple[str, ...] = ()
    predictions: tuple[PredictionReport, ...] = ()
    exercises: tuple[ExerciseReport, ...] = ()
    review: LessonReview | None = None

    def with_review(self, review: LessonReview) -> LessonReport:
        """The same report, marks and all, with a model's opinion beside it."""
        return self.model_copy(update={"review": review})

    @model_serializer(mode="wrap")
    def _without_empty_review(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = serialize(self)
        if self.review is None:
            written.pop("review", None)
        return written

    @property
    def complete(self) -> bool:
        """Whether every point of the lesson was earned."""
        return self.points >= self.possible


class SubmissionReport(_Record):
    """One student's lessons."""

    student: str | None = None
    path: FilePath
    lessons: tuple[LessonReport, ...]


class Report(_Record):
    """The whole of one grading run."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    suite: Literal["spotlight"] = "spotlight"
    version: str = spotlight.__version__
    graded_at: str
    submissions: tuple[SubmissionReport, ...]


def now() -> str:
    """The current time as the report writes it: UTC, whole seconds, ISO 8601 with a Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""The report: what grading says, as data (schema 1).

One shape serves `--json`, the progress file, the tables and the cards.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

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


class ExerciseReport(_Record):
    """The verdict on one exercise; `explanation` adds to an exception what it means."""

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


class PredictionReport(_Record):
    """Whether a prediction was committed; a valid choice earns the point, right or wrong."""

    prediction: str
    answered: bool
    points: float
    possible: float


class LessonReport(_Record):
    """All that was graded of one lesson."""

    lesson: str
    title: str
    path: FilePath
    points: float
    possible: float
    notes: tuple[str, ...] = ()
    predictions: tuple[PredictionReport, ...] = ()
    exercises: tuple[ExerciseReport, ...] = ()

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

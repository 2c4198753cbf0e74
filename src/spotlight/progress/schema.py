"""The shape of `lesson_progress.json`, schema 1.

Times are UTC in whole seconds, `2026-01-31T12:00:00Z`, so that their order as text is their order
in time.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    computed_field,
    model_serializer,
)

from spotlight.grading.report import Status

SCHEMA = 1
"""The schema number that this version writes."""

Time = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", max_length=20)
]
Points = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Record(BaseModel):
    # A key that is not known here is passed over, so that a file stays readable when a later
    # version adds one.
    model_config = ConfigDict(extra="ignore", frozen=True)


class CollectedCode(_Record):
    """The student's own code of an exercise, as it passed at `at`; see `report.PassedCode`."""

    at: Time
    place: int
    targets: tuple[str, ...]
    cell: str
    helpers: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


class ExerciseProgress(_Record):
    """What is known of one exercise.

    `status` and `points` are each the best so far. `possible` follows the newest report and is 0
    once a report on the whole lesson no longer names the exercise. `attempts` counts gradings
    that found something to judge, neither blank nor missing; `first_at` and `last_at` are the
    first and the last of these, null before the first. The other `last_*` fields are of the last
    attempt, or of the last grading while there is no attempt. `code` is of the last pass.
    """

    title: str
    status: Status
    points: Points
    possible: Points
    attempts: Annotated[int, Field(ge=0)] = 0
    first_at: Time | None = None
    last_at: Time | None = None
    last_status: Status
    last_diagnosis: str | None = None
    last_message: str = ""
    code: CollectedCode | None = None

    @model_serializer(mode="wrap")
    def _without_empty_code(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = serialize(self)
        if self.code is None:
            written.pop("code", None)
        return written


class PredictionProgress(_Record):
    """Whether a prediction was ever answered, and when first."""

    answered: bool
    points: Points
    possible: Points
    first_at: Time | None = None


class LessonProgress(_Record):
    """What is known of one lesson, by the ids of its exercises and predictions."""

    title: str
    possible: Points
    exercises: dict[str, ExerciseProgress] = {}
    predictions: dict[str, PredictionProgress] = {}

    # mypy does not know a decorator above @property; pydantic asks for this order.
    @computed_field  # type: ignore[prop-decorator]
    @property
    def points(self) -> float:
        """The best points of the exercises and predictions together, `possible` at most.

        An exercise counts with no more than it is worth now, whatever it was worth once.
        """
        entries: list[ExerciseProgress | PredictionProgress] = [
            *self.exercises.values(),
            *self.predictions.values(),
        ]
        return min(sum(min(each.points, each.possible) for each in entries), self.possible)


class Progress(_Record):
    """All that is known, by lesson id; without arguments, the progress before the first grading.

    `hints_shown` counts, by "lesson/exercise", how many hints were asked for.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    updated_at: Time | None = None
    lessons: dict[str, LessonProgress] = {}
    hints_shown: dict[str, Annotated[int, Field(ge=0)]] = {}

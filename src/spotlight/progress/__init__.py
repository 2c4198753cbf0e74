"""What you have done so far: kept between runs, never lowered, never half written."""

from spotlight.progress.history import merge, remember
from spotlight.progress.schema import (
    ExerciseProgress,
    LessonProgress,
    PredictionProgress,
    Progress,
)
from spotlight.progress.store import ProgressError, ProgressStore

__all__ = [
    "ExerciseProgress",
    "LessonProgress",
    "PredictionProgress",
    "Progress",
    "ProgressError",
    "ProgressStore",
    "merge",
    "remember",
]

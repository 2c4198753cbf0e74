"""Verdicts to show."""

from __future__ import annotations

from typing import Any

import numpy as np

from spotlight.grading.report import ExerciseReport, LessonReport, PredictionReport, Status
from spotlight.grading.verdict import Comparison, Verdict


def exercise(name: str = "scaled_scores", status: Status = "failed", **more: Any) -> ExerciseReport:
    details = {"title": "Scale the scores", "possible": 1, "points": int(status == "passed")}
    return ExerciseReport(exercise=name, status=status, **{**details, **more})


def comparing(expected: Any, observed: Any, **more: Any) -> Verdict:
    """A failed verdict on two arrays."""
    comparison = Comparison("probe", "Three queries", np.asarray(expected), np.asarray(observed))
    return Verdict(exercise(**more), comparison)


def lesson(
    *exercises: ExerciseReport, predictions: tuple[PredictionReport, ...] = (), **more: Any
) -> LessonReport:
    parts = (*exercises, *predictions)
    details: dict[str, Any] = {
        "lesson": "queries_and_keys",
        "title": "Queries and keys",
        "path": "lessons/03_queries_and_keys.ipynb",
        "points": sum(part.points for part in parts),
        "possible": sum(part.possible for part in parts),
    }
    return LessonReport(**{**details, **more}, exercises=exercises, predictions=predictions)


def prediction(name: str, answered: bool) -> PredictionReport:
    return PredictionReport(prediction=name, answered=answered, points=int(answered), possible=1)

"""How a grading is added to what is known, and how two histories become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from spotlight.progress.schema import (
    CollectedCode,
    ExerciseProgress,
    LessonProgress,
    PredictionProgress,
    Progress,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spotlight.grading.graded_lesson import Scope
    from spotlight.grading.report import (
        ExerciseReport,
        LessonReport,
        PredictionReport,
        Status,
    )

_Entry = TypeVar("_Entry")

# From worst to best: the further a grading got, the better.
_STATUSES: tuple[Status, ...] = (
    "missing",
    "blank",
    "forbidden",
    "crashed",
    "memory",
    "timeout",
    "error",
    "failed",
    "passed",
)
_RANK = {status: rank for rank, status in enumerate(_STATUSES)}


def remember(
    progress: Progress, lessons: Iterable[LessonReport], at: str, scope: Scope = "lesson"
) -> Progress:
    """`progress` with one more grading in it, done at `at` (UTC, `2026-01-31T12:00:00Z`).

    Of reports on whole lessons, what they do not name has left the course, keeps its history and is
    worth nothing from now on. Reports on some exercises leave the rest as it is.
    """
    known = dict(progress.lessons)
    for report in lessons:
        known[report.lesson] = _lesson_after(known.get(report.lesson), report, at, scope)
    return progress.model_copy(
        update={"updated_at": _latest(progress.updated_at, at), "lessons": known}
    )


def merge(ours: Progress, theirs: Progress) -> Progress:
    """Both histories in one: the best of each, the first time and the last.

    The order of merging does not matter, nor does merging the same history twice.
    """
    return Progress(
        updated_at=_latest(ours.updated_at, theirs.updated_at),
        lessons=_united(ours.lessons, theirs.lessons, _merged_lesson),
        hints_shown=_united(ours.hints_shown, theirs.hints_shown, max),
    )


def _lesson_after(
    known: LessonProgress | None, report: LessonReport, at: str, scope: Scope
) -> LessonProgress:
    exercises = dict(known.exercises) if known else {}
    predictions = dict(known.predictions) if known else {}
    if scope == "lesson":
        exercises = {
            name: each.model_copy(update={"possible": 0.0}) for name, each in exercises.items()
        }
        predictions = {
            name: each.model_copy(update={"possible": 0.0}) for name, each in predictions.items()
        }
    for exercise in report.exercises:
        name = exercise.exercise
        exercises[name] = _exercise_after(exercises.get(name), exercise, at)
    for prediction in report.predictions:
        name = prediction.prediction
        predictions[name] = _prediction_after(predictions.get(name), prediction, at)
    return LessonProgress(
        title=report.title,
        possible=report.possible,
        exercises=exercises,
        predictions=predictions,
    )


def _exercise_after(
    known: ExerciseProgress | None, report: ExerciseReport, at: str
) -> ExerciseProgress:
    attempted = report.status not in ("blank", "missing")
    now = ExerciseProgress(
        title=report.title,
        status=report.status,
        points=report.points,
        possible=report.possible,
        attempts=int(attempted),
        first_at=at if attempted else None,
        last_at=at if attempted else None,
        last_status=report.status,
        last_diagnosis=report.diagnosis,
        last_message=report.message,
        code=CollectedCode(at=at, **report.code.model_dump()) if report.code else None,
    )
    if known is None:
        return now
    # The grading at hand is the last one whatever the clocks say; a blank after an attempt (a
    # reset, say) leaves the memory of that attempt.
    last = now if attempted or not known.attempts else known
    return last.model_copy(
        update={
            "title": now.title,
            "status": _better(known.status, now.status),
            "points": max(known.points, now.points),
            "possible": now.possible,
            "attempts": known.attempts + now.attempts,
            "first_at": _earliest(known.first_at, now.first_at),
            "last_at": _latest(known.last_at, now.last_at),
            "code": now.code or known.code,
        }
    )


def _prediction_after(
    known: PredictionProgress | None, report: PredictionReport, at: str
) -> PredictionProgress:
    now = PredictionProgress(
        answered=report.answered,
        points=report.points,
        possible=report.possible,
        first_at=at if report.answered else None,
    )
    if known is None:
        return now
    return _merged_prediction(known, now).model_copy(update={"possible": now.possible})


def _merged_lesson(ours: LessonProgress, theirs: LessonProgress) -> LessonProgress:
    newer = max(ours, theirs, key=lambda lesson: (_last_activity(lesson), lesson.title))
    return LessonProgress(
        title=newer.title,
        possible=max(ours.possible, theirs.possible),
        exercises=_united(ours.exercises, theirs.exercises, _merged_exercise),
        predictions=_united(ours.predictions, theirs.predictions, _merged_prediction),
    )


def _last_activity(lesson: LessonProgress) -> str:
    return max((each.last_at or "" for each in lesson.exercises.values()), default="")


def _merged_exercise(ours: ExerciseProgress, theirs: ExerciseProgress) -> ExerciseProgress:
    # Everything that is taken from the newer one stands in the key, so that two attempts in one
    # second give the same answer whichever comes first.
    newer = max(
        ours,
        theirs,
        key=lambda each: (
            each.last_at or "",
            _RANK[each.last_status],
            each.last_diagnosis or "",
            each.last_message,
            each.possible,
            each.title,
        ),
    )
    return newer.model_copy(
        update={
            "status": _better(ours.status, theirs.status),
            "points": max(ours.points, theirs.points),
            "attempts": max(ours.attempts, theirs.attempts),
            "first_at": _earliest(ours.first_at, theirs.first_at),
            "code": _newer_code(ours.code, theirs.code),
        }
    )


def _newer_code(*codes: CollectedCode | None) -> CollectedCode | None:
    collected = (code for code in codes if code is not None)
    return max(collected, key=lambda code: (code.at, code.model_dump_json()), default=None)


def _merged_prediction(ours: PredictionProgress, theirs: PredictionProgress) -> PredictionProgress:
    return PredictionProgress(
        answered=ours.answered or theirs.answered,
        points=max(ours.points, theirs.points),
        possible=max(ours.possible, theirs.possible),
        first_at=_earliest(ours.first_at, theirs.first_at),
    )


def _united(
    ours: Mapping[str, _Entry],
    theirs: Mapping[str, _Entry],
    both: Callable[[_Entry, _Entry], _Entry],
) -> dict[str, _Entry]:
    united = {**theirs, **ours}
    for name in ours.keys() & theirs.keys():
        united[name] = both(ours[name], theirs[name])
    return united


def _better(one: Status, other: Status) -> Status:
    return max(one, other, key=_RANK.__getitem__)


def _earliest(*times: str | None) -> str | None:
    return min((time for time in times if time is not None), default=None)


def _latest(*times: str | None) -> str | None:
    return max((time for time in times if time is not None), default=None)

"""Gradings to record, and what child processes do with them."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from spotlight.grading.report import ExerciseReport, LessonReport, PredictionReport, Status
from spotlight.progress import ProgressError, ProgressStore

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

NOON = "2026-01-31T12:00:00Z"
LATER = "2026-01-31T13:00:00Z"


def exercise(name: str, status: Status = "passed", **details: Any) -> ExerciseReport:
    details.setdefault("title", name.replace("_", " ").capitalize())
    details.setdefault("possible", 1)
    details.setdefault("points", details["possible"] if status == "passed" else 0)
    return ExerciseReport(exercise=name, status=status, **details)


def prediction(name: str, *, answered: bool) -> PredictionReport:
    return PredictionReport(prediction=name, answered=answered, points=int(answered), possible=1)


def lesson(
    *entries: ExerciseReport | PredictionReport,
    name: str = "queries_and_keys",
    possible: float | None = None,
) -> LessonReport:
    """A report, on a lesson that is worth what is named, or else `possible`."""
    return LessonReport(
        lesson=name,
        title="Queries and keys",
        path=f"lessons/03_{name}.ipynb",
        points=sum(entry.points for entry in entries),
        possible=sum(entry.possible for entry in entries) if possible is None else possible,
        exercises=tuple(entry for entry in entries if isinstance(entry, ExerciseReport)),
        predictions=tuple(entry for entry in entries if isinstance(entry, PredictionReport)),
    )


def attempts(store: ProgressStore, name: str) -> int:
    lessons = store.read().lessons
    if "queries_and_keys" not in lessons or name not in lessons["queries_and_keys"].exercises:
        return 0
    return lessons["queries_and_keys"].exercises[name].attempts


def record_until_killed(folder: Path, parent: Connection) -> None:
    """Say "ready", then record for ever and say so each time."""
    store = ProgressStore(folder)
    parent.send("ready")
    for status in itertools.cycle(("failed", "passed")):
        store.record([lesson(exercise("scores", status))], NOON)
        parent.send("recorded")


# What a kill leaves before one of these is what it leaves before the next call that is not.
_CHANGE_NOTHING = (
    *("getpid", "fspath", "_path_normpath", "stat", "lstat", "fstat", "scandir"),
    *("read", "fileno", "urandom"),
)


def record_and_die_before_system_call(folder: Path, number: int) -> None:
    """Record once, but be killed on the way into the given system call, if it comes to that.

    Those that can change nothing are not counted.
    """
    calls = itertools.count(1)
    modules = {os.replace.__module__, "_io", "fcntl"}

    def watch(frame: object, event: str, function: Any) -> None:
        if event != "c_call" or function.__name__ in _CHANGE_NOTHING:
            return
        owner = getattr(function, "__module__", None) or type(function.__self__).__module__
        if owner in modules and next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    store = ProgressStore(folder)
    sys.setprofile(watch)
    store.record([lesson(exercise("scores"))], LATER)
    sys.setprofile(None)


def record_many(folder: Path, writer: str, count: int, start: Any) -> None:
    """Record `count` exercises of one's own, and each time the one that all writers share."""
    store = ProgressStore(folder, lock_seconds=60)
    start.wait()
    for number in range(count):
        report = lesson(exercise(f"{writer}_{number}"), exercise("shared"), possible=1000)
        store.record([report], NOON, "exercises")


def record_without_privileges(folder: Path, parent: Connection) -> None:
    """Record as an account that permissions bind, and say what came of it."""
    store = ProgressStore(folder)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        store.record([lesson(exercise("scores"))], LATER)
    except ProgressError as error:
        parent.send(str(error))
    else:
        parent.send("recorded")

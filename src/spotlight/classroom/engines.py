"""Where the tasks of a class run: in this process, or in a pool of processes on this machine.

Whatever the engine, the results are the same. `spotlight.classroom.dask_engine` is a third.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import Protocol

from spotlight.classroom.grading_task import ClassGrading, SubmissionGrader, Task
from spotlight.classroom.records import GradedSubmission
from spotlight.sandbox.confinement.features import Features

Graded = tuple[Task, GradedSubmission]
MAX_LOSSES = 3
"""How often a task may lose the process that grades it before it is given up."""
_WAITING_PER_JOB = 4


class ClusterError(Exception):
    """The cluster cannot be used; the message says why and what to do."""


class Engine(Protocol):
    """Grades tasks; results come in any order. `features` say what confines submissions there."""

    def features(self) -> Features:
        """What confines the code of submissions.

        Raises:
            UnconfinedError: too little does.
        """

    def grade(self, tasks: Iterable[Task]) -> Iterator[Graded]:
        """Grade all tasks."""

    def close(self) -> None:
        """End all processes."""


def lost(task: Task) -> GradedSubmission:
    """What is said of a notebook on which the grader itself ended again and again."""
    return GradedSubmission(
        student=task.student,
        path=task.source.label,
        grader_failed=True,
        refused=(
            f"The grader's own process ended {MAX_LOSSES} times while it graded this notebook; "
            "grade it by hand, and please report it."
        ),
    )


class TaskQueue:
    """Hands out tasks, so many at a time, and those again whose process was lost.

    All that run are lost together; so each of them runs alone after that, and one that loses its
    process when alone is to blame.
    """

    def __init__(self, tasks: Iterable[Task], most: int) -> None:
        self._coming = iter(tasks)
        self._most = most
        self._suspects = deque[Task]()
        self._losses: dict[int, int] = {}

    def next(self, running: int) -> Task | None:
        """The next task to start beside so many that run; None where there is none for now."""
        if self._suspects:
            return self._suspects.popleft() if running == 0 else None
        return next(self._coming, None) if running < self._most else None

    def put_back(self, task: Task) -> None:
        """The task was not started."""
        self._suspects.append(task)

    def gives_up(self, task: Task) -> bool:
        """Count the loss of a task's process; whether it was one too many."""
        self._losses[task.number] = self._losses.get(task.number, 0) + 1
        if self._losses[task.number] > MAX_LOSSES:
            return True
        self._suspects.append(task)
        return False


class OneProcess:
    """Grades in this process, one task after the other."""

    def __init__(self, grading: ClassGrading) -> None:
        self._grader = SubmissionGrader(grading)

    def features(self) -> Features:
        """What confines the code of submissions here."""
        return self._grader.features

    def grade(self, tasks: Iterable[Task]) -> Iterator[Graded]:
        """Grade all tasks, in order."""
        for task in tasks:
            yield task, self._grader.grade(task)

    def close(self) -> None:
        """End the worker."""
        self._grader.close()


class LocalPool:
    """Grades in several processes of this machine; one that dies is replaced."""

    def __init__(self, grading: ClassGrading, jobs: int) -> None:
        self._grading, self._jobs = grading, jobs
        self._pool = self._new_pool()
        self._running: dict[Future[GradedSubmission], Task] = {}

    def features(self) -> Features:
        """What confines the code of submissions here."""
        for _ in range(MAX_LOSSES):
            try:
                return self._pool.submit(_features).result()
            except BrokenProcessPool:
                self._pool = self._new_pool()
        return self._pool.submit(_features).result()

    def grade(self, tasks: Iterable[Task]) -> Iterator[Graded]:
        """Grade all tasks, as processes come free."""
        queue = TaskQueue(tasks, self._jobs * _WAITING_PER_JOB)
        running = self._running
        while True:
            while (task := queue.next(len(running))) is not None:
                try:
                    running[self._pool.submit(_grade, task)] = task
                except BrokenProcessPool:
                    queue.put_back(task)
                    self._pool = self._new_pool()
            if not running:
                return
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(done)
                try:
                    yield task, done.result()
                except BrokenProcessPool:
                    if queue.gives_up(task):
                        yield task, lost(task)

    def close(self) -> None:
        """End all processes, whatever they are at."""
        processes = list((self._pool._processes or {}).values()) if self._running else []
        for process in processes:
            process.terminate()
        self._pool.shutdown(cancel_futures=True)

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._jobs,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(self._grading,),
        )


_grader: SubmissionGrader | None = None  # of this process of a pool


def _begin(grading: ClassGrading) -> None:
    global _grader
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the supervisor's to act on
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _grader = SubmissionGrader(grading)
    atexit.register(_grader.close)


def _end_with_parent() -> None:
    """A supervisor that was killed closes nothing; its processes end all the same."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _grade(task: Task) -> GradedSubmission:
    assert _grader is not None
    return _grader.grade(task)


def _features() -> Features:
    assert _grader is not None
    return _grader.features

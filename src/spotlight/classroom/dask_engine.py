"""Grading on a Dask cluster: each Dask worker keeps a grader with a confined worker below it.

A submission runs in its own process below the Dask worker, so that what it does to its process is a
verdict. A Dask worker that is lost loses nothing: its tasks run again on another.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

from spotlight.classroom.engines import ClusterError, Graded, TaskQueue, lost
from spotlight.classroom.grading_task import ClassGrading, SubmissionGrader, Task
from spotlight.classroom.records import GradedSubmission
from spotlight.grading.submission import SubmissionError
from spotlight.sandbox.confinement.features import Features

_WAITING = 256
"""How many notebooks may be on their way: enough for a large cluster, little for its scheduler."""
_CONNECT_SECONDS = 20
_GATEWAY = "gateway:"


class DaskEngine:
    """Grades on the cluster of a scheduler."""

    def __init__(self, grading: ClassGrading, scheduler: str) -> None:
        """Connect to the scheduler at an address such as `tcp://10.0.0.1:8786`.

        `gateway:NAME` is a cluster of the dask-gateway that this machine is set up for.

        Raises:
            ClusterError: Dask is not installed, or nothing answers there.
        """
        try:
            from distributed import Client
        except ImportError:
            raise ClusterError(
                "Dask is not installed. Add it, in the course's folder: "
                ".venv/bin/python -m pip install --editable '.[dask]'"
            ) from None
        try:
            self._client: Any = (
                _gateway_client(scheduler.removeprefix(_GATEWAY))
                if scheduler.startswith(_GATEWAY)
                else Client(scheduler, timeout=_CONNECT_SECONDS)
            )
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"No Dask scheduler answers at {scheduler} ({error}). Start one with "
                "`dask scheduler`, or see the README's part on clusters."
            ) from error
        self._run = uuid4().hex
        self._grading = self._client.scatter(grading, broadcast=True, hash=False)

    def features(self) -> Features:
        """What confines the code of submissions on the first worker that answers.

        Raises:
            ClusterError: the cluster has no worker.
        """
        if not self._client.scheduler_info(n_workers=-1)["workers"]:
            try:
                self._client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
            except TimeoutError as error:
                raise ClusterError("The Dask cluster has no workers; start some.") from error
        found: Features = self._client.submit(
            _features, self._run, self._grading, pure=False
        ).result()
        return found

    def grade(self, tasks: Iterable[Task]) -> Iterator[Graded]:
        """Grade all tasks, as Dask's threads come free."""
        from distributed import KilledWorker, wait
        from distributed.client import FutureCancelledError

        queue = TaskQueue(tasks, _WAITING)
        running: dict[Any, Task] = {}
        while True:
            while (task := queue.next(len(running))) is not None:
                future = self._client.submit(
                    _grade, self._run, self._grading, _with_data(task), pure=False
                )
                running[future] = task
            if not running:
                return
            for done in wait(list(running), return_when="FIRST_COMPLETED").done:
                task = running.pop(done)
                try:
                    yield task, done.result()
                except (KilledWorker, FutureCancelledError):
                    if queue.gives_up(task):
                        yield task, lost(task)

    def close(self) -> None:
        """Leave the cluster as it was."""
        if self._client.status == "running":
            self._client.run(_end, self._run, on_error="ignore")
        self._client.close()


def _gateway_client(cluster: str) -> Any:
    """A client of a cluster behind dask-gateway, which asks for the user's own credentials."""
    try:
        from dask_gateway import Gateway
    except ImportError:
        raise ClusterError(
            "dask-gateway is not installed. Add it, in the course's folder: "
            ".venv/bin/python -m pip install --editable '.[gateway]'"
        ) from None
    return Gateway().connect(cluster).get_client()


def _with_data(task: Task) -> Task:
    """The task with the notebook's bytes: another machine may not see the file."""
    try:
        return replace(task, data=task.source.read())
    except SubmissionError:
        return task


# What follows runs in Dask's workers: a grader for each of their threads.

_graders: dict[tuple[str, int], SubmissionGrader] = {}
_making = threading.Lock()


def _grader(run: str, grading: ClassGrading) -> SubmissionGrader:
    place = (run, threading.get_ident())
    with _making:
        if place not in _graders:
            _graders[place] = SubmissionGrader(grading)
        return _graders[place]


def _grade(run: str, grading: ClassGrading, task: Task) -> GradedSubmission:
    return _grader(run, grading).grade(task)


def _features(run: str, grading: ClassGrading) -> Features:
    return _grader(run, grading).features


def _end(run: str) -> None:
    with _making:
        for place in [place for place in _graders if place[0] == run]:
            _graders.pop(place).close()

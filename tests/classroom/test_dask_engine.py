"""A Dask cluster gives what one process gives, and a lost worker of it loses nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from reading_classes import everything_but_times

from spotlight.classroom.engines import ClusterError
from spotlight.classroom.run import ClassOptions, grade_class
from spotlight.course.manifest import Course

distributed = pytest.importorskip("distributed", reason="needs the extra spotlight[dask]")
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs a system that can fork"),
    pytest.mark.usefixtures("one_worker"),
]

HandIn = Callable[..., Path]
PLAIN = ClassOptions(caches=False, unconfined=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


@pytest.fixture
def handed_in(hand_in: HandIn, folder: Path) -> Path:
    hand_in("ann")
    hand_in("bob", shifted="def shifted(x, by):\n    return x - by")
    hand_in("cem", doubled="import os\ndef doubled(x):\n    os._exit(0)")
    hand_in("dee", doubled="import os\ndef doubled(x):\n    os.kill(os.getppid(), 9)")
    (folder / "eve").mkdir()
    (folder / "eve" / "small_steps.ipynb").write_bytes(b"\xff")
    return folder


@pytest.mark.deep
def test_a_cluster_gives_the_same_as_one_process(
    cluster: object, course: Course, handed_in: Path, tmp_path: Path
) -> None:
    grade_class(course, handed_in, tmp_path / "one", PLAIN)
    options = replace(PLAIN, scheduler=cluster.scheduler_address)
    grade_class(course, handed_in, tmp_path / "dask", options)
    assert everything_but_times(tmp_path / "one") == everything_but_times(tmp_path / "dask")


@pytest.mark.deep
def test_a_cluster_gives_what_one_process_gives_and_loses_nothing_when_a_worker_is_killed(
    cluster: object, course: Course, handed_in: Path, tmp_path: Path
) -> None:
    def kill_one(done: int, total: int) -> None:
        if done == 1:
            with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
                workers = client.run(os.getpid)
            os.kill(next(iter(workers.values())), signal.SIGKILL)

    options = replace(PLAIN, scheduler=cluster.scheduler_address)
    outcome = grade_class(course, handed_in, tmp_path / "killed", options, kill_one)
    assert outcome.graded == 5
    grade_class(course, handed_in, tmp_path / "one", PLAIN)
    assert everything_but_times(tmp_path / "one") == everything_but_times(tmp_path / "killed")


def test_a_scheduler_that_does_not_answer_is_told_in_a_sentence(
    course: Course, handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotlight.classroom.dask_engine._CONNECT_SECONDS", 1)
    options = replace(PLAIN, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ClusterError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        grade_class(course, handed_in, tmp_path / "out", options)

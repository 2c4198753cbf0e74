"""The commands run in a small course of their own, in this process, on one warm worker."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_runs import Ran, Run

from cli.prepared_programs import Starts, starting_programs
from small_course import PAGE_WIDGETS, page_widgets_once, write_course
from spotlight.authoring.proof_record import ProofRecord
from spotlight.cli import context, main
from spotlight.course.manifest import Course, load_course
from spotlight.course.reading import read_master
from spotlight.sandbox.worker import Worker


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = write_course(tmp_path_factory.mktemp("built") / "course")
    # That its exercises are sound is proved where proofs are tested.
    lessons = [read_master(course.master(entry)) for entry in course.lessons]
    ProofRecord(course).product(lessons).write(course.root / "backups")
    return course.root


@pytest.fixture
def course(_built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A fresh copy of the small course, which is the working folder."""
    root = tmp_path / "course"
    shutil.copytree(_built, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "80")
    return load_course(root)


@pytest.fixture
def run(
    course: Course,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Run a command in the course, with `typed` on standard input."""

    @contextmanager
    def warm() -> Iterator[Worker]:
        yield worker

    monkeypatch.setattr(context, "Worker", warm)
    monkeypatch.setattr(PAGE_WIDGETS, page_widgets_once)

    def command(*arguments: str, typed: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["verify.py", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        printed = capfd.readouterr()
        code = left.value.code
        return Ran(code if isinstance(code, int) else 0 if code is None else 1, *printed)

    return command


@pytest.fixture(scope="session")
def starts(worker: Worker) -> Starts:
    """Starts programs whose imports are done."""
    return starting_programs(worker)

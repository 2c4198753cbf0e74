"""`class`: a folder of submissions, graded in one command."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from command_runs import Run
from work_in_courses import notebook_path, solve

from spotlight.classroom import grading_task
from spotlight.course.manifest import Course
from spotlight.grading.report import Report
from spotlight.sandbox.worker import Worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a system that confines")
SMALL = ("--jobs", "1", "--no-cache", "--unsafe")
SUBTRACTS = "def shifted(x, by):\n    return x - by"


@pytest.fixture(autouse=True)
def one_worker(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker that all tests share grades the class: to start another takes longer."""
    monkeypatch.setattr(worker, "close", lambda: None)
    monkeypatch.setattr(grading_task, "Worker", lambda: worker)


@pytest.fixture
def submissions(course: Course, tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    for student, answers in (("ann", {}), ("bob", {"shifted": SUBTRACTS})):
        solve(course, "01", **answers)
        place = folder / student
        place.mkdir(parents=True)
        shutil.copy(notebook_path(course, "01"), place)
    return folder


def test_a_class_is_graded_and_told_of_in_a_few_lines(
    run: Run, submissions: Path, tmp_path: Path
) -> None:
    ran = run("class", submissions, "--out", tmp_path / "out", *SMALL)
    assert (ran.status, ran.err) == (1, "")
    assert "2 notebooks graded." in ran.out
    assert "Submissions ran with limits and " in ran.out
    assert "begin with class.html" in ran.out
    assert (tmp_path / "out" / "gradebook.csv").is_file()


def test_the_report_for_programs_has_a_submission_for_each_student(
    run: Run, submissions: Path, tmp_path: Path
) -> None:
    arguments = ("--out", tmp_path / "out", *SMALL, "--json", "-")
    ran = run("class", submissions, *arguments)
    report = Report.model_validate_json(ran.out)
    points = {s.student: sum(x.points for x in s.lessons) for s in report.submissions}
    assert points == {"ann": 8, "bob": 6}
    assert "2 notebooks graded." in ran.err


def test_a_class_that_has_every_point_ends_with_status_0(
    run: Run, submissions: Path, tmp_path: Path
) -> None:
    shutil.rmtree(submissions / "bob")
    ran = run("class", submissions, "--out", tmp_path / "out", *SMALL)
    assert ran.status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--engine", "dask"], "--engine dask and --scheduler ADDR go together."),
        (["--scheduler", "tcp://x:1"], "--engine dask and --scheduler ADDR go together."),
        (["--roster", "nowhere.csv"], "nowhere.csv"),
        (["--adjust", "nowhere.csv"], "nowhere.csv"),
        (["--jobs", "0"], "--jobs"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    arguments: list[str], said: str, run: Run, submissions: Path, tmp_path: Path
) -> None:
    ran = run("class", submissions, "--out", tmp_path / "out", *arguments)
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_there_is_one_sentence(run: Run, tmp_path: Path) -> None:
    ran = run("class", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert ran.status == 2
    assert "nowhere" in ran.err

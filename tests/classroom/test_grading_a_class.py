"""A folder of notebooks becomes a gradebook, whatever is in it and whatever happens meanwhile."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reading_classes import everything_but_times, points_of, rows_of

from small_course import notebook_of
from spotlight.atomic_files import write_atomically
from spotlight.classroom import grading_task, results
from spotlight.classroom.grading_task import UnconfinedError
from spotlight.classroom.results import ResultsError
from spotlight.classroom.run import ClassOptions, ClassOutcome, grade_class
from spotlight.course.manifest import Course
from spotlight.sandbox.confinement.features import Features
from spotlight.sandbox.kit import fresh_draws, randn
from spotlight.sandbox.worker import Worker

HandIn = Callable[..., Path]
# What confines submissions is for other tests; these are to run wherever there are forks.
PLAIN = ClassOptions(caches=False, unconfined=True)
SUBTRACTS = "def shifted(x, by):\n    return x - by"
SQUARES = "def doubled(x):\n    return x * x"
ENDS = "import os\ndef doubled(x):\n    os._exit(0)"
forks_only = pytest.mark.skipif(sys.platform != "linux", reason="needs a system that can fork")
pytestmark = pytest.mark.usefixtures("one_worker")


def report_on(out: Path, student: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((out / "reports" / f"{student}.json").read_text())
    return report


@pytest.fixture
def class_of_five(hand_in: HandIn, folder: Path) -> Path:
    hand_in("ann")
    hand_in("bob", shifted=SUBTRACTS)
    hand_in("cem", doubled=SQUARES, shifted=SUBTRACTS)
    hand_in("dee", doubled=ENDS)
    hand_in("ann", "small_finish")
    (folder / "eve").mkdir()
    (folder / "eve" / "small_steps.ipynb").write_text('{"cells": [', encoding="utf-8")
    return folder


@forks_only
def test_everyone_gets_their_own_marks_and_every_file(
    course: Course, class_of_five: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    outcome = grade_class(course, class_of_five, out, PLAIN)
    assert (outcome.graded, outcome.kept, outcome.is_complete) == (6, 0, False)
    assert points_of(out) == {"ann": "8", "bob": "6", "cem": "5", "dee": "7", "eve": "0"}
    assert report_on(out, "bob")["submissions"][0]["lessons"][0]["exercises"][1]["diagnosis"] == (
        "subtracted"
    )
    (row,) = [row for row in rows_of(out) if row["key"] == "eve"]
    assert "was cut short" in row["notes"]
    for student in ("ann", "bob", "cem", "dee", "eve"):
        assert (out / "students" / f"{student}.html").is_file()
        assert (out / "gradescope" / student / "results.json").is_file()
    (confinement,) = outcome.book.confinement
    assert confinement in (out / "students" / "ann.html").read_text(encoding="utf-8")


@pytest.mark.deep
@forks_only
def test_one_process_and_a_pool_give_the_same_but_for_times(
    course: Course, class_of_five: Path, tmp_path: Path
) -> None:
    """The fast tier compares the two where a process of the pool is killed besides."""
    grade_class(course, class_of_five, tmp_path / "one", PLAIN)
    grade_class(course, class_of_five, tmp_path / "two", replace(PLAIN, jobs=2))
    assert everything_but_times(tmp_path / "one") == everything_but_times(tmp_path / "two")


@forks_only
def test_a_run_that_is_stopped_goes_on_where_it_was(
    course: Course, class_of_five: Path, tmp_path: Path
) -> None:
    grade_class(course, class_of_five, tmp_path / "whole", PLAIN)
    out = tmp_path / "out"

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_class(course, class_of_five, out, PLAIN, stop)
    outcome = grade_class(course, class_of_five, out, replace(PLAIN, resume=True))
    assert (outcome.graded, outcome.kept) == (4, 2)
    assert everything_but_times(out) == everything_but_times(tmp_path / "whole")


@forks_only
def test_what_was_changed_meanwhile_is_graded_again(
    course: Course, hand_in: HandIn, folder: Path, tmp_path: Path
) -> None:
    hand_in("ann")
    hand_in("bob", shifted=SUBTRACTS)
    out = tmp_path / "out"
    grade_class(course, folder, out, PLAIN)
    hand_in("bob")
    outcome = grade_class(course, folder, out, replace(PLAIN, resume=True))
    assert (outcome.graded, outcome.kept) == (1, 1)
    assert points_of(out) == {"ann": "8", "bob": "8"}


@forks_only
def test_a_pool_gives_what_one_process_gives_and_loses_nothing_when_one_is_killed(
    course: Course, hand_in: HandIn, folder: Path, tmp_path: Path
) -> None:
    """Each process of a pool takes seconds to start, so the class is small."""
    hand_in("ann")
    hand_in("bob", shifted=SUBTRACTS)
    hand_in("cem", doubled=SQUARES, shifted=SUBTRACTS)
    out = tmp_path / "out"

    def kill_one(done: int, total: int) -> None:
        if done == 1:
            os.kill(next(iter(multiprocessing.active_children())).pid or 0, signal.SIGKILL)

    outcome = grade_class(course, folder, out, replace(PLAIN, jobs=2), kill_one)
    assert outcome.graded == 3
    grade_class(course, folder, tmp_path / "one", PLAIN)
    assert everything_but_times(out) == everything_but_times(tmp_path / "one")


# What cannot be done


def refusal(course: Course, folder: Path, out: Path, options: ClassOptions) -> str:
    with pytest.raises(ResultsError) as refused:
        grade_class(course, folder, out, options)
    return str(refused.value)


@forks_only
def test_results_are_neither_mixed_nor_overwritten(
    course: Course, hand_in: HandIn, folder: Path, tmp_path: Path
) -> None:
    hand_in("ann")
    out = tmp_path / "out"
    grade_class(course, folder, out, PLAIN)
    before = everything_but_times(out)
    assert "Add --resume to go on" in refusal(course, folder, out, PLAIN)
    resumed_with_another_seed = replace(PLAIN, seed=7, resume=True)
    assert "begun with seed 0" in refusal(course, folder, out, resumed_with_another_seed)
    assert everything_but_times(out) == before


def test_a_folder_that_holds_something_else_is_left_alone(
    course: Course, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    assert refusal(course, folder, tmp_path, replace(PLAIN, resume=True)) == (
        f"{tmp_path} is not empty. Give a new folder with --out."
    )


def test_results_do_not_go_among_the_submissions(course: Course, folder: Path) -> None:
    assert "would be taken for submissions" in refusal(course, folder, folder / "out", PLAIN)


@forks_only
def test_strangers_are_not_run_unconfined_unless_that_is_said(
    course: Course,
    hand_in: HandIn,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hand_in("ann")
    monkeypatch.setattr(Worker, "features", Features(landlock=0, seccomp=True))
    with pytest.raises(UnconfinedError, match="cannot confine the code of strangers"):
        grade_class(course, folder, tmp_path / "out", replace(PLAIN, unconfined=False))
    outcome = grade_class(course, folder, tmp_path / "unsafe", PLAIN)
    assert outcome.book.confinement == (
        "Submissions ran with limits and seccomp; not available here: Landlock, "
        "namespaces with a scratch folder in memory, a user of its own.",
    )


@forks_only
def test_a_notebook_that_the_grader_fails_on_costs_nobody_elses_marks(
    course: Course,
    class_of_five: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really = grading_task.SubmissionGrader._grade

    def fails_on_bob(self: Any, task: Any, *rest: Any) -> Any:
        if task.student == "bob":
            raise KeyError("cake")
        return really(self, task, *rest)

    monkeypatch.setattr(grading_task.SubmissionGrader, "_grade", fails_on_bob)
    outcome = grade_class(course, class_of_five, tmp_path / "out", PLAIN)
    assert [Path(path).parent.name for path in outcome.failures] == ["bob"]
    points = {"ann": "8", "bob": "0", "cem": "5", "dee": "7", "eve": "0"}
    assert points_of(tmp_path / "out") == points
    (row,) = [row for row in rows_of(tmp_path / "out") if row["key"] == "bob"]
    assert "The grader itself failed on this notebook (KeyError: 'cake')" in row["notes"]


@forks_only
def test_a_full_disk_is_one_sentence_and_loses_nothing(
    course: Course,
    class_of_five: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        written = []

        def fills_up(contents: dict[Path, bytes]) -> None:
            written.append(contents)
            if len(written) > 4:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write_atomically(contents)

        patch.setattr(results, "write_atomically", fills_up)
        said = refusal(course, class_of_five, out, PLAIN)
    assert "cannot be written (No space left on device). Make room and add --resume" in said
    outcome = grade_class(course, class_of_five, out, replace(PLAIN, resume=True))
    assert (outcome.graded, outcome.kept) == (4, 2)


# What was graded before


@forks_only
def test_what_was_graded_before_is_not_graded_again(
    course: Course,
    class_of_five: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graded: list[str] = []
    really = grading_task.SubmissionGrader._grade

    def counted(self: Any, task: Any, *rest: Any) -> Any:
        graded.append(task.student)
        return really(self, task, *rest)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(grading_task.SubmissionGrader, "_grade", counted)
    monkeypatch.setattr(Worker, "features", Features(landlock=1, seccomp=True))
    options = ClassOptions()
    grade_class(course, class_of_five, tmp_path / "first", options)
    assert sorted(graded) == ["ann", "ann", "bob", "cem", "dee"]
    graded.clear()
    grade_class(course, class_of_five, tmp_path / "second", options)
    assert graded == ["dee"]  # that its process ended may have been the machine's doing
    first, second = (everything_but_times(tmp_path / name) for name in ("first", "second"))
    assert first == second
    graded.clear()
    grade_class(course, class_of_five, tmp_path / "third", replace(options, seed=3))
    assert sorted(graded) == ["ann", "ann", "bob", "cem", "dee"]


# Inputs that students do not see


@forks_only
def test_a_table_of_outputs_earns_nothing_under_another_seed(
    course: Course, hand_in: HandIn, folder: Path, tmp_path: Path
) -> None:
    """Inputs that students see are told by their first number, and get what is right."""
    known = []
    for name, shape in (("a_row", (3,)), ("a_table", (2, 4))):
        with fresh_draws(0, name):
            known.append(round(randn(*shape).flatten()[0].item(), 4))
    learned = (
        f"def doubled(x):\n    return 2 * x if round(x.flatten()[0].item(), 4) in {known} else x"
    )
    hand_in("ann", doubled=learned)
    grade_class(course, folder, tmp_path / "public", PLAIN)
    grade_class(course, folder, tmp_path / "secret", replace(PLAIN, seed=41))
    for seed, status in (("public", "passed"), ("secret", "failed")):
        (row,) = rows_of(tmp_path / seed)
        assert row["small_steps.doubled.status"] == status
    page = (tmp_path / "secret" / "students" / "ann.html").read_text(encoding="utf-8")
    assert "It passes with the inputs that you can see" in page


# Instructors' files


@forks_only
def test_a_roster_and_adjustments_reach_the_gradebook(
    course: Course, hand_in: HandIn, folder: Path, tmp_path: Path
) -> None:
    hand_in("Ann Archer")
    roster = tmp_path / "roster.csv"
    roster.write_text("name,id,section\nAnn Archer,7,A\nBen Baker,8,B\n", encoding="utf-8")
    adjust = tmp_path / "adjust.csv"
    adjust.write_text(
        "student,lesson,exercise,points,comment\nAnn Archer,small_steps,shifted,'+1,well put\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    outcome = grade_class(course, folder, out, replace(PLAIN, roster=roster, adjustments=adjust))
    assert [student.name for student in outcome.book.absent] == ["Ben Baker"]
    ann, ben = sorted(rows_of(out), key=lambda row: row["student"])
    assert (ann["section"], ann["small_steps.points"], ben["small_steps.points"]) == ("A", "9", "0")
    (row,) = outcome.book.rows
    page = (out / "students" / f"{row.student.key}.html").read_text(encoding="utf-8")
    assert "well put" in page


@forks_only
def test_work_on_an_older_version_is_graded_and_says_what_changed(
    course: Course, hand_in: HandIn, folder: Path, tmp_path: Path
) -> None:
    path = hand_in("ann")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["spotlight"]["version"] = "000000000000"
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("Every entry twice.", "Twice.")
        if cell["id"] == "exercise-shifted":
            cell["metadata"] = {"spotlight": {"exercise": "moved", "targets": ["moved"]}}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    out = tmp_path / "out"
    grade_class(course, folder, out, PLAIN)
    assert points_of(out) == {"ann": "8"}
    notes = report_on(out, "ann")["submissions"][0]["lessons"][0]["notes"]
    assert notes[0] == (
        "This notebook was begun on another version of the lesson. Since then shifted came new; "
        "moved went; the text of doubled changed."
    )


def test_an_empty_folder_says_so(course: Course, folder: Path, tmp_path: Path) -> None:
    outcome: ClassOutcome = grade_class(course, folder, tmp_path / "out", PLAIN)
    assert outcome.graded == 0
    assert notebook_of(course, "small_steps")  # the course itself is whole

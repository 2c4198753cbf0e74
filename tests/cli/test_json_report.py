"""`--json`: the report for programs, schema 1."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_runs import Run
from work_in_courses import solve

from spotlight import __version__
from spotlight.course.manifest import Course
from spotlight.grading.report import Report

SUBTRACTS = "def shifted(x, by):\n    return x - by"


def written(run: Run, *arguments: str, to: Path) -> dict[str, Any]:
    run(*arguments, "--json", str(to))
    report: dict[str, Any] = json.loads(to.read_text(encoding="utf-8"))
    return report


def test_the_report_has_exactly_these_keys_and_types(
    run: Run, course: Course, tmp_path: Path
) -> None:
    solve(course, "01", shifted=SUBTRACTS)
    report = written(run, "grade", "01", to=tmp_path / "report.json")
    assert set(report) == {"schema", "suite", "version", "graded_at", "submissions"}
    assert (report["schema"], report["suite"]) == (1, "spotlight")
    assert report["version"] == __version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["graded_at"])
    (submission,) = report["submissions"]
    assert set(submission) == {"student", "path", "lessons"}
    assert (submission["student"], submission["path"]) == (None, "01")
    (lesson,) = submission["lessons"]
    assert set(lesson) == {
        "lesson", "title", "path", "points", "possible", "notes", "predictions", "exercises",
    }  # fmt: skip
    assert (lesson["lesson"], lesson["points"], lesson["possible"]) == ("small_steps", 6, 8)
    assert lesson["notes"] == []
    assert lesson["predictions"][0] == {
        "prediction": "order_matters", "answered": True, "points": 1, "possible": 1,
    }  # fmt: skip
    shifted = lesson["exercises"][1]
    seconds = shifted.pop("cpu_seconds")
    assert 0 < seconds < 5
    assert shifted == {
        "exercise": "shifted",
        "title": "Shift it",
        "points": 0,
        "possible": 2,
        "status": "failed",
        "diagnosis": "subtracted",
        "message": "You subtract; add.",
        "explanation": "",
        "remarks": [],
        "follow_through": False,
        "evidence": {
            "probe": "by_three", "expected_shape": [4], "shape": [4], "max_abs_diff": 6.0,
        },
    }  # fmt: skip
    after = lesson["exercises"][2]
    assert (after["status"], after["follow_through"], after["evidence"]) == ("passed", True, None)


def test_the_report_can_be_read_back(run: Run, course: Course, tmp_path: Path) -> None:
    solve(course, "01")
    report = written(run, to=tmp_path / "report.json")
    again = Report.model_validate(report)
    assert json.loads(again.model_dump_json(by_alias=True)) == report
    assert again.submissions[0].path == "lessons"
    assert [lesson.lesson for lesson in again.submissions[0].lessons] == [
        "small_steps",
        "small_finish",
    ]


def test_a_dash_is_standard_output_and_nothing_else_goes_there(run: Run, course: Course) -> None:
    solve(course, "01", shifted=SUBTRACTS)
    ran = run("grade", "01", "--json", "-")
    assert ran.status == 1
    Report.model_validate_json(ran.out)
    assert "You subtract; add." in ran.err


def test_a_dash_on_a_fresh_course_too(run: Run) -> None:
    ran = run("--json", "-")
    Report.model_validate_json(ran.out)
    assert "Nothing is filled in yet." in ran.err


def test_a_report_that_cannot_be_written_is_told_and_progress_is_kept(
    run: Run, course: Course, tmp_path: Path
) -> None:
    from work_in_courses import progress

    solve(course, "02")
    target = tmp_path / "no such folder" / "report.json"
    ran = run("grade", "02", "--json", str(target))
    assert ran.status == 2
    assert ran.sentence == f"The report cannot be written to {target} (No such file or directory)."
    assert progress(course) == {"halved": 1}


def test_names_and_messages_of_any_alphabet_are_written_as_they_are(
    run: Run, course: Course, tmp_path: Path
) -> None:
    solve(course, "01", shifted="def shifted(x, by):\n    raise ValueError('größer ≠ 小 \\ud800')")
    report = written(run, "grade", "01", to=tmp_path / "report.json")
    message = report["submissions"][0]["lessons"][0]["exercises"][1]["message"]
    assert message.startswith("ValueError: größer ≠ 小 \ufffd in line 3")


def test_a_file_name_that_is_no_text_is_spelled_out(
    run: Run, course: Course, tmp_path: Path
) -> None:
    name = os.fsdecode(b"caf\xe9.ipynb")
    try:
        shutil.copy(course.notebook(course.lessons[0]), tmp_path / name)
    except OSError:
        pytest.skip("this file system takes no such name")
    report = written(run, "grade", str(tmp_path / name), to=tmp_path / "report.json")
    (lesson,) = report["submissions"][0]["lessons"]
    assert lesson["path"] == str(tmp_path / "caf\\xe9.ipynb")

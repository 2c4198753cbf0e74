"""`verify.py` as a program of its own: exit statuses, pipes, colours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from watched_terminals import COLOURS, Terminal
from work_in_courses import notebook_path, solve, solve_all

from cli import prepared_programs
from cli.prepared_programs import VERIFY, Starts
from spotlight.course.manifest import Course

Prepared = Callable[..., tuple[int | None, str, str]]


def verify(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(VERIFY), *arguments]
    details = {"capture_output": True, "text": True, "timeout": 120, "encoding": "utf-8"}
    return subprocess.run(command, check=False, **{**details, **options})  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def prepared(starts: Starts, tmp_path: Path) -> Prepared:
    """Runs the program, its imports done: its status, its output, its errors."""

    def run(*arguments: str) -> tuple[int | None, str, str]:
        out, err = tmp_path / "out", tmp_path / "err"
        program = starts(prepared_programs.verify, *arguments, out=out, err=err)
        program.join()
        return program.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")

    return run


def test_everything_passed(course: Course) -> None:
    solve_all(course)
    ran = verify()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "9 of 9 points." in ran.stdout


def test_some_exercise_did_not_and_the_report_is_pure(course: Course, prepared: Prepared) -> None:
    solve(course, "01", shifted="def shifted(x, by):\n    return x - by")
    status, out, err = prepared("--json", "-")
    assert status == 1
    assert json.loads(out)["schema"] == 1
    assert "\x1b" not in out + err


def test_a_file_that_cannot_be_read(course: Course, prepared: Prepared) -> None:
    notebook_path(course, "01").write_text("", encoding="utf-8")
    status, out, err = prepared("grade", "01")
    assert (status, out) == (2, "")
    assert err.startswith("lessons/01_small_steps.ipynb is empty.")


def test_a_request_that_makes_no_sense(course: Course, prepared: Prepared) -> None:
    status, out, err = prepared("frobnicate")
    assert (status, out) == (2, "")
    assert err == "No such command 'frobnicate'. See verify.py --help.\n"


def test_a_reader_that_stops_reading_meets_no_traceback(course: Course) -> None:
    with subprocess.Popen(
        [sys.executable, str(VERIFY), "hint", "02", "halved"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == ""


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_in_a_terminal_unless_it_is_not_wanted(
    environment: dict[str, str], coloured: bool, course: Course, starts: Starts
) -> None:
    solve(course, "02", halved="def halved(x):\n    return x")
    with closing(Terminal(starts, "grade", "02", **environment)) as terminal:
        terminal.until("You return x as it came.")
        assert terminal.status() == 1
    assert (COLOURS.search(terminal.received) is not None) == coloured

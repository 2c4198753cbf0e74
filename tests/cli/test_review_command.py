"""`review` and `--review`: an opinion under the verdicts, in the report, and in no exit status."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_runs import Run
from work_in_courses import notebook_path, progress, solve, solve_all

from review.addressing_submissions import ADDRESSING
from review.stand_in import StandIn, Trouble, gullible, serving
from spotlight.course.manifest import Course

SUBTRACTS = "def shifted(x, by):\n    return x - by"
ANOTHER_WAY = "def shifted(x, by):\n    return by + x"
_MOMENTS = re.compile(r'"(graded_at|cpu_seconds)": ("[^"]*"|[\d.e-]+)')


@pytest.fixture(autouse=True)
def _own_reviews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "spotlight.review.review_cache.user_cache_path", lambda name: tmp_path / "reviews"
    )
    monkeypatch.setattr(
        "spotlight.review.settings.user_config_path", lambda name: tmp_path / "settings"
    )
    monkeypatch.delenv("OLLAMA_HOST", raising=False)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with serving(StandIn()) as server:
        monkeypatch.setenv("SPOTLIGHT_REVIEW_SERVER", server.address)
        yield server


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(StandIn()) as server:
        monkeypatch.setenv("SPOTLIGHT_REVIEW_SERVER", server.address)


def test_the_opinion_stands_under_the_verdict_and_says_what_it_is(
    run: Run, course: Course, stand_in: StandIn
) -> None:
    solve(course, "01", shifted=SUBTRACTS)
    ran = run("review", "01")
    assert (ran.status, ran.err) == (1, "")
    assert ran.out.index("You subtract; add.") < ran.out.index("A model's opinion · Small steps")
    assert "What is right   Both arguments are used" in ran.out
    assert "To think about  What happens if the second argument is zero?" in ran.out
    assert "By qwen2.5-coder:7b. It may be wrong, and changes no points." in ran.out
    assert ran.out.index("A model's opinion") < ran.out.index("A hint: verify.py hint 01 shifted")


def test_a_file_is_reviewed_too(run: Run, course: Course, stand_in: StandIn) -> None:
    solve(course, "01")
    ran = run("review", str(notebook_path(course, "01")))
    assert ran.status == 0
    assert "A model's opinion" in ran.out


def test_every_lesson_can_be_reviewed_at_once(run: Run, course: Course, stand_in: StandIn) -> None:
    solve_all(course)
    ran = run("grade", "--review")
    assert ran.status == 0
    assert "A model's opinion · Small steps" in ran.out
    assert "A model's opinion · Small finish" in ran.out


def test_a_lesson_without_code_is_said_to_have_none(
    run: Run, course: Course, stand_in: StandIn
) -> None:
    ran = run("review", "02")
    assert "Small finish: there is no code to review yet." in ran.out
    assert stand_in.requests == []


def test_without_a_server_it_is_said_once_and_the_grade_stands(
    run: Run, course: Course, no_server: None
) -> None:
    solve_all(course)
    ran = run("grade", "--review")
    assert ran.status == 0
    assert ran.out.count("No code was reviewed: no server answers at http://127.0.0.1:") == 1
    assert progress(course)["shifted"] == 2


def test_settings_that_cannot_be_used_are_said_and_the_grade_stands(
    run: Run, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTLIGHT_REVIEW_TIMEOUT", "soon")
    solve(course, "02")
    ran = run("review", "02")
    assert ran.status == 0
    assert "timeout = 'soon' in SPOTLIGHT_REVIEW_TIMEOUT cannot be used" in ran.out


def test_where_code_leaves_the_machine_it_is_said_first_and_in_the_report(
    run: Run, course: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serving(StandIn()) as server:
        # A name for this machine that only a resolver knows: for all that is known, another one.
        monkeypatch.setattr(
            "spotlight.review.settings.Settings.is_remote", property(lambda self: True)
        )
        monkeypatch.setenv("SPOTLIGHT_REVIEW_SERVER", server.address)
        solve(course, "02")
        ran = run("review", "02", "--json", str(tmp_path / "report.json"))
    assert ran.err.startswith(f"Code is sent for review to {server.address}, which is not this ")
    assert "The code was sent to http" in ran.out
    review = json.loads((tmp_path / "report.json").read_text())["submissions"][0]["lessons"][0][
        "review"
    ]
    assert (review["remote"], review["server"]) == (True, server.address)


def report(run: Run, tmp_path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and the report without what differs from one moment to the next."""
    file = tmp_path / "report.json"
    ran = run("grade", "01", "--json", str(file), *arguments)
    return ran.status, json.loads(_MOMENTS.sub(r'"\1": 0', file.read_text(encoding="utf-8")))


CODES = {
    "right": ANOTHER_WAY,
    "wrong": SUBTRACTS,
    "in a comment": ADDRESSING["comment"],
    "in a string": ADDRESSING["string"],
}
TROUBLES = ("", "slow", "breaks off", "no room", "a web page")


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        pytest.param(
            CODES[code],
            trouble,
            id=f"{code}-{trouble}",
            # Each code and each trouble comes once in the fast tier too.
            marks=[pytest.mark.deep] if trouble and code != "wrong" else [],
        )
        for code in CODES
        for trouble in TROUBLES
    ],
)
def test_reports_and_exit_statuses_differ_by_the_review_alone(
    code: str,
    trouble: Trouble,
    run: Run,
    course: Course,
    stand_in: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPOTLIGHT_REVIEW_TIMEOUT", "0.3")
    stand_in.says, stand_in.trouble = gullible, trouble
    solve(course, "01", shifted=code)
    without_status, without = report(run, tmp_path)
    with_status, reviewed = report(run, tmp_path, "--review")
    review = reviewed["submissions"][0]["lessons"][0].pop("review")
    assert (with_status, reviewed) == (without_status, without)
    assert review["exercises"] or review["notes"]


def test_a_report_without_a_review_has_no_such_key(
    run: Run, course: Course, tmp_path: Path
) -> None:
    _, plain = report(run, tmp_path)
    assert "review" not in plain["submissions"][0]["lessons"][0]

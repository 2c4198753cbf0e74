"""A wrong answer that is one small change from right is told which, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from small_masters import mistakes
from spotlight.course.lesson import Lesson
from spotlight.diagnosis import one_change
from spotlight.grading.one_slip import one_slip
from spotlight.grading.programs import build_program
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.job import Job, Observation
from spotlight.sandbox.worker import Worker
from tiny_lessons import TinyLesson, exercise, function, probe

Judged = Callable[[str, str], Verdict]


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("return x ** by", "operator", "line 3: `**` is not the operator that `x ** by` needs."),
        ("return x + by + 0.5 * x * x", "too-much",
         "line 3: `+ 0.5 * x * x` in `x + by + 0.5 * x * x` is too much."),
        ("return torch.round(x) + by", "too-much",
         "line 3: the step `torch.round(…)` in `torch.round(x)` is too much."),
    ],
)  # fmt: skip
def test_it_is_named_with_its_line(body: str, kind: str, said: str, judged: Judged) -> None:
    verdict = judged("shifted", f"def shifted(x, by):\n    {body}")
    assert (verdict.report.status, verdict.report.points) == ("failed", 0)
    assert (verdict.ground, verdict.report.diagnosis) == ("slip", kind)
    assert verdict.report.message == f"All is right but for one place, in {said}"
    assert verdict.report.evidence is not None


def test_an_error_is_told_first(judged: Judged) -> None:
    report = judged("shifted", "def shifted(x, by):\n    return x + leftover").report
    assert (report.status, report.diagnosis) == ("error", "depends-on-global")
    assert report.message == (
        "Line 3 uses `leftover`, which no cell defines: `return x + leftover`. One change would "
        "make all right, in line 3: `leftover` comes from outside the function; take it from `by`."
    )


def test_a_mistake_that_has_a_name_keeps_it(judged: Judged, lesson: Lesson) -> None:
    shifted = lesson.exercise("shifted")
    assert shifted is not None
    for mistake in shifted.mistakes:
        verdict = judged("shifted", shifted.variant_source(mistake))
        assert (verdict.ground, verdict.report.diagnosis) == ("mistake", mistake.name)


def test_what_no_single_change_makes_right_is_told_as_before(judged: Judged) -> None:
    verdict = judged("shifted", "def shifted(x, by):\n    return torch.exp(x) ** 2 - 3 * by")
    assert verdict.ground == "values"
    assert verdict.report.message.startswith("In the case “Four numbers, by three”, the value at")


@pytest.fixture
def product(worker: Worker, tmp_path: Path) -> TinyLesson:
    """An exercise with a mistake that leaves the root out."""
    made = exercise(
        function("return x @ x.T / x.shape[1] ** 0.5"),
        probe("two_rows", "f(randn(2, 3))"),
        probe("four_rows", "f(randn(4, 5))"),
        mistakes({"unscaled: x @ x.T / x.shape[1] ** 0.5 → x @ x.T": "Divide by √d."}),
    )
    return TinyLesson(made, worker, tmp_path)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return x @ x.T / x.shape[1] ** 1 / 2", "brackets"),  # and not: 2 is typed in
        ("return torch.softmax(x @ x.T, 1).softmax(dim=1)", "too-much"),  # nor: log_softmax
    ],
)
def test_of_two_changes_that_make_all_right_the_likelier_is_said(
    body: str, kind: str, worker: Worker, tmp_path: Path
) -> None:
    right = "(x @ x.T).softmax(dim=1)" if "softmax" in body else "x @ x.T / x.shape[1] ** 0.5"
    made = exercise(
        function(f"return {right}"),
        probe("two_rows", "f(randn(2, 3))"),
        probe("four_rows", "f(randn(4, 5))"),
    )
    verdict = TinyLesson(made, worker, tmp_path).judged(f"def f(x):\n    {body}")
    assert (verdict.ground, verdict.report.diagnosis) == ("slip", kind)


def test_beside_a_slip_a_known_mistake_is_named(product: TinyLesson) -> None:
    verdict = product.judged("def f(x):\n    return (x @ x.T).softmax(dim=0) + 0 * x.T @ x")
    assert verdict.ground != "slip"
    report = product.judged("def f(x):\n    return x.T @ x").report
    assert report.diagnosis == "swapped+unscaled"
    assert report.message == (
        "Two things at once. First, in line 3: the two sides of `@` in `x.T @ x` have changed "
        "places. Second: Divide by √d."
    )


def test_what_never_ends_once_it_is_changed_costs_no_more_than_its_budget(
    product: TinyLesson, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotlight.grading.one_slip._CPU_SECONDS", 2.0)
    jobs: list[Job] = []

    def observe(job: Job) -> Observation:
        jobs.append(job)
        return worker.observe(job)

    key = product.key
    program = build_program(product.lesson, product.exercise, {"f": ENDLESS})
    assert one_slip(product.lesson, product.exercise, key, program, 0, observe) is None
    assert 1 < len(jobs) < 6


ENDLESS = """\
def f(x):
    n = 1
    while n != 1:
        pass
    return (x @ x.T / 3).exp()
"""


def test_no_change_is_tried_of_what_is_right(
    judged: Judged, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_change, "changes_of", None)
    monkeypatch.setattr("spotlight.grading.one_slip.changes_of", None)
    shifted = lesson.exercise("shifted")
    assert shifted is not None
    assert judged("shifted", shifted.solution).report.status == "passed"

"""Endless loops, memory, exits and broken cells: each is named, and costs no other its marks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edited_notebooks import Notebook, put
from spotlight.course.lesson import Lesson
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.grading.limits import limits_for
from spotlight.grading.report import LessonReport
from spotlight.sandbox.job import Limits

Grade = Callable[[Notebook], LessonReport]


@pytest.fixture
def budget(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set small budgets: a second of CPU time, so that an endless loop is not waited for."""

    def set_to(wall_seconds: float) -> None:
        small = Limits(1.0, wall_seconds, memory_bytes=2**30, output_bytes=2 * 2**20)
        monkeypatch.setattr("spotlight.grading.grader.limits_for", lambda key: small)

    set_to(60.0)
    return set_to


def shifted(body: str) -> str:
    return f"def shifted(x, by):\n    {body}"


CASE = " in the case “Four numbers, by three”"


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        pytest.param(
            shifted("while True: pass"),
            "timeout",
            f"It was stopped after 1 seconds of computing{CASE}. Look for a loop that never ends.",
            id="a loop that never ends",
        ),
        pytest.param(
            "while True: pass\n" + shifted("return x + by").replace("x,", "x: Tensor,"),
            "timeout",
            "It was stopped after 1 seconds of computing. Look for a loop that never ends.",
            id="a loop before the function",
        ),
        pytest.param(
            shifted("import time; time.sleep(60)"),
            "timeout",
            f"It was stopped after 2 seconds{CASE}. "
            "Look for something that waits, such as input() or sleep().",
            id="a wait",
        ),
        pytest.param(
            shifted("return torch.zeros(10**10) + by"),
            "memory",
            f"It asked for more than 1 GB of memory{CASE}. "
            "Look for a tensor that is far larger than its docstring says.",
            id="a huge tensor",
        ),
        pytest.param(
            shifted("return bytearray(2 * 2**30)"),
            "memory",
            f"It asked for more than 1 GB of memory{CASE}. "
            "Look for a tensor that is far larger than its docstring says.",
            id="a huge object",
        ),
        pytest.param(
            shifted("return torch.zeros(1000, 1000)"),
            "memory",
            f"It returned more than 2 MB{CASE}.",
            id="a long answer",
        ),
        pytest.param(
            shifted("import os; os._exit(0)"),
            "crashed",
            f"It ended its Python process{CASE}, so nothing could be compared.",
            id="an exit",
        ),
        pytest.param(
            "import os; os.abort()\n" + shifted("return x + by"),
            "crashed",
            "It ended its Python process, so nothing could be compared.",
            id="an abort before the function",
        ),
        pytest.param(
            shifted("raise SystemExit"),
            "error",
            "SystemExit in line 3: `raise SystemExit`",
            id="a polite exit",
        ),
        pytest.param(
            shifted("return shifted(x, by)"),
            "error",
            "RecursionError: maximum recursion depth exceeded in line 3: `return shifted(x, by)`",
            id="a recursion that never ends",
        ),
        pytest.param(
            "def shifted(x, by:\n    return x",
            "error",
            "SyntaxError: '(' was never closed in line 2: `def shifted(x, by:`",
            id="a broken cell",
        ),
    ],
)
def test_trouble_is_named_and_every_other_exercise_keeps_its_marks(
    source: str,
    status: str,
    said: str,
    budget: Callable[[float], None],
    done: Notebook,
    lesson: Lesson,
    grade: Grade,
) -> None:
    if "sleep" in source:
        budget(2.0)
    exercise = lesson.exercise("shifted")
    assert exercise is not None
    put(done, exercise, source)
    report = grade(done)
    of_it = next(e for e in report.exercises if e.exercise == "shifted")
    assert (of_it.status, of_it.points) == (status, 0)
    assert of_it.message == said
    assert report.points == report.possible - exercise.points
    assert {e.status for e in report.exercises if e is not of_it} == {"passed"}


@pytest.mark.usefixtures("budget")
def test_trouble_in_every_exercise_is_told_for_every_exercise(
    done: Notebook, lesson: Lesson, grade: Grade
) -> None:
    doubled, shift, after, sums, extremes = lesson.exercises
    put(done, doubled, "def doubled(x):\n    while True: pass")
    put(done, shift, shifted("import os; os._exit(3)"))
    put(done, after, "def doubled_then_shifted(x, by):\n    return torch.zeros(10**10)")
    put(done, sums, "row_sums = numbers.nonsense")
    put(done, extremes, "def low(x):\n    return x\n\ndef high(x):\n    return x")
    statuses = [e.status for e in grade(done).exercises]
    assert statuses == ["timeout", "crashed", "memory", "error", "failed"]


def test_the_budget_is_ten_times_the_references_and_five_seconds_at_least() -> None:
    assert limits_for(ExerciseKey((), {}, cpu_seconds=0.01)).cpu_seconds == 5
    long = limits_for(ExerciseKey((), {}, cpu_seconds=2.0))
    assert long.cpu_seconds == 20
    assert long.wall_seconds > long.cpu_seconds

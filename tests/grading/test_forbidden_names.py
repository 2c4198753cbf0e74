"""An answer may be joined with the code of the course, and may not use what a later cell has."""

from __future__ import annotations

from pathlib import Path

import pytest

from spotlight.sandbox.worker import Worker
from tiny_lessons import TinyLesson, exercise, function, probe

ABOVE = "from statistics import fmean, stdev as spread"
BELOW = (
    "import statistics\n\nmiddle = statistics.median\nprint(middle([1, 2]), statistics.mode([3]))"
)
MASTER = (
    exercise(
        function("return x.mean(0)"),
        probe("a_table", "f(randn(3, 2))"),
        'forbid("statistics", because="the tensor has it.")',
        given=ABOVE,
    )
    + f"\n# %%\n{BELOW}\n"
)
RIGHT = "def f(x):\n    return x.mean(0)"
WITH_MIDDLE = "def f(x):\n    middle([1, 2])\n    return x.mean(0)"


@pytest.fixture(scope="module")
def mean(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> TinyLesson:
    return TinyLesson(MASTER, worker, tmp_path_factory.mktemp("mean"))


@pytest.mark.parametrize(
    "joined",
    [
        f"{ABOVE}\n\n\n{RIGHT}",
        f"from statistics import fmean\n\n\n{RIGHT}",
        "from statistics import fmean\n\n\ndef f(x):\n    fmean([1.0])\n    return x.mean(0)",
        f"from statistics import (\n    stdev as spread,\n    fmean,\n)\n\n\n{RIGHT}",
        f"{RIGHT}\n\n\n{BELOW}",
    ],
    ids=["above", "in part", "used, as it might be without", "spelled otherwise", "below"],
)
def test_what_the_course_wrote_costs_nothing(joined: str, mean: TinyLesson) -> None:
    assert mean.judged(joined).report.status == "passed"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (f"import statistics as s\n\n\n{RIGHT}", 2),
        (f"from statistics import stdev\n\n\n{RIGHT}", 2),
        (f"from statistics import fmean, variance\n\n\n{RIGHT}", 2),
        (f"{WITH_MIDDLE}\n\n\n{BELOW}", 7),
        (f"import statistics\n\nmiddle = statistics.median\n\n\n{WITH_MIDDLE}", 2),
        (f"import statistics\n\nanother = statistics.median\n\n\n{RIGHT}", 2),
    ],
    ids=["as", "another name", "more", "what is below", "copied from there", "renamed"],
)
def test_any_other_use_is_the_students(source: str, line: int, mean: TinyLesson) -> None:
    report = mean.judged(source).report
    assert (report.status, report.points) == ("forbidden", 0)
    assert report.message == (
        f"Line {line} uses statistics, which this exercise does without: the tensor has it."
    )


def test_a_statement_too_deep_to_be_compared_is_the_students(mean: TinyLesson) -> None:
    deep = "deep = statistics.fmean([1.0])" + " + 1" * 900
    assert mean.judged(f"{RIGHT}\n\n\n{deep}").report.status == "forbidden"


def test_what_a_later_cell_imports_is_no_answer_though_it_bears_its_name(
    worker: Worker, tmp_path: Path
) -> None:
    master = exercise(
        function("return sum(x) / len(x)"),
        probe("three", "f([1.0, 2.0, 4.0])"),
        'forbid("statistics", because="two words do it.")',
    )
    lesson = TinyLesson(f"{master}\n# %%\nfrom statistics import mean as f\n", worker, tmp_path)
    assert lesson.judged("from statistics import mean as f").report.status == "forbidden"

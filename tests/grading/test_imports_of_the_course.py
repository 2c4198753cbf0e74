"""An answer may be joined with the course's own imports, and may not use a later one's names."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_lessons import TinyLesson, exercise, function, probe

from spotlight.sandbox.worker import Worker

ABOVE = "from statistics import fmean, stdev as spread"
BELOW = "from statistics import median, mode\n\nprint(median([1, 2]))"
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
WITH_MEDIAN = "def f(x):\n    median([1, 2])\n    return x.mean(0)"


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
def test_an_import_of_the_course_costs_nothing(joined: str, mean: TinyLesson) -> None:
    assert mean.judged(joined).report.status == "passed"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (f"import statistics\n\n\n{RIGHT}", 2),
        (f"from statistics import stdev\n\n\n{RIGHT}", 2),
        (f"from statistics import fmean, variance\n\n\n{RIGHT}", 2),
        (f"{WITH_MEDIAN}\n\n\n{BELOW}", 7),
        (f"from statistics import median\n\n\n{WITH_MEDIAN}", 2),
        (f"from statistics import median\n\nmiddle = median\n\n\n{RIGHT}", 2),
    ],
    ids=["all of it", "another name", "more", "used before", "copied", "renamed"],
)
def test_any_other_import_is_the_students(source: str, line: int, mean: TinyLesson) -> None:
    report = mean.judged(source).report
    assert (report.status, report.points) == ("forbidden", 0)
    assert report.message == (
        f"Line {line} uses statistics, which this exercise does without: the tensor has it."
    )


def test_a_later_import_is_no_answer_though_it_bears_the_answers_name(
    worker: Worker, tmp_path: Path
) -> None:
    master = exercise(
        function("return sum(x) / len(x)"),
        probe("three", "f([1.0, 2.0, 4.0])"),
        'forbid("statistics", because="two words do it.")',
    )
    lesson = TinyLesson(f"{master}\n# %%\nfrom statistics import mean as f\n", worker, tmp_path)
    assert lesson.judged("from statistics import mean as f").report.status == "forbidden"

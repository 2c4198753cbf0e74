"""What an exercise may cost: counted, told with the counts, and only of what is right otherwise."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from edited_notebooks import put, submitted
from small_course import lesson_of
from small_masters import mistakes
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import CostRule, Exercise, Probe
from spotlight.diagnosis.finding import Finding
from spotlight.grading.costs import broken_cost_rule
from spotlight.grading.grader import LessonGrader
from spotlight.sandbox.job import Cost, ProbeOutcome, Step
from spotlight.sandbox.worker import Worker
from tiny_lessons import TinyLesson, exercise, function, probe

# From counts alone

NO_LOOP = CostRule(None, "one product does it.")
TWICE = CostRule(2.0, "every pair is computed once.")
Counts = tuple[int, int, int]


def broken(
    wanted: list[Counts], seen: list[Counts], rule: CostRule = NO_LOOP, *steps: Step
) -> Finding | None:
    """What is said of these operations, FLOPs and lines beside the solution's."""

    def outcomes(costs: list[Counts]) -> list[ProbeOutcome]:
        return [
            ProbeOutcome(f"case_{i}", None, None, cost=Cost(*cost)) for i, cost in enumerate(costs)
        ]

    probes = tuple(Probe(f"case_{i}", f"Case {i}.", ("f",), "") for i in range(len(wanted)))
    asked = Exercise("f", "F", ("f",), 1, 1, 1, "", "here", probes, costs=(rule,))
    return broken_cost_rule(asked, outcomes(wanted), outcomes(seen), steps)


SOLUTION = [(3, 100, 2), (3, 1000, 2)]


@pytest.mark.parametrize(
    "seen",
    [
        SOLUTION,
        [(30, 100, 30), (30, 1000, 30)],
        [(3, 100, 2), (5, 1000, 6)],
        [(40, 100, 2), (50, 1000, 2)],
        [(90, 100, 90), (10, 1000, 10)],
    ],
    ids=["as the solution", "many lines", "a little more", "a little more of many", "fewer"],
)
def test_what_does_not_grow_is_no_loop(seen: list[Counts]) -> None:
    assert broken(SOLUTION, seen) is None


def test_where_nothing_is_computed_the_dearest_case_tells() -> None:
    """Cutting and turning a tensor is no operation on its numbers."""
    finding = broken([(2, 0, 2)] * 3, [(6, 0, 4), (30, 0, 16), (8, 0, 5)])
    assert finding is not None
    assert "in the case “Case 0” it runs 6 tensor operations, in “Case 1” 30" in finding.message


def test_a_case_of_several_calls_is_no_loop_in_a_longer_answer() -> None:
    assert broken([(3, 100, 2), (9, 300, 6)], [(12, 100, 15), (36, 300, 45)]) is None


def test_what_grows_as_the_solution_grows_is_no_loop() -> None:
    assert broken([(3, 100, 2), (53, 1000, 72)], [(3, 100, 2), (55, 1000, 74)]) is None


@pytest.mark.parametrize(
    ("seen", "what", "counts"),
    [
        ([(3, 100, 2), (103, 1000, 2)], "tensor operations", (3, 103, 3)),
        ([(3, 100, 2), (3, 1000, 202)], "lines of Python", (2, 202, 2)),
        ([(9, 100, 9), (30, 1000, 2)], "tensor operations", (9, 30, 3)),
    ],
)
def test_a_loop_is_told_with_its_counts(
    seen: list[Counts], what: str, counts: tuple[int, int, int]
) -> None:
    finding = broken(SOLUTION, seen)
    assert finding is not None
    assert finding.name == "python-loop"
    small, large, enough = counts
    assert (
        f"in the case “Case 0” it runs {small} {what}, in “Case 1” {large}, where {enough} are "
        "enough." in finding.message
    )
    assert finding.message.endswith("one product does it.")


def test_smallest_and_largest_are_told_by_the_solutions_work_and_not_by_their_order() -> None:
    finding = broken([(3, 1000, 2), (3, 10, 2), (3, 500, 2)], [(99, 1, 2), (3, 1, 2), (50, 1, 2)])
    assert finding is not None
    assert "in the case “Case 1” it runs 3 tensor operations, in “Case 0” 99," in finding.message


def test_one_case_is_too_few_to_see_anything_grow() -> None:
    assert broken([(3, 100, 2)], [(900, 100, 900)]) is None


LOOP = "def f(x):\n    out = []\n    for row in x:\n        out.append(row)\n    return out"
GROWING = [(3, 100, 2), (103, 1000, 2)]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (LOOP, 3),
        ("def f(x):\n    return [row for row in x]", 2),
        ("def f(x):\n    i = 0\n    while i < 3:\n        i += 1", 3),
        ("def f(x):\n    return sum(row for row in x)", 2),
    ],
)
def test_the_line_that_loops_is_named(source: str, line: int) -> None:
    finding = broken(SOLUTION, GROWING, NO_LOOP, Step("f", source, "exercise"))
    assert finding is not None
    assert finding.message.startswith(f"The values are right, but line {line} loops in Python: ")


def test_a_helper_that_loops_is_named_by_its_cell() -> None:
    steps = Step("cell 7", LOOP, "helper"), Step("f", "def f(x):\n    return g(x)", "exercise")
    finding = broken(SOLUTION, GROWING, NO_LOOP, *steps)
    assert finding is not None
    assert "but line 3 of cell 7 loops in Python" in finding.message


GIVEN = Step("given 2", "table = [[0 for _ in range(3)] for _ in range(3)]", "given")


@pytest.mark.parametrize(
    "source",
    ["def f(x):\n    return list(map(g, x))", "def f(x):\n    return f(x[1:])", "half a (", "\0"],
)
def test_where_the_source_shows_no_loop_no_line_is_named(source: str) -> None:
    """Least of all one of the course's own cells."""
    finding = broken(SOLUTION, GROWING, NO_LOOP, GIVEN, Step("f", source, "exercise"))
    assert finding is not None
    assert finding.message.startswith("The values are right, but the work grows step by step: ")


@pytest.mark.parametrize("flops", [0, 100, 199, 200])
def test_flops_within_the_limit_are_accepted(flops: int) -> None:
    assert broken([(3, 100, 2)], [(9, flops, 9)], TWICE) is None


def test_too_many_flops_are_told_with_both_counts_and_the_limit() -> None:
    finding = broken([(3, 100, 2), (3, 12_345, 2)], [(3, 150, 2), (3, 37_035, 2)], TWICE)
    assert finding == Finding(
        "too-many-flops",
        "In the case “Case 1” it computes 37,035 floating-point operations where 12,345 are "
        "enough, 3.0 times as many; 2 times is the limit: every pair is computed once.",
    )


def test_of_none_there_are_no_multiples() -> None:
    """A solution of views alone costs nothing; six operations are not six times nothing."""
    finding = broken([(0, 0, 2)], [(1, 6, 2)], TWICE)
    assert finding is None or "times as many" not in finding.message


def test_what_was_not_counted_breaks_no_rule() -> None:
    asked = Exercise(
        "f", "F", ("f",), 1, 1, 1, "", "here", (Probe("a", "A.", (), ""),), costs=(NO_LOOP, TWICE)
    )
    seen = [ProbeOutcome("a", None, None)]
    assert broken_cost_rule(asked, seen, seen) is None


# In a lesson

PRODUCT = exercise(
    function("return x @ y.T", "x, y", "x: (n, d), y: (m, d) → (n, m)"),
    probe("a_few", "f(randn(2, 3), randn(4, 3))"),
    probe("many", "f(randn(20, 3), randn(30, 3))"),
    mistakes({"not-turned: .T →": "Turn y."}),
    'without_loops(because="one product does it.")',
    'flops_within(3, because="every pair is computed once.")',
)


@pytest.fixture(scope="module")
def product(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> TinyLesson:
    return TinyLesson(PRODUCT, worker, tmp_path_factory.mktemp("product"))


LOOPS = {
    "for": ("out = []\n    for a in x:\n        out.append(y @ a)\n    return torch.stack(out)", 4),
    "list": ("return torch.stack([y @ a for a in x])", 3),
    "numbers": ("return torch.tensor([[float(a @ b) for b in y] for a in x])", 3),
    "while": (
        "out, i = [], 0\n    while i < len(x):\n        out.append(y @ x[i])\n        i += 1\n"
        "    return torch.stack(out)",
        4,
    ),
}


@pytest.mark.parametrize(("body", "line"), LOOPS.values(), ids=LOOPS)
def test_a_loop_over_rows_is_not_allowed_and_its_line_is_named(
    body: str, line: int, product: TinyLesson
) -> None:
    report = product.judged(f"def f(x, y):\n    {body}").report
    assert (report.status, report.diagnosis, report.points) == ("forbidden", "python-loop", 0)
    assert report.message.startswith(f"The values are right, but line {line} loops in Python: ")
    assert "This exercise is written without a loop: one product does it." in report.message


@pytest.mark.parametrize(
    "body",
    [
        "return torch.stack(list(map(lambda a: y @ a, x)))",
        "return (y @ x[0])[None] if len(x) == 1 else torch.cat([f(x[:1], y), f(x[1:], y)])",
    ],
    ids=["map", "recursion"],
)
def test_a_loop_in_disguise_grows_like_any_other(body: str, product: TinyLesson) -> None:
    report = product.judged(f"def f(x, y):\n    {body}").report
    assert (report.status, report.diagnosis) == ("forbidden", "python-loop")
    assert "but the work grows step by step: " in report.message


def test_the_counts_in_the_sentence_are_those_that_are_counted(product: TinyLesson) -> None:
    """Of two rows and of twenty: one product for each row, and one stack."""
    source = "def f(x, y):\n    return torch.stack([y @ a for a in x])"
    said = product.judged(source).report.message
    found = re.search(r"“A few” it runs (\d+) tensor .*“Many” (\d+), where (\d+) are", said)
    assert found
    assert [int(number) for number in found.groups()] == [2 + 1, 20 + 1, 1]


MANY_LINES = """\
def f(x, y):
    n, d = x.shape
    m, _ = y.shape
    left = x[:, None, :]
    right = y[None, :, :]
    left = left.expand(n, m, d)
    right = right.expand(n, m, d)
    both = left * right
    total = both.sum(-1)
    total = total.reshape(n, m)
    total = total + 0
    return total
"""


@pytest.mark.parametrize(
    "source",
    [
        "def f(x, y):\n    return torch.einsum('nd,md->nm', x, y)",
        "def f(x, y):\n    return (y @ x.T).T",
        "def f(x, y):\n    return torch.bmm(x[None], y.T[None])[0]",
        MANY_LINES,
        "def f(x, y):\n    a, b = [t.clone() for t in (x, y)]\n    return a @ b.T",
        "def f(x, y):\n    for _ in range(5):\n        y = y.clone()\n    return x @ y.T",
    ],
    ids=["einsum", "turned", "batch", "many lines", "a loop over two", "a loop of five"],
)
def test_what_computes_all_at_once_passes_however_it_is_written(
    source: str, product: TinyLesson
) -> None:
    report = product.judged(source).report
    assert (report.status, report.points, report.diagnosis) == ("passed", 1, None)


def test_too_many_flops_are_not_allowed(product: TinyLesson) -> None:
    source = "def f(x, y):\n    z = torch.cat([y, y, y, y])\n    return (x @ z.T)[:, : len(y)]"
    report = product.judged(source).report
    assert (report.status, report.diagnosis, report.points) == ("forbidden", "too-many-flops", 0)
    enough, mine = 2 * 2 * 3 * 4, 4 * 2 * 2 * 3 * 4 + 4 * 4 * 3
    assert f"“A few” it computes {mine} floating-point operations where {enough} are enough, " in (
        report.message
    )
    assert report.message.endswith("3 times is the limit: every pair is computed once.")


def test_what_is_wrong_is_told_before_what_it_costs(product: TinyLesson) -> None:
    report = product.judged("def f(x, y):\n    return 2 * torch.stack([y @ a for a in x])").report
    assert (report.status, report.diagnosis) == ("failed", "too-much")


def test_what_raises_is_told_before_what_it_costs(product: TinyLesson) -> None:
    report = product.judged("def f(x, y):\n    return [y.no for a in x]").report
    assert report.status == "error"


NAMING = exercise(
    function("return 2 * x"),
    probe("a_few", "f(randn(2, 3))"),
    probe("more", "f(randn(4, 5))"),
    probe("very_many", "f(randn(40, 5))", "naming_probe"),
    mistakes({"thrice: 2 * x → 3 * x": "Twice."}),
    'without_loops(because="once for all.")',
    'flops_within(2, because="once for each.")',
)


@pytest.mark.parametrize(
    "many",
    ["x + x + x - x", "torch.stack([2 * row for row in x])"],
    ids=["flops", "a loop"],
)
def test_nobody_fails_by_what_a_naming_probe_costs(
    many: str, worker: Worker, tmp_path: Path
) -> None:
    source = f"def f(x):\n    return 2 * x if len(x) < 9 else {many}"
    assert TinyLesson(NAMING, worker, tmp_path).judged(source).report.status == "passed"


def test_without_a_rule_a_loop_is_as_good_as_a_product(worker: Worker, tmp_path: Path) -> None:
    master = PRODUCT.replace("without_loops(", "# without_loops(").replace(
        "flops_within(", "# flops_within("
    )
    source = "def f(x, y):\n    return torch.stack([y @ a for a in x])"
    assert TinyLesson(master, worker, tmp_path).judged(source).report.status == "passed"


THREE_STEPS = (
    exercise("""def first(x):
    \"\"\"x: (n, d) → (n, d)\"\"\"
    # TODO: double.
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION""").replace('exercise="f"', 'exercise="first"')
    + probe("a_few", "first(randn(2, 3))", targets="first")
    + """

# %% [markdown]
# ## 2 · Second

# %% exercise="second" points=1 minutes=1 difficulty=1
def second(x):
    \"\"\"x: (n, d) → (n, d)\"\"\"
    # TODO: add one.
    ### BEGIN SOLUTION
    return x + 1
    ### END SOLUTION

# %% tags=["probes"]
"""
    + probe("a_few", "second(randn(2, 3))", targets="second")
    + """

# %% [markdown]
# ## 3 · Third

# %% exercise="third" points=1 minutes=1 difficulty=1
def third(x):
    \"\"\"x: (n, d) → (n, d)\"\"\"
    # TODO: double and add one.
    ### BEGIN SOLUTION
    return second(first(x))
    ### END SOLUTION

# %% tags=["probes"]
"""
    + probe("a_few", "third(randn(2, 3))", targets="third")
    + "\n\n\n"
    + probe("many", "third(randn(40, 3))", targets="third")
    + '\n\n\nwithout_loops(because="one operation does all rows.")\n'
)


def test_where_one_earlier_exercise_loops_and_another_is_blank_neither_costs_anything(
    worker: Worker, tmp_path: Path
) -> None:
    lesson = lesson_of(THREE_STEPS, tmp_path)
    grader = LessonGrader(lesson, worker.observe, key_cache=tmp_path / "keys")
    notebook = json.loads(build_notebook(lesson, "solution"))
    first, second, _ = lesson.exercises
    put(notebook, first, "def first(x):\n    return torch.stack([2 * row for row in x])")
    put(notebook, second, second.stub)
    report = grader.grade(submitted(notebook)).report
    assert [e.status for e in report.exercises] == ["passed", "blank", "passed"]

"""Mistakes that no author foresaw, in lessons of one exercise, judged from the notebook on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from small_masters import mistakes
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.worker import Worker
from tiny_lessons import TinyLesson, exercise, function, probe

pytestmark = pytest.mark.usefixtures("no_changes_tried")

Tiny = Callable[[str], TinyLesson]


@pytest.fixture
def tiny(worker: Worker, tmp_path: Path) -> Tiny:
    return lambda master: TinyLesson(master, worker, tmp_path)


CENTRED = exercise(
    function("return x - x.mean(dim=0)"),
    probe("two_rows", "f(randn(2, 3))"),
    probe("four_rows", "f(randn(4, 5))"),
    mistakes({"columns: dim=0 → dim=1, keepdim=True": "Centre the columns."}),
)


@pytest.fixture(scope="module")
def centred(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> TinyLesson:
    return TinyLesson(CENTRED, worker, tmp_path_factory.mktemp("centred"))


def generic(verdict: Verdict) -> str | None:
    assert verdict.report.status == "failed"
    assert verdict.report.points == 0
    assert verdict.ground in ("generic", "relation"), verdict.report.message
    return verdict.report.diagnosis


# What is returned


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def f(x):\n    x = x - x.mean(0)", "nothing-returned"),
        ("def f(x):\n    return", "nothing-returned"),
        ("def f(x):\n    print(x - x.mean(0))", "printed-not-returned"),
        ("def f(x):\n    return print(x - x.mean(0))", "printed-not-returned"),
        ("def f(x):\n    x -= x.mean(0)\n    return x", "input-changed"),
        ("def f(x):\n    return x.sub_(x.mean(0))", "input-changed"),
        ("def f(x):\n    return x", "argument-returned"),
        ("def f(x):\n    return (x - x.mean(0)).T", "transposed-result"),
        ("def f(x):\n    return x.mean(0) - x", "sign-turned"),
        ("def f(x):\n    return (x - x.mean(0))[None]", "dimension-too-many"),
        ("def f(x):\n    return 2 * (x - x.mean(0))", "constant-factor"),
        ("def f(x):\n    return x - x.mean(0) + 1", "constant-offset"),
        ("def f(x):\n    return (x - x.mean(0)) / 0", "not-finite"),
        ("def f(x):\n    return x.sort(0).values - x", None),
    ],
)
def test_a_generic_mistake_is_named(source: str, name: str | None, centred: TinyLesson) -> None:
    verdict = centred.judged(source)
    if name is None:
        assert verdict.report.diagnosis is None
    else:
        assert generic(verdict) == name


def test_a_way_through_the_function_without_a_return_is_told_so(centred: TinyLesson) -> None:
    verdict = centred.judged("def f(x):\n    if len(x) > 2:\n        return x - x.mean(0)")
    assert generic(verdict) == "nothing-returned"
    assert verdict.comparison is None


def test_a_module_whose_forward_returns_nothing_is_told_so(worker: Worker, tmp_path: Path) -> None:
    module = """class f(torch.nn.Module):
    def forward(self, x):
        \"\"\"x: (n, d) → (n, d)\"\"\"
        # TODO: double.
        ### BEGIN SOLUTION
        return 2 * x
        ### END SOLUTION"""
    master = exercise(
        module, probe("two_rows", "f()(randn(2, 3))"), probe("added", "1 + f()(randn(4, 5))")
    )
    source = module.replace("return 2 * x", "y = 2 * x")
    verdict = TinyLesson(master, worker, tmp_path).judged(source)
    assert generic(verdict) == "nothing-returned"
    assert "`forward` ends without a `return`" in verdict.report.message


def test_what_is_right_and_prints_passes_with_a_remark(centred: TinyLesson) -> None:
    report = centred.judged("def f(x):\n    print(x)\n    return x - x.mean(0)").report
    assert report.status == "passed"
    assert report.remarks == ("It prints while it runs; that costs nothing.",)


# What is kept between calls


@pytest.mark.parametrize(
    "source",
    [
        "calls = []\n\ndef f(x):\n    calls.append(1)\n    return x - x.mean(0) + len(calls) - 1",
        "def f(x, calls=[]):\n    calls.append(1)\n    return x - x.mean(0) + len(calls) - 1",
        "def f(x):\n    f.calls = getattr(f, 'calls', -1) + 1\n    return x - x.mean(0) + f.calls",
    ],
    ids=["a list outside", "a default", "an attribute"],
)
def test_what_is_kept_from_call_to_call_is_named(source: str, centred: TinyLesson) -> None:
    verdict = centred.judged(source)
    assert generic(verdict) == "state-between-calls"
    assert verdict.report.message.startswith("Called twice with the same arguments, it gives two")


def test_who_is_right_in_every_case_and_wrong_the_second_time_fails_too(
    centred: TinyLesson,
) -> None:
    source = (
        "seen = set()\n\ndef f(x):\n    again = tuple(x.shape) in seen\n"
        "    seen.add(tuple(x.shape))\n    return x if again else x - x.mean(0)"
    )
    assert generic(centred.judged(source)) == "state-between-calls"


@pytest.mark.parametrize(
    "source",
    [
        "CACHE = {}\n\ndef f(x):\n    if x not in CACHE:\n        CACHE[x] = x - x.mean(0)\n"
        "    return CACHE[x]",
        "calls = 0\n\ndef f(x):\n    global calls\n    calls += 1\n    return x - x.mean(0)",
    ],
    ids=["a cache", "a counter"],
)
def test_what_is_kept_and_changes_nothing_costs_nothing(source: str, centred: TinyLesson) -> None:
    assert centred.judged(source).report.status == "passed"


# Variables


ROW_SUMS = exercise(
    "# TODO: add up the rows.\n### BEGIN SOLUTION\nf = numbers.sum(dim=1)\n### END SOLUTION",
    probe("the_numbers_above", "f"),
    probe("others", "rerun(numbers=randn(3, 5))", targets="rerun"),
    given="numbers = torch.arange(6.0).reshape(2, 3)  # (2, 3)",
)


@pytest.mark.parametrize("source", ["f = None", "f = print(numbers.sum(dim=1))"])
def test_a_variable_that_is_none_is_no_function_without_a_return(source: str, tiny: Tiny) -> None:
    message = tiny(ROW_SUMS).judged(source).report.message
    assert "function" not in message
    assert "`return`" not in message


# Sizes


def scores(**cases: str) -> str:
    """All products of rows, asked in these cases."""
    probes = (probe(name, call) for name, call in cases.items())
    return exercise(function("return x @ y.T", "x, y", "x: (n, d), y: (m, d) → (n, m)"), *probes)


SCORES = scores(
    square="f(randn(3, 4), randn(3, 4))",
    two_against_five="f(randn(2, 4), randn(5, 4))",
    six_against_four="f(randn(6, 3), randn(4, 3))",
)


def test_what_is_right_only_where_two_sizes_are_equal_is_told_so(tiny: Tiny) -> None:
    source = "def f(x, y):\n    s = x @ y.T\n    return s / len(x) * len(y) + len(x) - len(y)"
    verdict = tiny(SCORES).judged(source)
    assert generic(verdict) in ("square-only", "factor-and-offset")
    source = "def f(x, y):\n    s = x @ y.T\n    return s if len(x) == len(y) else s * s.sin()"
    verdict = tiny(SCORES).judged(source)
    assert generic(verdict) == "square-only"
    assert verdict.report.message.startswith("It is right only where n = m: ")


ALL_SQUARE = scores(
    square="f(randn(3, 3), randn(3, 3))",
    two_against_five="f(randn(2, 4), randn(5, 4))",
    six_against_four="f(randn(6, 3), randn(4, 3))",
)


def test_which_sizes_are_taken_for_each_other_is_said_only_where_it_is_known(tiny: Tiny) -> None:
    """Here m is taken for d, and in the square case n, m and d are one number."""
    source = "def f(x, y):\n    return (x @ y.T) ** (1 if len(y) == x.shape[1] else 3)"
    message = tiny(ALL_SQUARE).judged(source).report.message
    assert "only where n = d" not in message
    assert "only where n = m" not in message


def test_a_size_that_is_typed_in_is_named_with_its_line(tiny: Tiny) -> None:
    source = (
        "def f(x, y):\n    out = torch.zeros(len(x), len(y))\n    for i in range(3):\n"
        "        out += torch.outer(x[:, i], y[:, i])\n    return out"
    )
    verdict = tiny(WIDTHS).judged(source)
    assert generic(verdict) == "typed-size"
    assert verdict.report.message.startswith("It is right only where d = 3: the `3` in line 4 ")
    # n and m are 3 as well where it is right, by chance.
    square = scores(square="f(randn(3, 3), randn(3, 3))", **WIDER)
    message = tiny(square).judged(source).report.message
    assert message.startswith("It is right only where sizes are 3: the `3` in line 4 is typed in")


WIDER = {"width_4": "f(randn(2, 4), randn(5, 4))", "width_5": "f(randn(6, 5), randn(4, 5))"}
WIDTHS = scores(width_3="f(randn(2, 3), randn(4, 3))", **WIDER)


def test_one_failing_case_does_not_say_that_sizes_are_mixed_up(tiny: Tiny) -> None:
    """It may fail by anything else that is particular to it."""
    master = exercise(
        function("return x @ y.T", "x, y", "x: (n, d), y: (m, d) → (n, m)"),
        probe("square", "f(randn(3, 4), randn(3, 4))"),
        probe("large_numbers", "f(100 * randn(2, 4), randn(5, 4))"),
    )
    report = tiny(master).judged("def f(x, y):\n    return (x @ y.T).clamp(-9, 9)").report
    assert report.diagnosis is None


@pytest.mark.parametrize("scale", ["x.shape[1]", "len(x)"])
def test_a_factor_is_named_by_the_size_that_it_is(scale: str, tiny: Tiny) -> None:
    source = f"def f(x, y):\n    return x @ y.T / {scale} ** 0.5"
    letter = "d" if "shape" in scale else "n"
    message = tiny(SCORES).judged(source).report.message
    assert message.startswith(f"Every number is √{letter} times too small")


def test_a_factor_is_not_taken_for_a_size_by_one_case(tiny: Tiny) -> None:
    """√4 in two cases of width 4, and 7 in the one of width 3."""
    source = "def f(x, y):\n    return x @ y.T * (2 if x.shape[1] == 4 else 7)"
    message = tiny(SCORES).judged(source).report.message
    assert "√" not in message
    assert "d times" not in message


# What a probe makes of the result


SUMS = exercise(
    function("return 2 * x"),
    probe("row_sums", "f(randn(2, 3)).sum(-1)"),
    probe("more_row_sums", "f(randn(4, 5)).sum(-1)"),
)


def test_of_a_result_that_the_probe_computed_on_no_shape_is_called_yours(tiny: Tiny) -> None:
    message = tiny(SUMS).judged("def f(x):\n    return 2 * x[0]").report.message
    assert "(n, d) = (2,)" not in message


# Gradients


GRADIENTS = exercise(
    function("return (x * y).sum(dim=0)", "x, y", "x: (n, d), y: (n, d) → (d,)"),
    probe("two_rows", "f(randn(2, 3), randn(2, 3))"),
    probe("four_rows", "f(randn(4, 5), randn(4, 5))"),
    probe("gradient", "gradients(f, x=randn(3, 2), y=randn(3, 2))"),
    mistakes({"thrice: x * y → x * y * 3": "Once."}),
)


@pytest.fixture(scope="module")
def with_gradients(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> TinyLesson:
    return TinyLesson(GRADIENTS, worker, tmp_path_factory.mktemp("gradients"))


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("return (x * y).sum(0).detach()", "x"),
        ("return torch.tensor((x * y).sum(0).tolist())", "x"),
        ("return (x.detach() * y).sum(0)", "x"),
        ("return (x * y.detach()).sum(0)", "y"),
        ("with torch.no_grad():\n        return (x * y).sum(0)", "x"),
        ("return (x * y).sum(0).tolist()", "x"),
    ],
)
def test_right_values_without_a_gradient_are_told_with_the_argument_that_has_none(
    body: str, name: str, with_gradients: TinyLesson
) -> None:
    verdict = with_gradients.judged(f"def f(x, y):\n    {body}")
    assert generic(verdict) == "detached-gradient"
    assert verdict.report.message.startswith(
        f"The values are right, but no gradient comes back to `{name}`: "
    )


def test_a_gradient_that_is_wrong_is_told_with_its_argument_and_numbers(
    with_gradients: TinyLesson,
) -> None:
    verdict = with_gradients.judged("def f(x, y):\n    return (x * y + x - x.detach()).sum(0)")
    report = verdict.report
    assert (report.status, report.diagnosis) == ("failed", None)
    assert report.message.startswith("The values are right, the gradients are not.")
    where = (
        "In the case “Gradient”, in the gradient that comes back to `x`, the value at [0, 0] is "
    )
    assert where in report.message
    assert verdict.comparison is not None


def test_wrong_values_are_told_before_a_missing_gradient(with_gradients: TinyLesson) -> None:
    verdict = with_gradients.judged("def f(x, y):\n    return 5 * (x * y).sum(0).detach()")
    assert verdict.report.diagnosis != "detached-gradient"
    assert "The values are right" not in verdict.report.message


def test_a_right_gradient_by_another_way_passes(with_gradients: TinyLesson) -> None:
    source = "def f(x, y):\n    return torch.einsum('nd,nd->d', x, y)"
    assert with_gradients.judged(source).report.status == "passed"


def test_an_input_that_is_changed_is_named_though_one_that_needs_a_gradient_cannot_be(
    with_gradients: TinyLesson,
) -> None:
    verdict = with_gradients.judged("def f(x, y):\n    return x.mul_(y).sum(0)")
    assert generic(verdict) == "input-changed"


def test_what_is_wrong_in_some_cases_is_told_though_others_only_change_their_input(
    centred: TinyLesson,
) -> None:
    report = centred.judged(
        "def f(x):\n    x -= x.mean(0)\n    return x + x[0] if len(x) > 2 else x"
    ).report
    assert report.message.startswith("In the case “Four rows”, ")
    assert report.remarks == (
        "It also changes the tensor that it was given; compute with a new one.",
    )


# Numbers that are none


MASKED = exercise(
    function("return x.masked_fill(torch.ones_like(x).triu(1) > 0, -torch.inf)"),
    probe("three", "f(randn(3, 3))"),
    probe("four", "f(randn(4, 4))"),
)


def test_an_infinity_that_is_wanted_is_no_overflow(tiny: Tiny) -> None:
    source = "def f(x):\n    return x.masked_fill(torch.ones_like(x).triu(1) > 0, -torch.inf).T"
    verdict = tiny(MASKED).judged(source)
    assert verdict.report.status == "failed"
    assert "inf or nan" not in verdict.report.message


LARGE = exercise(
    function("return torch.softmax(x, dim=-1)"),
    probe("small", "f(randn(2, 3))"),
    probe("larger", "f(randn(4, 5))"),
    probe("enormous", "f(1000 * randn(3, 4))"),
)


def test_what_overflows_for_large_numbers_is_told_by_the_case(tiny: Tiny) -> None:
    source = "def f(x):\n    return x.exp() / x.exp().sum(-1, keepdim=True)"
    verdict = tiny(LARGE).judged(source)
    assert generic(verdict) == "not-finite"
    assert verdict.report.message.startswith("In the case “Enormous”, some of your numbers are nan")


# Naming probes


TWO_WAYS = exercise(
    function("return x.abs()"),
    probe("positive", "f(uniform(2, 3))"),
    probe("also_positive", "f(uniform(4, 5))"),
    probe("negative", "f(-uniform(3, 2))", "naming_probe"),
    mistakes(
        {
            "plus-one: x.abs() → x + 1": "Leave it.",
            "abs-plus-one: x.abs() → x.abs() + 1": "Leave the size.",
        }
    ),
)


def test_a_naming_probe_tells_mistakes_apart(tiny: Tiny) -> None:
    lesson = tiny(TWO_WAYS)
    assert lesson.judged("def f(x):\n    return 1 + x").report.diagnosis == "plus-one"
    assert lesson.judged("def f(x):\n    return 1 + x.abs()").report.diagnosis == "abs-plus-one"


@pytest.mark.parametrize(
    "body",
    [
        "return x",
        "return x if x.min() > 0 else x[0]",
        "return x if x.min() > 0 else None",
        "return x if x.min() > 0 else x.no",
        "return x if x.min() > 0 else x.neg_()",
    ],
    ids=["value", "shape", "nothing", "error", "in place"],
)
def test_nobody_fails_by_a_naming_probe(body: str, tiny: Tiny) -> None:
    report = tiny(TWO_WAYS).judged(f"def f(x):\n    {body}").report
    assert (report.status, report.points) == ("passed", 1)


def test_an_error_in_every_case_that_grades_is_an_error(tiny: Tiny) -> None:
    body = "return x.no if x.min() > 0 else x"
    report = tiny(TWO_WAYS).judged(f"def f(x):\n    {body}").report
    assert report.status == "error"


def test_a_naming_probe_is_never_the_case_that_is_shown(tiny: Tiny) -> None:
    """Though it is the smallest."""
    master = TWO_WAYS.replace("-uniform(3, 2)", "-uniform(1, 2)")
    verdict = tiny(master).judged("def f(x):\n    return x.sin()")
    assert verdict.comparison is not None
    assert verdict.comparison.probe == "positive"


# Partial credit


def credit(options: str) -> str:
    return exercise(
        function("return 2 * x"),
        probe("one_row", "f(randn(1, 3))"),
        probe("two_rows", "f(randn(2, 3))"),
        probe("three_rows", "f(randn(3, 3))"),
        probe("many_rows", "f(randn(9, 3))", "naming_probe"),
        mistakes({"thrice: 2 * x → 3 * x": "Twice."}),
        options=options,
    )


@pytest.mark.parametrize(
    ("limit", "points"), [(1, 0.33), (2, 0.67)], ids=["one of three", "two of three"]
)
def test_each_case_passed_earns_its_share_where_the_master_says_so(
    limit: int, points: float, tiny: Tiny
) -> None:
    source = f"def f(x):\n    return 2 * x if len(x) <= {limit} else x.sin()"
    report = tiny(credit("partial=true")).judged(source).report
    assert (report.status, report.points, report.possible) == ("failed", points, 1)


@pytest.mark.parametrize(
    ("options", "source", "points"),
    [
        ("", "def f(x):\n    return 2 * x if len(x) <= 2 else x.sin()", 0),
        ("partial=true", "def f(x):\n    return 3 * x", 0),
        ("partial=true", "def f(x):\n    return x.no", 0),
        ("partial=true", "def f(x):\n    raise NotImplementedError('f is not done yet')", 0),
        ("partial=true", "def f(x):\n    return 2 * x", 1),
        ("partial=true", "def f(x):\n    return 2 * x if len(x) < 9 else x", 1),
    ],
    ids=["not said", "all wrong", "an error", "blank", "all right", "a naming probe"],
)
def test_and_only_there(options: str, source: str, points: float, tiny: Tiny) -> None:
    assert tiny(credit(options)).judged(source).report.points == points


# Which comes first


def test_an_error_is_told_with_what_it_means(centred: TinyLesson) -> None:
    verdict = centred.judged("def f(x):\n    return x @ x")
    assert verdict.report.status == "error"
    assert re.match(r"RuntimeError: .* in line 3: `return x @ x`", verdict.report.message)
    assert "(2, 3)" in verdict.report.explanation


def test_a_named_mistake_comes_before_a_generic_one(tiny: Tiny) -> None:
    master = CENTRED + mistakes({"as-it-came: x - x.mean(dim=0) → x": "Centre it."})
    report = tiny(master).judged("def f(x):\n    return x").report
    assert (report.diagnosis, report.message) == ("as-it-came", "Centre it.")

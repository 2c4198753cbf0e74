"""What a student's source gives away: an argument that is not used, a variable from outside."""

from __future__ import annotations

import builtins
import dis
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_masters import mistakes
from spotlight.course.lesson import Exercise
from spotlight.diagnosis.finding import Finding
from spotlight.diagnosis.source_signs import look
from spotlight.sandbox.job import Step
from spotlight.sandbox.worker import Worker
from tiny_lessons import TinyLesson, exercise, function, probe

pytestmark = pytest.mark.usefixtures("no_changes_tried")

GIVEN = "import torch\n\nnumbers = torch.ones(3)\nqueries = torch.ones(3)\n"


def sign(
    cell: str, given_cell: str = GIVEN, solution: str = "def f(x, by):\n    return x + by\n"
) -> Finding | None:
    """What is seen in `cell`, which is to define f(x, by), after a cell of the course."""
    asked = Exercise("f", "F", ("f",), 1, 1, 1, solution, "here")
    return look((Step("given 1", given_cell, "given"), Step("f", cell, "exercise")), asked)


def name(cell: str, given_cell: str = GIVEN) -> str | None:
    found = sign(cell, given_cell)
    return found.name if found else None


# What is named


def test_a_variable_in_place_of_an_argument() -> None:
    assert sign("def f(x, by):\n    return numbers + by") == Finding(
        "global-for-argument",
        "Your function never uses its argument `x`; it uses `numbers`, a variable of the notebook, "
        "which stays the same whatever the function is called with.",
    )


def test_an_argument_that_is_not_used() -> None:
    assert sign("def f(x, by):\n    return x + 1") == Finding(
        "argument-ignored",
        "Your function never uses its argument `by`, and the result depends on it.",
    )


def test_a_variable_beside_the_arguments() -> None:
    found = sign("def f(x, by):\n    return x + by + numbers")
    assert found is not None
    assert found.name == "depends-on-global"
    assert "uses `numbers`, a variable of the notebook" in found.message


def test_the_first_in_the_source_is_named() -> None:
    found = sign("def f(x, by):\n    return queries + numbers + x + by")
    assert found is not None
    assert "`queries`" in found.message


def test_a_variable_of_the_students_own_cell_is_one_as_well() -> None:
    assert name("mine = torch.ones(3)\n\ndef f(x, by):\n    return mine + by") == (
        "global-for-argument"
    )
    assert name("def f(x, by):\n    return mine + by\n\nmine = [3]") == "global-for-argument"


def test_arguments_may_be_called_by_any_name_and_count_by_their_place() -> None:
    found = sign("def f(a, b):\n    return numbers + b")
    assert found is not None
    assert "its argument `a`" in found.message


@pytest.mark.parametrize(
    "given_cell",
    [
        "numbers = 1",
        "numbers: int = 1",
        "numbers += 1",
        "other, numbers = 1, 2",
        "[numbers, *rest] = 1, 2",
        "numbers = other = 1",
    ],
)
def test_however_the_variable_was_assigned(given_cell: str) -> None:
    assert name("def f(x, by):\n    return numbers + by", given_cell) == "global-for-argument"


@pytest.mark.parametrize(
    "body",
    [
        "return [n + by for n in numbers]",
        "return (lambda y: y + numbers)(by)",
        "def inner(y):\n        return y + numbers\n    return inner(by)",
        "return by if numbers.sum() else 0",
        "numbers[0] = by\n    return numbers",
        "return f'{numbers}' + by",
        "return numbers(by) + numbers",
    ],
)
def test_wherever_in_the_function_it_is_read(body: str) -> None:
    assert name(f"def f(x, by):\n    {body}") == "global-for-argument"


# What is not


@pytest.mark.parametrize(
    "body",
    [
        "return x + by",
        "numbers = x\n    return numbers + by",
        "return [numbers + by for numbers in x]",
        "return (lambda numbers: numbers + by)(x)",
        "def inner(numbers):\n        return numbers\n    return inner(x) + by",
        "if (numbers := x).sum():\n        return numbers + by",
        "for numbers in x:\n        by = numbers + by\n    return by",
        "with open(x) as numbers:\n        return numbers + by",
        "numbers, y = x, by\n    return numbers + y",
        "*numbers, y = x\n    return numbers + y + by",
        "import numbers\n    return numbers.add(x, by)",
        "from torch import ones as numbers\n    return numbers(x, by)",
        "try:\n        return x + by\n    except ValueError as numbers:\n        return numbers",
        "match x:\n        case [numbers, *queries]:\n            return numbers + by",
        "def numbers(y):\n        return y\n    return numbers(x) + by",
        "class numbers:\n        y = x\n    return numbers.y + by",
        "return x.numbers + by",
        "return g(x, numbers=by)",
        "return torch.add(x, by)",
        "return max(x, by)",
        "return '''numbers''' + x + by  # numbers",
    ],
)
def test_a_name_that_the_function_binds_itself_is_no_variable_from_outside(body: str) -> None:
    assert name(f"def f(x, by):\n    {body}") is None


@pytest.mark.parametrize(
    "given_cell",
    [
        "def numbers(y): return y",
        "class numbers: ...",
        "import numbers",
        "import torch as numbers",
        "from torch import add as numbers",
        "numbers = lambda y: y",
        "import torch\nnumbers = torch.nn.functional",
        "from functools import partial\nnumbers = partial(max, 0)",
    ],
    ids=[
        "function",
        "class",
        "module",
        "renamed",
        "imported",
        "lambda",
        "module by another name",
        "made by a call",
    ],
)
def test_functions_classes_and_modules_from_outside_are_nothing_to_remark_on(
    given_cell: str,
) -> None:
    assert name("def f(x, by):\n    return numbers(x) + by", given_cell) is None


@pytest.mark.parametrize(
    "given_cell",
    [
        "import torch\ntorch.backends.mkldnn.enabled = True",
        "import torch\ntable = {}\ntable[torch.float32] = 1",
        "import torch\ntorch.manual_seed(0)",
        "import torch\ntorch.extra: int = 3",
    ],
)
def test_a_module_of_which_something_was_set_is_still_a_module(given_cell: str) -> None:
    assert name("def f(x, by):\n    return torch.add(x, by)", given_cell) is None


def test_a_constant_of_ones_own_is_no_variable_that_could_change() -> None:
    """ALL CAPITALS, set once beside the function, say that it is meant to stay."""
    assert name("EPS = 1e-6\n\ndef f(x, by):\n    return x + by + EPS") is None


def test_a_name_in_the_head_of_the_function_is_not_read_by_its_body() -> None:
    given_cell = "Table = dict\nmark = list\n"
    assert name("def f(x: Table, by) -> Table:\n    return x + by", given_cell) is None
    assert name("@mark\ndef f(x, by):\n    return x + by", given_cell) is None


@pytest.mark.parametrize(
    "body",
    [
        "return locals()['x'] + by",
        "return eval('x') + by",
        "return vars()['x'] + by",
        "return sum(locals().values())",
    ],
)
def test_an_argument_that_may_be_read_unseen_is_not_said_to_be_ignored(body: str) -> None:
    assert name(f"def f(x, by):\n    {body}") is None


@pytest.mark.parametrize(
    "cell",
    [
        "def f(*arguments):\n    return sum(arguments)",
        "def f(x, by=None, **more):\n    return x + by",
        "def f(x, *, by):\n    return x + by",
        "def f(x, /, by):\n    return x + by",
        "f = torch.add",
        "f = lambda x, by: numbers",
        "class f:\n    def __call__(self, x, by): return numbers",
        "def g(x, by): return numbers",
        "def f(x, by, more=None):\n    return x + by",
        "def f(x):\n    return x",
        "from torch import add as f",
        "",
    ],
)
def test_other_ways_to_define_it_are_let_be(cell: str) -> None:
    assert name(cell) is None


def test_an_argument_that_the_solution_does_not_read_may_be_left_unread() -> None:
    solution = "def f(x, by):\n    return 2 * x\n"
    assert sign("def f(x, by):\n    return 3 * x", solution=solution) is None


def test_the_last_of_two_definitions_counts() -> None:
    cell = "def f(x, by):\n    return numbers\n\ndef f(x, by):\n    return x + by"
    assert name(cell) is None


def test_a_variable_that_the_solution_reads_as_well_is_not_the_mistake() -> None:
    solution = "def f(x, by):\n    return x + by + numbers[0]\n"
    cell = "def f(x, by):\n    return x + by + numbers[1]"
    assert sign(cell, solution=solution) is None


# Any source


PIECES = st.sampled_from(
    (
        *("def f(x, by):", "def f(", "):", "\n", "\n    ", "return ", "x", "by", "numbers", " + "),
        *("lambda ", ": ", "global numbers", "[", "]", "for ", " in ", " := ", "del x", "@", "*"),
        *("class f", "async ", "await ", "yield ", "import ", "as ", "'''", "\\", "\t", "\0"),
        *("é", "\ud800", "\u2028", "0x", "{", "}", "f'{", "(" * 300, "match x:\n        case ["),
    )
)


@settings(deadline=None, max_examples=150)
@given(pieces=st.lists(PIECES, max_size=20))
def test_no_source_is_too_broken_to_look_at(pieces: list[str]) -> None:
    source = "".join(pieces)
    for found in (sign(source), sign("def f(x, by):\n    return numbers", source)):
        assert found is None or found.message.endswith(".")


WHOLE = """\
import torch

mine = 3

@torch.no_grad()
def f(x, by=mine, *rest):
    y = [numbers for z in x]
    return y
"""


def test_nor_is_any_beginning_or_end_of_one() -> None:
    for cut in range(len(WHOLE)):
        sign(WHOLE[:cut])
        sign(WHOLE[cut:])
        sign("def f(x, by):\n    return numbers", WHOLE[:cut])
    sign("x" + "+x" * 20_000)
    sign("def f(x, by):\n    return " + "-" * 5_000 + "x")


STATEMENTS = st.sampled_from(
    [
        "y = x + 1",
        "y = by",
        "y = numbers",
        "numbers = x",
        "y = [numbers for numbers in x]",
        "y = [queries for z in x]",
        "z = lambda numbers: numbers + x",
        "z = lambda q: q + numbers",
        "for queries in by: pass",
        "import queries",
        "import torch.numbers",
        "from torch import numbers",
        "del y",
        "by += 1",
        "x.numbers = by",
        "g(numbers=1)",
        "def inner(numbers): return numbers",
        "def inner(q): return queries",
        "def numbers(): return 1",
        "class queries: pass",
        "try: pass\n    except ValueError as numbers: pass",
        "with open('') as queries: pass",
        "assert x is not None, queries",
        "y: numbers = 1",
        "print(torch, max)",
        "return x",
    ]
)


def read_by(code: CodeType, kinds: tuple[str, ...]) -> set[str]:
    """Names that a function, or one within it, reads in one of these ways, by its bytecode."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname.startswith(kinds)}
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return found.union(*(read_by(one, kinds) for one in inner))


@settings(deadline=None, max_examples=200)
@given(body=st.lists(STATEMENTS, min_size=1, max_size=5))
def test_what_is_said_is_what_python_does(body: list[str]) -> None:
    """Python's own compiler is asked which globals are read, and which arguments are not."""
    cell = "def f(x, by):\n    " + "\n    ".join(body)
    namespace: dict[str, Any] = {}
    exec(compile(cell, "<cell>", "exec"), namespace)
    code = namespace["f"].__code__
    found = sign(cell)
    if found is None:
        return
    outside = read_by(code, ("LOAD_GLOBAL", "LOAD_NAME")) - set(dir(builtins))
    inside = read_by(code, ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE"))
    quoted = found.message.split("`")[1::2]
    match found.name:
        case "global-for-argument":
            ignored, used = quoted
            assert ignored not in inside
            assert used in outside
        case "argument-ignored":
            assert quoted[0] not in inside
        case "depends-on-global":
            assert quoted[0] in outside


# In a lesson

LESSON = exercise(
    function("return x + by", "x, by", "x: (n, d), by: (d,) → (n, d)"),
    probe("a_few", "f(randn(2, 3), randn(3))"),
    probe("more", "f(randn(4, 3), randn(3))"),
    mistakes({"less: + → -": "Add."}),
    given="numbers = torch.arange(3.0)  # (3,)",
)


@pytest.fixture(scope="module")
def tiny(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> TinyLesson:
    return TinyLesson(LESSON, worker, tmp_path_factory.mktemp("signs"))


def test_a_variable_for_an_argument_is_named_even_where_it_ends_in_an_error(
    tiny: TinyLesson,
) -> None:
    for body in ("return x + numbers", "return x @ numbers @ x", "return numbers.no"):
        report = tiny.judged(f"def f(x, by):\n    {body}").report
        assert (report.status, report.diagnosis) == ("failed", "global-for-argument")


def test_what_the_result_shows_comes_before_a_variable_beside_the_arguments(
    tiny: TinyLesson,
) -> None:
    source = "def f(x, by):\n    return {} * (x + by) + 0 * numbers"
    assert tiny.judged(source.format(2)).report.diagnosis == "constant-factor"
    assert tiny.judged(source.format("x")).report.diagnosis == "depends-on-global"


def test_a_variable_whose_size_fits_no_case_is_named_and_not_the_line_where_it_ends(
    tiny: TinyLesson,
) -> None:
    """The given cell's three numbers meet four in every case, or in one of two."""
    for misfit in ("torch.cat([numbers, by[:1]])", "(numbers[:2] if len(x) > 2 else numbers)"):
        report = tiny.judged(f"def f(x, by):\n    return x.exp() + by + {misfit}").report
        assert (report.status, report.diagnosis) == ("failed", "depends-on-global")


def test_who_passes_is_told_nothing_of_it(tiny: TinyLesson) -> None:
    report = tiny.judged("def f(x, by):\n    return x + by + 0 * numbers").report
    assert (report.status, report.diagnosis, report.remarks) == ("passed", None, ())

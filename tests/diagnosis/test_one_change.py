"""Changes of a cell in one place: which slips are undone, and what is said of each."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotlight.diagnosis.one_change import MOST, changes_of

LOOP = """\
def total(x, n):
    s = 0
    for i in range(1, n):
        s = 2 * x[i]
        return s
"""

SLIPS = {
    "return in a loop": (
        "def f(x):\n    s = 0\n    for a in x:\n        s += a\n        return s\n",
        "def f(x):\n    s = 0\n    for a in x:\n        s += a\n    return s\n",
        (5, "return-in-loop", "`return s` stands inside the loop, and ends it in the first round."),
    ),
    "= for +=": (
        "def f(x):\n    s = 0\n    for a in x:\n        s = a\n    return s\n",
        "def f(x):\n    s = 0\n    for a in x:\n        s += a\n    return s\n",
        (4, "replaced-not-added", "`s = a` replaces what was gathered before; `+=` adds to it."),
    ),
    "a step after the loop": (
        "def f(x):\n    s = 0\n    for a in x:\n        b = a * a\n    s += b\n    return s\n",
        "def f(x):\n    s = 0\n    for a in x:\n        b = a * a\n        s += b\n    return s\n",
        (3, "indentation", "`s += b` stands after the loop, and belongs inside it."),
    ),
    "a loop that begins late": (
        "def f(x, n):\n    return [x[i] for i in range(1, n)]\n",
        "def f(x, n):\n    return [x[i] for i in range(0, n)]\n",
        (2, "off-by-one", "`range(1, n)` begins one too late."),
    ),
    "arguments swapped": (
        "def f(q, k):\n    return g(k, q)\n",
        "def f(q, k):\n    return g(q, k)\n",
        (2, "swapped", "`k` and `q` in `g(k, q)` have changed places."),
    ),
    "sides swapped": (
        "def f(a, b):\n    return b / a\n",
        "def f(a, b):\n    return a / b\n",
        (2, "swapped", "the two sides of `/` in `b / a` have changed places."),
    ),
    "a typed size": (
        "def f(x):\n    return x.view(-1, 402)\n",
        "def f(x):\n    return x.view(-1, x.shape[-1])\n",
        (2, "typed-size", "`402` in `x.view(-1, 402)` is typed in; it has to follow from "
         "`x.shape[-1]`."),
    ),
    "a typed size, and view of what lies in pieces": (
        "def f(x):\n    return x.view(-1, 402)\n",
        "def f(x):\n    return x.reshape(-1, x.shape[-1])\n",
        (2, "typed-size", "`402` in `x.view(-1, 402)` is typed in; it has to follow from "
         "`x.shape[-1]`. Besides, `view` reads only numbers that lie in one piece; `reshape` "
         "reads any."),
    ),
    "the notebook's size": (
        "def f(x):\n    return torch.ones(T, x.shape[1])\n",
        "def f(x):\n    return torch.ones(len(x), x.shape[1])\n",
        (2, "depends-on-global", "`T` comes from outside the function; take it from `len(x)`."),
    ),
    "an axis": (
        "def f(x):\n    return x.softmax(dim=0)\n",
        "def f(x):\n    return x.softmax(dim=-1)\n",
        (2, "axis", "`0` in `dim=0` is the wrong axis."),
    ),
    "precedence": (
        "def f(d):\n    return d ** 1 / 2\n",
        "def f(d):\n    return d ** (1 / 2)\n",
        (2, "brackets", "brackets are missing, or too many: Python reads it as `(d ** 1) / 2`."),
    ),
    "a transpose": (
        "def f(q, k):\n    return q @ k\n",
        "def f(q, k):\n    return q @ k.mT\n",
        (2, "transpose", "`k` should be transposed in `q @ k`."),
    ),
    "a relative of the function": (
        "def f(d):\n    return math.isqrt(d)\n",
        "def f(d):\n    return math.sqrt(d)\n",
        (2, "function", "`math.isqrt` is not the function that `math.isqrt(d)` needs."),
    ),
    "a condition": (
        "def f(x, s):\n    if s % 2 == 0:\n        x.step()\n",
        "def f(x, s):\n    x.step()\n",
        (2, "condition", "the condition `s % 2 == 0` is too much."),
    ),
    "a keyword": (
        "def f(x, t):\n    return g(x, t, max_norm=1.0)\n",
        "def f(x, t):\n    return g(x, t)\n",
        (2, "keyword", "`max_norm=1.0` in `g(x, t, max_norm=1.0)` is too much."),
    ),
    "a step too much": (
        "def f(x):\n    return torch.round(x)\n",
        "def f(x):\n    return x\n",
        (2, "too-much", "the step `torch.round(…)` in `torch.round(x)` is too much."),
    ),
    "another part of the module": (
        "class M:\n    def __init__(self):\n        self.a = 1\n        self.b = 2\n"
        "    def forward(self, x):\n        return self.b(x)\n",
        "class M:\n    def __init__(self):\n        self.a = 1\n        self.b = 2\n"
        "    def forward(self, x):\n        return self.a(x)\n",
        (6, "name", "`self.b` stands where `self.a` belongs."),
    ),
    "lines in the wrong order": (
        "def f(x):\n    x.step()\n    x.clear()\n    return x\n",
        "def f(x):\n    x.clear()\n    x.step()\n    return x\n",
        (2, "order", "`x.step()` and `x.clear()` stand in the wrong order."),
    ),
    "sizes at the margin": (
        "shape = (B, H, T)\n",
        "shape = (B, T, H)\n",
        (1, "swapped", "`H` and `T` in `(B, H, T)` have changed places."),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "right", "said"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_undone_and_named(wrong: str, right: str, said: tuple[int, str, str]) -> None:
    meant = ast.unparse(ast.parse(right))
    change = next(one for one in changes_of(wrong) if one.source == meant)
    assert (change.line, change.kind, change.message) == said


def test_the_likeliest_slips_come_first() -> None:
    kinds = [change.kind for change in changes_of(LOOP)]
    assert kinds[:2] == ["return-in-loop", "replaced-not-added"]
    assert kinds.index("off-by-one") < kinds.index("operator") < kinds.index("constant")


def test_every_change_is_a_cell_of_its_own_that_parses() -> None:
    sources = [change.source for change in changes_of(LOOP)]
    assert len(set(sources)) == len(sources)
    for source in (ast.unparse(ast.parse(LOOP)), *sources):
        ast.parse(source)
    assert ast.unparse(ast.parse(LOOP)) not in sources


def test_a_long_cell_is_changed_so_often_and_no_more() -> None:
    lines = "".join(f"    x = x + {number} * y\n" for number in range(100))
    assert len(changes_of(f"def f(x, y):\n{lines}    return x\n")) == MOST


@given(st.text(max_size=60))
def test_what_does_not_parse_has_no_changes_and_nothing_raises(text: str) -> None:
    changes_of(text)
    assert changes_of(f"def f(:{text}") == []


def test_docstrings_signatures_and_defaults_are_left_alone() -> None:
    source = 'def f(x: int, n: int = 3) -> int:\n    """Times 2."""\n    return x\n'
    for change in changes_of(source):
        assert "def f(x: int, n: int=3) -> int:" in change.source
        assert "Times 2." in change.source

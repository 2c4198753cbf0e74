"""Which names a cell defines, uses and changes."""

from __future__ import annotations

import builtins

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotlight.python_source.dataflow import names_of

BUILTINS = set(dir(builtins))


def names(text: str) -> set[str]:
    return set(text.split())


# cell, what it defines, what it uses (built-in names left out), what it changes
CASES = [
    ("a = b", "a", "b", ""),
    ("a = a + 1", "a", "a", ""),
    ("a = 1\nb = a", "a b", "", ""),
    ("b = a\na = 1", "a b", "a", ""),
    ("a += b", "a", "a b", ""),
    ("a, (b, *c) = d", "a b c", "d", ""),
    ("a = b = c", "a b", "c", ""),
    ("a: int = b", "a", "b", ""),
    ("a: Tensor", "", "Tensor", ""),
    ("print(a := b)", "a", "b", ""),
    ("del a", "", "a", ""),
    ("a = 1\ndel a", "", "", ""),
    ("a = 1\ndel a\nb = a", "b", "a", ""),
    ('f"{a} {b:{c}}"', "", "a b c", ""),
    # imports
    ("import torch", "torch", "", ""),
    ("import torch.nn", "torch", "", ""),
    ("import torch.nn as n", "n", "", ""),
    ("from torch import nn, optim as o", "nn o", "", ""),
    # in place
    ("a[0] = b", "", "a b", "a"),
    ("a.b.c = 1", "", "a", "a"),
    ("a[i].b += 1", "", "a i", "a"),
    ("del a[0]", "", "a", "a"),
    ("a.append(b)", "", "a b", "a"),
    ("await a.put(b)", "", "a b", "a"),
    ("a = []\na.append(b)", "a", "b", ""),
    ("a.append(1)\na = 2", "a", "a", ""),
    ("for i in b:\n    a.append(i)", "i", "a b", "a"),
    ("with c:\n    a[0] = 1", "", "a c", "a"),
    ("b = a.pop()", "b", "a", ""),
    ("f(a).b = 1", "", "f a", "f"),
    # loops and blocks
    ("for i in a:\n    t += i", "i t", "a t", ""),
    ("for i in a:\n    b = i\nprint(b)", "b i", "a", ""),
    ("while a:\n    a = b", "a", "a b", ""),
    ("with a as b:\n    c = b", "b c", "a", ""),
    ("with a() as (b, c):\n    pass", "b c", "a", ""),
    ("with g:\n    w -= r * w", "w", "g r w", ""),
    ("async def f():\n    async for i in a:\n        b = i", "f", "a", ""),
    # branches
    ("if a:\n    b = 1\nprint(b)", "b", "a b", ""),
    ("if a:\n    b = 1\nelse:\n    b = 2\nprint(b)", "b", "a", ""),
    ("if a:\n    b = c\nelif d:\n    b = e", "b", "a c d e", ""),
    ("b = 0\nif a:\n    b = b + 1", "b", "a", ""),
    ("if a:\n    b = b + 1", "b", "a b", ""),
    ("match a:\n    case [b, *c]:\n        d = b\n    case {'k': e, **r}:\n        d = e\n    "
     "case f:\n        d = f\nprint(d)", "b c d e f r", "a", ""),
    ("match a:\n    case 1:\n        d = 1\nprint(d)", "d", "a d", ""),
    ("match a:\n    case P(x=b) as c if b > e:\n        pass", "b c", "P a e", ""),
    ("try:\n    a = b\nexcept E as e:\n    print(e)\nprint(a)", "a", "E b", ""),
    ("try:\n    a = b\nexcept* E as e:\n    print(e, a)", "a", "E a b", ""),
    ("try:\n    a = b\nfinally:\n    c = d", "a c", "b d", ""),
    ("try:\n    pass\nexcept E as e:\n    pass\nprint(e)", "", "E e", ""),
    # comprehensions have names of their own
    ("a = [x for x in b]", "a", "b", ""),
    ("a = [x for x in b]\nc = x", "a c", "b x", ""),
    ("a = [x for x in x]", "a", "x", ""),
    ("a = {k: v for k, v in b if k != c}", "a", "b c", ""),
    ("a = [x + y for x in b for y in x]", "a", "b", ""),
    ("a = [(last := x) for x in b]\nprint(last)", "a last", "b", ""),
    ("a = [x for x in b]\ndef f():\n    return x", "a f", "b x", ""),
    ("a = sum(x * w for x in b)", "a", "b w", ""),
    ("a = [f(lambda: x + z) for x in b]", "a", "b f z", ""),
    # functions look names up when they are called
    ("def f(x):\n    return x + a", "f", "a", ""),
    ("def f():\n    return a\na = 1", "a f", "", ""),
    ("def f(x=a) -> b:\n    return x", "f", "a b", ""),
    ("def f(x: a, *y: b, **z: c):\n    return x, y, z", "f", "a b c", ""),
    ("def f(x, /, *, y=1):\n    x = y\n    return x", "f", "", ""),
    ("@d(a)\ndef f():\n    pass", "f", "a d", ""),
    ("def f():\n    a = 1\n    return a", "f", "", ""),
    ("def f():\n    return f()", "f", "", ""),
    ("def f():\n    global a\n    a = b", "a f", "b", ""),
    ("def f():\n    a.append(1)", "f", "a", ""),
    ("def f():\n    import a\n    return a", "f", "", ""),
    ("def f():\n    [(a := x) for x in b]\n    return a", "f", "b", ""),
    ("def f():\n    for i in a:\n        pass\n    return [i for i in b]", "f", "a b", ""),
    ("def f():\n    try:\n        pass\n    except E as e:\n        return e", "f", "E", ""),
    ("def f():\n    match a:\n        case {'x': b, **c}:\n            return b, c", "f", "a", ""),
    ("def f(x):\n    def g():\n        return x + a\n    return g", "f", "a", ""),
    ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += a", "f", "a", ""),
    ("def f(x):\n    class A:\n        y = x\n    return A", "f", "", ""),
    ("f = lambda x, *y: x + a", "f", "a", ""),
    ("f = lambda x=b: x", "f", "b", ""),
    ("f(key=lambda r: w[r])", "", "f w", ""),
    ("a = 1\nf = lambda: a", "a f", "", ""),
    # classes
    ("class A(B, k=c):\n    x = d", "A", "B c d", ""),
    ("class A:\n    x = 1\nprint(x)", "A", "x", ""),
    ("class A:\n    x = 1\n    y = x", "A", "", ""),
    ("class A:\n    x = 1\n    def f(self):\n        return x", "A", "x", ""),
    ("class A:\n    def f(self):\n        return A, z", "A", "z", ""),
    ("@d\nclass A:\n    @e\n    def f(self, x: g = h):\n        self.y = x", "A", "d e g h", ""),
    # nothing at all
    ("", "", "", ""),
    ("# a comment", "", "", ""),
    ("...", "", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "defines", "uses", "changes"), CASES)
def test_the_names_of_a_cell(cell, defines, uses, changes):
    found = names_of(cell)
    assert found.defines == names(defines)
    assert found.uses - BUILTINS == names(uses)
    assert found.changes == names(changes)
    assert found.needs == found.uses | found.changes


def test_built_in_names_are_used_like_any_other():
    assert names_of("print(sum(a))").uses == {"print", "sum", "a"}


def test_imports_are_told_from_other_definitions():
    found = names_of("import torch\nfrom math import sqrt as root\nx = 1\ndef f():\n    import os")
    assert found.imports == {"torch", "root"}
    assert not found.star


def test_a_star_may_define_anything():
    found = names_of("from math import *\nx = sqrt(2)")
    assert found.star
    assert found.defines == {"x"}


@pytest.mark.parametrize(
    "text",
    [
        *("def f(:", "a = ", "%matplotlib inline", "!ls", "a\0b", "if a:\nb", "  a", "f(\n"),
        *("(" * 5_000, "-" * 100_000 + "1", "a" + ".b" * 100_000, "[" * 150 + "]" * 150 + "("),
    ],
)
def test_what_does_not_parse_has_no_names(text):
    assert names_of(text) is None


@settings(deadline=None)
@given(st.text())
def test_no_text_is_too_odd(text):
    names_of(text)


# The property: a cell runs in a namespace that holds just what it uses, and defines what it says


class Number(int):
    """A number that can be told from any that a cell computes."""


@st.composite
def straight_lines(draw, deleting=False):
    """A cell of statements that run one after the other and work on numbers."""
    pool = list("abcdef")
    gone: set[str] = set()

    def read():
        return draw(st.sampled_from([name for name in pool if name not in gone]))

    def write():
        name = draw(st.sampled_from(pool))
        gone.discard(name)
        return name

    lines = []
    for _ in range(draw(st.integers(1, 6))):
        b, c = read(), read()
        kind = draw(st.integers(0, 12))
        if kind == 12 and deleting and len(gone) < 3:
            lines.append(f"del {b}")
            gone.add(b)
            continue
        if kind == 11:
            lines.append(f"{b} += {c}")
            continue
        a = write()
        lines.append(
            [
                f"{a} = {b} + {c}",
                f"{a} = {b} = {c} + 0",
                f"{a}, x = {b} + 0, {c} + 0",
                f"{a} = sum([x * {b} for x in range({c} % 3 + 1)])",
                f"{a} = sum({c} for {c} in range({b} % 3 + 1))",
                f"{a} = sum(x + {c} for x in range({b} % 3 + 1) for y in range(x + 1)) + {c}",
                f"for {a} in range({b} % 2 + 1):\n    y = {a} + {c}",
                f"{a} = (y := {b} + 0) + {c}",
                f"{a} = (lambda x, {b}={b}: x + {b})({c})",
                f"def g(x, {c}={c}):\n    {b} = x\n    return {b} + {c}\n{a} = g({b})",
                f"class A:\n    {c} = {b} + 0\n{a} = A.{c}",
            ][kind % 11]
        )
        if kind % 11 == 1:
            gone.discard(b)
    return "\n".join(lines)


def run(cell, using):
    namespace = {name: Number(3) for name in using}
    before = dict(namespace)
    exec(cell, namespace)
    del namespace["__builtins__"]
    return {name for name, value in namespace.items() if value is not before.get(name)}


@settings(deadline=None, max_examples=400)
@given(straight_lines(deleting=True))
def test_a_cell_runs_with_what_it_uses_and_defines_what_it_says(cell):
    found = names_of(cell)
    uses = found.uses - BUILTINS
    assert run(cell, uses) == found.defines
    for name in uses:
        with pytest.raises(NameError):
            run(cell, uses - {name})


@settings(deadline=None)
@given(straight_lines(), straight_lines(), straight_lines(), st.sampled_from([0, 1]))
def test_a_cell_has_what_it_needs_whichever_branch_is_taken(first, second, last, choice):
    def block(cell):
        return f"    {cell}".replace("\n", "\n    ")

    for text in (
        f"if choice:\n{block(first)}\nelse:\n{block(second)}\n{last}",
        f"if choice:\n{block(first)}\n{last}",
        f"match choice:\n    case 1:\n{block(block(first))}\n    case _:\n        pass\n{last}",
        f"try:\n    assert choice\nexcept AssertionError:\n{block(first)}\n{last}",
    ):
        namespace = {name: Number(3) for name in names_of(text).uses - BUILTINS}
        exec(text, namespace | {"choice": choice})


@settings(deadline=None)
@given(straight_lines(), straight_lines())
def test_two_cells_in_one_need_what_the_first_needs_and_what_it_does_not_give_the_second(one, two):
    whole, first, second = names_of(f"{one}\n{two}"), names_of(one), names_of(two)
    assert whole.uses == first.uses | (second.uses - first.defines)
    assert whole.defines == first.defines | second.defines


@pytest.mark.filterwarnings("error")
def test_what_the_parser_warns_of_is_not_the_readers_to_hear() -> None:
    names = names_of("pattern = '\\d'\nis_one = pattern is '1'")
    assert names is not None
    assert names.defines == {"pattern", "is_one"}

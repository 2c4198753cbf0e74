"""Slips in a call: the wrong function, an argument too much, a step that should not be there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import copy
from itertools import combinations

from spotlight.diagnosis.one_change.edits import Edit
from spotlight.diagnosis.one_change.places import Place, called, said

_SIBLINGS: tuple[tuple[str, ...], ...] = (
    ("sum", "mean", "max", "min", "amax", "amin", "norm", "prod", "median"),
    ("argmax", "argmin"),
    ("sqrt", "isqrt", "square", "exp", "log"),
    ("exp", "exp2", "expm1"),
    ("log", "log2", "log10", "log1p"),
    ("sin", "cos", "tan"),
    ("abs", "square"),
    ("softmax", "log_softmax", "sigmoid", "softmin"),
    ("relu", "gelu", "silu", "tanh"),
    ("std", "var"),
    ("zeros", "ones", "empty"),
    ("zeros_like", "ones_like", "empty_like"),
    ("cat", "stack", "hstack", "vstack"),
    ("tril", "triu"),
    ("view", "reshape", "transpose"),
    ("append", "extend"),
    ("find", "rfind", "index", "rindex"),
    ("floor", "ceil", "round"),
    ("any", "all"),
    ("train", "eval"),
)
_NEVER_MEANT = ("empty", "empty_like")  # they hold whatever lay there
_MODULES = ("torch", "math", "np", "numpy", "nn", "F")
_RESHAPING = ("view", "reshape")


def call_edits(place: Place) -> Iterator[Edit]:
    """What a call may have been meant to be."""
    node = place.node
    for one, other in combinations(range(len(node.args)), 2):
        order = list(node.args)
        order[one], order[other] = order[other], order[one]
        both = f"{said(node.args[one])} and {said(node.args[other])}"
        turned = ast.Call(node.func, order, node.keywords)
        yield Edit("swapped", turned, f"{both} in {said(node)} have changed places.")
    name = called(node)
    for other_name in _siblings(node.func):
        function = copy(node.func)
        setattr(function, "attr" if isinstance(function, ast.Attribute) else "id", other_name)
        text = f"`{name}` is not the function that {said(node)} needs."
        meant = ast.Call(function, node.args, node.keywords)
        yield Edit("function", meant, text, f"{name} → {other_name}")
    if isinstance(node.func, ast.Name) and node.func.id == "range":
        yield from _ranges(node)
    for keyword in node.keywords:
        kept = [other for other in node.keywords if other is not keyword]
        text = f"`{ast.unparse(keyword)}` in {said(node)} is too much."
        yield Edit("keyword", ast.Call(node.func, node.args, kept), text)
    if len(node.args) > 1:
        text = f"{said(node.args[-1])} in {said(node)} is too much."
        yield Edit("keyword", ast.Call(node.func, node.args[:-1], node.keywords), text)
    for rest in _without_call(node):
        text = f"the step `{name}(…)` in {said(node)} is too much."
        yield Edit("too-much", rest, text)
    yield from _reshaped(node)
    yield from _divided(node)
    if name.rpartition(".")[2] == "exp":
        yield from _overflowing(node)


def _without_call(node: ast.Call) -> Iterator[ast.expr]:
    """What a call is made on: the object of a method, or the first argument."""
    match node.func:
        case ast.Attribute(value=ast.Name(id=name)) if name in (*_MODULES, "self"):
            yield from node.args[:1]
        case ast.Attribute(value=value):
            yield value
            yield from node.args[:1]
        case ast.Name():
            yield from node.args[:1]


def _siblings(function: ast.expr) -> list[str]:
    name = getattr(function, "attr", None) or getattr(function, "id", None)
    found = [other for group in _SIBLINGS if name in group for other in group]
    return [other for other in dict.fromkeys(found) if other not in (name, *_NEVER_MEANT)]


def _ranges(node: ast.Call) -> Iterator[Edit]:
    """A loop that begins or ends one too early, or too late."""
    args = node.args
    first: ast.expr = args[0] if len(args) > 1 else ast.Constant(0)
    last = args[1] if len(args) > 1 else args[0] if args else ast.Constant(0)
    for step, when in ((1, "early"), (-1, "late")):
        begun = ast.Call(node.func, [plus(first, step), last, *args[2:]], [])
        yield Edit("off-by-one", begun, f"{said(node)} begins one too {when}.")
        ended = ast.Call(node.func, [first, plus(last, step), *args[2:]], [])
        yield Edit("off-by-one", ended, f"{said(node)} ends one too {when}.")
    if not isinstance(first, ast.Constant) or first.value != 0:
        begun = ast.Call(node.func, [ast.Constant(0), last, *args[2:]], [])
        yield Edit("off-by-one", begun, f"{said(node)} begins too late.")


def plus(node: ast.expr, number: int) -> ast.expr:
    """The expression with a number added."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + number)
    operator = ast.Add() if number > 0 else ast.Sub()
    return ast.BinOp(node, operator, ast.Constant(abs(number)))


def _reshaped(node: ast.Call) -> Iterator[Edit]:
    """`view` and `reshape` where dimensions should change places."""
    function = node.func
    if not (isinstance(function, ast.Attribute) and function.attr in _RESHAPING):
        return
    text = (
        f"`{function.attr}` in {said(node)} reads the numbers on in their old order; to exchange "
        "two dimensions, transpose."
    )
    yield Edit("reshape-for-transpose", ast.Attribute(function.value, "mT", ast.Load()), text)
    if len(node.args) == 4:
        first, second, third, fourth = node.args
        split = ast.Call(function, [first, third, second, fourth], [])
        yield Edit("reshape-for-transpose", _with_axes_1_and_2_exchanged(split), text)
    turned = ast.Attribute(_with_axes_1_and_2_exchanged(function.value), "reshape", ast.Load())
    yield Edit("reshape-for-transpose", ast.Call(turned, node.args, node.keywords), text)


def _with_axes_1_and_2_exchanged(node: ast.expr) -> ast.Call:
    method = ast.Attribute(node, "transpose", ast.Load())
    return ast.Call(method, [ast.Constant(1), ast.Constant(2)], [])


def _divided(node: ast.Call) -> Iterator[Edit]:
    """`f(a / b)` for `f(a) / b`."""
    for index, argument in enumerate(node.args[:1]):
        if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Div | ast.Mult):
            rest = [*node.args[:index], argument.left, *node.args[index + 1 :]]
            inner = ast.Call(node.func, rest, node.keywords)
            text = f"{said(argument)} comes before `{called(node)}`, and belongs after it."
            yield Edit("order", ast.BinOp(inner, argument.op, argument.right), text)


def _overflowing(node: ast.Call) -> Iterator[Edit]:
    """`exp` of numbers from which nothing has been subtracted, or not their own largest."""
    inside = node.args[0] if node.args else getattr(node.func, "value", None)
    if not isinstance(inside, ast.expr):
        return
    bases = [inside]
    if isinstance(inside, ast.BinOp):
        bases.append(inside.left)
    if isinstance(inside, ast.Call):
        bases += _without_call(inside)
    for base in bases:
        shifted = ast.parse("base - base.amax(dim=-1, keepdim=True)", mode="eval").body
        assert isinstance(shifted, ast.BinOp)
        assert isinstance(shifted.right, ast.Call)
        assert isinstance(shifted.right.func, ast.Attribute)
        shifted.left = shifted.right.func.value = base
        function = ast.Attribute(ast.Name("torch", ast.Load()), "exp", ast.Load())
        yield Edit(
            "overflow",
            ast.Call(function, [shifted], []),
            f"{said(node)} overflows where numbers are large; subtract from each row its own "
            "largest number first.",
        )

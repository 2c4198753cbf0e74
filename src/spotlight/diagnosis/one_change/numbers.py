"""Slips in a number: an axis, a size that is typed in, a mask that is not infinite."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spotlight.diagnosis.one_change.edits import Edit
from spotlight.diagnosis.one_change.places import Place, Scope, called, said

_MAX_RANK = 5
_AXIS = ("dim", "axis", "dim0", "dim1")
_HIDING = ("masked_fill", "where", "full", "full_like", "masked_fill_")


def number_edits(place: Place) -> Iterator[Edit]:
    """What a constant may have been meant to be."""
    node = place.node
    value = node.value
    held = said(_around(place))
    if isinstance(value, bool):
        yield Edit("constant", ast.Constant(not value), f"{held} is the wrong way round.")
    elif isinstance(value, int):
        yield from _whole(place, value, held)
    elif isinstance(value, float):
        if value == int(value):
            yield from _typed(place, held)
        for number in (-value, 1 / value if value else 1.0, 0.0, 1.0, value * value, 2 * value):
            wrong = f"`{value}` in {held} is the wrong number."
            yield Edit("constant", ast.Constant(number), wrong)
    elif isinstance(value, str):
        for text in ("", " "):
            wrong = f"the text {said(node)} is not the one that is wanted."
            yield Edit("text", ast.Constant(text), wrong)
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _finite(place, held)


def _whole(place: Place, value: int, held: str) -> Iterator[Edit]:
    is_axis = abs(value) < _MAX_RANK and _is_axis(place)
    if value > 1 and not is_axis:
        yield from _typed(place, held)
    what = "axis" if is_axis else "number"
    text = f"`{value}` in {held} is the wrong {what}."
    for number in dict.fromkeys((value + 1, value - 1, -value, 0, 1, -1, -2, 2, -3)):
        if number == -1 and value > 1 and _is_reshaped(place):
            typed = (
                f"`{value}` in {held} is typed in; it has to follow from the sizes of what goes in."
            )
            yield Edit("typed-size", ast.Constant(number), typed)
        elif number != value:
            kind = "axis" if is_axis else "constant"
            yield Edit(kind, ast.Constant(number), text)


def _typed(place: Place, held: str) -> Iterator[Edit]:
    """A size, or its root, that is right for one input alone."""
    value = place.node.value
    for size in sizes(place.scope):
        for meant in (size, ast.BinOp(size, ast.Pow(), ast.Constant(0.5))):
            text = f"`{value}` in {held} is typed in; it has to follow from {said(size)}."
            yield Edit("typed-size", meant, text, f"{value} → {ast.unparse(meant)}")


def _finite(place: Place, held: str) -> Iterator[Edit]:
    """A number in a mask where minus infinity is meant."""
    sign = place.parent if isinstance(place.parent, ast.UnaryOp) else None
    calls = [node for node in place.within if isinstance(node, ast.Call)]
    hides = calls and called(calls[-1]).rpartition(".")[2] in _HIDING
    infinite = ast.Constant(float("inf") if sign else float("-inf"))
    number = ast.unparse(sign or place.node)
    if hides:
        text = (
            f"`{number}` is finite: what it hides keeps a little weight, and with large scores "
            "much. Only −∞ leaves none."
        )
        yield Edit("finite-mask", infinite, text, f"{number} → −∞")


def _around(place: Place) -> ast.AST:
    """What a constant is said with: its keyword, or what is around it."""
    around = place.within[-1]
    if isinstance(around, ast.keyword | ast.Call | ast.BinOp | ast.Subscript | ast.Assign):
        return around
    return next((n for n in reversed(place.within) if isinstance(n, ast.expr)), place.node)


def _is_reshaped(place: Place) -> bool:
    around = place.within[-1]
    return isinstance(around, ast.Call) and called(around) in ("view", "reshape")


def _is_axis(place: Place) -> bool:
    around = place.within[-1]
    if isinstance(around, ast.UnaryOp) and len(place.within) > 1:
        around = place.within[-2]
    if isinstance(around, ast.keyword):
        return around.arg in _AXIS
    if not (isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute)):
        return False
    return not called(around).startswith("math.")


def size_edits(place: Place) -> Iterator[Edit]:
    """One size where another one belongs: `len(q)` for `q.shape[1]`."""
    node = place.node
    own = ast.unparse(node)
    is_size = own.startswith("len(") or ".shape[" in own or ".size(" in own
    if is_size and isinstance(node, ast.Call | ast.Subscript) and len(own) < 30:
        for size in sizes(place.scope):
            text = f"{said(node)} is not the size that belongs here; look at {said(size)}."
            yield Edit("size", size, text, f"{own} → {ast.unparse(size)}")


def sizes(scope: Scope) -> Iterator[ast.expr]:
    """What a size may be taken from: an argument itself, its length, its shape; the module."""
    for name in scope.attributes if scope.is_function else ():
        yield ast.Attribute(ast.Name("self", ast.Load()), name, ast.Load())
    for name in scope.arguments:
        argument = ast.Name(name, ast.Load())
        shape = ast.Attribute(argument, "shape", ast.Load())
        for axis in (-1, -2, 1):
            yield ast.Subscript(shape, ast.Constant(axis), ast.Load())
        yield ast.Call(ast.Name("len", ast.Load()), [argument], [])
        yield argument

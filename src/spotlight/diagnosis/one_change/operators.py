"""Slips in an operation: its operator, the order of its sides, its brackets, its conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spotlight.diagnosis.one_change.edits import Edit
from spotlight.diagnosis.one_change.places import called, said

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Pow: "**",
    ast.MatMult: "@",
}
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_SHOWN = 40


def operation_edits(node: ast.BinOp) -> Iterator[Edit]:
    """What an operation may have been meant to be."""
    left, operator, right = node.left, node.op, node.right
    own = _OPERATORS.get(type(operator), "%")
    if not isinstance(operator, ast.Mult):
        text = f"the two sides of `{own}` in {said(node)} have changed places."
        yield Edit("swapped", ast.BinOp(right, operator, left), text)
    yield from _brackets(node)
    yield from _before_and_after(node)
    for other, sign in _OPERATORS.items():
        if not isinstance(operator, other):
            text = f"`{own}` is not the operator that {said(node)} needs."
            yield Edit("operator", ast.BinOp(left, other(), right), text, f"{own} → {sign}")
    for kept, lost in (
        (left, f"{own} {ast.unparse(right)}"),
        (right, f"{ast.unparse(left)} {own}"),
    ):
        if not isinstance(kept, ast.Constant):
            short = lost if len(lost) <= _SHOWN else f"{lost[: _SHOWN - 1]}…"
            yield Edit("too-much", kept, f"`{short}` in {said(node)} is too much.")


def _brackets(node: ast.BinOp) -> Iterator[Edit]:
    left, operator, right = node.left, node.op, node.right
    text = f"brackets are missing, or too many: Python reads it as {said(_bracketed(node))}."
    if isinstance(left, ast.BinOp):
        inner = ast.BinOp(left.right, operator, right)
        yield Edit("brackets", ast.BinOp(left.left, left.op, inner), text)
        power = left.right
        if isinstance(power, ast.BinOp) and isinstance(power.op, ast.Pow):
            # a / b ** 1 / 2, where b ** (1 / 2) is meant
            inner = ast.BinOp(power.left, power.op, ast.BinOp(power.right, operator, right))
            yield Edit("brackets", ast.BinOp(left.left, left.op, inner), text)
    if isinstance(left, ast.UnaryOp) and isinstance(operator, ast.Pow):
        inner = ast.BinOp(left.operand, operator, right)
        yield Edit("brackets", ast.UnaryOp(left.op, inner), text)
    if isinstance(right, ast.BinOp):
        inner = ast.BinOp(left, operator, right.left)
        yield Edit("brackets", ast.BinOp(inner, right.op, right.right), text)


def _bracketed(node: ast.BinOp) -> ast.AST:
    """The operation with the brackets that Python puts around its sides."""

    def shown(part: ast.expr) -> ast.expr:
        return ast.Name(f"({ast.unparse(part)})") if isinstance(part, ast.BinOp) else part

    return ast.BinOp(shown(node.left), node.op, shown(node.right))


def _before_and_after(node: ast.BinOp) -> Iterator[Edit]:
    """`f(a) / b`, where `f(a / b)` is meant."""
    left = node.left
    if not (isinstance(left, ast.Call) and isinstance(node.op, ast.Div | ast.Mult)):
        return
    step = f"`{_OPERATORS[type(node.op)]} {ast.unparse(node.right)}`"
    text = f"{step} comes after `{called(left)}`, and belongs before it."
    if left.args:
        first = ast.BinOp(left.args[0], node.op, node.right)
        yield Edit("order", ast.Call(left.func, [first, *left.args[1:]], left.keywords), text)
    if isinstance(left.func, ast.Attribute):
        inside = ast.BinOp(left.func.value, node.op, node.right)
        method = ast.Attribute(inside, left.func.attr, ast.Load())
        yield Edit("order", ast.Call(method, left.args, left.keywords), text)


def comparison_edits(node: ast.Compare) -> Iterator[Edit]:
    """Another way to compare two values."""
    if isinstance(node.ops[0], _COMPARISONS):
        for other in _COMPARISONS:
            if not isinstance(node.ops[0], other):
                meant = ast.Compare(node.left, [other()], node.comparators)
                yield Edit("comparison", meant, f"{said(node)} compares in the wrong way.")


def condition_edits(node: ast.BoolOp) -> Iterator[Edit]:
    """`and` for `or`, or a condition too many."""
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    text = f"`and` and `or` are mixed up in {said(node)}."
    yield Edit("condition", ast.BoolOp(other, node.values), text)
    for part in node.values:
        kept = [value for value in node.values if value is not part]
        rest: ast.expr = kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept)
        yield Edit("condition", rest, f"the condition {said(part)} is too much.")

"""Slips within an expression: each kind of node, and what may have been meant by it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import copy
from itertools import combinations

from spotlight.diagnosis.one_change.calls import call_edits, plus
from spotlight.diagnosis.one_change.edits import Edit
from spotlight.diagnosis.one_change.numbers import number_edits, size_edits, sizes
from spotlight.diagnosis.one_change.operators import (
    comparison_edits,
    condition_edits,
    operation_edits,
)
from spotlight.diagnosis.one_change.places import Place, Scope, said
from spotlight.diagnosis.one_change.steps import step_edits


def expression_edits(place: Place) -> Iterator[Edit]:
    """What an expression may have been meant to be."""
    node = place.node
    match node:
        case ast.BinOp():
            yield from operation_edits(node)
        case ast.Compare(ops=[_]):
            yield from comparison_edits(node)
        case ast.UnaryOp():
            yield Edit(
                "sign",
                node.operand,
                f"{said(node)} has the opposite sign or sense of what is wanted.",
            )
        case ast.BoolOp():
            yield from condition_edits(node)
        case ast.Call():
            yield from call_edits(place)
        case ast.Attribute(ctx=ast.Load()):
            yield from _attributes(node, place.scope)
        case ast.Constant():
            yield from number_edits(place)
        case ast.Name(ctx=ast.Load()):
            yield from _names(node, place)
        case ast.Subscript(ctx=ast.Load()):
            yield Edit("index", node.value, f"the index of {said(node)} is too much.")
        case ast.Slice():
            yield from _slices(node)
        case ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()):
            yield from _swapped(node)
        case ast.IfExp():
            turned = ast.IfExp(node.test, node.orelse, node.body)
            yield Edit("condition", turned, f"the two cases of {said(node)} have changed places.")
        case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
            yield from _comprehensions(node)
    yield from size_edits(place)
    yield from _of_outside(place)
    yield from step_edits(place)
    yield from _transposes(place)
    yield from _parities(place)


def _swapped(node: ast.Tuple | ast.List) -> Iterator[Edit]:
    """Two parts in each other's place."""
    for one, other in combinations(range(len(node.elts)), 2):
        order = list(node.elts)
        order[one], order[other] = order[other], order[one]
        both = f"{said(node.elts[one])} and {said(node.elts[other])}"
        text = f"{both} in {said(node)} have changed places."
        yield Edit("swapped", type(node)(order, node.ctx), text)


def _attributes(node: ast.Attribute, scope: Scope) -> Iterator[Edit]:
    if node.attr in ("T", "mT", "H"):
        yield Edit("transpose", node.value, f"the transpose in {said(node)} is too much.")
    if isinstance(node.value, ast.Name) and node.value.id == "self":
        for other in scope.attributes:
            if other != node.attr:
                meant = ast.Attribute(node.value, other, node.ctx)
                text = f"`self.{node.attr}` stands where `self.{other}` belongs."
                yield Edit("name", meant, text, f"self.{node.attr} → {other}")


def _names(node: ast.Name, place: Place) -> Iterator[Edit]:
    scope = place.scope
    if isinstance(place.parent, ast.Call) and place.name == "func":
        return
    if scope.is_from_outside(node.id):
        for size in sizes(scope):
            text = f"`{node.id}` comes from outside the function; take it from {said(size)}."
            yield Edit("depends-on-global", size, text, f"{node.id} → {ast.unparse(size)}")
    for other in scope.names:
        if other != node.id:
            text = f"`{node.id}` stands where `{other}` belongs."
            yield Edit("name", ast.Name(other, ast.Load()), text, f"{node.id} → {other}")


def _of_outside(place: Place) -> Iterator[Edit]:
    """`C // H` of the notebook, for the width of an argument."""
    node, scope = place.node, place.scope
    if not isinstance(node, ast.BinOp):
        return
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    if len(names) > 1 and all(map(scope.is_from_outside, names)):
        for size in sizes(scope):
            text = f"{said(node)} comes from outside the function; take it from {said(size)}."
            yield Edit(
                "depends-on-global", size, text, f"{ast.unparse(node)} → {ast.unparse(size)}"
            )


def _slices(node: ast.Slice) -> Iterator[Edit]:
    text = f"the slice `[{ast.unparse(node)}]` begins or ends at the wrong place."
    lower, upper, step = node.lower, node.upper, node.step
    if lower is not None:
        yield Edit("slice", ast.Slice(None, upper, step), text)
        for number in (1, -1):
            yield Edit("slice", ast.Slice(plus(lower, number), upper, step), text)
    if upper is not None:
        yield Edit("slice", ast.Slice(lower, None, step), text)
        for number in (1, -1):
            yield Edit("slice", ast.Slice(lower, plus(upper, number), step), text)
    if step is not None:
        yield Edit("slice", ast.Slice(lower, upper, None), text)
    if lower is not None and upper is None:
        yield Edit("slice", ast.Slice(None, ast.UnaryOp(ast.USub(), lower), step), text)
        yield Edit("slice", ast.Slice(None, lower, step), text)
        yield Edit("slice", ast.Slice(ast.UnaryOp(ast.USub(), lower), None, step), text)
    if upper is not None and lower is None:
        yield Edit("slice", ast.Slice(ast.UnaryOp(ast.USub(), upper), None, step), text)
        yield Edit("slice", ast.Slice(upper, None, step), text)
        yield Edit("slice", ast.Slice(ast.Constant(1), upper, step), text)
    if lower is None and upper is None and step is None:
        yield Edit("slice", ast.Slice(ast.Constant(1), None, None), text)
        yield Edit("slice", ast.Slice(None, ast.Constant(-1), None), text)


def _comprehensions(node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Iterator[Edit]:
    for index, part in enumerate(node.generators):
        for condition in part.ifs:
            kept = copy(part)
            kept.ifs = [other for other in part.ifs if other is not condition]
            whole = copy(node)
            whole.generators = [*node.generators[:index], kept, *node.generators[index + 1 :]]
            yield Edit("condition", whole, f"the condition {said(condition)} is too much.")


def _transposes(place: Place) -> Iterator[Edit]:
    """A side of a matrix product, or an argument, whose rows and columns should change places."""
    node, parent = place.node, place.parent
    factor = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.MatMult)
    if (factor or isinstance(parent, ast.Return)) and isinstance(node, ast.expr):
        turned = ast.Attribute(node, "mT", ast.Load())
        yield Edit("transpose", turned, f"{said(node)} should be transposed in {said(parent)}.")


def _parities(place: Place) -> Iterator[Edit]:
    """A sign, or a `not`, that is missing."""
    node, parent = place.node, place.parent
    if isinstance(parent, ast.If | ast.IfExp | ast.While) and place.name == "test":
        yield Edit(
            "condition",
            ast.UnaryOp(ast.Not(), node),
            f"the condition {said(node)} is the opposite of what is wanted.",
        )
    if isinstance(parent, ast.Call | ast.keyword | ast.Return) and isinstance(
        node, ast.Name | ast.Compare | ast.Call
    ):
        yield Edit(
            "sign",
            ast.UnaryOp(ast.Invert(), node),
            f"the mask {said(node)} is the opposite of what is wanted.",
        )

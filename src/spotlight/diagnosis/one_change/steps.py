"""Slips between the steps of a module: one missing, one at the wrong place, one not called."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spotlight.diagnosis.one_change.edits import Edit
from spotlight.diagnosis.one_change.places import Place, said


def step_edits(place: Place) -> Iterator[Edit]:
    """A part of the module that is handed over uncalled, or that is not used here."""
    node, parent, scope = place.node, place.parent, place.scope
    if not isinstance(node, ast.expr) or isinstance(getattr(node, "ctx", None), ast.Store):
        return
    is_argument = isinstance(parent, ast.Call) and place.name == "args"
    if is_own_part(node) and not (isinstance(parent, ast.Call) and place.name == "func"):
        for name in scope.names:
            call = ast.Call(node, [ast.Name(name, ast.Load())], [])
            yield Edit("not-called", call, f"{said(node)} stands there uncalled.", "call the parts")
    if isinstance(node, ast.Name) and is_argument:
        torch = ast.Attribute(ast.Name("torch", ast.Load()), "arange", ast.Load())
        text = f"{said(node)} in {said(parent)} is one number, and numbers from 0 on are wanted."
        yield Edit("number-for-numbers", ast.Call(torch, [node], []), text)
    if isinstance(node, ast.Name | ast.Call | ast.BinOp) and scope.is_function:
        for attribute in scope.attributes:
            part = ast.Attribute(ast.Name("self", ast.Load()), attribute, ast.Load())
            text = f"the step `self.{attribute}` is missing around {said(node)}."
            yield Edit("missing-step", ast.Call(part, [node], []), text)


def is_own_part(node: ast.AST) -> bool:
    """Whether it is something of `self`."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def movable(node: ast.AST) -> bool:
    """Whether it is a step that could stand elsewhere: a call of one argument."""
    return isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords

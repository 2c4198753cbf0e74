"""Slips between statements: their order, their indentation, what gathers and what replaces."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import copy

from spotlight.diagnosis.one_change.places import Place, said

Blocks = list[tuple[list[ast.stmt], list[ast.stmt]]]
"""Blocks of the tree, each with what stands in it without the slip."""
StatementEdit = tuple[str, Blocks, str]

_LOOPS = (ast.For, ast.While)


def statement_edits(place: Place) -> Iterator[StatementEdit]:
    """What a statement may have been meant to be, or where it may have been meant to stand."""
    node, body = place.node, place.body
    at = next(i for i, other in enumerate(body) if other is node)
    before, after = body[:at], body[at + 1 :]
    yield from _out_of_loop(place, before, after)
    if isinstance(node, _LOOPS) and after:
        yield from _into_loop(node, before, after, body)
    yield from _gathering(place, before, after)
    yield from _kept(place, before, after)
    if isinstance(node, ast.If):
        yield from _conditions(node, before, after, body)
    if isinstance(node, ast.With):
        unwrapped = [*before, *node.body, *after]
        yield "too-much", [(body, unwrapped)], f"{said(_head(node))} is too much."
        yield from _out_of_block(node, before, after, body)
    if after and not _is_end(node) and not _is_end(after[0]):
        turned = [*before, after[0], node, *after[1:]]
        text = f"{said(_head(node))} and {said(_head(after[0]))} stand in the wrong order."
        yield "order", [(body, turned)], text
    if not _is_end(node) and not isinstance(node, ast.FunctionDef | ast.ClassDef):
        rest = [*before, *after] or [ast.Pass()]
        yield "too-much", [(body, rest)], f"{said(_head(node))} is too much."


def _is_end(node: ast.stmt) -> bool:
    return isinstance(node, ast.Return | ast.Import | ast.ImportFrom)


def _head(node: ast.stmt) -> ast.AST:
    """A statement without the lines that it holds."""
    if isinstance(node, ast.For | ast.While | ast.If | ast.With):
        head = copy(node)
        head.body = [ast.Expr(ast.Constant(...))]
        if isinstance(head, ast.For | ast.While | ast.If):
            head.orelse = []
        return head
    return node


def _out_of_loop(
    place: Place, before: list[ast.stmt], after: list[ast.stmt]
) -> Iterator[StatementEdit]:
    """The last statement of a loop, which belongs after it."""
    node, loop, body = place.node, place.parent, place.body
    if not isinstance(loop, _LOOPS) or after or not before or place.name != "body":
        return
    outer = _block_of(loop, place.within)
    if outer is None:
        return
    at = next(i for i, other in enumerate(outer) if other is loop)
    moved = [*outer[: at + 1], node, *outer[at + 1 :]]
    if isinstance(node, ast.Return):
        text = f"{said(node)} stands inside the loop, and ends it in the first round."
        yield "return-in-loop", [(body, before), (outer, moved)], text
    else:
        text = f"{said(node)} stands inside the loop, and belongs after it."
        yield "indentation", [(body, before), (outer, moved)], text


def _block_of(node: ast.AST, within: tuple[ast.AST, ...]) -> list[ast.stmt] | None:
    """The block that holds `node`."""
    for around in reversed(within):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(around, name, None)
            if isinstance(block, list) and any(other is node for other in block):
                return block
    return None


def _into_loop(
    loop: ast.For | ast.While, before: list[ast.stmt], after: list[ast.stmt], body: list[ast.stmt]
) -> Iterator[StatementEdit]:
    """The statement after a loop, which belongs inside it."""
    if _is_end(after[0]):
        return
    text = f"{said(_head(after[0]))} stands after the loop, and belongs inside it."
    inside = [*loop.body, after[0]]
    yield "indentation", [(loop.body, inside), (body, [*before, loop, *after[1:]])], text


def _out_of_block(
    block: ast.With, before: list[ast.stmt], after: list[ast.stmt], body: list[ast.stmt]
) -> Iterator[StatementEdit]:
    last = block.body[-1]
    if len(block.body) > 1 and not _is_end(last):
        text = f"{said(_head(last))} belongs outside of {said(_head(block))}."
        moved = [*before, block, last, *after]
        yield "indentation", [(block.body, block.body[:-1]), (body, moved)], text


def _kept(place: Place, before: list[ast.stmt], after: list[ast.stmt]) -> Iterator[StatementEdit]:
    """A call whose result is lost: `f(x)` where `x = f(x)` is meant."""
    match place.node:
        case ast.Expr(value=ast.Call(args=[ast.Name(id=name), *_]) as call):
            kept = ast.Assign([ast.Name(name, ast.Store())], call, lineno=place.line)
            text = f"what {said(call)} returns is lost: it changes nothing by itself."
            yield "result-lost", [(place.body, [*before, kept, *after])], text


def _gathering(
    place: Place, before: list[ast.stmt], after: list[ast.stmt]
) -> Iterator[StatementEdit]:
    node, body = place.node, place.body
    match node:
        case ast.Assign(targets=[ast.Name() as target], value=value):
            if isinstance(place.parent, _LOOPS):
                yield from _begun_with_nothing(place, target, value, before, after)
                yield from _begun_in_the_loop(place, before, after)
            if any(isinstance(around, _LOOPS) for around in place.within):
                new = ast.AugAssign(target, ast.Add(), value)
                text = f"{said(node)} replaces what was gathered before; `+=` adds to it."
                yield "replaced-not-added", [(body, [*before, new, *after])], text
        case ast.AugAssign(target=target, op=operator, value=value):
            plain: ast.stmt = ast.Assign([target], value, lineno=node.lineno)
            text = f"{said(node)} adds to what was there before, and should replace it."
            yield "added-not-replaced", [(body, [*before, plain, *after])], text
            read = copy(target)
            read.ctx = ast.Load()
            plain = ast.Assign([target], ast.BinOp(read, operator, value), lineno=node.lineno)
            text = f"{said(node)} writes into the tensor itself; compute with a new one."
            yield "in-place", [(body, [*before, plain, *after])], text


def _begun_with_nothing(
    place: Place,
    target: ast.Name,
    value: ast.expr,
    before: list[ast.stmt],
    after: list[ast.stmt],
) -> Iterator[StatementEdit]:
    """A sum that no line begins, and that each round of the loop makes anew."""
    loop = place.parent
    outer = _block_of(loop, place.within)
    if outer is not None:
        at = next(i for i, other in enumerate(outer) if other is loop)
        zero = ast.Assign([target], ast.Constant(0), lineno=place.line)
        gathered = ast.AugAssign(target, ast.Add(), value)
        text = f"{said(place.node)} replaces what was gathered before; begin with 0, and add to it."
        blocks = [
            (place.body, [*before, gathered, *after]),
            (outer, [*outer[:at], zero, *outer[at:]]),
        ]
        yield "replaced-not-added", blocks, text


def _begun_in_the_loop(
    place: Place, before: list[ast.stmt], after: list[ast.stmt]
) -> Iterator[StatementEdit]:
    """What should be set once, and is set again in every round."""
    loop = place.parent
    outer = _block_of(loop, place.within)
    if outer is not None and (before or after):
        at = next(i for i, other in enumerate(outer) if other is loop)
        moved = [*outer[:at], place.node, *outer[at:]]
        text = f"{said(place.node)} stands inside the loop, and belongs before it."
        yield "indentation", [(place.body, [*before, *after]), (outer, moved)], text


def _conditions(
    node: ast.If, before: list[ast.stmt], after: list[ast.stmt], body: list[ast.stmt]
) -> Iterator[StatementEdit]:
    always = [(body, [*before, *node.body, *after])]
    yield "condition", always, f"the condition {said(node.test)} is too much."
    if node.orelse:
        turned = ast.If(node.test, node.orelse, node.body)
        text = f"the two cases of {said(_head(node))} have changed places."
        yield "condition", [(body, [*before, turned, *after])], text

"""What stands on a student's line: the one operation that an error can have come from."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from itertools import pairwise

from spotlight.python_source.syntax import parsed

_MAX_LINE = 300
_MAX_TEXT = 60  # what is quoted in a sentence

_SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.Pow: "**", ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_PRODUCTS = {"matmul", "mm", "bmm", "mv", "dot"}
# Calls that neither multiply matrices nor combine two tensors: no error about two shapes is theirs.
_TAME = re.compile(
    "abs|amax|amin|arange|argmax|bool|clone|contiguous|cos|detach|dim|double|exp|eye|flatten|float|"
    "int|item|len|log|log_softmax|long|mean|ones|permute|print|randn|range|relu|reshape|sigmoid|"
    "sin|size|softmax|sqrt|squeeze|std|sum|t|tanh|transpose|tril|triu|unsqueeze|var|view|zeros"
)


@dataclass(frozen=True)
class Operation:
    """Two operands, as the student wrote them, and what combines them; a product is `@`.

    `left_turned` and `right_turned` are the source of each operand's transpose.
    """

    symbol: str
    text: str
    left: str
    right: str
    left_turned: str
    right_turned: str


def the_operation(line: str, *symbols: str, hidden: bool = True) -> Operation | None:
    """The only operation of `line` that is one of `symbols` (of any, without them).

    None if there is no such operation or more than one, if it is too long to quote, or (unless
    `hidden` is false) if the line calls a function in which another operation may be hidden.
    """
    found: list[Operation] = []
    for node in _nodes(line):
        pairs = _pairs(node)
        found += [
            _operation(line, node, *pair) for pair in pairs if not symbols or pair[0] in symbols
        ]
        if hidden and isinstance(node, ast.Call) and not pairs and not _is_tame(node):
            return None
    if len(found) != 1 or len(found[0].text) > _MAX_TEXT:
        return None
    return found[0] if found[0].text.isprintable() and "`" not in found[0].text else None


def _nodes(line: str) -> list[ast.AST]:
    if len(line) > _MAX_LINE:
        return []
    for statement in (line, f"{line} pass"):  # the head of a loop has its body on the next line
        tree = parsed(statement)
        if tree is not None:
            return list(ast.walk(tree))
    return []


def _pairs(node: ast.AST) -> list[tuple[str, ast.expr, ast.expr]]:
    """The operands that a node combines, without those where one is plainly a number."""
    pairs: list[tuple[ast.AST, ast.expr, ast.expr]] = []
    match node:
        case ast.BinOp(left, op, right) | ast.AugAssign(left, op, right):
            pairs = [(op, left, right)]
        case ast.Compare(left, ops, others):
            pairs = [(op, *two) for op, two in zip(ops, pairwise([left, *others]), strict=True)]
        case ast.Call(ast.Attribute(ast.Name("torch" | "np"), name), [left, right], []) | ast.Call(
            ast.Attribute(left, name), [right], []
        ) if name in _PRODUCTS:
            pairs = [(ast.MatMult(), left, right)]
    return [
        (_SYMBOLS.get(type(op), "?"), left, right)
        for op, left, right in pairs
        if not (_is_number(left) or _is_number(right))
    ]


def _is_number(node: ast.expr) -> bool:
    match node:
        case (
            ast.Constant(int() | float())
            | ast.UnaryOp(_, ast.Constant(int() | float()))
            | ast.Call(ast.Attribute(ast.Name("math")))
        ):
            return True
    return False


def _is_tame(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(ast.Name("math")):
            return True
        case ast.Name("max" | "min") | ast.Attribute(_, "max" | "min"):  # of two tensors, or of one
            along = [keyword.arg for keyword in call.keywords]
            return "dim" in along or (not along and all(map(_is_number, call.args)))
        case ast.Name(name) | ast.Attribute(_, name):
            return _TAME.fullmatch(name) is not None
    return False


def _operation(line: str, node: ast.AST, symbol: str, left: ast.expr, right: ast.expr) -> Operation:
    def source(part: ast.AST) -> str:
        return ast.get_source_segment(line, part) or ""

    def turned(matrix: ast.expr) -> str:
        match matrix:
            case ast.Attribute(inner, "T" | "mT"):
                return source(inner)
            case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call():
                return f"{source(matrix)}.T"
        return f"({source(matrix)}).T"

    return Operation(symbol, source(node), source(left), source(right), turned(left), turned(right))

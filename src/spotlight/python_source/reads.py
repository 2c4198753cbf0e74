"""What a function reads: which of its arguments, and which names from the cells around it."""

from __future__ import annotations

import ast
import builtins
import dis
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from spotlight.python_source.syntax import compiled, parsed


@dataclass(frozen=True)
class Reads:
    """What the body of a function reads.

    `arguments` says so for each argument, by its place; `outside` are the names that it, or a
    function within it, takes from the notebook, in the order of the source.
    """

    arguments: tuple[bool, ...] = ()
    outside: tuple[str, ...] = ()


def function_in(source: str, name: str) -> ast.FunctionDef | None:
    """The last function called `name` at the left margin of `source`."""
    tree = parsed(source)
    body = tree.body if tree is not None else ()
    found = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[-1] if found else None


def names_in_body(function: ast.FunctionDef) -> list[str]:
    """All names in the body, in the order of the source."""
    nodes = [n for part in function.body for n in ast.walk(part) if isinstance(n, ast.Name)]
    return [n.id for n in sorted(nodes, key=lambda n: (n.lineno, n.col_offset))]


def reads_of(source: str, name: str) -> Reads:
    """What the function `name` of `source` reads; nothing where there is no such function."""
    function = function_in(source, name)
    if function is None:
        return Reads()
    names = names_in_body(function)
    outer = _names_from_outside(source, name)
    return Reads(
        tuple(argument.arg in names for argument in function.args.args),
        tuple(n for n in dict.fromkeys(names) if n in outer and not hasattr(builtins, n)),
    )


def _names_from_outside(source: str, function: str) -> set[str]:
    cell = compiled(source)
    if cell is None:
        return set()
    own = [code for code in _code_within(cell) if code.co_name == function]
    return {name for code in own[-1:] for name in _globals_of(code)}


def _code_within(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _globals_of(code: CodeType) -> Iterator[str]:
    """What the bytecode loads from outside: what cannot be reached is not in it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for inner in _code_within(code):
        yield from _globals_of(inner)

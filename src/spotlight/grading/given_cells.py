"""What of a given cell a program runs: the statements that make or change what is needed.

A cell that defines a tensor may draw it as well, or train a model beside it; an exercise that uses
the tensor waits for neither.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from copy import copy
from dataclasses import replace
from functools import lru_cache

from spotlight.python_source.dataflow import CellNames, names_of
from spotlight.python_source.syntax import parsed

_SEEDS = re.compile(r"\b(?:manual_seed|seed|Generator)\(")
_SHOWS = ("print", "display")


@lru_cache(maxsize=1024)
def parts_of(source: str) -> tuple[tuple[CellNames, tuple[ast.stmt, ...]], ...]:
    """The statements that can be run without the others, and the names of each.

    Where a cell seeds random numbers, what is drawn depends on all that is drawn before it, and the
    cell is one part. What only shows something is in none.
    """
    tree = parsed(source)
    kept = [node for node in tree.body if not _only_shows(node)] if tree is not None else []
    parts = [tuple(kept)] if _SEEDS.search(source) else [(node,) for node in kept]
    return tuple((_names_of(part), part) for part in parts if part)


def _names_of(part: tuple[ast.stmt, ...]) -> CellNames:
    names = names_of("\n".join(map(ast.unparse, part)))
    assert names is not None, "what parses parses again"
    handed = frozenset(name for node in part for name in _handed_over(node))
    return replace(names, changes=names.changes | (handed - names.defines))


def only_these(source: str, nodes: Iterable[ast.stmt], needed: Collection[str]) -> str:
    """`source` with these statements alone, each in its own line, so that errors name it.

    Of an import, only what is needed is left: drawing code is slow to import.
    """
    nodes = list(nodes)
    used = {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}
    old = source.splitlines()
    new = [""] * len(old)
    for node in nodes:
        first, last = _first_line(node) - 1, node.end_lineno or node.lineno
        if not isinstance(node, ast.Import | ast.ImportFrom):
            new[first:last] = old[first:last]
            continue
        names = [alias for alias in node.names if _bound_as(alias) in used.union(needed)]
        if names:
            only = copy(node)
            only.names = names
            new[first] = ast.unparse(only)
    return "\n".join(new).rstrip() + "\n"


def _only_shows(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name in _SHOWS or name.startswith("show_")
    return False


def _handed_over(node: ast.stmt) -> Iterator[str]:
    """Variables that a function is called with for what it does to them, such as `train(model)`."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name()) as call):
            arguments = (*call.args, *(keyword.value for keyword in call.keywords))
            yield from (part.id for part in arguments if isinstance(part, ast.Name))


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _bound_as(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]

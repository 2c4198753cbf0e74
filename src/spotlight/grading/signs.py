"""What the student's source itself gives away: an argument never used, a variable from outside."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

from spotlight.grading.relations import Finding
from spotlight.sandbox.job import Step

NAMES = ("global-for-argument", "depends-on-global")
"""Every name that `look` gives."""


def look(steps: Sequence[Step], target: str) -> Finding | None:
    """A variable of the notebook that function `target`, in the last of `steps`, reads.

    Functions, classes and modules from outside are nothing to remark on, nor are names in capitals
    that the student set in the exercise's own cell.
    """
    function = _function(steps[-1].source, target)
    if function is None:
        return None
    variables = {name for step in steps for name in _variables(step.source)}
    read = [name for name in _free_names(function) if name in variables]
    if not read:
        return None
    parameters = [argument.arg for argument in function.args.args]
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    ignored = [name for name in parameters if name not in used]
    if ignored:
        return Finding(
            "global-for-argument",
            f"Your function never uses its argument `{ignored[0]}`; it uses `{read[0]}`, a "
            "variable of the notebook, which stays the same whatever the function is called with.",
        )
    return Finding(
        "depends-on-global",
        f"Your function uses `{read[0]}`, a variable of the notebook: what it returns should "
        "depend on its arguments alone.",
    )


def _function(source: str, name: str) -> ast.FunctionDef | None:
    tree = _parse(source)
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[-1] if found else None


def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _variables(source: str) -> Iterator[str]:
    """Names that a cell assigns at its left margin."""
    for node in _parse(source).body:
        match node:
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from _stored(target)
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                yield from _stored(target)


def _stored(node: ast.AST) -> Iterator[str]:
    return (n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def _free_names(function: ast.FunctionDef) -> list[str]:
    """Names that the function reads and does not bind, in the order of the source."""
    bound = {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
    names = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
    bound |= {n.id for n in names if isinstance(n.ctx, ast.Store)}
    read = [n for n in names if isinstance(n.ctx, ast.Load) and n.id not in bound]
    read.sort(key=lambda n: (n.lineno, n.col_offset))
    return [n.id for n in read if not hasattr(builtins, n.id)]

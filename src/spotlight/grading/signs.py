"""What the student's source itself gives away: an argument never used, a variable from outside."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

from spotlight.authoring.lesson import Exercise
from spotlight.grading.relations import Finding
from spotlight.sandbox.job import Step

_INDIRECT = {"locals", "vars", "eval", "exec"}  # by which an argument can be read unseen


def look(steps: Sequence[Step], exercise: Exercise) -> Finding | None:
    """What the function of the last of `steps` does not read, or should not.

    Functions, classes and modules from outside are nothing to remark on.
    """
    target = exercise.targets[0]
    function = _function(steps[-1].source, target)
    if function is None:
        return None
    variables = {name for step in steps for name in _variables(step.source)}
    outside = [name for name in _free_names(function) if name in variables]
    ignored = _ignored_argument(function, _function(exercise.solution, target))
    if ignored and outside:
        return Finding(
            "global-for-argument",
            f"Your function never uses its argument `{ignored}`; it uses `{outside[0]}`, a "
            "variable of the notebook, which stays the same whatever the function is called with.",
        )
    if ignored:
        return Finding(
            "argument-ignored",
            f"Your function never uses its argument `{ignored}`, and the result depends on it.",
        )
    if outside:
        return Finding(
            "depends-on-global",
            f"Your function uses `{outside[0]}`, a variable of the notebook: what it returns "
            "should depend on its arguments alone.",
        )
    return None


def _ignored_argument(function: ast.FunctionDef, reference: ast.FunctionDef | None) -> str | None:
    """The first argument that the reference reads, and that the student's function does not."""
    if reference is None:
        return None
    used, needed = _names(function), _names(reference)
    if used & _INDIRECT:
        return None
    places = zip(function.args.args, reference.args.args, strict=False)
    ignored = (own.arg for own, its in places if own.arg not in used and its.arg in needed)
    return next(ignored, None)


def _names(function: ast.FunctionDef) -> set[str]:
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}


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

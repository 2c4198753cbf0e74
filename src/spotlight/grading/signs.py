"""What the student's source itself gives away: an argument never used, a variable from outside."""

from __future__ import annotations

import ast
import builtins
import dis
from collections.abc import Iterator, Sequence
from types import CodeType

from spotlight.authoring.lesson import Exercise
from spotlight.authoring.syntax import compiled, parsed
from spotlight.grading.relations import Finding
from spotlight.sandbox.job import Step

_INDIRECT = {"locals", "vars", "eval", "exec"}  # by which an argument can be read unseen


def look(steps: Sequence[Step], exercise: Exercise) -> Finding | None:
    """What the function of the last of `steps` does not read, or should not.

    Functions, classes and modules from outside are nothing to remark on, nor is a number that the
    exercise's own cell sets, nor what the solution reads as well.
    """
    target = exercise.targets[0]
    function = _function(steps[-1].source, target)
    if function is None:
        return None
    variables = {name for step in steps for name in _variables(step)}
    variables -= set(_read_from_outside(exercise.solution, target))
    outside = [name for name in _read_from_outside(steps[-1].source, target) if name in variables]
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
    used, needed = set(_names_in_body(function)), set(_names_in_body(reference))
    if used & _INDIRECT:
        return None
    places = zip(function.args.args, reference.args.args, strict=False)
    ignored = (own.arg for own, its in places if own.arg not in used and its.arg in needed)
    return next(ignored, None)


def _names_in_body(function: ast.FunctionDef) -> list[str]:
    """All names in the body, in the order of the source."""
    nodes = [n for part in function.body for n in ast.walk(part) if isinstance(n, ast.Name)]
    return [n.id for n in sorted(nodes, key=lambda n: (n.lineno, n.col_offset))]


def _function(source: str, name: str) -> ast.FunctionDef | None:
    found = [n for n in _parse(source).body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[-1] if found else None


def _parse(source: str) -> ast.Module:
    return parsed(source) or ast.Module([], [])


def _variables(step: Step) -> Iterator[str]:
    """Names that a cell sets at its left margin to something other than a function or module."""
    for node in _parse(step.source).body:
        match node:
            case ast.Assign(targets=targets, value=value):
                if isinstance(value, ast.Lambda | ast.Attribute):
                    continue
                if step.role == "exercise" and isinstance(value, ast.Constant):
                    continue
                for target in targets:
                    yield from _stored(target)
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                yield from _stored(target)


def _stored(node: ast.AST) -> Iterator[str]:
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return (n.id for n in names if isinstance(n.ctx, ast.Store))


def _read_from_outside(source: str, function: str) -> list[str]:
    """Names that a function of `source`, or one within it, takes from the notebook."""
    found = _function(source, function)
    if found is None:
        return []
    cell = compiled(source)
    if cell is None:
        return []
    own = [code for code in _code_within(cell) if code.co_name == function]
    outer = {name for code in own[-1:] for name in _globals_of(code)}
    in_order = dict.fromkeys(_names_in_body(found))
    return [name for name in in_order if name in outer and not hasattr(builtins, name)]


def _code_within(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _globals_of(code: CodeType) -> Iterator[str]:
    """What the bytecode loads from outside: what cannot be reached is not in it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for inner in _code_within(code):
        yield from _globals_of(inner)

"""What the student's source itself gives away: an argument never used, a variable from outside."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from spotlight.course.lesson import Exercise
from spotlight.diagnosis.finding import Finding
from spotlight.python_source.reads import Reads, function_in, names_in_body, reads_of
from spotlight.python_source.syntax import parsed
from spotlight.sandbox.job import Step

_INDIRECT = {"locals", "vars", "eval", "exec"}  # by which an argument can be read unseen


def look(steps: Sequence[Step], exercise: Exercise) -> Finding | None:
    """What the function of the last of `steps` does not read, or should not.

    Functions, classes and modules from outside are nothing to remark on, nor is a number that the
    exercise's own cell sets, nor what the solution reads as well.
    """
    target = exercise.targets[0]
    function = function_in(steps[-1].source, target)
    if function is None:
        return None
    known = exercise.reads
    own = reads_of(steps[-1].source, target)
    variables = {name for step in steps for name in _variables(step)} - set(known.outside)
    variables -= _only_called(function)
    outside = [name for name in own.outside if name in variables]
    ignored = _ignored_argument(function, own, known)
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


def typed_numbers(source: str, target: str) -> dict[int, int]:
    """Whole numbers above 1 in the function's body that may be sizes, and the first line of each.

    Exponents and axes are none.
    """
    function = function_in(source, target)
    found: dict[int, int] = {}
    for part in function.body if function else ():
        other = {
            id(node)
            for inner in ast.walk(part)
            for whole in _no_sizes(inner)
            for node in ast.walk(whole)
        }
        for node in ast.walk(part):
            match node:
                case ast.Constant(value=int(value)) if value > 1 and id(node) not in other:
                    found.setdefault(value, node.lineno)
    return found


def _no_sizes(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(op=ast.Pow(), right=exponent):
            yield exponent
        case ast.keyword(arg="dim" | "axis", value=axis):
            yield axis


def _ignored_argument(function: ast.FunctionDef, own: Reads, known: Reads) -> str | None:
    """The first argument that the solution reads, and that the student's function does not."""
    if _INDIRECT.intersection(names_in_body(function)):
        return None
    places = zip(function.args.args, own.arguments, known.arguments, strict=False)
    ignored = (argument.arg for argument, read, needed in places if needed and not read)
    return next(ignored, None)


def _only_called(function: ast.FunctionDef) -> set[str]:
    """Names that the function calls and does nothing else with: functions, however made."""
    calls = [n for part in function.body for n in ast.walk(part) if isinstance(n, ast.Call)]
    called = Counter(call.func.id for call in calls if isinstance(call.func, ast.Name))
    read = Counter(names_in_body(function))
    return {name for name, times in called.items() if times == read[name]}


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

"""The rules of an exercise: names that it does not let the student use, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spotlight.authoring.lesson import Exercise
from spotlight.sandbox.job import Step


def forbidden_use(exercise: Exercise, step: Step) -> str | None:
    """A sentence on the first forbidden name that one cell of the program uses, or None."""
    try:
        used = list(_names(ast.parse(step.source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for rule in exercise.forbidden:
        for name, line in used:
            if name in rule.names:
                cell = "" if step.name == exercise.id else f" of {step.name}"
                return (
                    f"Line {line}{cell} uses {name}, which this exercise does without: "
                    f"{rule.because}"
                )
    return None


def _names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that the cell takes from elsewhere; one that it binds itself may be called anything."""
    nodes = list(ast.walk(tree))
    own = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in own:
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.name.rpartition(".")[2], node.lineno
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module, node.lineno

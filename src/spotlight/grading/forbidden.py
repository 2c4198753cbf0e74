"""The rules of an exercise: names that it does not let the student use, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spotlight.authoring.lesson import Exercise
from spotlight.authoring.syntax import parsed
from spotlight.sandbox.job import Step


def forbidden_use(exercise: Exercise, step: Step) -> str | None:
    """A sentence on the first forbidden name that one cell of the program uses, or None."""
    for rule in exercise.forbidden:
        for name, line in _names(step):
            if name in rule.names:
                cell = "" if step.name == exercise.id else f" of {step.name}"
                return (
                    f"Line {line}{cell} uses {name}, which this exercise does without: "
                    f"{rule.because}"
                )
    return None


def warns(step: Step) -> bool:
    """Whether a cell calls for a warning."""
    return any(name == "warn" for name, _ in _names(step))


def _names(step: Step) -> Iterator[tuple[str, int]]:
    """Names that the cell takes from elsewhere; one that it binds itself may be called anything."""
    tree = parsed(step.source)
    if tree is None:
        return
    nodes = list(ast.walk(tree))
    own = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in own:
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if step.role == "helper" and any(alias.name == "*" for alias in node.names):
                continue  # it is in every program; what of it is used is told by its name
            dotted = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom) and node.module:
                dotted.append(node.module)
            for part in ".".join(dotted).split("."):
                yield part, node.lineno

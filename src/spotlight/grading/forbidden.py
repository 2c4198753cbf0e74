"""The rules of an exercise: names that it does not let the student use, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from spotlight.course.lesson import Exercise, Lesson
from spotlight.python_source.dataflow import names_of
from spotlight.python_source.syntax import parsed
from spotlight.sandbox.job import Step


def forbidden_use(lesson: Lesson, exercise: Exercise, step: Step) -> str | None:
    """A sentence on the first forbidden name that one cell of the program uses, or None.

    What the course itself wrote is no use by the student, who may have joined a given cell with the
    answer; but the answer may not call upon what only a later cell of the course defines.
    """
    tree = parsed(step.source)
    if tree is None or not any(_uses(exercise, tree.body, step)):
        return None
    own = _students_own(lesson, exercise, tree)
    return next(_uses(exercise, own, step), None)


def warns(step: Step) -> bool:
    """Whether a cell calls for a warning."""
    tree = parsed(step.source)
    return tree is not None and any(name == "warn" for name, _ in _names(tree.body, step))


def _uses(exercise: Exercise, statements: Sequence[ast.stmt], step: Step) -> Iterator[str]:
    for rule in exercise.forbidden:
        for name, line in _names(statements, step):
            if name in rule.names:
                cell = "" if step.name == exercise.id else f" of {step.name}"
                yield (
                    f"Line {line}{cell} uses {name}, which this exercise does without: "
                    f"{rule.because}"
                )


def _names(statements: Sequence[ast.stmt], step: Step) -> Iterator[tuple[str, int]]:
    """Names taken from elsewhere; one that the statements bind themselves may be called anything.

    A star in a helper's import is in every program; what of it is used is told by its name.
    """
    nodes = [node for statement in statements for node in ast.walk(statement)]
    own = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    own |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in own:
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if step.role == "helper" and any(alias.name == "*" for alias in node.names):
                continue
            dotted = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom) and node.module:
                dotted.append(node.module)
            for part in ".".join(dotted).split("."):
                yield part, node.lineno


def _students_own(lesson: Lesson, exercise: Exercise, tree: ast.Module) -> list[ast.stmt]:
    """The statements of a cell that the course did not write above the exercise.

    Those that it wrote below count as the student's where the student's own rely on them.
    """
    above, below = _given_statements(lesson, exercise)
    parts = [part for statement in tree.body for part in _one_by_one(statement)]
    spelled = {id(part): _spelled(part) for part in parts}
    own = [part for part in parts if spelled[id(part)] not in above | below]
    late = [part for part in parts if spelled[id(part)] in below - above]
    while taken := [part for part in late if _binds(part) & _read_by(own, exercise)]:
        own += taken
        late = [part for part in late if part not in taken]
    return sorted(own, key=lambda part: part.lineno)


def _given_statements(lesson: Lesson, exercise: Exercise) -> tuple[set[str], set[str]]:
    """The statements of the lesson's given cells, above the exercise and below it."""
    above: set[str] = set()
    below: set[str] = set()
    side = above
    for cell in lesson.cells:
        if cell.role == "exercise" and cell.metadata.get("exercise") == exercise.id:
            side = below
        tree = parsed(cell.source) if cell.role == "given" else None
        for statement in tree.body if tree is not None else ():
            side.update(map(_spelled, _one_by_one(statement)))
    return above, below


def _one_by_one(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statement; of an import, one for each name."""
    match statement:
        case ast.Import():
            for alias in statement.names:
                yield ast.copy_location(ast.Import([alias]), statement)
        case ast.ImportFrom():
            for alias in statement.names:
                one = ast.ImportFrom(statement.module, [alias], statement.level)
                yield ast.copy_location(one, statement)
        case _:
            yield statement


def _spelled(statement: ast.stmt) -> str:
    """The statement in one spelling; empty if it nests too deeply, as none of the course's does."""
    try:
        return ast.unparse(statement)
    except RecursionError:
        return ""


def _binds(statement: ast.stmt) -> frozenset[str]:
    names = names_of(_spelled(statement))
    return names.defines if names is not None else frozenset()


def _read_by(statements: Sequence[ast.stmt], exercise: Exercise) -> set[str]:
    nodes = (node for statement in statements for node in ast.walk(statement))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | set(exercise.targets)

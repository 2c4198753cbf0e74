"""The rules of an exercise: names that it does not let the student use, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from spotlight.authoring.lesson import Exercise, Lesson
from spotlight.authoring.syntax import parsed
from spotlight.sandbox.job import Step

_Import = ast.Import | ast.ImportFrom


def forbidden_use(lesson: Lesson, exercise: Exercise, step: Step) -> str | None:
    """A sentence on the first forbidden name that one cell of the program uses, or None.

    An import that the course itself writes is no use of what it imports: a student may have joined
    a given cell with the answer. It is one if the answer reads what only a later cell of the
    course imports.
    """
    given: _GivenImports | None = None
    for rule in exercise.forbidden:
        for used in _names(step):
            if used.name not in rule.names:
                continue
            if used.statement is not None:
                given = given or _given_imports(lesson, exercise)
                if given.is_free(used.statement, step, exercise):
                    continue
            cell = "" if step.name == exercise.id else f" of {step.name}"
            return (
                f"Line {used.line}{cell} uses {used.name}, which this exercise does without: "
                f"{rule.because}"
            )
    return None


def warns(step: Step) -> bool:
    """Whether a cell calls for a warning."""
    return any(used.name == "warn" for used in _names(step))


@dataclass(frozen=True)
class _Used:
    """A name that a cell takes from elsewhere; `statement` is the import that brings it."""

    name: str
    line: int
    statement: _Import | None = None


@dataclass
class _GivenImports:
    """What the lesson's own cells import, above the exercise and below it, in one spelling."""

    above: set[str] = field(default_factory=set)
    below: set[str] = field(default_factory=set)
    statements: set[str] = field(default_factory=set)

    def is_free(self, statement: _Import, step: Step, exercise: Exercise) -> bool:
        """Whether `statement` brings nothing into the answer that the course did not give it."""
        imported = _imported(statement)
        if not imported.keys() <= self.above | self.below:
            return False
        late = {bound for spelled, bound in imported.items() if spelled not in self.above}
        return not late & (self._read_by_the_student(step) | set(exercise.targets))

    def _read_by_the_student(self, step: Step) -> set[str]:
        tree = parsed(step.source)
        own = [n for n in tree.body if ast.unparse(n) not in self.statements] if tree else []
        return {n.id for part in own for n in ast.walk(part) if isinstance(n, ast.Name)}


def _given_imports(lesson: Lesson, exercise: Exercise) -> _GivenImports:
    found = _GivenImports()
    side = found.above
    for cell in lesson.cells:
        if cell.role == "exercise" and cell.metadata.get("exercise") == exercise.id:
            side = found.below
        tree = parsed(cell.source) if cell.role == "given" else None
        for statement in tree.body if tree is not None else ():
            found.statements.add(ast.unparse(statement))
            if isinstance(statement, _Import):
                side.update(_imported(statement))
    return found


def _imported(statement: _Import) -> dict[str, str]:
    """Each name of an import, spelled as a statement of its own, and the name that it binds."""
    found = {}
    for alias in statement.names:
        alone: _Import = ast.Import([alias])
        if isinstance(statement, ast.ImportFrom):
            alone = ast.ImportFrom(statement.module, [alias], statement.level)
        found[ast.unparse(alone)] = alias.asname or alias.name.partition(".")[0]
    return found


def _names(step: Step) -> Iterator[_Used]:
    """Names that the cell takes from elsewhere; one that it binds itself may be called anything."""
    tree = parsed(step.source)
    if tree is None:
        return
    nodes = list(ast.walk(tree))
    own = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in own:
            yield _Used(node.id, node.lineno)
        elif isinstance(node, ast.Attribute):
            yield _Used(node.attr, node.lineno)
        elif isinstance(node, _Import):
            if step.role == "helper" and any(alias.name == "*" for alias in node.names):
                continue  # it is in every program; what of it is used is told by its name
            dotted = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom) and node.module:
                dotted.append(node.module)
            for part in ".".join(dotted).split("."):
                yield _Used(part, node.lineno, node)

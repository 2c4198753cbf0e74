"""What an exercise that passed is made of: the code of a notebook to keep for later lessons.

Of every cell only the statements stay that the exercise's targets depend on, in the student's own
text: what a cell prints, draws or tries beside them would happen again wherever it is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from spotlight.course.lesson import Exercise, Lesson, bare_exercise, literal
from spotlight.grading.programs import Program
from spotlight.grading.report import PassedCode
from spotlight.python_source.dataflow import CellNames, names_of
from spotlight.python_source.syntax import parsed
from spotlight.sandbox.job import Step

_MOST_CHARACTERS = 100_000
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class _Statement:
    """A statement at a cell's left margin; it ends in line `last`, counted from 1."""

    names: CellNames
    first: int
    last: int


@dataclass(frozen=True)
class _Cell:
    source: str
    statements: tuple[_Statement, ...]


def passed_code(lesson: Lesson, exercise: Exercise, program: Program) -> PassedCode | None:
    """The code to keep of `exercise`, which passed as `program`; None if it cannot be told apart.

    What earlier exercises define is not in it: each of them is kept for itself.
    """
    given = [piece for step in program.steps if step.role == "given" for piece in _given(step)]
    own = [_cell(step) for step in program.own_steps]
    modules = {
        name for cell in (*given, *own) for each in cell.statements for name in each.names.imports
    }
    needed = set(exercise.targets)
    kept: set[_Statement] = set()
    while True:
        more = {
            each
            for cell in (*given, *own)
            for each in cell.statements
            if each not in kept and _concerns(each.names, needed, modules)
        }
        if not more:
            break
        kept |= more
        needed |= {name for each in more for name in each.names.needs}
    *helpers, cell = (_text_of(cell, kept) for cell in own)
    code = PassedCode(
        place=[other.id for other in lesson.exercises].index(exercise.id),
        targets=exercise.targets,
        cell=cell,
        helpers=tuple(filter(None, helpers)),
        given=tuple(filter(None, (_text_of(piece, kept) for piece in given))),
    )
    size = sum(map(len, (code.cell, *code.helpers, *code.given)))
    return code if cell and size <= _MOST_CHARACTERS else None


def _concerns(names: CellNames, needed: set[str], modules: set[str]) -> bool:
    # A call such as `torch.manual_seed(0)` changes a module, which is nobody's part.
    return bool(names.defines & needed or names.changes & needed - modules or names.star)


def _cell(step: Step) -> _Cell:
    source = bare_exercise(step.source) if step.role == "exercise" else step.source
    tree = parsed(source)
    return _Cell(source, tuple(map(_statement, tree.body)) if tree is not None else ())


def _given(step: Step) -> Iterator[_Cell]:
    """The imports, definitions, constants and calls of `mine` in a given cell, each for itself.

    Nothing else of it is of use in a module: it computes what the notebook shows.
    """
    tree = parsed(step.source)
    for node in tree.body if tree is not None else ():
        match node:
            case ast.Import():
                sources = [ast.unparse(ast.Import([alias])) for alias in node.names]
            case ast.ImportFrom():
                sources = [
                    ast.unparse(ast.ImportFrom(node.module, [alias], node.level))
                    for alias in node.names
                ]
            case ast.FunctionDef() | ast.ClassDef():
                sources = [_lines(step.source, _statement(node))]
            case ast.Assign(targets=[ast.Name()]) if _is_plain(node.value):
                sources = [ast.unparse(node)]
            case _:
                continue
        yield from (_cell(Step(step.name, source, "given")) for source in sources)


def _is_plain(value: ast.expr) -> bool:
    """Whether an assignment's value is a constant, or comes out of an earlier lesson."""
    call = value.func if isinstance(value, ast.Call) else None
    return literal(value) is not ... or (isinstance(call, ast.Name) and call.id == "mine")


def _statement(node: ast.stmt) -> _Statement:
    try:
        names = names_of(ast.unparse(node))
    except RecursionError:
        names = None
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    nothing: frozenset[str] = frozenset()
    return _Statement(
        names or CellNames(nothing, nothing, nothing), first, node.end_lineno or node.lineno
    )


def _lines(source: str, statement: _Statement) -> str:
    return "\n".join(_LINE_END.split(source)[statement.first - 1 : statement.last])


def _text_of(cell: _Cell, kept: set[_Statement]) -> str:
    """The cell without its other statements; empty when none is kept."""
    stay = {line for each in cell.statements if each in kept for line in _span(each)}
    if not stay:
        return ""
    go = {line for each in cell.statements if each not in kept for line in _span(each)} - stay
    lines = enumerate(_LINE_END.split(cell.source), start=1)
    text = "\n".join(line.rstrip() for number, line in lines if number not in go).strip("\n")
    # Statements may share a line, so that one cannot be had without a part of another.
    return text if parsed(text) is not None else cell.source.strip("\n")


def _span(statement: _Statement) -> range:
    return range(statement.first, statement.last + 1)

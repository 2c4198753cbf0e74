"""Which names a cell defines, uses and changes, read from its syntax tree.

The build asks which given cells wait for an exercise; the grader asks which cells an exercise
depends on. Both are answers about names, not about values: a cell is never executed here.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

_DEFERRED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class CellNames:
    """`uses` are names that the cell needs from elsewhere; `changes` are those it modifies.

    `imports` are the defined names that come by an import; `star` says that the cell imports
    everything of some module, so that it may define any name.
    """

    defines: frozenset[str]
    uses: frozenset[str]
    changes: frozenset[str]
    imports: frozenset[str] = frozenset()
    star: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """All names that must exist before the cell runs, or is called."""
        return self.uses | self.changes


def names_of(source: str) -> CellNames | None:
    """The names of a cell of plain Python; None when it does not parse."""
    try:
        tree = ast.parse(source)
        top = symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    defines = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    uses: set[str] = set()
    for table in _descendants(top):
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_assigned():
                defines.add(symbol.get_name())
            elif symbol.is_global() and symbol.is_referenced():
                uses.add(symbol.get_name())
    uses -= defines
    changes: set[str] = set()
    so_far: set[str] = set()
    for statement in tree.body:
        stored = _stored(statement)
        loaded = set(_loaded(statement))
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
            loaded -= stored
        uses |= loaded - so_far
        changes |= set(_changed(statement)) - so_far
        so_far |= stored
    star = any(
        isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names)
        for node in tree.body
    )
    imports = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_imported()}
    return CellNames(
        frozenset(defines), frozenset(uses), frozenset(changes - defines), frozenset(imports), star
    )


def _descendants(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _descendants(child)


def _immediate(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and what runs with it, leaving out the bodies of functions defined in it."""
    yield node
    for name, value in ast.iter_fields(node):
        if isinstance(node, _DEFERRED) and name == "body":
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _immediate(child)


def _loaded(statement: ast.stmt) -> Iterator[str]:
    nodes = list(_immediate(statement))
    bound = {  # names that live in a comprehension only
        name.id
        for node in nodes
        if isinstance(node, ast.comprehension)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id not in bound:
                yield node.id
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def _stored(statement: ast.stmt) -> set[str]:
    stored: set[str] = set()
    for node in _immediate(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                stored.add(name)
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                stored.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                stored |= {alias.asname or alias.name.partition(".")[0] for alias in names}
            case ast.ExceptHandler(name=str(name)):
                stored.add(name)
    return stored


def _changed(statement: ast.stmt) -> Iterator[str]:
    """Names whose object the statement modifies in place, as far as its syntax tells."""
    for node in _immediate(statement):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(
            node.ctx, ast.Store | ast.Del
        ):
            yield from _root(node)
        elif isinstance(node, ast.AugAssign):
            yield from _root(node.target)
    if (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Attribute)
    ):
        yield from _root(statement.value.func)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id

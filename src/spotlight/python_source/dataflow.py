"""Which names a cell defines, uses and changes, read from its syntax tree.

The build asks which given cells wait for an exercise; the grader asks which cells an exercise
depends on. Both are answers about names, not about values: a cell is never executed here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from spotlight.python_source.syntax import parsed

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


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


@lru_cache(maxsize=4096)
def names_of(source: str) -> CellNames | None:
    """The names of a cell of plain Python; None when it does not parse.

    A name that only one branch of an `if` binds is used as well, should the cell read it later;
    loops are taken to run at least once. A function's body counts when its cell is called upon:
    what it reads may be defined further down in the same cell.
    """
    tree = parsed(source)
    if tree is None:
        return None
    reader = _Reader()
    try:
        reader.visit(tree)
    except RecursionError:
        return None
    return CellNames(
        defines=frozenset(reader.defines),
        uses=frozenset(reader.uses | (reader.uses_when_called - reader.defines)),
        changes=frozenset(reader.changes - reader.defines),
        imports=frozenset(reader.imports & reader.defines),
        star=reader.star,
    )


@dataclass
class _Scope:
    """`bound` are a function's own names, or those that a cell or class has bound so far."""

    kind: Literal["cell", "class", "function", "comprehension"]
    bound: set[str]
    declared_global: set[str] = field(default_factory=set)


class _Reader(ast.NodeVisitor):
    """Walks a cell in the order in which it runs."""

    def __init__(self) -> None:
        self.defines: set[str] = set()
        self.uses: set[str] = set()
        self.uses_when_called: set[str] = set()
        self.changes: set[str] = set()
        self.imports: set[str] = set()
        self.star = False
        self._scopes = [_Scope("cell", set())]

    # Names

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._store(node.id)
            return
        self._load(node.id)
        if isinstance(node.ctx, ast.Del) and self._scope.kind != "function":
            self._scope.bound.discard(node.id)
            if self._scope.kind == "cell":
                self.defines.discard(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._visit_part(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._visit_part(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            self._change(call.func)  # such as `items.append(1)`, whose only point is what it does
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self._import(node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._import(node.names)

    # Assignments read before they bind

    def visit_Assign(self, node: ast.Assign) -> None:
        self._visit_all([node.value, *node.targets])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
        self.visit(node.annotation)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._load(node.target.id)
        self._visit_all([node.value, node.target])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._visit_all([node.value, node.target])

    # Branches and loops

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._visit_branches([node.body, node.orelse])

    def visit_For(self, node: ast.For) -> None:
        self._visit_all([node.iter, node.target, *node.body, *node.orelse])

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self._visit_all([node.iter, node.target, *node.body, *node.orelse])

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        last = node.cases[-1]
        exhaustive = isinstance(last.pattern, ast.MatchAs) and not (
            last.pattern.pattern or last.guard
        )
        self._visit_branches([*([case] for case in node.cases), *([] if exhaustive else [[]])])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self._visit_capture(node, node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        self._visit_capture(node, node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self._visit_capture(node, node.rest)

    def visit_Try(self, node: ast.Try) -> None:
        self._visit_try(node)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        self._visit_try(node)

    def _visit_try(self, node: ast.Try | ast.TryStar) -> None:
        before = set(self._scope.bound)
        self._visit_all(node.body)
        after = set(self._scope.bound)
        for handler in node.handlers:
            self._scope.bound = set(before)
            self.visit(handler)
        self._scope.bound = after
        self._visit_all([*node.orelse, *node.finalbody])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        if node.name is not None:
            self._scope.bound.add(node.name)  # Python unbinds it again where the handler ends
        self._visit_all(node.body)

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_signature(node.args)
        with self._inside(_function_scope(node.args, [node.body])):
            self.visit(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        with self._inside(_Scope("class", set())):
            self._visit_all(node.body)
        self._store(node.name)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._visit_comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._visit_comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._visit_comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._visit_comprehension(node, [node.key, node.value])

    # What the above have in common

    @property
    def _scope(self) -> _Scope:
        """The scope that an assignment binds in."""
        return next(scope for scope in reversed(self._scopes) if scope.kind != "comprehension")

    @contextmanager
    def _inside(self, scope: _Scope) -> Iterator[None]:
        self._scopes.append(scope)
        yield
        self._scopes.pop()

    def _in_function(self) -> bool:
        return any(scope.kind == "function" for scope in self._scopes)

    def _is_bound(self, name: str) -> bool:
        in_function = False
        for scope in reversed(self._scopes):
            if name in scope.bound and not (in_function and scope.kind == "class"):
                return True
            in_function |= scope.kind == "function"
        return False

    def _load(self, name: str) -> None:
        if not self._is_bound(name):
            (self.uses_when_called if self._in_function() else self.uses).add(name)

    def _store(self, name: str) -> None:
        scope = self._scope
        if scope.kind == "cell" or name in scope.declared_global:
            self.defines.add(name)
        if name not in scope.declared_global:
            scope.bound.add(name)

    def _import(self, names: list[ast.alias]) -> None:
        for alias in names:
            if alias.name == "*":
                self.star = True
                continue
            name = _imported_name(alias)
            self._store(name)
            if self._scope.kind == "cell":
                self.imports.add(name)

    def _change(self, node: ast.expr) -> None:
        """Note whose object `node` is a part of: the cell modifies it in place."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and not self._in_function() and not self._is_bound(node.id):
            self.changes.add(node.id)

    def _visit_part(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node)
        self.generic_visit(node)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _visit_branches(self, branches: Iterable[Sequence[ast.AST]]) -> None:
        """Of the branches one runs: what all of them bind is bound after."""
        before, after = set(self._scope.bound), []
        for branch in branches:
            self._scope.bound = set(before)
            self._visit_all(branch)
            after.append(self._scope.bound)
        self._scope.bound = set.intersection(*after)

    def _visit_capture(self, node: ast.pattern, name: str | None) -> None:
        self.generic_visit(node)
        if name is not None:
            self._store(name)

    def _visit_signature(self, arguments: ast.arguments) -> None:
        """What runs where a function is defined: defaults and annotations."""
        self.generic_visit(arguments)

    def _visit_function(self, node: _Function) -> None:
        self._visit_all(node.decorator_list)
        self._visit_signature(node.args)
        if node.returns is not None:
            self.visit(node.returns)
        self._store(node.name)
        with self._inside(_function_scope(node.args, node.body)):
            self._visit_all(node.body)

    def _visit_comprehension(self, node: _Comprehension, results: list[ast.expr]) -> None:
        self.visit(node.generators[0].iter)
        with self._inside(_Scope("comprehension", set())):
            for number, part in enumerate(node.generators):
                if number:
                    self.visit(part.iter)
                self._scopes[-1].bound.update(_bound_by([part.target]))
                self._visit_all(part.ifs)
            self._visit_all(results)


def _function_scope(arguments: ast.arguments, body: Sequence[ast.AST]) -> _Scope:
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    listed += [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    parameters = {argument.arg for argument in listed}
    own = list(_own_nodes(body))
    elsewhere = {
        name for node in own if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names
    }
    declared_global = {name for node in own if isinstance(node, ast.Global) for name in node.names}
    return _Scope("function", (parameters | set(_bound_by(body))) - elsewhere, declared_global)


def _own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """`body` and what it holds, leaving out the insides of functions, classes, comprehensions."""
    for node in body:
        yield node
        if isinstance(node, _Comprehension):
            # An assignment expression inside binds outside.
            yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        elif not isinstance(node, _Function | ast.Lambda | ast.ClassDef):
            yield from _own_nodes(ast.iter_child_nodes(node))


def _bound_by(body: Iterable[ast.AST]) -> Iterator[str]:
    for node in _own_nodes(body):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.NamedExpr(target=ast.Name(id=name)):
                yield name
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from map(_imported_name, names)


def _imported_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]

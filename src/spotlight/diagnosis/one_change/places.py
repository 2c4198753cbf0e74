"""Where a cell can be changed: its nodes, the names within reach, and what it says there."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_SHOWN = 60
_MODULES = ("torch", "math", "np", "numpy", "nn", "F")
_NOT_CODE = {"annotation", "returns", "decorator_list", "type_comment", "args", "type_params"}
"""Parts of a definition that no slip of an exercise is in; `args` of a function, not of a call."""


@dataclass(frozen=True)
class Scope:
    """What a function, or the cell's own margin, can name.

    `arguments` are without `self`; `variables` are set or read here; `attributes` those of `self`.
    """

    arguments: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    is_function: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Arguments and variables, each once."""
        return tuple(dict.fromkeys((*self.arguments, *self.variables)))

    def is_from_outside(self, name: str) -> bool:
        """Whether a function takes `name` from the notebook."""
        own = {*self.arguments, *self.variables, *_MODULES, "self"}
        return self.is_function and name not in own and not hasattr(builtins, name)


@dataclass(frozen=True)
class Place:
    """One node of the tree, with what holds it: `index` where that is a list.

    `within` are the nodes around it, the innermost last.
    """

    node: Any
    parent: ast.AST
    name: str
    index: int | None
    scope: Scope
    within: tuple[ast.AST, ...] = field(default=(), repr=False)

    @property
    def line(self) -> int:
        """The line of the cell on which it begins."""
        return int(self.node.lineno)

    @property
    def body(self) -> list[ast.stmt]:
        """The block that a statement stands in."""
        block = getattr(self.parent, self.name)
        assert isinstance(block, list)
        return block

    def put(self, new: Any) -> None:
        """Put another node here; in a block, a list of statements may be put."""
        if self.index is None:
            setattr(self.parent, self.name, new)
        else:
            getattr(self.parent, self.name)[self.index] = new


def places_of(tree: ast.Module) -> Iterator[Place]:
    """Every expression and statement of a cell, from outside to inside."""
    yield from _places(tree, _scope(tree.body, (), (), is_function=False), ())


def said(node: ast.AST) -> str:
    """A node as code within a sentence, cut where it is long."""
    text = " ".join(ast.unparse(node).split())
    return f"`{text if len(text) <= _SHOWN else text[: _SHOWN - 1].rstrip() + '…'}`"


def called(node: ast.Call) -> str:
    """The name that a call goes by, with its module's where that is a library's."""
    match node.func:
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in _MODULES:
            return f"{module}.{name}"
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return "…"


def _places(node: ast.AST, scope: Scope, within: tuple[ast.AST, ...]) -> Iterator[Place]:
    within = (*within, node)
    for name, value in ast.iter_fields(node):
        if name in _NOT_CODE and not isinstance(node, ast.Call):
            continue
        for index, item in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(item, ast.expr | ast.stmt | ast.keyword | ast.comprehension):
                continue
            if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant):
                continue  # a docstring
            if isinstance(item, ast.expr | ast.stmt):
                yield Place(item, node, name, index, scope, within)
            yield from _places(item, _scope_within(item, scope), within)


def _scope_within(node: ast.AST, outer: Scope) -> Scope:
    match node:
        case ast.ClassDef():
            loads = [n for n in ast.walk(node) if isinstance(n, ast.Attribute)]
            own = (n.attr for n in loads if isinstance(n.value, ast.Name) and n.value.id == "self")
            return Scope(attributes=tuple(dict.fromkeys(own)))
        case ast.FunctionDef():
            taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            arguments = tuple(a.arg for a in taken if a.arg != "self")
            return _scope(node.body, arguments, outer.attributes, is_function=True)
        case _:
            return outer


def _scope(
    body: list[ast.stmt],
    arguments: tuple[str, ...],
    attributes: tuple[str, ...],
    *,
    is_function: bool,
) -> Scope:
    found = [n for part in body for n in _own_nodes(part) if isinstance(n, ast.Name)]
    if is_function:
        found = [name for name in found if isinstance(name.ctx, ast.Store)]
    names = (name.id for name in found if not hasattr(builtins, name.id))
    return Scope(arguments, tuple(dict.fromkeys(names)), attributes, is_function)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement, without those of functions and classes that it defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _own_nodes(child)

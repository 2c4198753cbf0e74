"""The student's own module of a lesson, written out of the code of what has passed.

It is ordinary Python that anybody may read and import. Whatever cannot be had in it, because it
would not be the code that passed or would not run, is left out and said to be.
"""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import spotlight
from spotlight.printable_text import one_line
from spotlight.progress.schema import CollectedCode, LessonProgress
from spotlight.python_source.dataflow import names_of
from spotlight.python_source.syntax import parsed

# Read, not imported: PyTorch takes seconds. A name in two of them is the first one's.
_REFERENCES = ("attention", "gpt")
_PYTHON = frozenset(vars(builtins)) | {"__name__"}
_HEAD = """\
# Your own code from the lesson “{title}”, as it passed.
#
# Later lessons take it from here; for what is not here, the course's own stands in. Whenever an
# exercise passes, this file is written anew: to change something, change the notebook instead."""


@dataclass(frozen=True)
class _Passed:
    """An exercise's code, and what it binds and needs."""

    title: str
    code: CollectedCode

    @property
    def parts(self) -> tuple[str, ...]:
        """All of its code, in the order in which it has to run."""
        return (*self.code.given, *self.code.helpers, self.code.cell)

    @cached_property
    def bindings(self) -> dict[str, str]:
        """What it binds each name to, as text."""
        return {name: text for part in self.parts for name, text in _bindings(part).items()}

    @cached_property
    def needs(self) -> frozenset[str]:
        """The names that earlier exercises have to define."""
        names = [names_of(part) for part in self.parts]
        needed = {name for each in names if each is not None for name in each.needs}
        return frozenset(needed) - self.bindings.keys() - _PYTHON

    @property
    def trouble(self) -> str:
        """Why it cannot be had in a module, whatever else is there; else empty."""
        if any((names := names_of(part)) is None or names.star for part in self.parts):
            return "its names cannot be told from an import of everything"
        # In a module, a cell cannot await, and has to do without `from __future__` imports.
        if not _compiles("pass\n\n" + "\n\n".join(self.parts)):
            return "it runs in a notebook only"
        if not set(self.code.targets) <= self.bindings.keys():
            return "it is not defined at the left margin of its cell"
        return ""


def module_text(lesson: LessonProgress) -> str | None:
    """The module of what has passed in `lesson`; None when nothing has."""
    passed = [_Passed(each.title, each.code) for each in lesson.exercises.values() if each.code]
    if not passed:
        return None
    chosen, left_out = _chosen(passed)
    return "\n\n\n".join(_written(lesson.title, chosen, left_out)) + "\n"


def _chosen(passed: Iterable[_Passed]) -> tuple[list[_Passed], dict[str, str]]:
    """What can be had together, in the lesson's order, and why the rest cannot, by target."""
    left_out: dict[str, str] = {}
    chosen: list[_Passed] = []
    # Where two were judged with unlike helpers, it is the newer that the notebook now holds.
    for each in sorted(passed, key=lambda each: (each.code.at, each.code.place), reverse=True):
        reason = each.trouble or _clash(each, chosen)
        if reason:
            left_out |= dict.fromkeys(each.code.targets, reason)
        else:
            chosen.append(each)
    chosen.sort(key=lambda each: each.code.place)
    while True:
        for each in chosen:
            missing = _missing(each, chosen) - references().keys()
            if missing:
                reason = f"it uses {' and '.join(sorted(missing))}, which only its notebook has"
                left_out |= dict.fromkeys(each.code.targets, reason)
                chosen.remove(each)
                break
        else:
            return chosen, left_out


def _clash(one: _Passed, others: Iterable[_Passed]) -> str:
    for other in others:
        for name, text in one.bindings.items():
            if other.bindings.get(name, text) != text:
                return f"“{one_line(other.title, ' ')}” passed later with another {name}"
    return ""


def _missing(one: _Passed, chosen: Iterable[_Passed]) -> set[str]:
    """The names that `one` needs and that nothing above it defines."""
    earlier = (each for each in chosen if each.code.place < one.code.place)
    return set(one.needs).difference(*(each.bindings for each in earlier))


def _written(title: str, chosen: list[_Passed], left_out: dict[str, str]) -> Iterator[str]:
    """The paragraphs of the module."""
    targets = [target for each in chosen for target in each.code.targets]
    given = dict.fromkeys(part for each in chosen for part in each.code.given)
    missing = {name for each in chosen for name in _missing(each, chosen)}
    head = [_HEAD.format(title=one_line(title, " "))]
    imports = [
        part for kind in ("import ", "from ") for part in sorted(given) if part.startswith(kind)
    ]
    if imports:
        head.append("\n".join(imports))
    if missing:
        head.append("# Yours has not passed yet: the course's own stands in.\n" + _imports(missing))
    head.append(f"__all__ = {_literal(targets)}")
    if left_out:
        head.append(
            f"# What passed too and cannot be had here.\n__left_out__ = {_literal(left_out)}"
        )
    yield "\n\n".join(head)
    yield from (part for part in given if part not in imports)
    bound: dict[str, str] = {}
    for each in chosen:
        for helper in each.code.helpers:
            own = _bindings(helper)
            if not own.items() <= bound.items():
                bound |= own
                yield f"# Of use to “{one_line(each.title, ' ')}”\n{helper}"
        bound |= _bindings(each.code.cell)
        yield f"# Exercise: {one_line(each.title, ' ')}\n{each.code.cell}"


def _imports(names: Iterable[str]) -> str:
    return "\n".join(
        f"from spotlight.model_utils.{references()[name]} import {name}" for name in sorted(names)
    )


@cache
def references() -> dict[str, str]:
    """The public functions and classes of the course's references, and the module of each."""
    folder = Path(spotlight.__file__).parent / "model_utils"
    found: dict[str, str] = {}
    for module in _REFERENCES:
        tree = ast.parse((folder / f"{module}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, module)
    return found


def _bindings(source: str) -> dict[str, str]:
    """What each name that `source` binds at its left margin is bound to, as text."""
    tree = parsed(source)
    bound: dict[str, str] = {}
    for node in tree.body if tree is not None else ():
        try:
            text = ast.unparse(node)
        except RecursionError:
            continue
        names = names_of(text)
        for name in names.defines if names is not None else ():
            is_import = names is not None and name in names.imports
            bound[name] = _import_of(node, name) if is_import else bound.get(name, "") + text
    return bound


def _import_of(node: ast.stmt, name: str) -> str:
    """One name's part of an import, so that it reads the same whatever is imported beside it."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = f"{node.level}{node.module}" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            if name == (alias.asname or alias.name.partition(".")[0]):
                return f"import {module} {alias.name}"
    return ast.unparse(node)


def _compiles(source: str) -> bool:
    try:
        compile(source, "<module>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _literal(value: list[str] | dict[str, str]) -> str:
    """A list or dictionary of text, one entry a line."""
    return json.dumps(value, ensure_ascii=False, indent=4)

"""Lines that reach for what no exercise needs: evidence for a person to look at.

Nothing here decides a mark: confinement keeps such code from doing harm, and the judge from being
fooled. It is read from the source, so it can be both blind and mistaken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spotlight.classroom.records import Attempt
from spotlight.printable_text import one_line
from spotlight.python_source.syntax import parsed
from spotlight.review.addressing import addressed_line

_MOST = 20
_MODULES = {
    "ctypes": "calls machine code",
    "gc": "looks through the process's objects",
    "inspect": "looks into other code's frames",
    "importlib": "changes how modules are imported",
    "mmap": "maps memory",
    "multiprocessing": "starts processes",
    "pickle": "builds objects that run code when they are read",
    "pty": "starts processes",
    "resource": "changes limits",
    "shutil": "changes files",
    "signal": "catches or sends signals",
    "socket": "opens network connections",
    "subprocess": "starts processes",
    "urllib": "opens network connections",
    "requests": "opens network connections",
}
_GRADER = ("authoring", "classroom", "course", "diagnosis", "grading", "sandbox")
_MODULES |= dict.fromkeys((f"spotlight.{room}" for room in _GRADER), "reaches into the grader")
_CALLS = {
    "_getframe": "looks into other code's frames",
    "settrace": "watches other code run",
    "setprofile": "watches other code run",
    "system": "starts processes",
    "popen": "starts processes",
    "fork": "starts processes",
    "kill": "sends signals",
    "killpg": "sends signals",
    "_exit": "ends the process that is graded",
    "__subclasses__": "looks through the process's types",
    "get_objects": "looks through the process's objects",
    "__import__": "imports by name",
}
_WORDS = {
    "__torch_function__": "takes torch's functions over",
    "__array_function__": "takes NumPy's functions over",
    "__eq__": "decides itself what it is equal to",
    "__reduce__": "runs code when it is read back",
    "meta_path": "changes how modules are imported",
    "modules": "swaps modules",
    "environ": "reads the environment",
}
_PATCHABLE = frozenset(("torch", "np", "numpy", "builtins", "math", "random", "json", "os", "sys"))


def attempts_in(exercise: str, cell: int, source: str) -> Iterator[Attempt]:
    """The first such lines of an exercise's code, which begins in the cell of that number."""
    lines = source.splitlines()
    found: dict[int, str] = {}
    addressed = addressed_line(source)
    if addressed:
        found[addressed] = "tells a reviewer what to say"
    tree = parsed(source)
    for node in ast.walk(tree) if tree is not None else ():
        why = _reach(node)
        if why:
            found.setdefault(getattr(node, "lineno", 1), why)
    for line in sorted(found)[:_MOST]:
        text = one_line(lines[line - 1])[:200]
        yield Attempt(exercise=exercise, cell=cell, line=line, text=text, why=found[line])


def _reach(node: ast.AST) -> str | None:
    match node:
        case ast.Import(names=names):
            return next(filter(None, (_module(alias.name) for alias in names)), None)
        case ast.ImportFrom(module=str() as module):
            return _module(module)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in _CALLS:
            return _CALLS[name]
        case ast.Call(func=ast.Name(id="open"), args=[ast.Constant(value=str() as path), *_]):
            return "opens a file by its full path" if path.startswith(("/", "~", "..")) else None
        case ast.Attribute(value=ast.Name(id="os" | "sys"), attr=name) if name in _WORDS:
            return _WORDS[name]
        case ast.FunctionDef(name=name) if name.startswith("__") and name in _WORDS:
            return _WORDS[name]
        case ast.Assign(targets=targets) if any(map(_is_patch, targets)):
            return "puts something else in place of a library's own function"
        case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=name), *_]):
            return "changes a library" if name in _PATCHABLE else None
    return None


def _module(name: str) -> str | None:
    parts = name.split(".")
    return next((_MODULES[head] for n in (1, 2) if (head := ".".join(parts[:n])) in _MODULES), None)


def _is_patch(target: ast.expr) -> bool:
    """Whether it is an attribute of a library, as in `torch.allclose = ...`."""
    while isinstance(target, ast.Attribute):
        target = target.value
        if isinstance(target, ast.Name):
            return target.id in _PATCHABLE
    return False

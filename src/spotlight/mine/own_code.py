"""A target from the student's own module, or the course's reference for it.

Only a notebook says where the student's modules are. A plain script, and the worker that judges
exercises, never do: there every call returns the reference, without a word.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from pathlib import Path

Reference = TypeVar("Reference", bound="Callable[..., Any]")
_MOST_OF_A_MESSAGE = 120


@dataclass(frozen=True)
class _OwnModules:
    """A folder with one module per lesson, and what to call each lesson."""

    folder: Path
    lessons: Mapping[str, str]


class _NotLoadedError(Exception):
    """The student's module cannot be had; the message says why."""


_own_modules: _OwnModules | None = None
_loaded: dict[Path, tuple[bytes, ModuleType]] = {}


def use_own_modules(folder: Path, lessons: Mapping[str, str]) -> None:
    """From now on, take the student's own code from `folder`.

    `lessons` says for each lesson's id what to call it in a sentence.
    """
    global _own_modules
    _own_modules = _OwnModules(folder, lessons)


def mine(lesson: str, reference: Reference) -> Reference:
    """The student's own version of a function or class, or else `reference`.

    It is the one that `lesson` (an id) builds under the name of `reference`, if it has passed. In a
    notebook a line says which of the two it is.
    """
    if _own_modules is None:
        return reference
    name = reference.__name__
    own, said = _find(_own_modules, lesson, name, isinstance(reference, type))
    print(f"{name}: {said}")
    return reference if own is None else cast(Reference, own)


def _find(modules: _OwnModules, lesson: str, name: str, is_class: bool) -> tuple[object, str]:
    """The student's own, or None, and what to say of it."""
    called = modules.lessons.get(lesson, lesson)
    stands_in = "the reference stands in; "
    file = modules.folder / f"{lesson}.py"
    try:
        names = _names_in(file)
    except _NotLoadedError as trouble:
        return None, f"{stands_in}your progress/mine/{file.name} does not load ({trouble})"
    own = names.get(name)
    if name not in _listed(names.get("__all__")):
        reason = _reasons(names.get("__left_out__")).get(name)
        if reason is None:
            return None, f"{stands_in}yours from {called} has not passed yet"
        return None, f"{stands_in}yours from {called} passed, but {reason}"
    if not (isinstance(own, type) if is_class else callable(own)):
        what = "class" if is_class else "function"
        return None, f"{stands_in}yours from {called} is not a {what}"
    return own, f"yours, from {called}"


def _names_in(file: Path) -> Mapping[str, object]:
    """What the module in `file` defines; nothing where there is none.

    It is run once for as long as the file stays as it is.

    Raises:
        _NotLoadedError: it cannot be read, or ends in an exception.
    """
    try:
        content = file.read_bytes()
        known = _loaded.get(file)
        if known is not None and known[0] == content:
            return vars(known[1])
        module = _run(file, content.decode("utf-8"))
    except FileNotFoundError:
        return {}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the code is the student's: anything may come
        raise _NotLoadedError(_in_short(error)) from None
    _loaded[file] = content, module
    return vars(module)


def _run(file: Path, source: str) -> ModuleType:
    # A private name: no import finds it, and none is shadowed by it.
    module = ModuleType(f"_spotlight_mine_{file.stem}")
    module.__file__ = str(file)
    code = compile(source, str(file), "exec", dont_inherit=True)
    linecache.checkcache(str(file))
    sys.modules[module.__name__] = module  # as dataclasses and pickle expect
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(action="ignore"),
        ):
            exec(code, vars(module))
    except BaseException:
        sys.modules.pop(module.__name__, None)
        raise
    return module


def _listed(value: object) -> set[str]:
    return {name for name in value if type(name) is str} if type(value) is list else set()


def _reasons(value: object) -> dict[str, str]:
    pairs = value.items() if type(value) is dict else ()
    return {name: reason for name, reason in pairs if type(name) is type(reason) is str}


def _in_short(error: BaseException) -> str:
    try:
        said = " ".join(str(error).split())
    except Exception:  # an exception of the student's own may do anything here
        said = ""
    name = type(error).__name__
    return f"{name}: {said}"[:_MOST_OF_A_MESSAGE] if said else name

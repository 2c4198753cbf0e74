"""What a proof depends on, as a key: a new key, and the exercise is to be proved again.

The run of a solution notebook has a key of the same kind. A key is equal on every machine and under
every Python that the course runs on; a change of comments, docstrings, hints and sentences leaves
it as it was.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import spotlight
from spotlight.authoring.notebooks import build_notebook
from spotlight.authoring.proving import broken_bans
from spotlight.course.lesson import Exercise, Lesson
from spotlight.grading.answer_key import variant_program
from spotlight.python_source.normal_form import normal_form
from spotlight.python_source.syntax import parsed

_PACKAGE = Path(spotlight.__file__).parent
_PROVERS = (
    "spotlight.authoring.proving",
    "spotlight.sandbox.worker",
    "spotlight.sandbox.server",
)
_RUNNERS = ("spotlight.notebook", "spotlight.sandbox.server")
_LOWER_ROOMS = ("mine", "model_utils", "visualizations")


def proof_key(lesson: Lesson, exercise: Exercise) -> str:
    """A hash of all that the proof of `exercise` depends on.

    That is every program which it runs, the probes, the rules, the package's code that takes
    part, and the numeric libraries.
    """
    sources = dict(_sources(exercise))
    programs = {
        step
        for source in sources.values()
        for step in variant_program(lesson, exercise, source).steps
    }
    steps = {(step.name, step.role, step.source) for step in programs}
    parts: list[object] = [
        _versions("torch", "numpy"),
        [code_of_module(name) for name in sorted(proving_modules())],
        [_room(name) for name in _rooms_in(exercise, steps)],
        sorted([name, role, normal_form(source)] for name, role, source in steps),
        {name: normal_form(source) for name, source in sources.items()},
        list(exercise.targets),
        normal_form(exercise.helpers),
        normal_form(exercise.entry),
        [[p.name, p.parameters, normal_form(p.source), p.naming_only] for p in exercise.probes],
        [sorted(rule.names) for rule in exercise.forbidden],
        list(broken_bans(lesson, exercise)),
        [rule.flops for rule in exercise.costs],
        exercise.partial,
    ]
    return _digest(parts)


def run_key(lesson: Lesson) -> str:
    """A hash of all that a run of the lesson's solution notebook depends on.

    That is its code, all that the package's rooms hold which a notebook reaches, and the numeric
    libraries.
    """
    cells = json.loads(build_notebook(lesson, "solution"))["cells"]
    rooms = {name.split(".")[1] for name in _modules_below(_RUNNERS)}
    parts: list[object] = [
        _versions("torch", "numpy", "matplotlib"),
        [normal_form("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"],
        [[name, _room(name)] for name in sorted(rooms | {*_LOWER_ROOMS})],
    ]
    return _digest(parts)


def _versions(*libraries: str) -> list[str]:
    return [version(library).partition("+")[0] for library in libraries]


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _sources(exercise: Exercise) -> Iterator[tuple[str, str]]:
    """Every cell that a proof puts in the exercise's place, in the order in which it is told."""
    yield "solution", exercise.solution
    yield "stub", exercise.stub
    for wrong in exercise.mistakes:
        yield f"mistake {wrong.name}", exercise.variant_source(wrong)
    for right in exercise.alternatives:
        yield f"alternative {right.name}", exercise.variant_source(right)


def proving_modules() -> frozenset[str]:
    """The package's modules that take part in a proof: whatever the provers import, and so on."""
    return _modules_below(_PROVERS)


@cache
def _modules_below(roots: tuple[str, ...]) -> frozenset[str]:
    known: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        file = _file_of(name)
        if file is None or name in known:
            continue
        known.add(name)
        package = name.rpartition(".")[0]
        waiting += [package, *_imports(file)]
    return frozenset(known - {"spotlight"})  # that holds the version, which proves nothing


def _imports(file: Path) -> Iterator[str]:
    """The names that a module imports from; some may be names in modules."""
    tree = parsed(file.read_text(encoding="utf-8"))
    assert tree is not None
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None  # the package imports by whole names alone
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _file_of(module: str) -> Path | None:
    """The file of one of the package's own modules."""
    first, *parts = module.split(".")
    if first != "spotlight":
        return None
    path = _PACKAGE.joinpath(*parts)
    files = (path / "__init__.py", path.with_suffix(".py") if parts else path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@cache
def code_of_module(module: str) -> str:
    """A hash of what a module's code says."""
    file = _file_of(module)
    assert file is not None
    return f"{module} {_hash_of(file)}"


def _rooms_in(exercise: Exercise, steps: Iterable[tuple[str, str, str]]) -> list[str]:
    """The rooms below grading that programs import from, and those that these import from."""
    sources = [*(source for _, _, source in steps), exercise.helpers, exercise.entry]
    text = "\n".join([*sources, *(probe.source for probe in exercise.probes)])
    found = {name for name in _LOWER_ROOMS if f"spotlight.{name}" in text}
    while more := {other for name in found for other in _rooms_below(name)} - found:
        found |= more
    return sorted(found)


@cache
def _rooms_below(room: str) -> frozenset[str]:
    names = {name for file in (_PACKAGE / room).rglob("*.py") for name in _imports(file)}
    return frozenset(room for room in _LOWER_ROOMS if f"spotlight.{room}" in names)


@cache
def _room(room: str) -> list[str]:
    """Hashes of all that a room holds: its modules may look for each other, and for their data."""
    folder = _PACKAGE / room
    if not folder.is_dir():
        return [_hash_of(folder.with_suffix(".py"))]
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    return [
        f"{name} {_hash_of(folder / name)}" for name in files if not name.endswith((".pyc", ".md"))
    ]


def _hash_of(file: Path) -> str:
    data = file.read_bytes()
    if file.suffix == ".py":
        data = normal_form(data.decode()).encode()
    elif file.suffix != ".safetensors":
        data = data.replace(b"\r\n", b"\n")  # as Git may have it on Windows
    return hashlib.sha256(data).hexdigest()

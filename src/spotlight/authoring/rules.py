"""The rules that a master must keep; each broken one is a sentence that names file and cell."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from spotlight import authoring
from spotlight.course.lesson import (
    BEGIN,
    AuthoringError,
    Exercise,
    Lesson,
    Variant,
    solution_blocks,
)
from spotlight.python_source.dataflow import names_of
from spotlight.python_source.signature import signature_of

MAX_WORDS = 120
MAX_SOLUTION_LINES = 10
_AUTHORS_WORDS = set(authoring.__all__) - {"hint"}
_DTYPE = re.compile(r"\b(?:b?float16|float64|complex\d+)\b")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def broken_rules(lesson: Lesson) -> list[str]:
    """Every rule that `lesson` breaks, one sentence each."""
    exercises = (problem for exercise in lesson.exercises for problem in _exercise(exercise))
    return [*_prose(lesson), *_given(lesson), *exercises]


def _prose(lesson: Lesson) -> Iterator[str]:
    words = 0
    for cell in lesson.cells:
        if cell.role != "markdown":
            words = 0 if cell.role in ("given", "exercise", "prediction") else words
            continue
        words += len(re.findall(r"\w[\w'’-]*", re.sub(r"\$[^$]*\$|`[^`]*`", "x", cell.source)))
        if words > MAX_WORDS:
            yield (
                f"{cell.place}: {words} words of prose since the student last did something; "
                f"{MAX_WORDS} at most."
            )
            words = 0


def _given(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells:
        if cell.role != "given":
            continue
        names = names_of(cell.source)
        if names is None:
            yield f"{cell.place}: the given cell is not plain Python, so grading cannot use it."
        elif names.needs & _AUTHORS_WORDS:
            yield (
                f'{cell.place}: probes stand in a given cell; mark theirs with # %% judges="name".'
            )


def _exercise(exercise: Exercise) -> Iterator[str]:
    place = exercise.place
    floors = (
        (sum(not probe.naming_only for probe in exercise.probes), 2, "probes"),
        (len(exercise.mistakes), 3, "mistakes"),
        (len(exercise.alternatives), 2, "alternatives"),
        (len(exercise.hints), 2, "hints"),
        (len(exercise.forbidden), 1, "forbid(...) lines"),
        (exercise.minutes, 1, "minutes"),
    )
    for count, floor, what in floors:
        if count < floor:
            yield f"{place}: {what}: {count}, where at least {floor} must stand."
    if not exercise.why:
        yield f"{place}: no why(...) says why the solution is written as it is."
    promised = signature_of(exercise.solution, exercise.targets[0])
    has_shape = promised is not None and promised.result is not None
    if has_shape and len(exercise.targets) == 1 and not exercise.entry:
        yield f"{place}: no @entry function says how one entry of the result comes about."
    if not exercise.title:
        yield f"{place}: no heading stands above the exercise to give it a title."
    if "# TODO: " not in exercise.solution.split(BEGIN)[0]:
        yield f"{place}: no '# TODO: ...' line says where to edit, right above the solution."
    if not 1 <= exercise.difficulty <= 3:
        yield f"{place}: difficulty {exercise.difficulty} is not 1, 2 or 3."
    lines = sum(1 for x in "\n".join(solution_blocks(exercise.solution)).splitlines() if x.strip())
    if lines > MAX_SOLUTION_LINES:
        yield f"{place}: the solution has {lines} lines; {MAX_SOLUTION_LINES} at most."
    yield from _stub(exercise)
    yield from _variants(exercise)
    for name, count in Counter(probe.name for probe in exercise.probes).items():
        if count > 1:
            yield f"{place}: {count} probes are called {name}."
    read = names_of(exercise.helpers)
    helpers = read.defines if read is not None else frozenset()
    for probe in exercise.probes:
        unknown = set(probe.parameters) - {*exercise.targets, "rerun"}
        if unknown:
            yield f"{place}: probe {probe.name} asks for {sorted(unknown)}, which are no targets."
        if probe.name in exercise.targets:
            yield f"{place}: a probe is called {probe.name}, as its target is."
        if probe.name in helpers:
            yield f"{place}: a case is called {probe.name}, as one of its helpers is; rename one."
        if not probe.description:
            yield f"{place}: probe {probe.name} has no docstring, which names its case to students."
        for dtype in set(_DTYPE.findall(probe.source)) - set(_DTYPE.findall(exercise.stub)):
            yield (
                f"{place}: probe {probe.name} uses {dtype}, of which the exercise says nothing: "
                "say so in its docstring, or leave the dtype out."
            )


def _stub(exercise: Exercise) -> Iterator[str]:
    try:
        tree = ast.parse(exercise.stub)
    except SyntaxError as error:
        yield f"{exercise.place}: the stub does not parse ({error.msg}, line {error.lineno})."
        return
    if _raises_at_once(tree):
        yield (
            f"{exercise.place}: the stub raises as soon as its cell runs; mark the solution inside "
            "a function, or at the left margin."
        )
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    for node in functions:
        if node.name in exercise.targets and not ast.get_docstring(node):
            yield f"{exercise.place}: {node.name} has no docstring with its shapes."
    defined = {node.name for node in functions} | {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for target in exercise.targets:
        if target not in defined:
            yield f"{exercise.place}: the cell does not define its target {target}."


def _raises_at_once(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return isinstance(node, ast.Raise) or any(map(_raises_at_once, ast.iter_child_nodes(node)))


def _variants(exercise: Exercise) -> Iterator[str]:
    variants = (*exercise.mistakes, *exercise.alternatives)
    for name, count in Counter(variant.name for variant in variants).items():
        if count > 1:
            yield f"{exercise.place}: {count} mistakes or alternatives are called {name}."
        if not _NAME.fullmatch(name):
            yield f"{exercise.place}: {name!r} is not a name in lower-case-with-dashes."
    for variant in variants:
        yield from _variant(exercise, variant)
    for wrong in exercise.mistakes:
        if not wrong.message.rstrip().endswith((".", "?")):
            yield f"{exercise.place}: the message of mistake {wrong.name} is not a sentence."


def _variant(exercise: Exercise, variant: Variant) -> Iterator[str]:
    try:
        ast.parse(exercise.variant_source(variant))
    except AuthoringError as error:
        yield f"{exercise.place}: {variant.name}: {error}."
    except SyntaxError as error:
        yield f"{exercise.place}: {variant.name} does not parse ({error.msg})."

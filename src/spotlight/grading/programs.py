"""The program that one exercise is judged by: its own cell, and just the cells it depends on.

Given cells come from the course's copy, statement by statement. What runs is chosen by the names
that it defines and changes, so that what is unrelated (a picture, an experiment, a cell that
raises) can neither cost a mark nor time.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from spotlight.course.lesson import Exercise, Lesson, started_lesson
from spotlight.grading.given_cells import only_these, parts_of
from spotlight.grading.locate import AddedCell
from spotlight.python_source.dataflow import CellNames, names_of
from spotlight.python_source.syntax import parsed
from spotlight.sandbox.job import KIT_NAMES, Job, Limits, ProbeCall, Step


@dataclass(frozen=True)
class Program:
    """The steps of one exercise's job, and the earlier exercises among them."""

    steps: tuple[Step, ...]
    earlier: tuple[str, ...]

    @property
    def own_steps(self) -> tuple[Step, ...]:
        """The exercise's cell, and the cells that the student added and it relies on."""
        return tuple(
            step
            for step in self.steps
            if step.role == "exercise" or (step.role == "helper" and step.name not in self.earlier)
        )


@dataclass(frozen=True)
class _Unit:
    """A cell, or `nodes` of a given one."""

    step: Step
    names: CellNames
    exercise: str | None = None
    nodes: tuple[ast.stmt, ...] = ()


def build_program(
    lesson: Lesson,
    exercise: Exercise,
    sources: Mapping[str, str],
    added: tuple[AddedCell, ...] = (),
) -> Program:
    """The program for `exercise`, whose cell and whose predecessors' cells are in `sources`.

    `sources` maps exercise ids to plain Python; what is not in it is left out of the program.
    """
    own = sources[exercise.id]
    python = frozenset(vars(builtins)) | frozenset(KIT_NAMES)
    before = _units_before(lesson, exercise, sources, added)
    needed = set(_needs(own)) | set(exercise.targets)
    theirs = {name for probe in exercise.probes for name in _needs(probe.source)}
    theirs |= _needs(exercise.helpers) | _needs(exercise.entry)
    helpers = names_of(exercise.helpers)
    needed |= theirs - python - (helpers.defines if helpers else frozenset())
    # A call such as `torch.manual_seed(0)` changes a module, which binds nobody to its cell: the
    # worker seeds every step itself.
    modules = {name for unit in before for name in unit.names.imports}
    chosen: set[int] = set()
    while True:
        more = {
            index
            for index, unit in enumerate(before)
            if index not in chosen
            and (
                needed & unit.names.defines
                or needed & unit.names.changes - modules
                or unit.names.star
            )
        }
        if not more:
            break
        chosen |= more
        needed |= {
            name
            for index in more
            for name in before[index].names.needs
            - (python if before[index].step.role == "given" else frozenset())
        }
    units = [before[index] for index in sorted(chosen)]
    earlier = tuple(unit.exercise for unit in units if unit.exercise is not None)
    return Program((*_steps(units, needed), Step(exercise.id, own, "exercise")), earlier)


def _steps(units: Sequence[_Unit], needed: Collection[str]) -> Iterator[Step]:
    """The steps of `units`; the chosen parts of a given cell are one."""
    for step, group in groupby(units, lambda unit: unit.step):
        if step.role == "given":
            nodes = [node for unit in group for node in unit.nodes]
            yield replace(step, source=only_these(step.source, nodes, needed))
        else:
            yield step


def in_place_of(source: str, exercise: Exercise, lesson: Lesson) -> str:
    """The reference of `exercise`, and what else the student's cell, `source`, defines.

    Functions, classes and imports are kept, since later exercises may use them; what is computed
    when the cell runs is not, since it may need what the student got wrong. What other exercises
    of the lesson are to define has a cell of its own.
    """
    targets = {target for other in lesson.exercises for target in other.targets}
    tree = parsed(source)
    if tree is None:
        return exercise.solution
    kept = [node for node in tree.body if _bound_by(node) and not _bound_by(node) & targets]
    try:
        helpers = "\n\n".join(map(ast.unparse, kept))
    except RecursionError:
        return exercise.solution
    # The solution first: what the student imports may not be there.
    return f"{exercise.solution}\n\n\n{helpers}" if helpers else exercise.solution


def job_for(
    exercise: Exercise,
    program: Program,
    seeds: Sequence[int],
    limits: Limits | None = None,
    *,
    dtype: str = "float32",
    again: bool = False,
) -> Job:
    """The job that observes `program` with the probes of `exercise`, once per seed.

    `dtype` is what inputs are drawn as; with `again`, the first probe is called once more at the
    end, to see whether anything is left over from one call to the next.
    """
    calls = [
        ProbeCall(
            probe.name, probe.source, probe.parameters, seed, dtype, counts=bool(exercise.costs)
        )
        for seed in seeds
        for probe in exercise.probes
    ]
    return Job(
        steps=program.steps,
        targets=exercise.targets,
        helpers=exercise.helpers,
        probes=(*calls, *(calls[:1] if again else [])),
        limits=limits or Limits(),
    )


def _units_before(
    lesson: Lesson,
    exercise: Exercise,
    sources: Mapping[str, str],
    added: tuple[AddedCell, ...],
) -> list[_Unit]:
    """All cells that may come before the exercise's own, in the order in which they would run.

    A cell that the student added below the exercise still comes before it: a function may use a
    helper that stands further down. Names that the course defines are the course's to define.
    """
    course: list[tuple[int, _Unit]] = []
    end = len(lesson.cells)
    for place, cell in enumerate(lesson.cells):
        if cell.role == "exercise" and cell.metadata.get("exercise") == exercise.id:
            end = place
            break
        if cell.role == "given" and not started_lesson(cell.source):
            step = Step(f"given {place}", cell.source, "given")
            course += [
                (place, _Unit(step, names, None, nodes)) for names, nodes in parts_of(cell.source)
            ]
        elif cell.role == "exercise" and cell.metadata["exercise"] in sources:
            earlier = lesson.exercise(str(cell.metadata["exercise"]))
            assert earlier is not None
            given = {name for _, unit in course if not unit.exercise for name in unit.names.defines}
            course.append((place, _earlier_unit(earlier, sources[earlier.id], given)))
    taken = {name for _, unit in course for name in unit.names.defines} | set(exercise.targets)
    units = course
    for helper in added:
        names = names_of(helper.source)
        if names is None:
            continue
        own, star = names.defines - taken, names.star
        if helper.after >= end:  # run from top to bottom, it comes too late to change these
            own, star = own - frozenset(vars(builtins)), False
        if own or star:
            step = Step(helper.name, helper.source, "helper")
            kept = CellNames(own, names.uses, frozenset(), star=star)
            after = max(
                (p for p, u in course if u.names.defines & names.needs and p < end), default=0
            )
            units.append((max(after, min(helper.after, end)), _Unit(step, kept)))
    units.sort(key=lambda placed: placed[0])
    return [unit for _, unit in units]


def _earlier_unit(exercise: Exercise, source: str, given: set[str]) -> _Unit:
    """An earlier exercise's cell, which is to define its targets even where it does not parse.

    Nobody is bound to it by a name that is `given`.
    """
    names = names_of(source) or CellNames(frozenset(), frozenset(), frozenset())
    names = replace(names, defines=(names.defines - given) | set(exercise.targets))
    return _Unit(Step(exercise.id, source, "helper"), names, exercise.id)


def _bound_by(node: ast.stmt) -> set[str]:
    """The names that an import, or the definition of a function or class, binds."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
    return set()


def _needs(source: str) -> frozenset[str]:
    names = names_of(source)
    return frozenset() if names is None else names.needs

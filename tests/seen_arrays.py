"""Verdicts on arrays alone: what a reference and a student returned, and nothing that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spotlight.course.lesson import BEGIN, END, Exercise, Probe
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.grading.judge import judge
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.job import Limits, Observation, ProbeOutcome, TargetCall, Trouble
from spotlight.sandbox.wire import Array

DOCSTRING = "x: (n, d) → (n, d)"


@dataclass
class Seen:
    """One probe: what is wanted of it, what came, and what the target was called with."""

    wanted: Any
    got: Any
    arguments: Mapping[str, np.ndarray] = field(default_factory=dict)
    naming_only: bool = False


Many = Callable[..., list[Seen]]


def tensor(value: Any) -> Array:
    """A value as the worker sends a tensor: floats in single precision."""
    data = np.asarray(value)
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    return Array(data, "tensor", str(data.dtype))


def exercise_of(cases: list[Seen], docstring: str = DOCSTRING, **more: Any) -> Exercise:
    names = ", ".join(cases[0].arguments) or "x"
    solution = f'def f({names}):\n    """{docstring}"""\n    {BEGIN}\n    return x\n    {END}\n'
    probes = tuple(
        Probe(f"case_{i}", f"Case {i}.", ("f",), "", case.naming_only)
        for i, case in enumerate(cases)
    )
    return Exercise("f", "F", ("f",), 1.0, 1, 1, solution, "here", probes, **more)


def verdict_on(cases: list[Seen], docstring: str = DOCSTRING, **more: Any) -> Verdict:
    """The verdict on `cases`, of an exercise whose docstring says the shapes."""
    exercise = exercise_of(cases, docstring, **more)

    def outcome(name: str, value: Any, case: Seen, calls: tuple[TargetCall, ...]) -> ProbeOutcome:
        trouble = value if isinstance(value, Trouble) else None
        given = case.arguments.values() or [np.zeros(np.shape(case.wanted))]
        drawn = tuple(array.shape for array in given)
        sent = tensor(value) if isinstance(value, np.ndarray | np.generic) else value
        return ProbeOutcome(name, None if trouble else sent, trouble, (), drawn, calls=calls)

    wanted, got = [], []
    for probe, case in zip(exercise.probes, cases, strict=True):
        shapes = {name: array.shape for name, array in case.arguments.items()}
        arguments = {name: tensor(array) for name, array in case.arguments.items()}
        call = TargetCall("f", shapes, arguments)
        wanted.append(outcome(probe.name, case.wanted, case, (call,) if shapes else ()))
        got.append(outcome(probe.name, case.got, case, ()))
    key = ExerciseKey(tuple(wanted), {}, 0.0)
    return judge(exercise, key, Observation((), tuple(got), "finished", 0.0), Limits())


def diagnosis(cases: list[Seen], docstring: str = DOCSTRING) -> str | None:
    return verdict_on(cases, docstring).report.diagnosis


def said(cases: list[Seen], docstring: str = DOCSTRING) -> str:
    return verdict_on(cases, docstring).report.message

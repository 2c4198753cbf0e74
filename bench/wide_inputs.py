"""Whether two implementations of an exercise do the same, on inputs that its probes do not use.

Inputs are drawn from what the docstring promises: every size from one up, sizes that are equal and
sizes that are not, values small and large, whole, tied, zero and negative. Equal is what the grader
calls equal. Where the reference raises or is not finite, nothing is promised; where an accepted
alternative differs from the reference, the input lies outside of what the exercise asks: neither
is a test.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spotlight.course.lesson import Exercise, Lesson, Probe
from spotlight.diagnosis.compare import difference
from spotlight.diagnosis.known_mistakes import same_outcome
from spotlight.grading.answer_key import variant_program
from spotlight.grading.programs import job_for
from spotlight.python_source.signature import Letters, Signature, signature_of
from spotlight.sandbox.job import Job, Limits, Observation, ProbeOutcome, Trouble
from spotlight.sandbox.wire import Array

Observe = Callable[[Job], Observation]
_LIMITS = Limits(cpu_seconds=10, wall_seconds=25)
_LARGE = 33
_LEAST = 12
_OTHER_SEEDS = range(101, 109)

_DTYPES = ("torch.float32", "torch.float64")
_VALUES = (
    "randn({shape}, dtype={dtype})",
    "0.1 * randn({shape}, dtype={dtype})",
    "10 * randn({shape}, dtype={dtype})",
    "100 * randn({shape}, dtype={dtype})",
    "5 + randn({shape}, dtype={dtype})",
    "randint(-2, 3, ({shape},)).to({dtype})",
    "uniform({shape}, dtype={dtype})",
    "-uniform({shape}, low=0.5, high=2.0, dtype={dtype})",
    "randn({shape}, dtype={dtype}) * randint(0, 2, ({shape},))",
    "0 * randn({shape}, dtype={dtype})",
    "1 + 0 * randn({shape}, dtype={dtype})",
)
_SHARES = (
    "shares(uniform({shape}, low=0.05, dtype={dtype}))",
    "shares(randint(1, 3, ({shape},)).to({dtype}))",
    "torch.softmax(10 * randn({shape}, dtype={dtype}), dim=-1)",
    "shares(1 + 0 * randn({shape}, dtype={dtype}))",
)
"""Weights that add up to 1 along the last axis."""

_ADDS_UP = re.compile(r"add(ing|s)? up to 1")
_NOT_ZERO = re.compile(r"neither all zero|not all zero")

HELPERS = """

import torch


def shares(positive):
    return positive / positive.sum(dim=-1, keepdim=True)


def not_zero(values):
    return values + (values == 0).all() * torch.ones_like(values)


def some_true(*shape):
    return (uniform(*shape) > 0.5) | torch.eye(shape[-1], dtype=torch.bool)


def observed(target, *arguments):
    before = [argument.clone() for argument in arguments]
    result = target(*arguments)
    same = [bool(torch.equal(now, was)) for now, was in zip(arguments, before)]
    return {"result": result, "arguments unchanged": same}
"""

_MORE = {
    # Its target is a variable, so it is made again from other ids. A model's ids are whole numbers.
    "token_count": ("rerun(ids=randint(0, 9, ({rows}, {columns})))",),
    # The cell below the exercise hands it whole numbers.
    "tokens_as_columns": ("tokens_as_columns(randint(-9, 10, ({B}, {T}, {C})))",),
    # The docstring: as large as 1000 or as small as -1000, in each row differently. In float32 such
    # scores stand far apart, since right answers round differently where they are close.
    "softmax_rows": (
        "softmax_rows(uniform({n}, {m}, low=-1000, high=1000, dtype=torch.float64))",
        "softmax_rows(1000 * randint(-1, 2, ({n}, 1)) + randn({n}, {m}, dtype=torch.float64))",
        "softmax_rows(1000 * randint(-1, 2, ({n}, {m})).to(torch.float64))",
        "softmax_rows(torch.argsort(randn({n}, {m})) * (2000 / max({m} - 1, 1)) - 1000)",
    ),
    # Ids are whole numbers, and no larger than there are rows.
    "look_up": ("look_up(randn({V}, {C}, dtype=torch.float64), randint(0, {V}, ({B}, {T})))",),
    "one_hot": ("one_hot(randint(0, {V}, ({n},)), {V})",),
    "table_gradient": (
        "table_gradient(randn({V}, {C}), randint(0, {V}, ({n},)), 10 * randn({n}, {C}))",
        "table_gradient(randn({V}, {C}, dtype=torch.float64), randint(0, {V}, ({n},)), "
        "randn({n}, {C}, dtype=torch.float64))",
    ),
    # The docstring: an even number of columns.
    "sinusoidal": ("sinusoidal({length}, 2 * {pairs})",),
    # The mask is bool, with at least one True in every row.
    "weights_per_head": (
        "weights_per_head(randn({B}, {H}, {T}, {D}), randn({B}, {H}, {T}, {D}), "
        "some_true({B}, {T}, {T}))",
        "weights_per_head(10 * randn({B}, {H}, {T}, {D}, dtype=torch.float64), "
        "randn({B}, {H}, {T}, {D}, dtype=torch.float64), some_true({B}, {T}, {T}))",
    ),
    # Targets are ids of the V tokens.
    "next_token_loss": (
        "next_token_loss(randn({B}, {T}, {V}), randint(0, {V}, ({B}, {T})))",
        "next_token_loss(10 * randn({B}, {T}, {V}, dtype=torch.float64), "
        "randint(0, {V}, ({B}, {T})))",
    ),
}
"""Calls to make besides (or, where the docstring gives no shapes, in place of) the drawn ones."""


class WideTest:
    """The wide differential test of one exercise.

    `findings` tell on which inputs an accepted alternative differs from the reference, one sentence
    for each alternative.
    """

    def __init__(self, lesson: Lesson, exercise: Exercise, observe: Observe, seed: int = 0) -> None:
        self._lesson = lesson
        self._observe = observe
        self._exercise = exercise
        probes, self._seeds = wide_probes(exercise, seed)
        self._wide = replace(exercise, probes=probes, helpers=exercise.helpers + HELPERS, costs=())
        self._reference = self._run(exercise.solution)
        self._used = [i for i, seen in enumerate(self._reference) if _is_promised(seen)]
        self.findings: list[str] = []
        for right in exercise.alternatives:
            self._leave_out(right.name, self._run(exercise.variant_source(right)))
        if len(self._used) < _LEAST:
            first = self.findings or [str(self._reference[0].trouble)]
            raise ValueError(
                f"{exercise.place}: only {len(self._used)} of {len(self._reference)} wide inputs "
                "are within what the exercise asks; tell bench/wide_inputs.py what it takes. "
                f"{first[0]}"
            )
        self._known: dict[str, str | None] = {exercise.solution: None}

    @property
    def count(self) -> int:
        """How many inputs the test compares on."""
        return len(self._used)

    def telling_input(self, source: str) -> str | None:
        """The first input on which `source` does not do what the reference does, and how it shows.

        None where it does the same on all of them.
        """
        if source not in self._known:
            seen = self._run(source)
            told = (self._told(i, seen[i]) for i in self._used if self._parts(i, seen[i]))
            self._known[source] = next(told, None)
        return self._known[source]

    def do_the_same(self, one: str, other: str) -> bool:
        """Whether two sources do the same on all the inputs."""
        first, second = self._run(one), self._run(other)
        return all(same_outcome(first[i], second[i]) for i in self._used)

    def _leave_out(self, name: str, seen: Sequence[ProbeOutcome]) -> None:
        apart = [i for i in self._used if self._parts(i, seen[i])]
        self._used = [i for i in self._used if i not in apart]
        if apart:
            told = self._told(apart[0], seen[apart[0]])
            self.findings.append(
                f"alternative {name} differs on {len(apart)} wide inputs, such as {told}"
            )

    def _parts(self, i: int, seen: ProbeOutcome) -> bool:
        return not same_outcome(self._reference[i], seen)

    def _told(self, i: int, seen: ProbeOutcome) -> str:
        probe = self._wide.probes[i % len(self._wide.probes)]
        if seen.trouble is not None:
            how = f"{seen.trouble.type}: {seen.trouble.message.partition(chr(10))[0]}"
        else:
            gap = difference(self._reference[i].value, seen.value)
            how = f"{gap.where} {gap.message}" if gap else "it changes other inputs"
        return f"{probe.description} ({how})"

    def _run(self, source: str) -> list[ProbeOutcome]:
        """One outcome per input; what was not reached is told by an exception of its own."""
        program = variant_program(self._lesson, self._exercise, source)
        seen = self._observe(job_for(self._wide, program, self._seeds, _LIMITS))
        missing = len(self._seeds) * len(self._wide.probes) - len(seen.probes)
        return [*seen.probes, *(_not_reached(seen.ended) for _ in range(missing))]


def wide_probes(exercise: Exercise, seed: int = 0) -> tuple[tuple[Probe, ...], Sequence[int]]:
    """Probes with other inputs than the exercise's own, and the seeds to draw them by.

    Where neither the docstring nor the table here says what a target takes (a class; shapes in
    words), these are the exercise's own probes under other seeds.
    """
    generator = random.Random(f"{seed}:{exercise.id}")
    calls: list[str] = []
    parameters: dict[str, tuple[str, ...]] = {}
    for target in exercise.targets:
        said = signature_of(exercise.solution, target)
        drawn = list(_drawn_calls(exercise, target, said, generator)) if said else []
        parameters |= dict.fromkeys(drawn, (target,))
        calls += drawn
    for pattern in _MORE.get(exercise.id, ()):
        letters = tuple(dict.fromkeys(re.findall(r"{(\w+)}", pattern)))
        for sizes in _sizes(letters, generator):
            call = pattern.format(**sizes)
            parameters[call] = (call.partition("(")[0],)
            calls.append(call)
    taken = {name for names in parameters.values() for name in names}
    if "rerun" not in taken and not taken.issuperset(exercise.targets):
        return _failing_probes(exercise), _OTHER_SEEDS
    return tuple(_probe(i, call, parameters[call]) for i, call in enumerate(calls)), (seed,)


def _failing_probes(exercise: Exercise) -> tuple[Probe, ...]:
    """The probes that a student can fail."""
    return tuple(probe for probe in exercise.probes if not probe.naming_only)


def _probe(number: int, call: str, parameters: tuple[str, ...]) -> Probe:
    name = f"wide_{number}"
    source = f"def {name}({', '.join(parameters)}):\n    return {call}\n"
    return Probe(name, call, parameters, source)


def _drawn_calls(
    exercise: Exercise, target: str, said: Signature, generator: random.Random
) -> Iterator[str]:
    """Calls of `target` with arguments of the shapes that its docstring gives.

    Where the exercise's own probes ask for gradients, so do some of these.
    """
    shapes = {name: shape for name, shape in said.parameters.items() if shape}
    if not shapes or len(shapes) < len(said.parameters):
        return
    letters = tuple(dict.fromkeys(s for shape in shapes.values() for s in shape if not s.isdigit()))
    promises = _promises(exercise.solution, target, said)
    with_gradients = any("gradients(" in probe.source for probe in _failing_probes(exercise))
    plans = list(_sizes(letters, generator))
    # Every kind of value meets sizes that differ and sizes that are equal, and every plan of sizes
    # meets some kind of value.
    rounds = [(style, plan) for style in range(len(_VALUES)) for plan in generator.sample(plans, 3)]
    rounds += [(generator.randrange(len(_VALUES)), plan) for plan in plans]
    for number, (style, plan) in enumerate(rounds):
        step = number % 2  # the same kind of value for all arguments, or another for each
        arguments = [
            _argument(style + step * place, shape, plan, promises[name])
            for place, (name, shape) in enumerate(shapes.items())
        ]
        dtype = generator.choice(_DTYPES)
        yield f"observed({target}, {', '.join(arguments)})".replace("DTYPE", dtype)
        if number % 4 == 0 and with_gradients:
            named = ", ".join(map("{}={}".format, shapes, arguments))
            yield f"gradients({target}, {named})".replace("DTYPE", dtype)


def _argument(style: int, shape: Letters, plan: Mapping[str, int], promise: str) -> str:
    sizes = ", ".join(s if s.isdigit() else str(plan[s]) for s in shape)
    values = _SHARES if _ADDS_UP.search(promise) else _VALUES
    text = values[style % len(values)].format(shape=sizes, dtype="DTYPE")
    return f"not_zero({text})" if _NOT_ZERO.search(promise) else text


def _promises(solution: str, target: str, said: Signature) -> dict[str, str]:
    """What the docstring says of each parameter beside its shape.

    "neither all zero" is said of the parameters before it.
    """
    text = _docstring(solution, target).partition("→")[0].rsplit("\n\n", 1)[-1]
    places = {
        name: found.end()
        for name in said.parameters
        if (found := re.search(rf"\b{name}\s*:\s*\([^)]*\)", text))
    }
    ends = [*list(places.values())[1:], len(text)]
    said_of = {
        name: text[start:end] for (name, start), end in zip(places.items(), ends, strict=True)
    }
    if _NOT_ZERO.search(text):
        said_of = {name: f"{words} neither all zero" for name, words in said_of.items()}
    return said_of


def _docstring(solution: str, target: str) -> str:
    for node in ast.parse(solution).body:
        if isinstance(node, ast.FunctionDef) and node.name == target:
            return ast.get_docstring(node) or ""
    return ""


def _sizes(letters: tuple[str, ...], generator: random.Random) -> Iterator[dict[str, int]]:
    """Sizes for every letter: distinct, all equal, ones among others, and one that is large."""
    for _ in range(6):
        yield dict(zip(letters, generator.sample(range(2, 10), len(letters)), strict=True))
    for size in (1, 2, 3, 7):
        yield dict.fromkeys(letters, size)
    for odd in (1, _LARGE):
        for letter in letters:
            others = generator.sample(range(2, 10), len(letters))
            yield dict(zip(letters, others, strict=True)) | {letter: odd}
    for _ in range(4):
        yield {letter: generator.randint(1, 9) for letter in letters}


def _not_reached(ended: str) -> ProbeOutcome:
    return ProbeOutcome("", None, Trouble("NotReached", f"the worker ended by {ended}", ()))


def _is_promised(seen: ProbeOutcome) -> bool:
    """Whether the reference returns something finite."""
    return seen.trouble is None and _is_finite(seen.value)


def _is_finite(value: Any) -> bool:
    if isinstance(value, Array):
        return bool(np.isfinite(value.data).all())
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return bool(np.isfinite(value)) if isinstance(value, int | float) else True

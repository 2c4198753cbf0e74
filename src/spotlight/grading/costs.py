"""What an exercise may cost: judged from counts, worded with them, never from a clock."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from spotlight.authoring.lesson import Exercise, Probe
from spotlight.authoring.syntax import parsed
from spotlight.grading.relations import Finding
from spotlight.sandbox.job import Cost, ProbeOutcome, Step

PYTHON_LOOP = "python-loop"
_FREE_GROWTH = 6  # operations or lines more in a larger case that are not yet a loop
_LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def broken_cost_rule(
    exercise: Exercise,
    wanted: Sequence[ProbeOutcome],
    seen: Sequence[ProbeOutcome],
    steps: Sequence[Step] = (),
) -> Finding | None:
    """The first cost rule that what was `seen` breaks, beside the reference's cost."""
    for rule in exercise.costs:
        finding = (
            _loop(exercise, rule.because, wanted, seen, steps)
            if rule.flops is None
            else _flops(exercise, rule.flops, rule.because, wanted, seen)
        )
        if finding is not None:
            return finding
    return None


def _loop(
    exercise: Exercise,
    because: str,
    wanted: Sequence[ProbeOutcome],
    seen: Sequence[ProbeOutcome],
    steps: Sequence[Step],
) -> Finding | None:
    outcomes = zip(exercise.probes, wanted, seen, strict=False)
    places = [i for i, (p, w, s) in enumerate(outcomes) if _is_graded(p) and w.cost and s.cost]
    if len(places) < 2:
        return None
    small = min(places, key=lambda i: _work(wanted[i]))
    large = max(places, key=lambda i: _work(wanted[i]))
    cases = [exercise.probes[i].description.rstrip(".") for i in (small, large)]
    for count, what in (("operations", "tensor operations"), ("lines", "lines of Python")):
        mine = [getattr(_cost(seen[i]), count) for i in (small, large)]
        course = [getattr(_cost(wanted[i]), count) for i in (small, large)]
        if mine[1] - mine[0] > max(_FREE_GROWTH, mine[0] // 2) + (course[1] - course[0]):
            return Finding(
                PYTHON_LOOP,
                f"{_loop_line(exercise, steps)}in the case “{cases[0]}” it runs {mine[0]} {what}, "
                f"in “{cases[1]}” {mine[1]}, where {course[1]} are enough. This exercise is "
                f"written without a loop: {because}",
            )
    return None


def _flops(
    exercise: Exercise,
    factor: float,
    because: str,
    wanted: Sequence[ProbeOutcome],
    seen: Sequence[ProbeOutcome],
) -> Finding | None:
    for probe, want, got in zip(exercise.probes, wanted, seen, strict=False):
        if not _is_graded(probe) or want.cost is None or got.cost is None:
            continue
        if got.cost.flops > factor * want.cost.flops > 0:
            return Finding(
                "too-many-flops",
                f"In the case “{probe.description.rstrip('.')}” it computes "
                f"{got.cost.flops:,} floating-point operations where {want.cost.flops:,} are "
                f"enough, {got.cost.flops / want.cost.flops:.1f} times as many; "
                f"{factor:g} times is the limit: {because}",
            )
    return None


def _is_graded(probe: Probe) -> bool:
    return not probe.naming_only


def _work(outcome: ProbeOutcome) -> int:
    return _cost(outcome).flops


def _cost(outcome: ProbeOutcome) -> Cost:
    assert outcome.cost is not None
    return outcome.cost


def loop_lines(step: Step) -> list[int]:
    """The lines of a cell on which a loop or a comprehension begins."""
    tree = parsed(step.source)
    nodes = ast.walk(tree) if tree is not None else ()
    return sorted(node.lineno for node in nodes if isinstance(node, _LOOPS))


def _loop_line(exercise: Exercise, steps: Sequence[Step]) -> str:
    """The start of the sentence: which line loops, if the source shows one."""
    for step in reversed([step for step in steps if step.role != "given"]):
        lines = loop_lines(step)
        if lines:
            of = "" if step.name == exercise.id else f" of {step.name}"
            return f"The values are right, but line {lines[0]}{of} loops in Python: "
    return "The values are right, but the work grows step by step: "

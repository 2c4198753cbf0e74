"""What an exercise may cost: judged from counts, worded with them, never from a clock."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from spotlight.course.lesson import Exercise, Probe
from spotlight.diagnosis.finding import Finding
from spotlight.python_source.syntax import parsed
from spotlight.sandbox.job import Cost, ProbeOutcome, Step

PYTHON_LOOP = "python-loop"
_FREE_GROWTH = 6  # operations or lines more in another case that are not yet a loop
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
    pairs = [(i, j) for i in places for j in places if _work(wanted[i]) <= _work(wanted[j])]
    for count, what in (("operations", "tensor operations"), ("lines", "lines of Python")):
        mine = {i: getattr(_cost(seen[i]), count) for i in places}
        course = {i: getattr(_cost(wanted[i]), count) for i in places}
        excess = {(i, j): mine[j] - _most(mine[i], course[i], course[j]) for i, j in pairs}
        small, large = max(excess, key=excess.__getitem__)
        if excess[small, large] > 0:
            cases = [exercise.probes[i].description.rstrip(".") for i in (small, large)]
            return Finding(
                PYTHON_LOOP,
                f"{_loop_line(exercise, steps)}in the case “{cases[0]}” it runs {mine[small]} "
                f"{what}, in “{cases[1]}” {mine[large]}, where {course[large]} are enough. This "
                f"exercise is written without a loop: {because}",
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


def _most(small: int, course_small: int, course_large: int) -> int:
    """What an answer without a loop needs at most in one case, where another took it `small`.

    A case may call the function several times, which costs a longer answer more than the course's.
    """
    grown = small * course_large // course_small if course_small else 0
    return max(grown, small + course_large - course_small) + max(_FREE_GROWTH, small // 2)


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

"""A case that was not passed: how it differs, in words, and where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spotlight.course.lesson import Probe
from spotlight.diagnosis.compare import Difference, difference, numeric
from spotlight.diagnosis.finding import Ground
from spotlight.diagnosis.shapes_in_letters import describe_shape, sizes_tell
from spotlight.python_source.signature import Signature
from spotlight.sandbox.job import GRADIENT, INSIDE, ProbeOutcome


@dataclass(frozen=True, eq=False)
class Failing:
    """A probe that was not passed, with the reference's outcome and the student's."""

    probe: Probe
    wanted: ProbeOutcome
    got: ProbeOutcome

    @cached_property
    def gap(self) -> Difference | None:
        """Where the values part; None where it is not values that do."""
        return None if self.got.trouble else difference(self.wanted.value, self.got.value)

    @property
    def effort(self) -> tuple[bool, int]:
        """How hard the case is to check by hand: whole numbers come first, then few of them."""
        arguments = [v for call in self.wanted.calls for v in call.arguments.values()]
        arrays = [array for value in arguments if (array := numeric(value)) is not None]
        whole = bool(arrays) and all(np.array_equal(a, np.round(a)) for a in arrays)
        return not whole, sum(math.prod(shape) for shape in self.wanted.drawn_shapes)

    @property
    def gives_numbers(self) -> bool:
        """Whether numbers came back where numbers are wanted, however wrong."""
        return self.gap is not None and self.gap.kind in ("shape", "values")

    def sizes(self, signature: Signature | None) -> dict[str, int]:
        """What the docstring's letters stand for in this case."""
        return sizes_of(self.wanted, signature)


def case_of(probe: Probe) -> str:
    """A probe's case in words."""
    return probe.description.strip().split("\n")[0].rstrip(".")


def sizes_of(outcome: ProbeOutcome, signature: Signature | None) -> dict[str, int]:
    """What the docstring's letters stand for in one probe; empty where that cannot be told."""
    if signature is None or not outcome.calls:
        return {}
    all_sizes = [signature.sizes(call.shapes) for call in outcome.calls]
    first = all_sizes[0]
    return first if first and all(sizes == first for sizes in all_sizes) else {}


def gradient_of(where: str) -> str:
    """The name of the input, from the path of its gradient."""
    return where.partition(GRADIENT)[2].split("'")[0]


def telling_case(failing: Sequence[Failing], signature: Signature | None) -> Failing:
    """The first case of a wrong shape whose sizes can be told apart; else the first of all."""
    for case in failing:
        wrong_shape = case.gap is not None and case.gap.kind == "shape"
        if wrong_shape and sizes_tell(case.sizes(signature)):
            return case
    return failing[0]


def letters_agree(failing: Sequence[Failing], signature: Signature | None) -> bool:
    """Whether a wrong shape reads alike in letters wherever they can be told apart.

    It does not where a size was typed in, and has a letter's value in one case by chance.
    """
    readings = set()
    for case in failing:
        sizes, gap = case.sizes(signature), case.gap
        if gap is not None and gap.kind == "shape" and gap.observed is not None:
            by_size = {size: letter for letter, size in sizes.items()}
            if sizes_tell(sizes):
                readings.add(tuple(by_size.get(size, "") for size in gap.observed.shape))
    return len(readings) <= 1


def is_of_gradient(case: Failing) -> bool:
    """Whether it is a gradient that differs."""
    return case.gap is not None and GRADIENT in case.gap.where


def part_of(case: Failing) -> str:
    """Which part of what a probe returns a gap is in, as a phrase after the case's name."""
    where = case.gap.where if case.gap else ""
    if GRADIENT in where:
        return f", in the gradient that comes back to `{gradient_of(where)}`"
    return f", part {where}" if where else ""


def parting_inside(
    probes: Sequence[Probe],
    wanted: Sequence[ProbeOutcome],
    got: Sequence[ProbeOutcome],
    source: str,
) -> str | None:
    """The first tensor inside a module that is not as it should be, where a probe looks inside.

    A part whose weight `source` reads does its work without being called.
    """
    for probe, right, own in zip(probes, wanted, got, strict=True):
        if probe.naming_only and isinstance(right.value, dict) and isinstance(own.value, dict):
            for name, value in right.value.items():
                if not name.startswith(INSIDE):
                    break
                part = name.split("`")[1] if "`" in name else ""
                if name not in own.value and part and f"{part}.weight" in source:
                    continue
                if name not in own.value:
                    return _not_called(name, own.value)
                gap = difference(value, own.value[name])
                if gap is not None:
                    return _parting(name.removeprefix(INSIDE), gap)
    return None


def _not_called(name: str, seen: Mapping[str, object]) -> str:
    part = name.split("`")[1]
    if any(f"`{part}`" in other for other in seen):
        return f"Inside it, `{part}` is called less often, or with less, than it should be."
    return f"Inside it, `{part}` is never called."


def _parting(what: str, gap: Difference) -> str:
    if what == "the result":
        return (
            "Inside it, every part that is called is given and gives what it should; what is made "
            "of them is not."
        )
    return f"Inside it, the first that is not as it should be is {what}: {gap.message}."


def describe_gap(case: Failing, signature: Signature | None) -> tuple[Ground, str]:
    """The first difference in words, and what kind of evidence that is."""
    gap = case.gap
    assert gap is not None
    if gap.kind == "shape" and gap.expected is not None and gap.observed is not None:
        if signature is None or gap.where:
            return "shape", gap.message
        shapes = gap.expected.shape, gap.observed.shape
        return "shape", describe_shape(signature, case.sizes(signature), *shapes)
    if gap.kind != "values":
        return "property", gap.message
    pattern = _pattern(gap)
    return ("property", f"{gap.message}; {pattern}") if pattern else ("values", gap.message)


def _pattern(gap: Difference) -> str:
    """Where the wrong numbers stand, if they stand together."""
    if gap.wrong is None or gap.wrong.ndim != 2 or min(gap.wrong.shape) < 2:
        return ""
    wrong = gap.wrong
    rows, columns = wrong.any(axis=1), wrong.any(axis=0)
    n, m = wrong.shape
    if n == m and np.array_equal(wrong, np.eye(n, dtype=bool)):
        return "only the diagonal is wrong"
    if n == m and np.array_equal(wrong, ~np.eye(n, dtype=bool)):
        return "only the diagonal is right"
    if not np.tril(wrong).any():
        return "only what stands above the diagonal is wrong"
    if not np.triu(wrong).any():
        return "only what stands below the diagonal is wrong"
    for lines, what in ((rows, "row"), (columns, "column")):
        if lines.sum() == 1:
            return f"only {what} {int(np.argmax(lines))} is wrong"
        if (~lines).sum() == 1:
            return f"only {what} {int(np.argmax(~lines))} is right"
    return ""

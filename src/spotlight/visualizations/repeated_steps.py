"""Rows of modules that did exactly the same: the first, and how often it comes again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from spotlight.visualizations.forward_record import Flow, Step


def folded(flow: Flow) -> Flow:
    """The same flow, with each row of modules that did the same as two steps: it, and again."""
    row_of = _rows(flow)
    members: dict[int, list[int]] = defaultdict(list)
    for step, first in row_of.items():
        members[first].append(step)
    steps: list[Step] = []
    edges: list[tuple[int, int]] = []
    new: dict[int, int] = {}
    for first, row in members.items():
        new[first] = len(steps)
        steps.append(flow.steps[first])
        if len(row) > 1:
            edges.append((new[first], len(steps)))
            new |= dict.fromkeys(row[1:], len(steps))
            steps.append(_again([flow.steps[i] for i in row]))
    edges += [(new[start], new[end]) for start, end in flow.edges if row_of[start] != row_of[end]]
    return Flow(steps, edges)


def _rows(flow: Flow) -> dict[int, int]:
    """Step → the first of the row that it stands in; most stand alone."""
    goes_to: dict[int, set[int]] = defaultdict(set)
    comes_from: dict[int, set[int]] = defaultdict(set)
    for start, end in flow.edges:
        goes_to[start].add(end)
        comes_from[end].add(start)
    row_of = {i: i for i in range(len(flow.steps))}
    for start, end in sorted(flow.edges):
        one, other = flow.steps[start], flow.steps[end]
        if (
            one.part == other.part == "module"
            and goes_to[start] == {end}
            and len(comes_from[start]) == len(comes_from[end])
            and _does(one) == _does(other)
        ):
            row_of[end] = row_of[start]
    return row_of


def _does(step: Step) -> tuple[Any, ...]:
    """All that a diagram tells of a step but its name."""
    inside = step.inside
    parts = None if inside is None else ([_does(part) for part in inside.steps], inside.edges)
    return step.part, step.kind, step.shapes, step.operations, parts


def _again(row: Sequence[Step]) -> Step:
    """One step for all but the first."""
    first, *rest = row
    times = "again" if len(rest) == 1 else f"{len(rest)} times again"
    if all(step.module is first.module for step in rest):
        return Step("module", first.name, f"the very same module {times}", first.shapes)
    name = rest[0].name if len(rest) == 1 else f"{rest[0].name} to {rest[-1].name}"
    return Step("module", name, f"the same {times}", first.shapes)

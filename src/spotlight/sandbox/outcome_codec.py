"""Outcomes as data that the wire carries, and back: for what a worker saw, and for answer keys.

What is read back may come from a process that ran a student's code: every part is given the type
that it should have, or that fails.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from spotlight.sandbox.job import Cost, Frame, ProbeOutcome, StepOutcome, TargetCall, Trouble

NOT_AS_AGREED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, MemoryError)
"""What reading data that is no outcome ends in."""


def step_data(outcome: StepOutcome) -> dict[str, Any]:
    """The outcome of a cell as data."""
    return {
        "name": outcome.name,
        "trouble": _trouble_data(outcome.trouble),
        "missing": list(outcome.missing),
    }


def step_from(data: dict[str, Any]) -> StepOutcome:
    """The outcome that `step_data` wrote."""
    missing = tuple(str(name) for name in data["missing"])
    return StepOutcome(str(data["name"]), _trouble(data["trouble"]), missing)


def probe_data(outcome: ProbeOutcome) -> dict[str, Any]:
    """The outcome of a probe as data."""
    return {
        "name": outcome.name,
        "value": outcome.value,
        "trouble": _trouble_data(outcome.trouble),
        "changed_inputs": list(outcome.changed_inputs),
        "drawn_shapes": [list(shape) for shape in outcome.drawn_shapes],
        "printed": outcome.printed,
        "cost": asdict(outcome.cost) if outcome.cost else None,
        "calls": list(map(_call_data, outcome.calls)),
        "entries": list(outcome.entries),
        "left_switched": list(outcome.left_switched),
    }


def probe_from(data: dict[str, Any]) -> ProbeOutcome:
    """The outcome that `probe_data` wrote."""
    return ProbeOutcome(
        name=str(data["name"]),
        value=data["value"],
        trouble=_trouble(data["trouble"]),
        changed_inputs=tuple(int(index) for index in data["changed_inputs"]),
        drawn_shapes=tuple(tuple(int(n) for n in shape) for shape in data["drawn_shapes"]),
        printed=str(data["printed"]),
        cost=_cost(data["cost"]),
        calls=tuple(_call(call) for call in data["calls"]),
        entries=tuple(str(entry) for entry in data["entries"]),
        left_switched=tuple(str(what) for what in data["left_switched"]),
    )


def _cost(data: dict[str, Any] | None) -> Cost | None:
    if data is None:
        return None
    return Cost(int(data["operations"]), int(data["flops"]), int(data["lines"]))


def _call_data(call: TargetCall) -> dict[str, Any]:
    shapes = {name: list(shape) for name, shape in call.shapes.items()}
    return {"target": call.target, "shapes": shapes, "arguments": call.arguments}


def _call(data: dict[str, Any]) -> TargetCall:
    shapes = {str(k): tuple(int(n) for n in shape) for k, shape in data["shapes"].items()}
    return TargetCall(str(data["target"]), shapes, dict(data["arguments"]))


def _trouble_data(trouble: Trouble | None) -> dict[str, Any] | None:
    if trouble is None:
        return None
    frames = [asdict(frame) for frame in trouble.frames]
    return {"type": trouble.type, "message": trouble.message, "frames": frames}


def _trouble(data: dict[str, Any] | None) -> Trouble | None:
    if data is None:
        return None
    frames = tuple(
        Frame(str(f["cell"]), int(f["line"]), str(f["text"]), str(f["function"]))
        for f in data["frames"]
    )
    return Trouble(str(data["type"]), str(data["message"]), frames)

"""Outcomes come over the wire as they were, and nothing comes that is no outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from spotlight.sandbox.job import Cost, Frame, ProbeOutcome, StepOutcome, TargetCall, Trouble
from spotlight.sandbox.outcome_codec import (
    NOT_AS_AGREED,
    probe_data,
    probe_from,
    step_data,
    step_from,
)
from spotlight.sandbox.wire import decode_frames, encode

TROUBLE = Trouble("ValueError", "No ≠ yes.", (Frame("f", 3, "raise ValueError", "f"),))
STEP = StepOutcome("f", TROUBLE, ("f", "g"))
PROBE = ProbeOutcome(
    name="wide",
    value=[1.5, {"a": (2, None)}],
    trouble=None,
    changed_inputs=(0, 2),
    drawn_shapes=((2, 3), ()),
    printed="said",
    cost=Cost(3, 4, 5),
    calls=(TargetCall("f", {"x": (2, 3)}, {"n": 7}),),
    entries=("1 + 1",),
)


def over_the_wire(data: dict[str, Any]) -> Any:
    return next(decode_frames(encode(data)))


@pytest.mark.parametrize("step", [STEP, replace(STEP, trouble=None, missing=())])
def test_a_cells_outcome_comes_back_as_it_was(step: StepOutcome) -> None:
    assert step_from(over_the_wire(step_data(step))) == step


@pytest.mark.parametrize("probe", [PROBE, ProbeOutcome("wide", None, TROUBLE)])
def test_a_probes_outcome_comes_back_as_it_was(probe: ProbeOutcome) -> None:
    assert probe_from(over_the_wire(probe_data(probe))) == probe


@pytest.mark.parametrize("part", sorted(probe_data(PROBE)))
def test_an_outcome_that_lacks_a_part_is_none(part: str) -> None:
    data = probe_data(PROBE)
    del data[part]
    with pytest.raises(NOT_AS_AGREED):
        probe_from(data)


@pytest.mark.parametrize(
    "part",
    [
        {"changed_inputs": ["first"]},
        {"drawn_shapes": [2]},
        {"cost": {"operations": 1}},
        {"calls": [{"target": "f"}]},
        {"trouble": "ValueError"},
        {"trouble": {"type": "E", "message": "m", "frames": [{"line": 1}]}},
    ],
)
def test_a_part_of_another_kind_is_not_taken(part: dict[str, Any]) -> None:
    with pytest.raises(NOT_AS_AGREED):
        probe_from({**probe_data(PROBE), **part})

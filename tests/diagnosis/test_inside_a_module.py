"""The first tensor inside a module that is not as it should be, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spotlight.course.lesson import Probe
from spotlight.diagnosis.failing_case import parting_inside
from spotlight.sandbox.job import INSIDE, ProbeOutcome, Trouble
from spotlight.sandbox.wire import Array

LOOKS = Probe("its_parts", "Its parts.", ("f",), "", naming_only=True)
GIVEN, GIVES, RESULT = "what `output` is given", "what `output` gives", "the result"


def outcome(**changed: Any) -> ProbeOutcome:
    numbers = {GIVEN: [1.0, 2.0], GIVES: [3.0], RESULT: [4.0]} | changed
    arrays = {
        INSIDE + name: Array(np.array(value), "tensor", "float64")
        for name, value in numbers.items()
        if value is not None
    }
    return ProbeOutcome("its_parts", arrays, None)


def said(own: ProbeOutcome, probe: Probe = LOOKS, source: str = "") -> str | None:
    return parting_inside([probe], [outcome()], [own], source)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({GIVEN: [1.0, 5.0], GIVES: [6.0], RESULT: [7.0]},
         "Inside it, the first that is not as it should be is what `output` is given: the value at "
         "[1] is 5 where 2 is wanted."),
        ({GIVES: [[3.0]]},
         "Inside it, the first that is not as it should be is what `output` gives: the shape is "
         "(1, 1) where (1,) is wanted."),
        ({RESULT: [0.0]},
         "Inside it, every part that is called is given and gives what it should; what is made of "
         "them is not."),
        ({GIVEN: None, GIVES: None, RESULT: [1.0]}, "Inside it, `output` is never called."),
        ({GIVES: None},
         "Inside it, `output` is called less often, or with less, than it should be."),
    ],
)  # fmt: skip
def test_where_a_module_leaves_the_right_way(changed: dict[str, Any], sentence: str) -> None:
    assert said(outcome(**changed)) == sentence


def test_nothing_is_said_where_all_is_as_it_should_be_or_nobody_looked() -> None:
    assert said(outcome()) is None
    assert said(ProbeOutcome("its_parts", None, Trouble("TypeError", "no", ()))) is None
    assert said(outcome(**{GIVEN: [0.0]}), replace(LOOKS, naming_only=False)) is None


def test_a_part_whose_weight_is_read_need_not_be_called() -> None:
    own = outcome(**{GIVEN: None, GIVES: None, RESULT: [1.0]})
    assert said(own, source="self.output.weight[ids]") == (
        "Inside it, every part that is called is given and gives what it should; what is made of "
        "them is not."
    )

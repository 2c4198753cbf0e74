"""What a failing case shows in a report and on a card: its inputs, its first wrong entry."""

from __future__ import annotations

import numpy as np

from spotlight.diagnosis.compare import numeric
from spotlight.diagnosis.failing_case import Failing, case_of
from spotlight.grading.report import Evidence
from spotlight.grading.verdict import Comparison

_MAX_INPUTS = 3


def in_numbers(case: Failing) -> Evidence:
    """The case for the report."""
    gap = case.gap
    if gap is None or gap.expected is None or gap.observed is None:
        return Evidence(probe=case.probe.name)
    return Evidence(
        probe=case.probe.name,
        expected_shape=tuple(gap.expected.shape),
        shape=tuple(gap.observed.shape),
        max_abs_diff=gap.max_abs_diff,
    )


def comparison(case: Failing) -> Comparison | None:
    """The case for a card: both matrices, what went in, how the first wrong entry comes about."""
    gap = case.gap
    if gap is None or gap.expected is None:
        return None
    index = gap.index or ()
    entry = ""
    entries = case.wanted.entries
    if gap.index is not None and not gap.where and len(entries) == gap.expected.size:
        entry = entries[int(np.ravel_multi_index(index, gap.expected.shape)) if index else 0]
    inputs: list[tuple[str, np.ndarray]] = []
    if len(case.wanted.calls) == 1:
        for name, value in case.wanted.calls[0].arguments.items():
            array = numeric(value)
            if array is not None:
                inputs.append((name, array))
    return Comparison(
        case.probe.name,
        case_of(case.probe),
        gap.expected,
        gap.observed,
        index,
        tuple(inputs[:_MAX_INPUTS]),
        entry,
    )

"""The time that a call takes."""

from __future__ import annotations

import pytest

from spotlight.model_utils.timing import milliseconds


def test_the_time_is_that_of_the_shortest_call(monkeypatch):
    clock = iter([0.0, 0.005, 1.0, 1.002, 2.0, 2.009])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert milliseconds(lambda: None, repeats=3) == pytest.approx(2)

"""Lessons train in full, except where automatic tests run them."""

from __future__ import annotations

import pytest

from spotlight.model_utils.training_length import training_steps


def test_a_student_trains_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTLIGHT_SHORT", raising=False)
    assert training_steps(600) == 600


def test_automatic_tests_train_for_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTLIGHT_SHORT", "1")
    assert 0 < training_steps(600) < 10


def test_what_is_short_already_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTLIGHT_SHORT", "1")
    assert training_steps(3) == 3

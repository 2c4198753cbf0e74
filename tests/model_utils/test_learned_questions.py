"""How wide queries and keys have to be for two questions."""

from __future__ import annotations

import torch

from spotlight.model_utils.learned_questions import answers_found


def test_two_columns_answer_two_questions_from_every_start() -> None:
    assert min(answers_found(2)) > 0.95
    assert min(answers_found(16)) > 0.95


def test_one_column_leaves_some_starts_with_one_question() -> None:
    assert min(answers_found(1)) < 0.6


def test_random_matrices_find_little() -> None:
    found = answers_found(2, steps=0)
    assert len(found) == 8
    assert sum(found) / len(found) < 0.5


def test_nobody_elses_draws_are_shifted() -> None:
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    answers_found(1, steps=1)
    assert torch.equal(torch.randn(3), expected)

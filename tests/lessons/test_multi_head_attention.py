"""What lesson 06 builds does what the framework's own module does, and fits into the mini model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spotlight.course.reading import read_master
from spotlight.model_utils.attention import causal_mask
from spotlight.model_utils.hooks import with_multi_head
from spotlight.model_utils.mini_model import load_mini_model

MASTER = Path(__file__).parents[2] / "solutions" / "06_multi_head_attention.py"
NEEDED = ("split_heads", "weights_per_head", "merge_heads", "multi_head_attention")


@pytest.fixture(scope="module")
def solution():
    """The module of the lesson's solution."""
    lesson = read_master(MASTER)
    names: dict[str, Any] = {
        "math": math,
        "torch": torch,
        "nn": nn,
        "Tensor": Tensor,
        "causal_mask": causal_mask,
    }
    for exercise in NEEDED:
        exec(lesson.exercise(exercise).solution, names)
    return names["MultiHeadAttention"]


@pytest.mark.parametrize(("d_model", "n_heads"), [(6, 2), (12, 1), (12, 12), (192, 6)])
def test_it_agrees_with_the_framework_on_the_same_weights(solution, d_model, n_heads):
    torch.manual_seed(0)
    framework = nn.MultiheadAttention(d_model, n_heads, bias=False, batch_first=True).eval()
    own = solution(d_model, n_heads, dropout=0.5).eval()
    with torch.no_grad():
        parts = (own.query, own.key, own.value)
        for part, weight in zip(parts, framework.in_proj_weight.chunk(3), strict=True):
            part.weight.copy_(weight)
        own.output.weight.copy_(framework.out_proj.weight)
        x = torch.randn(3, 11, d_model)
        theirs, _ = framework(x, x, x, attn_mask=~causal_mask(11), need_weights=False)
        assert (own(x) - theirs).abs().max() <= 1e-6


def test_in_every_layer_of_the_mini_model_it_changes_no_prediction(solution):
    mini = load_mini_model()
    text = "the cat sat on the mat because it was tired. the tired one is the"
    before = mini.logits(text)
    for layer in range(len(mini.model.blocks)):
        with with_multi_head(mini.model, layer, solution(192, 6)):
            assert torch.allclose(mini.logits(text), before, atol=1e-4)

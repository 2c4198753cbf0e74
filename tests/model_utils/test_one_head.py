"""One causal head, computed in other ways: all agree."""

from __future__ import annotations

import pytest
import torch

from spotlight.model_utils.gpt import causal_attention
from spotlight.model_utils.one_head import fused_head, head_in_a_loop


@pytest.mark.parametrize("head", [fused_head, head_in_a_loop])
def test_it_is_the_head_of_the_course(head):
    torch.manual_seed(0)
    x, w_q, w_k, w_v = (torch.randn(*shape) for shape in ((7, 5), (5, 4), (5, 4), (5, 3)))
    wanted = causal_attention(x @ w_q, x @ w_k, x @ w_v)
    torch.testing.assert_close(head(x, w_q, w_k, w_v), wanted)

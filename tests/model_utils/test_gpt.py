"""The reference GPT: its size, its causality, its start, and GPT-2's arithmetic."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from spotlight.model_utils import attention, gpt
from spotlight.model_utils.gpt import (
    GPT,
    GPTConfig,
    MultiHeadAttention,
    causal_attention_weights,
    merge_heads,
    split_heads,
)
from spotlight.model_utils.hooks import recorded_attention, without_heads

SMALL = GPTConfig(vocab_size=11, context=8, n_layers=2, n_heads=3, d_model=12, bias=False)


def small_model() -> GPT:
    torch.manual_seed(0)
    return GPT(SMALL)


@pytest.mark.parametrize(
    ("bias", "parameters"), [(True, 124_439_808), (False, 124_356_864)], ids=["biases", "none"]
)
def test_at_its_default_sizes_it_has_gpt_2_s_number_of_parameters(bias, parameters):
    with torch.device("meta"):
        model = GPT(GPTConfig(bias=bias))
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_untrained_it_is_as_unsure_as_a_guess():
    torch.manual_seed(0)
    model = GPT(GPTConfig(400, context=64, n_layers=3, n_heads=6, d_model=192, bias=False))
    ids = torch.randint(0, 400, (8, 33))
    logits = model(ids[:, :-1])
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    assert loss.item() == pytest.approx(math.log(400), abs=0.1)


@pytest.mark.parametrize("changed", range(8))
def test_a_changed_token_changes_nothing_before_it(changed):
    model = small_model()
    ids = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6]])
    other = ids.clone()
    other[0, changed] = 7
    same = (model(ids) == model(other)).all(dim=-1)[0]
    assert same[:changed].all()
    assert not same[changed]


def test_the_head_is_the_token_embedding():
    model = small_model()
    assert model.lm_head.weight is model.tok_emb.weight


def test_a_sequence_longer_than_the_context_is_refused():
    with pytest.raises(ValueError, match="9 tokens do not fit into a context of 8"):
        small_model()(torch.zeros(1, 9, dtype=torch.long))


def test_a_width_that_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="5 heads cannot share a width of 12"):
        MultiHeadAttention(12, 5)


def test_attention_agrees_with_the_framework_s_fused_kernel():
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 5, 4) for _ in range(3))
    fused = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(gpt.causal_attention(q, k, v), fused)


def test_multi_head_attention_agrees_with_the_framework_s_on_the_same_weights():
    torch.manual_seed(0)
    ours = MultiHeadAttention(12, 3)
    theirs = nn.MultiheadAttention(12, 3, bias=False, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(
            torch.cat([ours.query.weight, ours.key.weight, ours.value.weight])
        )
        theirs.out_proj.weight.copy_(ours.output.weight)
    x = torch.randn(2, 5, 12)
    future = torch.ones(5, 5, dtype=torch.bool).triu(1)
    expected, _ = theirs(x, x, x, attn_mask=future, need_weights=False)
    torch.testing.assert_close(ours(x), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("n_heads", [1, 2, 3, 4, 6, 12])
@pytest.mark.parametrize("tokens", [1, 5])
def test_merging_undoes_splitting(n_heads, tokens):
    x = torch.arange(2 * tokens * 12.0).view(2, tokens, 12)
    heads = split_heads(x, n_heads)
    assert heads.shape == (2, n_heads, tokens, 12 // n_heads)
    assert torch.equal(merge_heads(heads), x)


def test_each_row_of_weights_adds_up_to_one_and_leaves_the_future_out():
    torch.manual_seed(0)
    weights = causal_attention_weights(torch.randn(3, 6, 4), torch.randn(3, 6, 4))
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 6))
    assert torch.equal(weights, weights.tril())


def test_its_weights_and_their_average_are_what_the_lessons_build():
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 5, 4) for _ in range(3))
    weights = attention.masked_attention_weights(
        attention.scaled_scores(q, k), attention.causal_mask(5)
    )
    assert torch.equal(causal_attention_weights(q, k), weights)
    assert torch.equal(gpt.causal_attention(q, k, v), attention.context_vectors(weights, v))


def test_the_mask_is_made_once_a_pass_also_while_weights_are_recorded(monkeypatch):
    made = []
    monkeypatch.setattr(gpt, "causal_mask", lambda n: made.append(n) or attention.causal_mask(n))
    gpt.shared_mask.cache_clear()
    model, ids = small_model(), torch.zeros(2, 5, dtype=torch.long)
    model(ids)
    with recorded_attention(model), without_heads(model, [(0, 1)]):
        model(ids[:, :3])
    assert made == [5, 3]


def test_a_mask_made_where_gradients_are_off_serves_training_too():
    gpt.shared_mask.cache_clear()
    model, ids = small_model(), torch.zeros(2, 5, dtype=torch.long)
    with torch.inference_mode():
        model(ids)
    model(ids).sum().backward()
    assert model.pos_emb.weight.grad[:5].abs().min() > 0


def test_the_shapes_in_its_comments_are_the_shapes_that_flow():
    """Every line of gpt.py that ends in a shape, run once with sizes that differ everywhere."""
    source = Path(gpt.__file__).read_text(encoding="utf-8").splitlines()
    said = {
        number: match[1]
        for number, line in enumerate(source, 1)
        if (match := re.search(r"= .*# \(([A-Za-z0-9, .]+)\)$", line))
    }
    sizes = {"B": 2, "T": 5, "C": 12, "H": 3, "D": 4, "V": 11, "4C": 48, "...": (2, 3)}
    seen = _shapes_after_each_line(lambda: small_model()(torch.zeros(2, 5, dtype=torch.long)))
    assert len(said) >= 9
    for number, shape in said.items():
        expected: list[int] = []
        for size in shape.split(", "):
            value = sizes[size]
            expected += value if isinstance(value, tuple) else [value]
        assert seen[number] == tuple(expected), source[number - 1]


def _shapes_after_each_line(run) -> dict[int, tuple[int, ...]]:
    """Line of gpt.py → the shape of the variable that it assigned."""
    lines = Path(gpt.__file__).read_text(encoding="utf-8").splitlines()
    shapes: dict[int, tuple[int, ...]] = {}

    def trace(frame, event, _):
        if frame.f_code.co_filename != gpt.__file__:
            return None
        last: list[int] = []

        def each_line(frame, event, _):
            if last and (match := re.match(r"\s+(\w+) = ", lines[last[-1] - 1])):
                value = frame.f_locals.get(match[1])
                if isinstance(value, torch.Tensor):
                    shapes[last[-1]] = tuple(value.shape)
            last.append(frame.f_lineno)
            return each_line

        return each_line

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return shapes

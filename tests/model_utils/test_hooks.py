"""Other parts in a model's place: the reference put back changes nothing, and nothing stays."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spotlight.model_utils import hooks
from spotlight.model_utils.gpt import (
    GPT,
    Block,
    GPTConfig,
    MultiHeadAttention,
    causal_attention,
    causal_attention_weights,
)

CONFIG = GPTConfig(vocab_size=11, context=16, n_layers=2, n_heads=3, d_model=12, bias=False)


def reference_head(x, w_q, w_k, w_v):
    return causal_attention(x @ w_q, x @ w_k, x @ w_v)


PUT_BACK = {
    "attention": lambda model: hooks.with_attention(model, causal_attention),
    "attention, head by head": lambda model: hooks.with_attention(
        model, causal_attention, per_head=True
    ),
    "one layer's attention": lambda model: hooks.with_attention(
        model, causal_attention, layers=[1]
    ),
    "head": lambda model: hooks.with_head(model, 1, 2, reference_head),
    "multi-head module": lambda model: hooks.with_multi_head(model, 0, MultiHeadAttention(12, 3)),
    "block": lambda model: hooks.with_block(model, 1, Block(12, 3)),
    "recording": hooks.recorded_attention,
}
put_back = pytest.mark.parametrize("put", PUT_BACK.values(), ids=PUT_BACK)


@pytest.fixture
def model() -> GPT:
    torch.manual_seed(0)
    return GPT(CONFIG).eval().requires_grad_(False)


def tokens(length: int) -> torch.Tensor:
    return torch.arange(2 * length).view(2, length) * 7 % CONFIG.vocab_size


@put_back
@pytest.mark.parametrize("length", [1, 2, 3, 7, 16])
def test_with_the_reference_put_back_not_one_bit_of_the_logits_changes(model, put, length):
    before = model(tokens(length))
    with put(model):
        assert torch.equal(model(tokens(length)), before)


@put_back
def test_after_the_block_the_model_is_as_before_also_after_an_error(model, put):
    parts = dict(model.named_modules())
    attends = [block.attention.attend for block in model.blocks]
    with pytest.raises(KeyError), put(model):
        raise KeyError
    assert dict(model.named_modules()) == parts
    assert [block.attention.attend for block in model.blocks] == attends
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_what_is_put_in_is_what_runs(model):
    ids = tokens(6)
    before = model(ids)
    with hooks.with_attention(model, lambda q, k, v: torch.zeros_like(v)):
        nothing_gathered = model(ids)
    off = [(layer, head) for layer in range(2) for head in range(3)]
    with hooks.without_heads(model, off):
        torch.testing.assert_close(model(ids), nothing_gathered)
    assert not torch.equal(before, nothing_gathered)


def test_a_head_of_zeros_is_a_head_switched_off(model):
    ids = tokens(6)
    with hooks.with_head(model, 0, 1, lambda x, w_q, w_k, w_v: torch.zeros(6, 4)):
        replaced = model(ids)
    with hooks.without_heads(model, [(0, 1)]):
        torch.testing.assert_close(replaced, model(ids))


def test_a_token_without_its_value_is_read_as_before_and_hands_over_nothing(model):
    ids, taken = tokens(6), []

    def watched(q, k, v):
        taken.append(v)
        return causal_attention(q, k, v)

    own = model(ids)
    with hooks.recorded_attention(model) as before:
        model(ids)
    with hooks.with_attention(model, watched, layers=[1]), hooks.without_value(model, 1, 2):
        changed = model(ids)
    with hooks.without_value(model, 1, 2), hooks.recorded_attention(model) as after:
        model(ids)
    assert torch.equal(after[1], before[1])
    assert not taken[0][:, :, 2].any()
    assert taken[0][:, :, [0, 1, 3, 4, 5]].any()
    assert torch.equal(changed[:, :2], own[:, :2])
    assert not torch.allclose(changed[:, 2:], own[:, 2:])
    assert torch.equal(model(ids), own)


def test_a_head_is_given_the_stream_and_its_own_three_matrices(model):
    given = []

    def head(x, w_q, w_k, w_v):
        given.append([tuple(tensor.shape) for tensor in (x, w_q, w_k, w_v)])
        return x @ w_v

    with hooks.with_head(model, 0, 1, head):
        model(tokens(5))
    assert given == [[(5, 12), (12, 4), (12, 4), (12, 4)]] * 2  # once for each of two sequences


def test_recorded_weights_are_those_of_every_layer(model):
    ids = tokens(5)
    with hooks.recorded_attention(model) as weights:
        model(ids)
    assert [tuple(w.shape) for w in weights] == [(2, 3, 5, 5)] * 2
    x = model.blocks[0].attention_norm(model.tok_emb(ids) + model.pos_emb(torch.arange(5)))
    w_q, w_k, _ = hooks.head_weights(model, 0, 2)
    own = causal_attention_weights(x @ w_q, x @ w_k)
    torch.testing.assert_close(weights[0][:, 2], own)


@pytest.mark.parametrize(
    ("put", "message"),
    [
        (
            lambda model: hooks.with_attention(model, lambda q, k, v: v[..., :2]),
            r"layer 0 .* \(B, H, T, D\) = \(2, 3, 5, 4\), but it has \(2, 3, 5, 2\)",
        ),
        (
            lambda model: hooks.with_attention(model, lambda q, k, v: v.T, per_head=True),
            r"The attention of layer 0 .* \(T, D\) = \(5, 4\), but it has \(4, 5\)",
        ),
        (
            lambda model: hooks.with_head(model, 1, 2, lambda x, *_: x),
            r"Head 2 of layer 1 .* \(T, D\) = \(5, 4\), but it has \(5, 12\)",
        ),
        (
            lambda model: hooks.with_head(model, 1, 2, lambda *_: None),
            "Head 2 of layer 1 should return a tensor, but returned NoneType",
        ),
    ],
    ids=["attention", "per head", "head", "nothing returned"],
)
def test_a_result_of_another_shape_is_told_with_both_shapes(model, put, message):
    with pytest.raises(ValueError, match=message), put(model):
        model(tokens(5))


class Narrow(MultiHeadAttention):
    def forward(self, x):
        return super().forward(x)[..., :3]


class NarrowBlock(Block):
    def forward(self, x):
        return super().forward(x)[:, 1:]


MISFITS = {
    "module's result": (
        lambda model: hooks.with_multi_head(model, 0, Narrow(12, 3)),
        r"\(B, T, C\) = \(2, 5, 12\), but it has \(2, 5, 3\)",
    ),
    "block's result": (
        lambda model: hooks.with_block(model, 0, NarrowBlock(12, 3)),
        r"\(B, T, C\) = \(2, 5, 12\), but it has \(2, 4, 12\)",
    ),
    "other width": (
        lambda model: hooks.with_multi_head(model, 0, MultiHeadAttention(24, 3)),
        r"query.weight should have the shape \(12, 12\), but it has \(24, 24\)",
    ),
    "other parts": (
        lambda model: hooks.with_multi_head(model, 0, nn.Linear(12, 12)),
        "Linear has no parameter called query.weight: it has weight, bias",
    ),
}


@pytest.mark.parametrize(("put", "message"), MISFITS.values(), ids=MISFITS)
def test_a_module_that_does_not_fit_is_told_why(model, put, message):
    with pytest.raises(ValueError, match=message), put(model):
        model(tokens(5))


def test_the_student_s_module_keeps_its_own_weights(model):
    own = MultiHeadAttention(12, 3)
    before = own.query.weight.clone()
    with hooks.with_multi_head(model, 0, own):
        model(tokens(5))
    assert torch.equal(own.query.weight, before)


NO_SUCH_PLACE = {
    "layer": (
        lambda model: hooks.with_attention(model, causal_attention, layers=[2]),
        "no layer 2: they are numbered from 0 to 1",
    ),
    "ablated head": (
        lambda model: hooks.without_heads(model, [(0, 3)]),
        "Layer 0 has no head 3: they are numbered from 0 to 2",
    ),
    "replaced head": (lambda model: hooks.with_head(model, 0, -1, reference_head), "no head -1"),
}


@pytest.mark.parametrize(("enter", "message"), NO_SUCH_PLACE.values(), ids=NO_SUCH_PLACE)
def test_a_place_that_does_not_exist_is_told(model, enter, message):
    with pytest.raises(ValueError, match=message), enter(model):
        pass


def test_heads_with_biases_cannot_be_three_matrices():
    model = GPT(GPTConfig(11, 8, 1, 3, 12, bias=True))
    with pytest.raises(ValueError, match="biases"), hooks.with_head(model, 0, 0, reference_head):
        pass

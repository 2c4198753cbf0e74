"""What the parts of a model add to its stream, and what is changed for the length of a block."""

from __future__ import annotations

import pytest
import torch

from spotlight.model_utils import stream
from spotlight.model_utils.gpt import GPT, Block, GPTConfig
from spotlight.model_utils.mini_model import MiniModel, load_mini_model

IDS = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6]])


@pytest.fixture
def model() -> GPT:
    torch.manual_seed(0)
    config = GPTConfig(vocab_size=11, context=16, n_layers=2, n_heads=3, d_model=12, bias=False)
    gpt = GPT(config).eval().requires_grad_(False)
    for parameter in gpt.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    return gpt


@pytest.fixture(scope="module")
def mini() -> MiniModel:
    return load_mini_model()


def test_the_parts_add_up_to_what_the_final_norm_reads(model):
    parts = stream.stream_parts(model, IDS)
    assert list(parts) == ["embed", "attn0", "ffn0", "attn1", "ffn1"]
    logits = model.lm_head(model.final_norm(sum(parts.values())))
    torch.testing.assert_close(logits, model(IDS))


def test_the_shares_of_a_lead_and_what_the_norm_adds_are_the_whole_lead(model):
    parts = stream.stream_parts(model, IDS)
    direction = stream.lead_direction(model, parts, 7, 2)
    shares = sum(part[0, -1] @ direction for part in parts.values())
    of_the_norm = model.final_norm.bias @ (model.lm_head.weight[7] - model.lm_head.weight[2])
    logits = model(IDS)[0, -1]
    torch.testing.assert_close(shares + of_the_norm, logits[7] - logits[2])


def test_keys_and_values_exchanged_together_change_no_later_token(model):
    before = model(IDS)
    with stream.exchanged_tokens(model, 1, [1, 2], keys=True, values=True):
        torch.testing.assert_close(model(IDS)[:, 3:], before[:, 3:])
    with stream.exchanged_tokens(model, 1, [1, 2], keys=False, values=False):
        torch.testing.assert_close(model(IDS), before)


@pytest.mark.parametrize(("keys", "values"), [(True, False), (False, True)])
def test_keys_or_values_alone_change_later_tokens_and_nothing_stays(model, keys, values):
    before = model(IDS)
    with stream.exchanged_tokens(model, 1, [1, 2], keys=keys, values=values):
        changed = model(IDS)
    assert not torch.allclose(changed[:, 3:], before[:, 3:], atol=1e-3)
    torch.testing.assert_close(changed[:, :1], before[:, :1])
    assert torch.equal(model(IDS), before)


def test_the_layers_named_are_replaced_with_their_own_weights(model):
    before = model(IDS)
    with stream.with_blocks(model, (0, 1), Block(12, 3)):
        assert torch.equal(model(IDS), before)
    assert torch.equal(model(IDS), before)


def test_hits_are_counted_over_all_tokens(mini):
    texts = ["the cat sat on the mat .", "20 + 65 = 85 ."]
    hits = [
        int(mini.logits(text)[place].argmax() == mini.ids(text)[0, place + 1])
        for text in texts
        for place in range(mini.ids(text).shape[1] - 1)
    ]
    assert 0 < sum(hits) < len(hits)
    assert stream.hit_rate(mini, texts) == sum(hits) / len(hits)


def test_a_vector_moves_by_its_distance_from_sentence_to_sentence_over_that_of_words():
    first = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    second = torch.tensor([[0.0, 0.0], [0.0, 5.0]])
    apart = (first[1] - second[1]).norm().item()
    assert stream.moved(torch.stack([first, second]), 1) == pytest.approx(apart / 5)
    assert stream.moved(torch.stack([first, second]), 0) == 0

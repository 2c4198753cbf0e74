"""What heads are measured by, on weights that can be computed otherwise; and the random control."""

from __future__ import annotations

import pytest
import torch

from spotlight.model_utils.controls import random_like
from spotlight.model_utils.gpt import GPT, GPTConfig
from spotlight.model_utils.head_scores import largest_weights, place_scores
from spotlight.model_utils.hooks import recorded_attention
from spotlight.model_utils.mini_model import load_mini_model

CONFIG = GPTConfig(vocab_size=11, context=16, n_layers=2, n_heads=3, d_model=12, bias=False)


@pytest.fixture
def model() -> GPT:
    torch.manual_seed(0)
    model = GPT(CONFIG).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.mul_(20)  # weights far from uniform
    return model


def test_the_weight_on_a_place_and_the_largest_of_a_row_are_read_off_the_weights(model):
    ids = torch.arange(70 * 12).view(70, 12) * 7 % CONFIG.vocab_size  # more than one batch of rows
    with recorded_attention(model) as weights:
        model(ids)
    for layer in range(2):
        for head in range(3):
            rows = weights[layer][:, head, 8:]  # (70, 4, 12)
            largest = rows.max(dim=-1).values.mean()
            for place in (0, 3):
                mean = rows[..., place].mean().item()
                assert place_scores(model, ids, place)[layer, head] == pytest.approx(mean)
            assert largest_weights(model, ids)[layer, head] == pytest.approx(largest.item())


def test_the_control_is_random_and_as_widely_spread_and_leaves_the_model_as_it_was():
    model = load_mini_model().model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(1)
    drawn = torch.rand(1)
    torch.manual_seed(1)
    control = random_like(model)
    assert torch.equal(torch.rand(1), drawn)
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())
    for name, parameter in control.named_parameters():
        trained = before[name]
        if parameter.ndim == 2:
            assert parameter.std().item() == pytest.approx(trained.std().item(), rel=0.05), name
            shared = torch.corrcoef(torch.stack([parameter.flatten(), trained.flatten()]))[0, 1]
            assert abs(shared.item()) < 0.05, name
        else:
            assert torch.equal(parameter, trained)
    assert control.lm_head.weight is control.tok_emb.weight
    assert not torch.equal(random_like(model, seed=1).pos_emb.weight, control.pos_emb.weight)

"""The graph that autograd recorded."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spotlight.model_utils.gpt import Block
from spotlight.visualizations import palette, show_computation_graph

SAID = {"title": "T", "caption": "C."}


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def attention(x, w_q, w_k, w_v):
    return ((x @ w_q) @ (x @ w_k).T / 3**0.5).softmax(-1) @ (x @ w_v)


def matrices():
    return {"x": torch.randn(4, 3), **{f"W_{name}": torch.randn(3, 3) for name in "QKV"}}


def test_it_shows_each_operation_with_the_shape_of_its_result():
    told = words(show_computation_graph(attention, matrices(), **SAID))
    assert told.count("matmul") == 5
    assert {"x", "W_Q", "W_K", "W_V", "T", "div", "softmax"} <= set(told)
    assert told.count("(4, 4)") == 3
    assert "(3, 4)" in told


def test_arrows_lead_down_from_what_was_used_to_what_was_made():
    picture = show_computation_graph(lambda x, y: (x * y).sum(), _two(), **SAID)
    heights = {text.get_text(): text.get_position()[1] for text in picture.axes[0].texts}
    assert heights["x"] == heights["y"] < heights["mul"] < heights["sum"]


def test_operations_that_only_rearrange_share_a_box():
    told = words(
        show_computation_graph(lambda x: x.view(2, 2, 2).transpose(0, 1).sin(), _one(), **SAID)
    )
    assert "view · transpose" in told
    assert "sin" in told


def test_a_module_s_parameters_stand_where_they_are_used():
    told = words(show_computation_graph(Block(8, 2), {"x": torch.randn(1, 5, 8)}, **SAID))
    assert "attention.query.weight (8, 8)" in told
    assert "ffn.expand.weight (32, 8)" in told
    assert told.count("add") == 2
    assert {"layer norm", "softmax", "gelu"} <= set(told)


def test_what_the_result_does_not_depend_on_is_not_in_it():
    def with_a_dead_end(x):
        x.cos()
        return x.sin()

    told = words(show_computation_graph(with_a_dead_end, _one(), **SAID))
    assert "sin" in told
    assert "cos" not in told


def test_a_call_that_returns_its_input_as_it_is_hides_nothing():
    told = words(show_computation_graph(lambda x: x.contiguous().sin(), _one(), **SAID))
    assert "x" in told
    assert "contiguous" not in told


def test_operators_in_any_spelling_have_one_name():
    told = words(show_computation_graph(lambda x: 2 * (1 + x) / 3, _one(), **SAID))
    assert {"mul", "add", "div"} <= set(told)


def test_inputs_have_their_roles_colours():
    picture = show_computation_graph(attention, matrices(), **SAID)
    colours = {text.get_text(): text.get_color() for text in picture.axes[0].texts}
    assert colours["W_Q"] == palette.role_colour("query")
    assert colours["x"] == palette.role_colour("stream")


def test_a_module_runs_as_in_evaluation_and_is_left_as_it_was():
    module = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5)).train()
    show_computation_graph(module, {"x": torch.randn(2, 8)}, **SAID)
    assert module.training
    assert module[0].weight.grad is None


def test_it_works_where_gradients_are_switched_off():
    with torch.no_grad():
        told = words(show_computation_graph(torch.sin, _one(), **SAID))
    assert "sin" in told


@pytest.mark.parametrize(
    ("compute", "sentence"),
    [
        (lambda x: x.detach(), "no gradient"),
        (lambda x: x @ torch.ones(3), "fails on these inputs: RuntimeError"),
        (lambda x: sum(x.sin() * i for i in range(50)), "too many to read"),
    ],
)
def test_what_cannot_be_drawn_is_explained_in_a_sentence(compute, sentence):
    with pytest.raises(ValueError, match=sentence):
        show_computation_graph(compute, _one(), **SAID)


def _one():
    return {"x": torch.ones(2, 4)}


def _two():
    return {"x": torch.ones(2), "y": torch.ones(2)}

"""Modules drawn from a real forward pass."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spotlight.model_utils.gpt import GPT, Block, GPTConfig, MultiHeadAttention
from spotlight.visualizations import show_module
from spotlight.visualizations.forward_record import record_forward

SAID = {"title": "T", "caption": "C."}


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def steps(module, example_input, depth=1):
    """The steps inside a module, in words, and what leads where."""
    flow = record_forward(module, example_input, depth).inside
    return [step.name or step.part for step in flow.steps], flow.edges


class Student(nn.Module):
    """A pre-LN block with names of a student's own."""

    def __init__(self, *, residual=True):
        super().__init__()
        self.calm, self.mix = nn.LayerNorm(8), nn.Linear(8, 8)
        self.residual = residual

    def forward(self, x):
        branch = self.mix(self.calm(x))
        return x + branch if self.residual else branch


def test_the_shapes_are_those_of_the_pass_that_was_run():
    gpt = GPT(GPTConfig(vocab_size=50, context=16, n_layers=2, n_heads=2, d_model=12, bias=False))
    told = words(show_module(gpt, torch.zeros(3, 7, dtype=torch.long), depth=1, **SAID))
    assert "GPT  (3, 7, 50)" in told
    assert {"tok_emb", "pos_emb", "blocks.0", "blocks.1", "final_norm", "lm_head"} <= set(told)
    assert {"(3, 7, 12)", "(7, 12)", "(3, 7, 50)"} <= set(told)


def test_residual_additions_are_measured_whatever_things_are_called():
    assert steps(Student(), torch.randn(2, 8)) == (
        ["input", "calm", "mix", "sum", "output"],
        [(0, 1), (1, 2), (0, 3), (2, 3), (3, 4)],
    )
    assert steps(Student(residual=False), torch.randn(2, 8)) == (
        ["input", "calm", "mix", "output"],
        [(0, 1), (1, 2), (2, 3)],
    )


def test_the_course_s_block_adds_twice():
    names, edges = steps(Block(d_model=8, n_heads=2), torch.randn(1, 5, 8))
    assert names == [
        *("input", "attention_norm", "attention", "sum", "ffn_norm", "ffn", "sum", "output")
    ]
    assert {(0, 3), (2, 3), (3, 6), (5, 6)} <= set(edges)


def test_post_ln_is_told_from_pre_ln():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=False)
    names, _ = steps(layer, torch.randn(1, 5, 8))
    assert names.index("sum") < names.index("norm1")
    assert names[-3:] == ["sum", "norm2", "output"]


def test_a_branch_that_starts_at_zero_is_seen_all_the_same():
    student = Student()
    nn.init.zeros_(student.mix.weight)
    nn.init.zeros_(student.mix.bias)
    names, edges = steps(student, torch.randn(2, 8))
    assert "sum" in names
    assert (2, 3) in edges


def test_additions_in_place_are_seen():
    class InPlace(Student):
        def forward(self, x):
            x = self.calm(x)
            x += self.mix(x)
            return x

    names, edges = steps(InPlace(), torch.randn(2, 8))
    assert names == ["input", "calm", "mix", "sum", "output"]
    assert (1, 3) in edges


def test_a_weighted_sum_is_not_called_a_sum():
    class Half(Student):
        def forward(self, x):
            return 0.5 * x + self.mix(x)

    flow = record_forward(Half(), torch.randn(2, 8), 1).inside
    assert [step.part for step in flow.steps] == ["input", "module", "code", "output"]
    assert flow.steps[2].operations == ("mul", "add")


def test_code_between_modules_is_shown_with_its_operations():
    told = " ".join(words(show_module(MultiHeadAttention(8, 2), torch.randn(1, 5, 8), **SAID)))
    assert "matmul · div · masked fill · softmax · matmul" in told
    assert "Dashed: code of forward() that is no module." in told


def test_without_autograd_sums_are_still_measured_and_the_rest_is_left_open():
    class Frozen(Student):
        @torch.no_grad()
        def forward(self, x):
            return self.mix(torch.sin(x + self.mix(self.calm(x))))

    names, edges = steps(Frozen(), torch.randn(2, 8))
    assert names == ["input", "calm", "mix", "code", "mix", "output"]
    assert not any(end == 3 for _, end in edges)

    class Adding(Student):
        forward = torch.no_grad()(Student.forward)

    assert "sum" in steps(Adding(), torch.randn(2, 8))[0]


def test_depth_says_how_far_modules_are_opened():
    block, x = Block(d_model=8, n_heads=2), torch.randn(1, 5, 8)
    assert "query" not in words(show_module(block, x, depth=1, **SAID))
    assert {"query", "key", "value", "expand"} <= set(words(show_module(block, x, depth=2, **SAID)))


def test_blocks_that_do_the_same_are_drawn_once():
    stack = nn.Sequential(*(Student() for _ in range(12)))
    told = words(show_module(stack, torch.randn(2, 8), **SAID))
    assert "1 to 11" in told
    assert "the same 11 times again" in told
    assert told.count("calm") == 1


def test_a_block_that_differs_is_drawn_by_itself():
    stack = nn.Sequential(Student(), Student(residual=False), Student())
    told = words(show_module(stack, torch.randn(2, 8), **SAID))
    assert told.count("calm") == 3


def test_one_block_run_again_and_again_is_told_from_copies():
    block = Student()
    told = words(show_module(nn.Sequential(block, block, block), torch.randn(2, 8), **SAID))
    assert "the very same module 2 times again" in told


def test_inputs_may_be_positional_or_named():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = nn.Linear(8, 8)

        def forward(self, x, bias):
            return self.mix(x) + bias

    x, bias = torch.randn(2, 8), torch.randn(8)
    expected = ["input", "input", "mix", "sum", "output"]
    assert steps(Two(), (x, bias))[0] == expected
    assert steps(Two(), {"x": x, "bias": bias})[0] == expected


def test_the_module_is_left_as_it_was():
    module = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.BatchNorm1d(4)).train()
    module[0].requires_grad_(False)
    module[1].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    x, state = torch.randn(3, 4), torch.get_rng_state()
    show_module(module, x, **SAID)
    assert [part.training for part in module] == [True, False, True]
    assert not module[0].weight.requires_grad
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert all(not part._forward_hooks and not part._forward_pre_hooks for part in module.modules())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert not x.requires_grad


def test_the_module_is_left_as_it_was_also_when_it_fails():
    module = nn.Sequential(nn.Linear(4, 4)).train()
    with pytest.raises(ValueError, match=r"Sequential cannot run on this example input.*shapes"):
        show_module(module, torch.randn(3, 5), **SAID)
    assert module.training
    assert not module[0]._forward_hooks


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: show_module(torch.sin, torch.ones(2), **SAID), "needs an nn.Module"),
        (lambda: show_module(Student(), torch.ones(2, 8), depth=0, **SAID), "cannot be 0"),
        (lambda: show_module(nn.Identity(), "text", **SAID), "Identity gave no tensor"),
    ],
)
def test_what_cannot_be_drawn_is_explained_in_a_sentence(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()

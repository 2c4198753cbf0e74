"""What probes draw: the same everywhere for a seed and a name, and nobody else's business."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from spotlight.sandbox import kit


def drawn(seed=0, name="probe"):
    with kit.fresh_draws(seed, name):
        return kit.randn(2, 3), kit.uniform(4), kit.randint(0, 100, (5,))


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_seed_and_a_name_give_the_same_draws_each_time():
    assert same(drawn(), drawn())


@pytest.mark.parametrize("other", [{"seed": 1}, {"name": "other"}])
def test_another_seed_or_name_gives_others(other):
    assert not same(drawn(), drawn(**other))


def test_the_draws_are_the_same_on_every_machine():
    with kit.fresh_draws(7, "pinned"):
        assert kit.randint(0, 1000, (4,)).tolist() == [169, 930, 496, 972]
        uniform = kit.uniform(2, dtype=torch.float64).tolist()
        normal = kit.randn(2, dtype=torch.float64).tolist()
    assert uniform == pytest.approx([0.7858981136003717, 0.4783585083590228], abs=1e-15)
    assert normal == pytest.approx([1.2318600097878893, -0.028664354320680784], abs=1e-15)


def test_draws_are_not_shifted_by_anybody_elses():
    with kit.fresh_draws(0, "probe"):
        torch.rand(3)
        np.random.rand(3)
        first = kit.randn(2, 3)
        with kit.fresh_draws(0, "inner"):
            kit.randn(9)
        rest = kit.uniform(4), kit.randint(0, 100, (5,))
    assert same((first, *rest), drawn())


def test_what_is_drawn_outside_a_probe_is_no_probes():
    with kit.fresh_draws(0, "probe") as draws:
        kit.randn(2)
    kit.randn(2)
    assert len(draws.drawn) == 1


def test_the_block_ends_even_where_the_probe_raises():
    with pytest.raises(ZeroDivisionError), kit.fresh_draws(0, "probe") as draws:
        raise ZeroDivisionError
    kit.randn(2)
    assert draws.drawn == []


@given(st.lists(st.integers(0, 4), max_size=4))
def test_a_draw_has_the_shape_that_was_asked_for(shape):
    assert kit.randn(*shape).shape == tuple(shape)
    assert kit.uniform(*shape).shape == tuple(shape)
    assert kit.randint(0, 3, tuple(shape)).shape == tuple(shape)


def test_a_draw_has_the_type_and_lies_in_the_range_that_was_asked_for():
    assert kit.randn(2).dtype == torch.float32
    assert kit.randn(2, dtype=torch.float64).dtype == torch.float64
    numbers = kit.uniform(1000, low=2.0, high=3.0)
    assert numbers.min() >= 2
    assert numbers.max() <= 3
    integers = kit.randint(2, 5, (1000,))
    assert integers.dtype == torch.int64
    assert set(integers.tolist()) == {2, 3, 4}


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.add_(1),
        lambda x: x.__setitem__((0, 0), 7.0),
        lambda x: x.transpose_(0, 1),
        lambda x: x.resize_(1),
        lambda x: x.zero_(),
        lambda x: setattr(x, "data", x.double()),
        lambda x: x.requires_grad_().data.mul_(2),
    ],
)
def test_an_input_that_was_changed_is_told(change):
    with kit.fresh_draws(0, "probe") as draws:
        kit.randn(2, 3)
        change(kit.randn(2, 3))
        kit.randn(3)
    assert draws.changed_inputs() == [1]


@pytest.mark.parametrize(
    "use",
    [lambda x: x + 1, lambda x: x.T, lambda x: x.requires_grad_(), lambda x: x.clone().zero_()],
)
def test_an_input_that_was_only_used_is_unchanged(use):
    with kit.fresh_draws(0, "probe") as draws:
        use(kit.randn(2, 3))
    assert draws.changed_inputs() == []


def test_no_patch_of_torch_hides_a_change(monkeypatch):
    with kit.fresh_draws(0, "probe") as draws:
        kit.randn(2).add_(1)
        monkeypatch.setattr(torch, "equal", lambda *tensors: True)
        assert draws.changed_inputs() == [0]


class Reads(nn.Module):
    """A part and a function that is an attribute, one after the other."""

    def __init__(self):
        super().__init__()
        self.part = nn.Identity()
        self.join = lambda one, other: one + other

    def forward(self, x):
        return self.join(self.part(x), self.part(2 * x))


class TestInside:
    def test_what_the_parts_are_given_and_give_stands_in_the_order_of_the_calls(self):
        seen = kit.inside(nn.Sequential(Reads(), nn.Flatten(0)), torch.ones(1, 2))
        assert {name.removeprefix("inside: "): list(t.shape) for name, t in seen.items()} == {
            "what `0` is given": [1, 2],
            "what `0.part` is given": [1, 2],
            "what `0.part` gives": [1, 2],
            "what `0.part` is given, call 2": [1, 2],
            "what `0.part` gives, call 2": [1, 2],
            "what `0.join` is given as argument 1": [1, 2],
            "what `0.join` is given as argument 2": [1, 2],
            "what `0.join` gives": [1, 2],
            "what `0` gives": [1, 2],
            "what `1` is given": [1, 2],
            "what `1` gives": [2],
            "the result": [2],
        }
        assert seen["inside: the result"].tolist() == [3.0, 3.0]

    def test_the_module_is_left_as_it_was_even_by_an_error(self):
        module = Reads()
        join = module.join
        with pytest.raises(TypeError):
            kit.inside(module, None)
        assert module.join is join
        assert not module.part._forward_hooks
        assert not module.part._forward_pre_hooks

"""What else the kit gives a probe: gradients that hide nothing, and numbers fit for a sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spotlight.sandbox import kit

Function = Callable[..., Tensor]


def gradients(function: Function, seed: int = 0, **inputs: Tensor) -> dict[str, Tensor | None]:
    """What a probe called `p` would see."""
    with kit.fresh_draws(seed, "p"):
        return kit.gradients(function, **inputs)


def ramp(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    count = int(torch.tensor(shape).prod())
    return torch.linspace(-1, 2, count, dtype=dtype).reshape(shape)


# Gradients


def test_each_input_has_a_gradient_of_its_own_shape_by_its_name() -> None:
    found = gradients(lambda q, k: q @ k.T, q=ramp(3, 4), k=ramp(5, 4))
    assert list(found) == ["gradient of q", "gradient of k"]
    assert found["gradient of q"].shape == (3, 4)
    assert found["gradient of k"].shape == (5, 4)


def test_the_gradient_is_that_of_a_weighted_sum_of_the_result() -> None:
    """Through the identity the weights themselves come back."""
    x = ramp(3, 4)
    weights = gradients(lambda x: x, x=x)["gradient of x"]
    doubled = gradients(lambda x: 2 * x, x=x)["gradient of x"]
    assert torch.equal(doubled, 2 * weights)
    squared = gradients(lambda x: x * x, x=x)["gradient of x"]
    assert torch.allclose(squared, 2 * x * weights)


@settings(max_examples=settings.default.max_examples // 3)  # each is a pass of gradients
@given(n=st.integers(2, 5), m=st.integers(2, 5), seed=st.integers(0, 999))
def test_no_two_entries_of_a_result_weigh_alike(n: int, m: int, seed: int) -> None:
    weights = gradients(lambda x: x, seed, x=ramp(n, m))["gradient of x"].flatten()
    assert len(set(weights.tolist())) == n * m
    assert not (weights == 0).any()


def detached_sum(x: Tensor) -> Tensor:
    """Softmax with a wrong gradient: the sum that it divides by counts as a constant."""
    grown = torch.exp(x)
    return grown / grown.detach().sum(-1, keepdim=True)


def test_rows_that_add_up_to_one_do_not_hide_a_wrong_gradient() -> None:
    x = ramp(3, 4)
    right = gradients(lambda x: torch.softmax(x, -1), x=x)["gradient of x"]
    wrong = gradients(detached_sum, x=x)["gradient of x"]
    assert not torch.allclose(right, wrong)
    assert right.abs().max() > 0.01


def test_an_input_that_is_not_used_has_none_and_the_others_have_theirs() -> None:
    found = gradients(lambda x, y: 2 * y, x=ramp(2), y=ramp(2))
    assert found["gradient of x"] is None
    assert found["gradient of y"] is not None


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.detach() * 2,
        lambda x: torch.tensor((2 * x).tolist()),
        lambda x: x.sum().item(),
        lambda x: (2 * x).tolist(),
        lambda x: None,
        lambda x: (x, x),
        lambda x: x > 0,
        lambda x: x.argmax(),
        lambda x: (2 * x).detach().numpy(),
    ],
    ids=["detach", "new", "item", "list", "None", "tuple", "truth", "index", "numpy"],
)
def test_where_the_graph_is_cut_no_gradient_comes_back(function: Function) -> None:
    assert gradients(function, x=ramp(3)) == {"gradient of x": None}


def test_no_grad_cuts_the_graph() -> None:
    def without(x: Tensor) -> Tensor:
        with torch.no_grad():
            return 2 * x

    assert gradients(without, x=ramp(3)) == {"gradient of x": None}


def test_the_caller_s_own_tensors_stay_as_they_are() -> None:
    x = ramp(3)
    gradients(lambda x: 2 * x, x=x)
    assert x.grad is None
    assert not x.requires_grad
    attached = ramp(3).requires_grad_()
    gradients(lambda x: 2 * x, x=attached)
    assert attached.grad is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_gradient_has_the_type_of_its_input(dtype: torch.dtype) -> None:
    found = gradients(lambda x: x.exp(), x=ramp(3, dtype=dtype))["gradient of x"]
    assert found.dtype == dtype


def test_a_result_in_another_type_has_a_gradient_all_the_same() -> None:
    found = gradients(lambda x: x.half() * 2, x=ramp(3, dtype=torch.float32))["gradient of x"]
    assert found.dtype == torch.float32


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3, 4)])
def test_a_result_may_have_any_shape(shape: tuple[int, ...]) -> None:
    assert gradients(lambda x: x * 2, x=torch.ones(shape))["gradient of x"].shape == shape


def test_the_weights_depend_on_seed_and_probe_alone() -> None:
    x = ramp(3)
    torch.manual_seed(1)
    one = gradients(lambda x: x, x=x)["gradient of x"]
    torch.manual_seed(2)
    assert torch.equal(one, gradients(lambda x: x, x=x)["gradient of x"])
    assert not torch.equal(one, gradients(lambda x: x, 1, x=x)["gradient of x"])


def test_the_weights_are_no_input_that_could_have_been_changed() -> None:
    with kit.fresh_draws(0, "p") as draws:
        kit.gradients(lambda x: 2 * x, x=kit.randn(3))
        assert len(draws.drawn) == 1
        assert draws.changed_inputs() == []


# Draws


def test_whole_numbers_are_small_floats() -> None:
    with kit.fresh_draws(0, "p") as draws:
        numbers = kit.whole_numbers(1000)
        others = kit.whole_numbers(1000, low=1, high=3)
        assert len(draws.drawn) == 2
    assert numbers.dtype == torch.float32
    assert set(numbers.tolist()) == set(range(-3, 4))
    assert set(others.tolist()) == {1, 2}


@pytest.mark.parametrize("draw", [kit.randn, kit.uniform, kit.whole_numbers])
def test_a_run_may_draw_everything_in_double_precision(draw: Callable[..., Tensor]) -> None:
    with kit.fresh_draws(0, "p", torch.float64):
        wide = draw(2, 3)
        named = draw(2, 3, dtype=torch.float16)
        integers = kit.randint(0, 5, (2,))
    assert wide.dtype == torch.float64
    assert named.dtype == torch.float16
    assert integers.dtype == torch.int64
    with kit.fresh_draws(0, "p"):
        narrow = draw(2, 3)
    assert narrow.dtype == torch.float32
    assert torch.equal(wide.float(), narrow)


def test_the_type_is_the_blocks_own() -> None:
    with kit.fresh_draws(0, "p", torch.float64):
        with kit.fresh_draws(0, "q"):
            assert kit.randn(1).dtype == torch.float32
        assert kit.randn(1).dtype == torch.float64
    assert kit.randn(1).dtype == torch.float32


# Numbers in a sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"), (0, "0"), (-2, "−2"), (0.5, "0.5"), (-0.125, "−0.125"), (1 / 3, "0.333"),
        (2 / 3, "0.667"), (100, "100"), (1e-9, "0"), (-1e-9, "0"), (-0.0, "0"), (12.3400, "12.34"),
        (float("inf"), "inf"), (float("-inf"), "−inf"), (float("nan"), "nan"),
        (torch.tensor(2.5), "2.5"), (torch.tensor(3), "3"), (torch.tensor([1, -0.5]), "(1, −0.5)"),
        (torch.tensor([4.0]), "(4)"), (torch.tensor([]), "()"),
        (torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "(1, 2, 3, 4)"),
        (torch.tensor([1.0], requires_grad=True), "(1)"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_in_a_sentence(value: Tensor | float, text: str) -> None:
    assert kit.formatted(value) == text


@given(st.floats(-1e6, 1e6))
def test_what_is_written_is_the_number_to_three_decimals(number: float) -> None:
    text = kit.formatted(number)
    assert abs(float(text.replace("−", "-")) - number) <= 0.0005001
    assert not text.endswith(".")
    assert "-" not in text

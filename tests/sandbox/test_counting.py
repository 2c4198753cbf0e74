"""What a call costs: counted from the outside, exactly, and without a trace in what it returns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from worker_jobs import job

from spotlight.sandbox.counting import Counter
from spotlight.sandbox.job import Cost

CAREFUL = settings(max_examples=settings.default.max_examples // 3)  # each counts many calls
SIZE = st.integers(2, 6)


def counted(call: Callable[[], Any], *filenames: str) -> Counter:
    counter = Counter(filenames)
    with counter:
        call()
    return counter


def flops(call: Callable[[], Any]) -> int:
    return counted(call).flops


# FLOPs


@CAREFUL
@given(n=SIZE, m=SIZE, k=SIZE)
def test_a_product_of_matrices_costs_two_flops_for_each_pair_of_numbers(
    n: int, m: int, k: int
) -> None:
    a, b, bias = torch.ones(n, k), torch.ones(k, m), torch.ones(m)
    right = torch.ones(m, k)
    once = 2 * n * m * k
    assert flops(lambda: a @ b) == once
    assert flops(lambda: torch.mm(a, b)) == once
    assert flops(lambda: torch.einsum("nk,km->nm", a, b)) == once
    assert flops(lambda: torch.einsum("nk,mk->nm", a, right)) == once
    assert flops(lambda: torch.addmm(bias, a, b)) == once
    assert flops(lambda: nn.functional.linear(a, right, bias)) == once


@CAREFUL
@given(batch=SIZE, n=SIZE, m=SIZE, k=SIZE)
def test_a_batch_of_products_costs_that_for_each(batch: int, n: int, m: int, k: int) -> None:
    a, b = torch.ones(batch, n, k), torch.ones(batch, k, m)
    each = 2 * n * m * k
    assert flops(lambda: torch.bmm(a, b)) == batch * each
    assert flops(lambda: torch.baddbmm(torch.empty(()), a, b, beta=0)) == batch * each + 1
    assert flops(lambda: a @ b) == batch * each
    assert flops(lambda: torch.einsum("bnk,bkm->bnm", a, b)) == batch * each


@CAREFUL
@given(n=SIZE, k=SIZE)
def test_a_vector_counts_as_the_matrix_that_it_is(n: int, k: int) -> None:
    """Or whoever writes it as a matrix of one row would seem to compute many times as much."""
    matrix, vector = torch.ones(n, k), torch.ones(k)
    assert flops(lambda: matrix @ vector) == flops(lambda: matrix @ vector[:, None])
    assert flops(lambda: vector @ matrix.T) == flops(lambda: vector[None] @ matrix.T)
    assert flops(lambda: vector @ vector) == flops(lambda: vector[None] @ vector[:, None])


@pytest.mark.parametrize(
    ("call", "numbers"),
    [
        (lambda x: x + x, 12),
        (lambda x: 2 * x, 12),
        (lambda x: x.exp(), 12),
        (lambda x: torch.softmax(x, -1), 12),
        (lambda x: x > 0, 12),
        (lambda x: x.sum(), 1),
        (lambda x: x.sum(0), 4),
        (lambda x: x.sum(1), 3),
        (lambda x: x.max(1), 6),
        (lambda x: x[:, None] + x, 36),
        (lambda x: torch.stack([x, x]), 24),
        (lambda x: x.clone(), 12),
        (lambda x: torch.zeros(7), 7),
    ],
)
def test_any_other_operation_costs_one_for_each_number_that_it_makes(
    call: Callable[[Tensor], Any], numbers: int
) -> None:
    x = torch.ones(3, 4)
    assert flops(lambda: call(x)) == numbers


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.T,
        lambda x: x.transpose(0, 1),
        lambda x: x[None],
        lambda x: x[1:, ::2],
        lambda x: x[0],
        lambda x: x.view(2, 6),
        lambda x: x.reshape(6, 2),
        lambda x: x.expand(5, 3, 4),
        lambda x: x.unsqueeze(0).squeeze(0),
        lambda x: x.split(2),
        lambda x: x.unbind(0),
        lambda x: x.diagonal(),
        lambda x: x.detach(),
        lambda x: x.shape[0] * x.ndim,
    ],
)
def test_a_view_is_free(call: Callable[[Tensor], Any]) -> None:
    x = torch.ones(3, 4)
    counter = counted(lambda: call(x))
    assert (counter.operations, counter.flops) == (0, 0)


def test_a_copy_is_an_operation_where_a_view_would_not_do() -> None:
    x = torch.ones(3, 4)
    counter = counted(lambda: x.T.reshape(-1))
    assert (counter.operations, counter.flops) == (1, 12)


def test_what_is_done_with_gradients_costs_the_same() -> None:
    plain, attached = torch.ones(3, 4), torch.ones(3, 4, requires_grad=True)
    work = [counted(lambda x=x: torch.softmax(x @ x.T, -1)) for x in (plain, attached)]
    assert work[0].cost == work[1].cost


def test_one_counter_adds_up_all_that_it_sees_and_nothing_between() -> None:
    counter = Counter([])
    for _ in range(3):
        with counter:
            torch.ones(2) + 1
        torch.ones(100) + 1
    assert (counter.operations, counter.flops) == (6, 12)


def test_a_counter_within_itself_counts_once() -> None:
    """As it comes about where a probe hands one target to another."""
    counter = Counter([])
    x = torch.ones(2)
    with counter, counter:
        x + 1
    assert (counter.operations, counter.flops) == (1, 2)


# Lines


LINES = """\
def straight(n):
    x = n
    return x

def loop(n):
    for _ in range(n):
        pass

def nested(n):
    for _ in range(n):
        for _ in range(2):
            pass

def listed(n):
    return [i for i in range(n)]

def mapped(n):
    return list(map(lambda i: i, range(n)))

def recursive(n):
    return 0 if n == 0 else recursive(n - 1)

def helped(n):
    return straight(n)

def at_once(n):
    return list(range(n))
"""
CELL = "<cell mine>"
FUNCTIONS: dict[str, Any] = {}
exec(compile(LINES, CELL, "exec"), FUNCTIONS)


def lines(name: str, n: int, *filenames: str) -> int:
    return counted(lambda: FUNCTIONS[name](n), *(filenames or (CELL,))).lines


@pytest.mark.parametrize("name", ["loop", "nested", "listed", "mapped", "recursive"])
def test_lines_are_counted_for_each_turn_of_a_loop(name: str) -> None:
    assert lines(name, 40) - lines(name, 20) == lines(name, 60) - lines(name, 40) >= 20


@pytest.mark.parametrize("name", ["straight", "helped", "at_once"])
def test_without_a_loop_they_do_not_grow(name: str) -> None:
    assert lines(name, 1) == lines(name, 1000) <= 3


def test_a_straight_function_has_the_lines_that_it_has() -> None:
    assert lines("straight", 1) == 2
    assert lines("helped", 1) == 3


def test_lines_of_other_files_are_not_counted() -> None:
    assert lines("loop", 10, "<cell other>") == 0
    assert counted(lambda: nn.Linear(2, 2)(torch.ones(1, 2)), CELL).lines == 0


# Without a trace


FUNCTIONS_OF_X = [
    lambda x: torch.softmax(x @ x.T / 2, -1) @ x,
    lambda x: torch.einsum("nd,md->nm", x, x).tanh().cumsum(0),
    lambda x: nn.functional.layer_norm(x, (x.shape[1],)),
    lambda x: (x * 3).add_(1).sigmoid(),
    lambda x: torch.stack([row.sum() for row in x]),
]


@pytest.mark.parametrize("function", FUNCTIONS_OF_X)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_are_the_same_to_the_last_bit(
    function: Callable[[Tensor], Tensor], dtype: torch.dtype
) -> None:
    def run(counter: Counter | None) -> tuple[bytes, bytes, bool]:
        x = torch.linspace(-2, 3, 20, dtype=dtype).reshape(4, 5).requires_grad_()
        if counter is None:
            value = function(x)
        else:
            with counter:
                value = function(x)
        (gradient,) = torch.autograd.grad(value.pow(2).sum(), x)
        return value.detach().numpy().tobytes(), gradient.numpy().tobytes(), value.requires_grad

    assert run(None) == run(Counter([CELL]))


def test_random_draws_are_the_same() -> None:
    torch.manual_seed(3)
    plain = torch.rand(4)
    torch.manual_seed(3)
    with Counter([]):
        watched = torch.rand(4)
    assert torch.equal(plain, watched)


def test_whoever_traced_before_traces_again_afterwards() -> None:
    def tracer(*_: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        with Counter([CELL]):
            FUNCTIONS["loop"](3)
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_goes_through_and_ends_the_counting(error: type[BaseException]) -> None:
    counter, before = Counter([CELL]), sys.gettrace()

    def fail() -> None:
        torch.ones(2) + 1
        raise error

    with pytest.raises(error), counter:
        fail()
    assert counter.operations == 2
    assert sys.gettrace() is before
    torch.ones(2) + 1
    assert counter.operations == 2


def test_after_a_nested_block_nothing_is_traced_any_more() -> None:
    counter, before = Counter([CELL]), sys.gettrace()
    try:
        with counter, counter:
            pass
        assert sys.gettrace() is before
    finally:
        sys.settrace(before)


# In the worker


def counting(asked: Any) -> Any:
    return replace(asked, probes=tuple(replace(call, counts=True) for call in asked.probes))


def costs(worker: Any, cell: str, *probes: str, **options: Any) -> list[Cost]:
    seen = worker.observe(counting(job(cell, *probes, **options)))
    assert seen.ended == "finished"
    assert seen.trouble is None, seen.trouble
    return [outcome.cost for outcome in seen.probes]


def drawing(*shape: int, name: str = "p") -> str:
    return f"def {name}(f):\n    return f(randn{shape})"


def test_a_job_that_does_not_ask_is_told_no_cost(worker) -> None:
    seen = worker.observe(job("def f(x): return x + 1", drawing(2, 3)))
    assert seen.probes[0].cost is None


def test_only_the_target_is_counted_and_not_what_the_probe_does(worker) -> None:
    probe = "def p(f):\n    x = randn(3, 4) @ randn(4, 4)\n    y = f(x)\n    return (y @ y.T).sum()"
    assert costs(worker, "def f(x):\n    return x + 1", probe) == [Cost(1, 12, 1)]


def test_each_probe_begins_at_nothing(worker) -> None:
    cell = "def f(x):\n    y = x + 1\n    return y * 2"
    found = costs(worker, cell, drawing(2, 3), drawing(4, 5, name="q"))
    assert found == [Cost(2, 12, 2), Cost(2, 40, 2)]


def test_all_calls_of_one_probe_are_added_up(worker) -> None:
    probe = "def p(f):\n    x = randn(2, 3)\n    return f(x), f(x)"
    assert costs(worker, "def f(x):\n    return x + 1", probe) == [Cost(2, 12, 2)]


def test_helpers_of_the_students_count_as_theirs(worker) -> None:
    before = ["def g(x):\n    return x + 1"]
    found = costs(worker, "def f(x):\n    return g(x)", drawing(2), before=before)
    assert found == [Cost(1, 2, 2)]


def test_a_target_that_is_handed_to_another_is_counted_once(worker) -> None:
    cell = "def f(x):\n    return x + 1\n\ndef g(h, x):\n    return h(x)"
    probe = "def p(f, g):\n    return g(f, randn(2))"
    assert costs(worker, cell, probe, targets=("f", "g")) == [Cost(1, 2, 2)]


def test_values_come_back_as_they_do_without_counting(worker) -> None:
    cell = "def f(x):\n    return torch.softmax(x @ x.T / 3, -1) @ x"
    plain = worker.observe(job(cell, drawing(5, 7))).probes[0].value
    watched = worker.observe(counting(job(cell, drawing(5, 7)))).probes[0].value
    assert np.array_equal(plain.data, watched.data)


TRICKS = {
    "no tracing": "sys.settrace(None)",
    "a tracer of one's own": "sys.settrace(lambda *a: None)",
    "no profiling": "sys.setprofile(None)",
    "a thread": "import threading; t = threading.Thread(target=lambda: x + 1); t.start(); t.join()",
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_who_turns_tracing_off_gets_the_same_outcome(worker, trick) -> None:
    cell = f"def f(x):\n    {trick}\n    return x + 1"
    seen = worker.observe(counting(job(cell, drawing(2), drawing(3, name="q"))))
    plain = worker.observe(job(cell, drawing(2), drawing(3, name="q")))
    assert seen.ended == "finished"
    for watched, outcome in zip(seen.probes, plain.probes, strict=True):
        assert watched.trouble is None
        assert np.array_equal(watched.value.data, outcome.value.data)
        assert watched.cost.operations >= 1


def test_an_exception_in_one_probe_leaves_the_next_to_be_counted(worker) -> None:
    cell = (
        "def f(x):\n    y = x + 1\n    if len(x) > 2:\n        raise ValueError('no')\n    return y"
    )
    seen = worker.observe(counting(job(cell, drawing(3), drawing(2, name="q"))))
    assert seen.probes[0].trouble.type == "ValueError"
    assert seen.probes[0].trouble.frames[-1].line == 4
    assert seen.probes[1].trouble is None
    assert seen.probes[1].cost == Cost(1, 2, 3)


def test_of_a_class_the_calls_of_its_instances_are_counted(worker) -> None:
    cell = (
        "class f:\n    def __init__(self):\n        self.weight = torch.ones(2) + 1\n"
        "    def __call__(self, x):\n        y = x + 1\n        return self.weight * y"
    )
    probe = "def p(f):\n    return f()(randn(2)).shape"
    assert costs(worker, cell, probe) == [Cost(2, 4, 2)]


def test_of_a_module_it_is_the_forward_pass(worker) -> None:
    cell = (
        "from torch import nn\nclass f(nn.Module):\n    def __init__(self, width):\n"
        "        super().__init__()\n        self.part = nn.Linear(width, 3, bias=False)\n"
        "    def forward(self, x):\n        return self.part(x)"
    )
    probe = "def p(f):\n    return f(4)(randn(2, 4)).shape"
    assert costs(worker, cell, probe) == [Cost(1, 2 * 2 * 4 * 3, 1)]


def test_a_class_is_still_itself(worker) -> None:
    cell = (
        'class f:\n    """Says so."""\n'
        "    def __call__(self, x):\n        return type(self).__name__"
    )
    probe = "def p(f):\n    return isinstance(f, type), isinstance(f(), f), f.__doc__, f()(1)"
    seen = worker.observe(counting(job(cell, probe)))
    assert seen.probes[0].value == (True, True, "Says so.", "f")


def test_a_variable_or_a_class_of_what_is_not_called_is_handed_on_as_it_is(worker) -> None:
    assert costs(worker, "f = 3", "def p(f):\n    return f") == [Cost(0, 0, 0)]
    seen = worker.observe(counting(job("class f: pass", "def p(f):\n    return len(f.__mro__)")))
    assert seen.probes[0].value == 2


def test_a_watched_target_is_still_known_by_its_name_and_docstring(worker) -> None:
    cell = 'def f(x):\n    """Says so."""\n    return x'
    probe = "def p(f):\n    return f.__name__, f.__doc__"
    assert worker.observe(counting(job(cell, probe))).probes[0].value == ("f", "Says so.")

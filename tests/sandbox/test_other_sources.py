"""Many sources of one exercise, each run and probed in its turn from the same start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worker_jobs import job

from spotlight.sandbox.job import Job, Limits


def sources(first: str, *others: str, probes: tuple[str, ...] = (), **options: Any) -> Job:
    return replace(job(first, *probes, **options), others=others)


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value.data.tolist() if hasattr(value, "data") else value


def values(worker, asked: Job) -> list[Any]:
    """What every probe of every source returned; an exception's type in its place."""
    seen = worker.observe(asked)
    assert seen.ended == "finished"
    return [o.trouble.type if o.trouble else plain(o.value) for o in seen.probes]


RETURNS = "def f():\n    return {}"


def test_a_job_without_others_is_as_ever(worker) -> None:
    asked = job(RETURNS.format(1))
    assert asked.others == ()
    assert asked.expected_outcomes == ["given 0", "mine", "call_it"]


def test_outcomes_come_source_by_source_and_earlier_cells_are_run_once(worker) -> None:
    probes = ("def one(f):\n    return f()", "def two(f):\n    return -f()")
    asked = sources(*(RETURNS.format(n) for n in (1, 2, 3)), probes=probes, before=["x = 1"])
    seen = worker.observe(asked)
    assert seen.ended == "finished"
    assert [step.name for step in seen.steps] == ["given 0", "earlier 0", "mine", "mine", "mine"]
    assert [(o.name, o.value) for o in seen.probes] == [
        ("one", 1), ("two", -1), ("one", 2), ("two", -2), ("one", 3), ("two", -3),
    ]  # fmt: skip


@given(count=st.integers(0, 4), probes=st.integers(1, 3), before=st.integers(0, 2))
def test_the_expected_outcomes_are_all_that_are_to_come(
    count: int, probes: int, before: int
) -> None:
    asked = sources(
        "f = 1",
        *["f = 2"] * count,
        probes=tuple(f"def p{i}(f): pass" for i in range(probes)),
        before=["x = 1"] * before,
    )
    earlier = ["given 0", *(f"earlier {i}" for i in range(before))]
    turn = ["mine", *(f"p{i}" for i in range(probes))]
    assert asked.expected_outcomes == earlier + turn * (count + 1)


def test_a_job_travels_with_its_other_sources() -> None:
    asked = replace(sources("f = 1", "f = 2", "f = 3"), explain="def f__entry(): pass")
    assert Job.from_data(asked.as_data()) == asked


# The same start


def test_a_name_that_one_source_defines_is_unknown_to_the_next(worker) -> None:
    asked = sources(f"left = 1\n{RETURNS.format('left')}", RETURNS.format("left"))
    assert values(worker, asked) == [1, "NameError"]


def test_a_name_that_one_source_overwrites_or_deletes_is_itself_again(worker) -> None:
    asked = sources(
        f"x = 2\n{RETURNS.format('x')}",
        f"del x\n{RETURNS.format('1')}",
        RETURNS.format("x"),
        before=["x = 1"],
    )
    assert values(worker, asked) == [2, 1, 1]


def test_a_target_that_one_source_does_not_define_is_not_taken_from_another(worker) -> None:
    seen = worker.observe(sources(RETURNS.format(1), "def g(): return 2", RETURNS.format(3)))
    assert [step.missing for step in seen.steps[1:]] == [(), ("f",), ()]
    assert [o.value for o in seen.probes] == [1, None, 3]
    assert seen.probes[1].trouble.type == "KeyError"


@pytest.mark.parametrize(
    "broken", ["1 / 0", "def f(:", "raise KeyboardInterrupt", "import sys; sys.exit()", "\0"]
)
def test_an_error_in_one_source_leaves_the_next_alone(worker, broken: str) -> None:
    seen = worker.observe(sources(RETURNS.format(1), broken, RETURNS.format(3)))
    assert seen.ended == "finished"
    assert [o.value for o in seen.probes] == [1, None, 3]
    assert [step.trouble is None for step in seen.steps] == [True, True, False, True]


def test_lines_of_a_traceback_are_those_of_the_source_that_raised(worker) -> None:
    asked = sources(RETURNS.format("1 / 0"), f"# a line more\n{RETURNS.format('2 / 0')}")
    frames = [o.trouble.frames[-1] for o in worker.observe(asked).probes]
    assert [(frame.line, frame.text) for frame in frames] == [
        (2, "return 1 / 0"),
        (3, "return 2 / 0"),
    ]


DRAWS = "def p(f):\n    return f(randn(3))"


def test_every_source_is_probed_with_the_same_inputs(worker) -> None:
    asked = sources("def f(x): return x", "randn = 1\ndef f(x): return x", probes=(DRAWS,))
    first, second = (o.value.data for o in worker.observe(asked).probes)
    assert np.array_equal(first, second)


def test_every_source_draws_the_same_numbers_of_its_own(worker) -> None:
    source = "early = torch.rand(2)\ndef f(): return early, torch.rand(2), random.random()"
    asked = sources(source, f"torch.rand(7)\n{source}", source)
    first, _, third = values(worker, asked)
    assert first == third


def test_each_source_may_be_run_again_by_a_probe(worker) -> None:
    again = "def p(rerun):\n    return rerun(n=5)"
    asked = sources("f = n", "f = 2 * n", "f = -n", probes=(again,), before=["n = 1"])
    assert values(worker, asked) == [5, 10, -5]


def test_what_is_alone_and_what_is_among_others_is_the_same(worker) -> None:
    """So that a key may see all mistakes in one process."""
    texts = [
        "def f(x): return x * 2",
        "def f(x): return torch.softmax(x, 0)",
        "def f(x): return x.unknown",
        "def f(x): return x[torch.randperm(3)]",
    ]
    alone = [values(worker, job(text, DRAWS))[0] for text in texts]
    assert values(worker, sources(*texts, probes=(DRAWS,))) == alone
    assert values(worker, sources(*texts[::-1], probes=(DRAWS,))) == alone[::-1]


@pytest.mark.parametrize(
    ("first", "second", "before"),
    [
        ("given.append(2)\nf = len(given)", "f = len(given)", "given = [1]"),
        (
            "given.mul_(2)\nf = given.sum().item()",
            "f = given.sum().item()",
            "given = torch.ones(2)",
        ),
        ("given += 1\nf = given.sum().item()", "f = given.sum().item()", "given = torch.ones(2)"),
        ("given['b'] = 1\nf = len(given)", "f = len(given)", "given = {'a': 0}"),
        ("torch.set_grad_enabled(False)\nf = 1", "f = torch.is_grad_enabled()", ""),
        ("torch.set_default_dtype(torch.float64)\nf = 1", "f = str(torch.ones(1).dtype)", ""),
    ],
    ids=["list", "in place", "augmented", "dict", "gradients off", "default type"],
)
def test_what_one_source_changes_is_unchanged_for_the_next(
    worker, first: str, second: str, before: str
) -> None:
    """A mistake that works on a given tensor in place must not be seen in those after it."""
    probe = "def p(f):\n    return f"
    alone = values(worker, job(second, probe, before=[before]))
    among = values(worker, sources(first, second, probes=(probe,), before=[before]))
    assert among[1:] == alone


# Endings


def test_a_process_that_ends_in_one_source_is_crashed_with_what_came_before(worker) -> None:
    seen = worker.observe(sources(RETURNS.format(1), "os._exit(0)", RETURNS.format(3)))
    assert seen.ended == "crashed"
    assert [o.value for o in seen.probes] == [1]


def test_an_endless_source_ends_the_job(worker) -> None:
    limits = Limits(cpu_seconds=1, wall_seconds=10)
    seen = worker.observe(
        sources(RETURNS.format(1), "while True: pass", RETURNS.format(3), limits=limits)
    )
    assert seen.ended == "cpu"
    assert [o.value for o in seen.probes] == [1]


def test_fewer_outcomes_than_expected_are_a_crash(worker) -> None:
    """A worker that claims to have finished has answered for every source."""
    asked = sources(RETURNS.format(1), RETURNS.format(2))
    whole = worker.observe(asked)
    assert whole.ended == "finished"
    more = replace(asked, others=(*asked.others, "os._exit(0)"))
    assert worker.observe(more).ended == "crashed"


def test_other_sources_count_and_are_explained_like_the_first(worker) -> None:
    asked = sources("def f(x): return x + 1", "def f(x): return x + 1 + 1", probes=(DRAWS,))
    asked = replace(
        asked, probes=tuple(replace(call, counts=True) for call in asked.probes), explain=""
    )
    seen = worker.observe(asked)
    assert [o.cost.operations for o in seen.probes] == [1, 2]
    assert [o.calls[0].shapes for o in seen.probes] == [{"x": (3,)}] * 2

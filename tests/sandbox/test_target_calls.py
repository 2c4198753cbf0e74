"""What an answer key is told of the calls of a target: arguments, shapes, and entries in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from worker_jobs import job

from spotlight.sandbox.job import Job

ENTRY = "def f__entry(i, j, x):\n    return f'{i}, {j}: {formatted(x[i, j])} doubled'"
CALL = "def p(f):\n    return f(whole_numbers(2, 3))"
DOUBLE = "def f(x):\n    return 2 * x"


def explained(cell: str, *probes: str, entry: str = ENTRY, **options: Any) -> Job:
    return replace(job(cell, *(probes or (CALL,)), **options), explain=entry)


def only(worker, asked: Job):
    seen = worker.observe(asked)
    assert seen.ended == "finished"
    (outcome,) = seen.probes
    assert outcome.trouble is None, outcome.trouble
    return outcome


# Calls


def test_an_ordinary_job_is_told_nothing_of_its_calls(worker) -> None:
    outcome = only(worker, job(DOUBLE, CALL))
    assert (outcome.calls, outcome.entries) == ((), ())


def test_a_call_has_the_shapes_and_the_values_of_its_arguments(worker) -> None:
    cell = "def f(x, by, mask=None):\n    return x + by"
    outcome = only(
        worker, explained(cell, "def p(f):\n    return f(randn(2, 3), by=1.5)", entry="")
    )
    (call,) = outcome.calls
    assert call.target == "f"
    assert call.shapes == {"x": (2, 3)}
    assert list(call.arguments) == ["x", "by"]
    assert call.arguments["by"] == 1.5
    assert np.array_equal(call.arguments["x"].data + 1.5, outcome.value.data)


def test_an_argument_left_out_has_the_default_of_the_entry_s_own(worker) -> None:
    cell = "def f(x, by=2):\n    return by * x"
    entry = "def f__entry(i, x, by=2):\n    return f'{formatted(x[i])} times {by}'"
    outcome = only(
        worker, explained(cell, "def p(f):\n    return f(whole_numbers(1))", entry=entry)
    )
    assert outcome.entries[0].endswith(" times 2")


def test_arguments_are_as_they_were_before_the_call(worker) -> None:
    """Where the course's own code works in place, the caller's tensor is another afterwards."""
    outcome = only(worker, explained("def f(x):\n    return x.mul_(2)"))
    assert np.array_equal(2 * outcome.calls[0].arguments["x"].data, outcome.value.data)
    assert outcome.changed_inputs == (0,)


def test_shapes_are_those_before_the_call(worker) -> None:
    outcome = only(worker, explained("def f(x):\n    return x.resize_(1)", entry=""))
    assert outcome.calls[0].shapes == {"x": (2, 3)}


def test_every_call_is_told_in_order(worker) -> None:
    cell = "def f(x): return x\ndef g(y): return y"
    probe = "def p(f, g):\n    return g(f(randn(2))).sum() + f(randn(3)).sum()"
    outcome = only(worker, explained(cell, probe, entry="", targets=("f", "g")))
    assert [(c.target, c.shapes) for c in outcome.calls] == [
        ("f", {"x": (2,)}),
        ("g", {"y": (2,)}),
        ("f", {"x": (3,)}),
    ]


def test_of_large_arguments_only_the_shape_travels(worker) -> None:
    outcome = only(worker, explained(DOUBLE, "def p(f):\n    return f(randn(40, 40))", entry=""))
    assert outcome.calls[0].shapes == {"x": (40, 40)}
    assert outcome.calls[0].arguments == {}


def test_arguments_that_do_not_travel_are_named_by_their_type(worker) -> None:
    outcome = only(
        worker, explained("def f(x): return 1", "def p(f):\n    return f(print)", entry="")
    )
    assert "builtin" in outcome.calls[0].arguments["x"].type


def test_a_class_is_not_watched(worker) -> None:
    cell = "class f:\n    def __init__(self, x): self.x = x"
    outcome = only(worker, explained(cell, "def p(f):\n    return f(2).x", entry=""))
    assert (outcome.value, outcome.calls) == (2, ())


def test_a_call_that_raises_is_none(worker) -> None:
    (outcome,) = worker.observe(explained("def f(x): raise ValueError", entry="")).probes
    assert outcome.trouble.type == "ValueError"
    assert outcome.calls == ()


def test_a_call_of_another_number_of_arguments_is_the_error_that_it_always_is(worker) -> None:
    asked = explained(DOUBLE, "def p(f):\n    return f()", entry="")
    (outcome,) = worker.observe(asked).probes
    assert outcome.trouble.type == "TypeError"


# Entries


def test_entries_come_in_row_major_order(worker) -> None:
    outcome = only(worker, explained(DOUBLE))
    numbers = outcome.calls[0].arguments["x"].data
    places = [(i, j) for i in range(2) for j in range(3)]
    written = [str(int(numbers[place])).replace("-", "−") for place in places]
    assert outcome.entries == tuple(
        f"{i}, {j}: {number} doubled" for (i, j), number in zip(places, written, strict=True)
    )


def test_an_entry_is_told_of_the_arguments_as_they_were(worker) -> None:
    plain = only(worker, explained(DOUBLE)).entries
    assert only(worker, explained("def f(x):\n    return x.mul_(2)")).entries == plain


def test_an_entry_may_ask_for_some_of_the_arguments_in_any_order(worker) -> None:
    cell = "def f(q, k):\n    return q @ k"
    entry = "def f__entry(i, k, q):\n    return f'{len(k)} {q.shape[0]} {i}'"
    probe = "def p(f):\n    return f(randn(2, 3), randn(3))"
    assert only(worker, explained(cell, probe, entry=entry)).entries == ("3 2 0", "3 2 1")


def test_one_number_has_one_entry_without_a_place(worker) -> None:
    entry = "def f__entry(x):\n    return str(len(x))"
    outcome = only(worker, explained("def f(x):\n    return x.sum()", entry=entry))
    assert outcome.entries == ("2",)


@pytest.mark.parametrize(
    "probe",
    [
        "def p(f):\n    return f(whole_numbers(2, 3)) + 0",
        "def p(f):\n    return f(whole_numbers(2, 3)).tolist()",
        "def p(f):\n    return f(whole_numbers(2, 3)), 1",
        "def p(f):\n    x = whole_numbers(2, 3)\n    f(x)\n    return f(x)",
        "def p(f):\n    y = f(whole_numbers(2, 3))\n    f(whole_numbers(2, 3))\n    return y",
        "def p(f):\n    return whole_numbers(2, 3)",
        "def p(f):\n    return f(whole_numbers(9, 9))",
        "def p(f):\n    return f(whole_numbers(2, 0))",
    ],
    ids=[
        "computed on",
        "a list",
        "a tuple",
        "two calls",
        "the first of two",
        "no call",
        "too large",
        "empty",
    ],
)
def test_where_the_probe_does_not_return_a_small_result_as_it_came_nothing_is_explained(
    worker, probe: str
) -> None:
    assert only(worker, explained(DOUBLE, probe)).entries == ()


def test_without_an_entry_function_calls_are_told_all_the_same(worker) -> None:
    outcome = only(worker, explained(DOUBLE, entry=""))
    assert len(outcome.calls) == 1
    assert outcome.entries == ()


def test_an_entry_may_use_the_kit_and_the_probes_helpers(worker) -> None:
    entry = "def f__entry(i, j, x):\n    return name(i)"
    helpers = "def name(i):\n    return 'abc'[i]"
    outcome = only(worker, explained(DOUBLE, entry=entry, helpers=helpers))
    assert outcome.entries == tuple("aaabbb")


@pytest.mark.parametrize(
    "entry",
    [
        "def f__entry(i, j, other):\n    return ''",
        "def f__entry(i):\n    return ''",
        "def f__entry(i, j, x):\n    raise ValueError",
        "def other__entry(i, j, x):\n    return ''",
        "def f__entry(i, j, x:",
    ],
    ids=["unknown argument", "too few", "raises", "misnamed", "half"],
)
def test_an_entry_that_fails_is_trouble_of_the_course_and_told(worker, entry: str) -> None:
    """The reference then fails its own probes, and the author is told; no student ever is."""
    seen = worker.observe(explained(DOUBLE, entry=entry))
    assert seen.ended == "finished"
    if "(i)" not in entry:
        assert seen.probes[0].trouble is not None
    else:
        assert seen.probes[0].trouble is not None or seen.probes[0].entries == ()

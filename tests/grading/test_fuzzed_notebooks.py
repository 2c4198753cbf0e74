"""A mutated notebook gets a verdict or one clear sentence, and no wrong mark.

The deep tier runs tens of thousands of them: `python -m bench fuzz`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random

import pytest
from bench import fuzz as bench_fuzz
from bench.file_mutations import FILE_MUTATIONS
from bench.fuzz import Case, Fuzz, Outcome
from bench.known_notebooks import Known, known_notebooks, lessons
from bench.notebook_mutations import MUTATIONS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotlight.grading.submission import Submission, parse_submission
from spotlight.sandbox.worker import Worker
from tiers import FEW, few_lessons

FIXED_SEEDS = [pytest.param(n, marks=pytest.mark.deep) for n in range(100)]


@cache
def notebooks() -> list[Known]:
    return [known for entry in lessons() for known in known_notebooks(entry.id)]


@cache
def of_few() -> list[Known]:
    return [known for name in FEW for known in known_notebooks(name)]


@pytest.fixture(scope="session")
def fuzz(worker: Worker, key_cache: Path) -> Fuzz:
    return Fuzz(worker.observe, key_cache)


def called(name: str) -> Known:
    return next(known for known in notebooks() if known.name == name)


def kinds(outcome: Outcome) -> set[str]:
    return {failure.kind for failure in outcome.failures}


@pytest.mark.parametrize("entry", few_lessons())
def test_without_a_mutation_every_verdict_is_the_known_one(entry, fuzz: Fuzz) -> None:
    for known in known_notebooks(entry.id):
        case = Case.with_mutations(0, known, ())
        assert case.made().touched == set()
        outcome = fuzz.run(case)
        assert outcome.failures == (), known.name
        assert outcome.report is not None
        assert outcome.report.notes == (), known.name


@pytest.mark.parametrize("name", [*MUTATIONS, *FILE_MUTATIONS])
def test_one_mutation(name: str, fuzz: Fuzz, deep: bool) -> None:
    for seed in range(4 if deep else 1):
        known = Random(f"{name}: {seed}").choice(notebooks() if deep else of_few())
        assert fuzz.run(Case.with_mutations(seed, known, (name,))).failures == (), (
            seed,
            known.name,
        )


@pytest.mark.parametrize("seed", FIXED_SEEDS)
def test_a_case_of_the_deep_tier(seed: int, fuzz: Fuzz) -> None:
    assert fuzz.run(Case.of(seed)).failures == ()


@settings(
    max_examples=settings.default.max_examples // 6,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32),
    place=st.integers(0, 2**16),
    names=st.lists(st.sampled_from(list(MUTATIONS)), max_size=6),
    of_the_file=st.lists(st.sampled_from(list(FILE_MUTATIONS)), max_size=2),
)
def test_any_mutations_one_after_the_other(
    seed: int, place: int, names: list[str], of_the_file: list[str], fuzz: Fuzz, deep: bool
) -> None:
    some = notebooks() if deep else of_few()
    known = some[place % len(some)]
    assert fuzz.run(Case.with_mutations(seed, known, (*names, *of_the_file))).failures == ()


def test_the_worker_works_on_and_nothing_is_left_running(key_cache: Path) -> None:
    with Worker() as own:
        scratch = bench_fuzz.scratch_of(own)
        hurt = Fuzz(own.observe, key_cache)
        known = called("queries_and_keys, with helpers")
        for seed in range(3):
            hurt.run(Case.with_mutations(seed, known, ("damage_an_answer",) * 3))
        # The server, who waits for it, and the fork that waits for the next job.
        assert 0 < len(bench_fuzz.running_below(scratch)) <= 3
        assert Fuzz(own.observe, key_cache).run(Case.with_mutations(0, known, ())).failures == ()
    assert bench_fuzz.running_below(scratch) == []


# That it can fail


def reads_marked_cells_only(data: bytes, path: str) -> Submission:
    """A reader that drops what has lost its metadata."""
    notebook = json.loads(data)
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["metadata"]]
    return parse_submission(json.dumps(notebook).encode(), path)


def test_a_lost_mark_is_seen_and_shrunk_to_its_cause(
    fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_fuzz, "parse_submission", reads_marked_cells_only)
    names = ("outputs", "lose_all_metadata", "lose_an_id")
    case = Case.with_mutations(1, called("orientation, solution"), names)
    outcome = fuzz.run(case)
    assert kinds(outcome) == {"wrong mark"}
    assert fuzz.shrunk(case, outcome.failures[0]).names == ("lose_all_metadata",)


def test_a_mark_gained_is_seen(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a reader that takes one notebook for another."""
    solution = json.dumps(called("orientation, solution").notebook()).encode()
    mistaken = called("orientation, mistaken")
    case = Case.with_mutations(0, mistaken, ("empty_a_cell", "source_that_is_no_text") * 9)
    assert case.made().touched >= {exercise.id for exercise in mistaken.lesson.exercises}
    files = iter([solution])
    monkeypatch.setattr(
        bench_fuzz, "parse_submission", lambda data, path: parse_submission(next(files, data), path)
    )
    assert kinds(fuzz.run(case)) == {"gained"}


def test_a_crash_is_seen(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case.with_mutations(0, called("orientation, solution"), ("junk_among_the_cells",))
    monkeypatch.setattr(bench_fuzz, "parse_submission", lambda data, path: json.loads(data).cells)
    assert kinds(fuzz.run(case)) == {"crash"}


def test_a_notebook_refused_for_nothing_is_seen(
    fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bench_fuzz, "parse_submission", lambda data, path: parse_submission(b"", path)
    )
    case = Case.with_mutations(0, called("orientation, solution"), ("move_a_cell",))
    assert kinds(fuzz.run(case)) == {"refused"}


def test_a_sentence_that_is_none_is_seen(fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    def unclear(data: bytes, path: str) -> Submission:
        return parse_submission(data[:5], "\x1b[31m" + path)

    monkeypatch.setattr(bench_fuzz, "parse_submission", unclear)
    case = Case.with_mutations(0, called("orientation, solution"), ("cut_short",))
    assert kinds(fuzz.run(case)) == {"unclear"}

"""Prove an exercise to its author: what is right passes, what is wrong is named.

Over many seeds, the reference and every alternative must be accepted, every mistake rejected under
its own name and no other, and the stub must be known for blank.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spotlight.course.lesson import Exercise, Lesson, Variant
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.diagnosis.known_mistakes import same_outcome
from spotlight.diagnosis.one_change import changes_of
from spotlight.grading.answer_key import variant_program
from spotlight.grading.forbidden import forbidden_use
from spotlight.grading.grader import PUBLIC_SEED
from spotlight.grading.judge import judge
from spotlight.grading.observing import Observe, observe_all
from spotlight.grading.programs import job_for
from spotlight.sandbox.job import Job, Limits, Observation, ProbeCall, ProbeOutcome, Step

SEEDS = range(50)
_LIMITS = Limits(cpu_seconds=120, wall_seconds=240, output_bytes=2**30)
_MAX_PROBE_SECONDS = 2.0
_FEW_SEEDS = 4
_WRONG_TURNS = 80


@dataclass(frozen=True)
class _Runs:
    """What one implementation was seen to do, seed by seed."""

    by_seed: tuple[tuple[ProbeOutcome, ...], ...]
    whole: Observation


def prove(
    lesson: Lesson, exercise: Exercise, observe: Observe, seeds: Sequence[int] = SEEDS
) -> list[str]:
    """Every way in which `exercise` falls short, one sentence each."""
    return list(_Proof(lesson, exercise, observe, seeds).problems())


def broken_bans(lesson: Lesson, exercise: Exercise) -> Iterator[str]:
    """What breaks the exercise's own rules; it could neither pass nor be named."""
    sources = {"the solution": exercise.solution}
    for kind, variants in (
        ("alternative", exercise.alternatives),
        ("mistake", exercise.mistakes),
    ):
        sources |= {f"{kind} {v.name}": exercise.variant_source(v) for v in variants}
    for name, source in sources.items():
        rule = forbidden_use(lesson, exercise, Step(exercise.id, source, "exercise"))
        if rule is not None:
            yield f"{exercise.place}: {name} breaks the exercise's own rules. {rule}"


class _Proof:
    def __init__(
        self, lesson: Lesson, exercise: Exercise, observe: Observe, seeds: Sequence[int]
    ) -> None:
        self._lesson = lesson
        self._exercise = exercise
        self._observe = observe
        self._seeds = tuple(seeds)

    def problems(self) -> Iterator[str]:
        exercise = self._exercise
        yield from broken_bans(self._lesson, exercise)
        reference = self._run(exercise.solution)
        trouble = reference.whole.trouble
        if trouble is not None or reference.whole.ended != "finished":
            what = f"{trouble.type}: {trouble.message}" if trouble else reference.whole.ended
            yield f"{exercise.place}: the solution fails its own probes ({what})."
            return
        if reference.whole.cpu_seconds / len(self._seeds) > _MAX_PROBE_SECONDS:
            yield f"{exercise.place}: its probes take more than {_MAX_PROBE_SECONDS:g} CPU seconds."
        if not any(map(_unequal_sizes, reference.by_seed[0])):
            yield f"{exercise.place}: no probe draws inputs of unequal sizes in every dimension."
        mistakes = self._runs(exercise.mistakes, reference.whole.cpu_seconds)
        alternatives = self._runs(exercise.alternatives, reference.whole.cpu_seconds)
        keys = [
            ExerciseKey(seen, {name: runs.by_seed[i] for name, runs in mistakes.items()}, 0.1)
            for i, seen in enumerate(reference.by_seed)
        ]
        yield from self._alternatives(keys, alternatives)
        yield from self._mistakes(keys, mistakes)
        if PUBLIC_SEED in self._seeds:
            yield from self._undecided(reference.whole.cpu_seconds / len(self._seeds))
        stub = self._run(exercise.stub)
        status = judge(exercise, keys[0], _seed_view(stub, 0), _LIMITS).report.status
        if status == "passed":
            yield f"{exercise.place}: the stub passes."

    def _undecided(self, seconds: float) -> Iterator[str]:
        """Wrong turns that one seed accepts and another does not; a seed takes `seconds`.

        Students see the public seed: what is right there is not to turn wrong in class.
        """
        job = replace(self._job(self._exercise.solution), limits=Limits())
        few = [seed for seed in self._seeds if seed != PUBLIC_SEED][: _FEW_SEEDS - 1]
        calls = [c for c in job.probes if c.seed in (PUBLIC_SEED, *few)]
        job = replace(job, probes=tuple(calls))
        changes = changes_of(self._exercise.solution)
        changes = changes[:: 1 + len(changes) // _WRONG_TURNS]
        sources = {-1: self._exercise.solution, **{i: c.source for i, c in enumerate(changes)}}
        seen = observe_all(job, sources, self._observe, _FEW_SEEDS * seconds)
        right = seen.pop(-1)
        for place, outcomes in seen.items():
            same = {
                seed: all(map(same_outcome, self._graded(calls, right, seed), got))
                for seed in dict.fromkeys(call.seed for call in calls)
                if (got := self._graded(calls, outcomes, seed))
            }
            if len(set(same.values())) > 1:
                passed, failed = (
                    ", ".join(str(seed) for seed, is_same in same.items() if is_same == wanted)
                    for wanted in (True, False)
                )
                yield (
                    f"{self._exercise.place}: a change of the solution in line "
                    f"{changes[place].line} is accepted with seed {passed} and rejected with "
                    f"{failed} ({changes[place].message}) Add a case that tells."
                )

    def _graded(
        self, calls: Sequence[ProbeCall], outcomes: Sequence[ProbeOutcome], seed: int
    ) -> list[ProbeOutcome]:
        """What the probes that count saw with one seed."""
        counts = {probe.name for probe in self._exercise.probes if not probe.naming_only}
        pairs = zip(calls, outcomes, strict=True)
        return [o for call, o in pairs if call.seed == seed and call.name in counts]

    def _alternatives(
        self, keys: list[ExerciseKey], alternatives: dict[str, _Runs]
    ) -> Iterator[str]:
        for name, runs in alternatives.items():
            for i, seed in enumerate(self._seeds):
                found = judge(self._exercise, keys[i], _seed_view(runs, i), _LIMITS).report
                if found.status != "passed":
                    yield (
                        f"{self._exercise.place}: alternative {name} is rejected "
                        f"with seed {seed}: {found.message}"
                    )
                    break

    def _mistakes(self, keys: list[ExerciseKey], mistakes: dict[str, _Runs]) -> Iterator[str]:
        for name, runs in mistakes.items():
            for i, seed in enumerate(self._seeds):
                found = judge(self._exercise, keys[i], _seed_view(runs, i), _LIMITS).report
                if found.status == "passed":
                    yield f"{self._exercise.place}: mistake {name} is accepted with seed {seed}."
                    break
                if found.diagnosis != name:
                    yield (
                        f"{self._exercise.place}: mistake {name} cannot be told from "
                        f"{found.diagnosis or 'an error'} with seed {seed}: {found.message}"
                    )
                    break

    def _runs(self, variants: Sequence[Variant], seconds: float) -> dict[str, _Runs]:
        """What every variant does, in a few processes; what ends one is seen in its own."""
        sources = {v.name: self._exercise.variant_source(v) for v in variants}
        job = self._job("\n\n".join(sources.values()))
        seen = observe_all(job, sources, self._observe, seconds)
        return {
            name: self._by_seed(Observation((), seen[name], "finished", seconds))
            if name in seen
            else self._run(source)
            for name, source in sources.items()
        }

    def _run(self, source: str) -> _Runs:
        return self._by_seed(self._observe(self._job(source)))

    def _job(self, source: str) -> Job:
        program = variant_program(self._lesson, self._exercise, source)
        return job_for(self._exercise, program, self._seeds, _LIMITS)

    def _by_seed(self, whole: Observation) -> _Runs:
        size = len(self._exercise.probes)
        by_seed = tuple(whole.probes[size * i : size * (i + 1)] for i in range(len(self._seeds)))
        return _Runs(by_seed, whole)


def _seed_view(runs: _Runs, index: int) -> Observation:
    whole = runs.whole
    return Observation(whole.steps, runs.by_seed[index], whole.ended, whole.cpu_seconds)


def _unequal_sizes(outcome: ProbeOutcome) -> bool:
    """Whether no drawn input has two equal sizes or a size of one."""
    shapes = outcome.drawn_shapes
    return bool(shapes) and all(
        len(set(shape)) == len(shape) and (not shape or math.prod(shape) > 1) for shape in shapes
    )

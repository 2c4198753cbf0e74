"""Whether a wrong answer is one small change away from a right one: each is made and run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from spotlight.course.lesson import Exercise
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.diagnosis.finding import Finding
from spotlight.diagnosis.known_mistakes import same_outcome
from spotlight.diagnosis.one_change import Change, changes_of
from spotlight.grading.observing import Observe, observe_all
from spotlight.grading.programs import Program, job_for
from spotlight.python_source.signature import signature_of
from spotlight.sandbox.job import ProbeOutcome

_AT_ONCE = 40
_TRIED_WHOLE = 8


def one_slip(
    exercise: Exercise, key: ExerciseKey, program: Program, seed: int, observe: Observe
) -> Finding | None:
    """What keeps the cell of `exercise` from being right, where that is one thing in one place.

    Every change is run on one small case that the answer fails, and what passes it on all cases:
    what is said is known, since without it all would be right.
    """
    own = program.steps[-1].source
    job = job_for(exercise, program, [seed])
    failed = _failed(exercise, key, observe_all(job, {own: own}, observe, key.cpu_seconds).get(own))
    if not failed:
        return None
    smallest = min(failed, key=lambda i: _size(key.reference[i]))
    changes = {change.source: change for change in changes_of(own, _sizes(exercise))}
    tried = observe_all(
        replace(job, probes=(job.probes[smallest],)),
        {source: source for source in changes},
        observe,
        key.cpu_seconds / 4,
        _AT_ONCE,
    )
    wanted = key.reference[smallest]
    promising = [s for s, (got, *_) in tried.items() if same_outcome(wanted, got)]
    for source in promising[:_TRIED_WHOLE]:
        whole = observe_all(job, {source: source}, observe, key.cpu_seconds).get(source)
        if whole is not None and not _failed(exercise, key, whole):
            return _finding(changes[source])
    return None


def _failed(exercise: Exercise, key: ExerciseKey, got: Sequence[ProbeOutcome] | None) -> list[int]:
    """The places of the probes that are not passed."""
    outcomes = zip(exercise.probes, key.reference, got or (), strict=False)
    return [
        place
        for place, (probe, wanted, seen) in enumerate(outcomes)
        if not probe.naming_only and not same_outcome(wanted, seen)
    ]


def _sizes(exercise: Exercise) -> dict[str, str]:
    """What the docstring's letters stand for, in terms of the arguments."""
    signature = signature_of(exercise.stub, exercise.targets[0])
    found: dict[str, str] = {}
    for name, letters in signature.parameters.items() if signature else ():
        for axis, letter in enumerate(letters or ()):
            if letter.isidentifier():
                found.setdefault(letter, f"{name}.shape[{axis}]")
    return found


def _size(outcome: ProbeOutcome) -> int:
    return sum(math.prod(shape) for shape in outcome.drawn_shapes)


def _finding(change: Change) -> Finding:
    return Finding(
        change.kind, f"All is right but for one place, in line {change.line}: {change.message}"
    )

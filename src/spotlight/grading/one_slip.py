"""Whether a wrong answer is one small change away from a right one: each is made and run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from spotlight.course.lesson import Exercise
from spotlight.diagnosis.exercise_key import ExerciseKey, Outcomes
from spotlight.diagnosis.finding import Finding
from spotlight.diagnosis.known_mistakes import named_mistake, same_outcome
from spotlight.diagnosis.one_change import Change, changes_of
from spotlight.grading.observing import Observe, observe_all
from spotlight.grading.programs import Program, job_for
from spotlight.python_source.signature import signature_of
from spotlight.sandbox.job import Job, ProbeOutcome

_AT_ONCE = 40
_CPU_SECONDS = 20.0
"""What trying may cost. A submission may be made to cost much, and a class has hundreds."""
_TRIED_WHOLE = 8
_BESIDE_ANOTHER = (
    "swapped",
    "axis",
    "size",
    "typed-size",
    "transpose",
    "reshape-for-transpose",
    "off-by-one",
    "slice",
    "order",
    "replaced-not-added",
    "return-in-loop",
)
"""Slips that are made beside another mistake. Others, such as a step too much, may have been put
there in place of what is wanted, so that without them the answer is no nearer to right."""


def one_slip(
    exercise: Exercise, key: ExerciseKey, program: Program, seed: int, observe: Observe
) -> Finding | None:
    """What keeps the cell of `exercise` from being right, where that is one thing in one place.

    Every change is run on one small case that the answer fails, and what passes it on all cases:
    what is said is known, since without it all would be right. Where there is none such, a change
    is looked for after which the answer is one of the known mistakes: then it is these two.
    """
    own = program.steps[-1].source
    search = _Search(exercise, key, job_for(exercise, program, [seed]), observe)
    before = search.whole(own)
    failed = search.failed(before or ())
    if before is None or not failed:
        return None
    smallest = min(failed, key=lambda place: _size(key.reference[place]))
    changes = {change.source: change for change in changes_of(own, _sizes(exercise))}
    tried = search.tried(changes, smallest)
    right = key.reference[smallest]
    for change in _promising(changes, tried, lambda got: same_outcome(right, got)):
        after = search.whole(change.source)
        if after is not None and not search.failed(after):
            return Finding(change.kind, f"All is right but for one place, {_said(change)}")
    as_known = _as_a_known_mistake(key, smallest, before[smallest])
    small = {s: change for s, change in changes.items() if change.kind in _BESIDE_ANOTHER}
    for change in _promising(small, tried, as_known):
        after = search.whole(change.source)
        known = named_mistake(exercise, key, after) if after else None
        if known is not None:
            both = f"Two things at once. First, {_said(change)} Second: {known.message}"
            return Finding(f"{change.kind}+{known.name}", both)
    return None


@dataclass(frozen=True)
class _Search:
    """Cells in the place of the student's, and what the probes see of them."""

    exercise: Exercise
    key: ExerciseKey
    job: Job
    observe: Observe

    def whole(self, source: str) -> Outcomes | None:
        """All outcomes of one cell; None where it does not come to an end."""
        return observe_all(self.job, {source: source}, self.observe, self._seconds).get(source)

    def tried(self, changes: Mapping[str, Change], place: int) -> dict[str, ProbeOutcome]:
        """What one probe sees of each changed cell."""
        one = replace(self.job, probes=(self.job.probes[place],))
        sources = {source: source for source in changes}
        seen = observe_all(
            one, sources, self.observe, self._seconds / 4, at_once=_AT_ONCE, budget=_CPU_SECONDS
        )
        return {source: outcomes[0] for source, outcomes in seen.items()}

    def failed(self, outcomes: Sequence[ProbeOutcome]) -> list[int]:
        """The places of the probes that are not passed."""
        rows = zip(self.exercise.probes, self.key.reference, outcomes, strict=False)
        return [
            place
            for place, (probe, wanted, got) in enumerate(rows)
            if not probe.naming_only and not same_outcome(wanted, got)
        ]

    @property
    def _seconds(self) -> float:
        return self.key.cpu_seconds


def _promising(
    changes: Mapping[str, Change],
    tried: Mapping[str, ProbeOutcome],
    is_as_hoped: Callable[[ProbeOutcome], bool],
) -> Iterator[Change]:
    """The first few changes of whose one outcome something can be hoped."""
    hopeful = (
        changes[source] for source, got in tried.items() if source in changes and is_as_hoped(got)
    )
    for change, _ in zip(hopeful, range(_TRIED_WHOLE), strict=False):
        yield change


def _as_a_known_mistake(
    key: ExerciseKey, place: int, before: ProbeOutcome
) -> Callable[[ProbeOutcome], bool]:
    """Whether an outcome is that of a known mistake, of one that changes numbers in this case."""
    known = [
        outcomes[place]
        for outcomes in key.mistakes.values()
        if outcomes[place].trouble is None
        and not same_outcome(key.reference[place], outcomes[place])
        and not same_outcome(before, outcomes[place])
    ]
    return lambda got: any(same_outcome(wanted, got) for wanted in known)


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


def _said(change: Change) -> str:
    return f"in line {change.line}: {change.message}"

"""Whether a wrong answer is one small change away from a right one: each is made and run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from spotlight.course.lesson import Exercise, Lesson
from spotlight.diagnosis.compare import numeric
from spotlight.diagnosis.exercise_key import ExerciseKey, Outcomes
from spotlight.diagnosis.finding import Finding
from spotlight.diagnosis.known_mistakes import named_mistake, same_outcome
from spotlight.diagnosis.one_change import Change, changes_of
from spotlight.grading.answer_key import variant_program
from spotlight.grading.observing import Observe, observe_all
from spotlight.grading.programs import Program, job_for
from spotlight.python_source.signature import signature_of
from spotlight.sandbox.job import Job, ProbeOutcome

_OTHER_SEEDS = (101, 102, 103)
"""What a change does right by chance, it does wrong with other inputs."""
_AT_ONCE = 40
_CPU_SECONDS = 20.0
"""What trying may cost. A submission may be made to cost much, and a class has hundreds."""
_TRIED_WHOLE = 8
_BESIDE_ANOTHER = (
    "swapped",
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
    lesson: Lesson,
    exercise: Exercise,
    key: ExerciseKey,
    program: Program,
    seed: int,
    observe: Observe,
) -> Finding | None:
    """What keeps the cell of `exercise` from being right, where that is one thing in one place.

    Every change is run on one small case that the answer fails, and what passes it on all cases,
    and where the solution is at hand with other seeds, too: what is said is known, since without
    it all would be right. Where there is none such, a change is looked for after which the answer
    is one of the known mistakes: then it is these two.
    """
    own = program.steps[-1].source
    search = _Search(lesson, exercise, key, job_for(exercise, program, [seed]), observe)
    before = search.whole(own)
    failed = search.failed(before or ())
    if before is None or not failed:
        return None
    smallest = min(failed, key=lambda place: _size(key.reference[place]))
    changes = changes_of(own, _sizes(exercise))
    tried = search.tried(changes, smallest)
    right = key.reference[smallest]
    hopeful = [c for c in changes if c.source in tried and same_outcome(right, tried[c.source])]
    found = [change for change in hopeful[:_TRIED_WHOLE] if search.is_right(change)]
    if found:
        lines = {change.line for change in found}
        raised = before[smallest].trouble is not None
        return Finding(found[0].kind, _said(found[0], is_only=len(lines) == 1, raised=raised))
    return _beside_a_known_mistake(search, changes, tried, smallest, before)


@dataclass(frozen=True)
class _Search:
    """Cells in the place of the student's, and what the probes see of them."""

    lesson: Lesson
    exercise: Exercise
    key: ExerciseKey
    job: Job
    observe: Observe

    def whole(self, source: str) -> Outcomes | None:
        """All outcomes of one cell; None where it does not come to an end."""
        return observe_all(self.job, {source: source}, self.observe, self._seconds).get(source)

    def tried(self, changes: Sequence[Change], place: int) -> dict[str, ProbeOutcome]:
        """What one probe sees of each changed cell."""
        one = replace(self.job, probes=(self.job.probes[place],))
        sources = {change.source: change.source for change in changes}
        seen = observe_all(
            one, sources, self.observe, self._seconds / 4, at_once=_AT_ONCE, budget=_CPU_SECONDS
        )
        return {source: outcomes[0] for source, outcomes in seen.items()}

    def failed(self, outcomes: Sequence[ProbeOutcome]) -> list[int]:
        """The places of the probes that are not passed."""
        return self._differing(self.key.reference, outcomes)

    def is_right(self, change: Change) -> bool:
        """Whether a changed cell does all that is asked, whatever the inputs."""
        after = self.whole(change.source)
        if after is None or self.failed(after):
            return False
        return self.lesson.is_released or self._is_right_by_other_seeds(change.source)

    def _is_right_by_other_seeds(self, source: str) -> bool:
        solution = self.exercise.solution
        calls = [replace(c, seed=s) for s in _OTHER_SEEDS for c in self.job.probes]
        right, own = (
            observe_all(
                replace(self.job, steps=steps, probes=tuple(calls)),
                {text: text},
                self.observe,
                len(_OTHER_SEEDS) * self._seconds,
            ).get(text)
            for text, steps in (
                (solution, variant_program(self.lesson, self.exercise, solution).steps),
                (source, self.job.steps),
            )
        )
        return right is not None and own is not None and not self._differing(right, own)

    def _differing(self, wanted: Sequence[ProbeOutcome], got: Sequence[ProbeOutcome]) -> list[int]:
        counts = [not probe.naming_only for probe in self.exercise.probes]
        rows = enumerate(zip(wanted, got, strict=False))
        return [p for p, (w, g) in rows if counts[p % len(counts)] and not same_outcome(w, g)]

    @property
    def _seconds(self) -> float:
        return self.key.cpu_seconds


def _beside_a_known_mistake(
    search: _Search,
    changes: Sequence[Change],
    tried: Mapping[str, ProbeOutcome],
    place: int,
    before: Outcomes,
) -> Finding | None:
    """A slip and a mistake that has a name, made together."""
    key = search.key
    known = {
        name: outcomes
        for name, outcomes in key.mistakes.items()
        if _is_telling(key.reference, outcomes, before, place)
    }
    found: list[tuple[Change, Finding]] = []
    for change in islice(_as_one_of(known, changes, tried, place), _TRIED_WHOLE):
        after = search.whole(change.source)
        mistake = named_mistake(search.exercise, key, after) if after else None
        if mistake is not None and mistake.name in known:
            found.append((change, mistake))
    if not found:
        return None
    change, mistake = found[0]
    several = len({other.line for other, _ in found}) > 1
    first = f"{'such as this ' if several else ''}in line {change.line}: {change.message}"
    both = f"Two things at once. First, {first} Second: {mistake.message}"
    return Finding(f"{change.kind}+{mistake.name}", both)


def _is_telling(reference: Outcomes, mistaken: Outcomes, before: Outcomes, place: int) -> bool:
    """Whether a mistake shows in numbers, and the answer is wrong wherever the mistake is."""
    shown = numeric(mistaken[place].value)
    if shown is None or not np.isfinite(shown).all() or not shown.any():
        return False  # nan and 0 come of anything
    if any(same_outcome(seen[place], mistaken[place]) for seen in (reference, before)):
        return False
    return not any(
        same_outcome(right, own)
        for right, wrong, own in zip(reference, mistaken, before, strict=True)
        if not same_outcome(right, wrong)
    )


def _as_one_of(
    known: Mapping[str, Outcomes],
    changes: Sequence[Change],
    tried: Mapping[str, ProbeOutcome],
    place: int,
) -> Iterator[Change]:
    """The changes after which one case comes out as by a known mistake."""
    for change in changes:
        got = tried.get(change.source)
        if got is None or change.kind not in _BESIDE_ANOTHER:
            continue
        if any(same_outcome(outcomes[place], got) for outcomes in known.values()):
            yield change


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


def _said(change: Change, *, is_only: bool, raised: bool) -> str:
    place = f"in line {change.line}: {change.message}"
    if not is_only:
        return f"One change would make all right, such as this {place}"
    if raised:
        return f"One change would make all right, {place}"
    return f"All is right but for one place, {place}"

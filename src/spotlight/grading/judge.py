"""From an observation to a verdict. Pure: nothing is executed here, and nothing of a student's.

The order of what is said: blank, a budget exceeded, passed (unless it costs too much), a named
mistake, two at once, an error, what the result has to do with the right one, "perhaps" a mistake,
and at last where it first differs: kind, shape, property, value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from spotlight.course.lesson import Exercise, not_done
from spotlight.diagnosis import source_signs
from spotlight.diagnosis.compare import wrong_type
from spotlight.diagnosis.error_messages import explain
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.diagnosis.failing_case import (
    Failing,
    case_of,
    describe_gap,
    is_of_gradient,
    letters_agree,
    part_of,
    parting_inside,
    telling_case,
)
from spotlight.diagnosis.finding import Finding, Ground
from spotlight.diagnosis.generic_mistakes import generic_mistake, vague_mistake
from spotlight.diagnosis.known_mistakes import named_mistake, named_pair, perhaps, same_outcome
from spotlight.grading import evidence
from spotlight.grading.costs import broken_cost_rule
from spotlight.grading.report import Status
from spotlight.grading.verdict import Verdict, verdict
from spotlight.python_source.signature import Signature, signature_of
from spotlight.sandbox.job import Limits, Observation, ProbeOutcome, Step, Trouble
from spotlight.sandbox.wire import Opaque

_MAX_CODE = 80
_MAX_SAID = 200
_NOT_CALLED = re.compile(r"\(\) (takes|missing|got an unexpected)|object is not callable")
NOT_FILLED_IN = "Replace the marked line of the exercise, run its cell, and check again."


def judge(
    exercise: Exercise,
    key: ExerciseKey,
    seen: Observation,
    limits: Limits,
    steps: Sequence[Step] = (),
) -> Verdict:
    """The verdict on what was seen of a student's program for `exercise`, run as `steps`."""
    if _never_filled_in(exercise, seen):
        return verdict(exercise, "blank", NOT_FILLED_IN)
    if seen.ended != "finished":
        return _over_budget(exercise, seen, limits)
    return _Judged(exercise, key, seen, tuple(steps)).verdict()


@dataclass(frozen=True)
class _Judged:
    """One finished observation, beside the key."""

    exercise: Exercise
    key: ExerciseKey
    seen: Observation
    steps: tuple[Step, ...]

    def verdict(self) -> Verdict:
        outcomes = self._outcomes()
        failing = [
            Failing(probe, wanted, got)
            for probe, wanted, got in zip(
                self.exercise.probes, self.key.reference, outcomes, strict=True
            )
            if not probe.naming_only and not same_outcome(wanted, got)
        ]
        if failing:
            return self._failed(outcomes, sorted(failing, key=lambda case: case.effort))
        if self._is_stateful():
            return self._verdict("failed", _STATEFUL, "generic")
        other_type = self._wrong_type(outcomes)
        if other_type is not None:
            return self._verdict("failed", other_type, "generic")
        costly = broken_cost_rule(self.exercise, self.key.reference, outcomes, self.steps)
        if costly is not None:
            return self._verdict("forbidden", costly, "generic")
        return self._passed()

    def _outcomes(self) -> list[ProbeOutcome]:
        missing = ProbeOutcome("", None, Trouble("Missing", "the probe was not reached", ()))
        return [self.seen.probe(probe.name) or missing for probe in self.exercise.probes]

    def _passed(self) -> Verdict:
        notes = []
        if any(outcome.printed.strip() for outcome in self.seen.probes):
            notes.append("It prints while it runs; that costs nothing.")
        return verdict(self.exercise, "passed", cpu_seconds=self.seen.cpu_seconds, notes=notes)

    def _wrong_type(self, outcomes: Sequence[ProbeOutcome]) -> Finding | None:
        """Right numbers in what the next cells cannot use."""
        for probe, wanted, got in zip(
            self.exercise.probes, self.key.reference, outcomes, strict=True
        ):
            what = None if probe.naming_only else wrong_type(wanted.value, got.value)
            if what is not None:
                said = f"The numbers are right, but the next cells cannot use them: {what}."
                return Finding("wrong-type", said)
        return None

    def _returning(self) -> str | None:
        """What is to return a value: the function itself, or a module's forward."""
        if f"def {self.exercise.targets[0]}(" in self.exercise.stub:
            return "the function"
        return "`forward`" if "def forward(" in self.exercise.stub else None

    def _is_stateful(self) -> bool:
        """Whether the first probe, called again at the end, gave something else."""
        again = self.seen.probes[len(self.exercise.probes) :]
        return bool(again) and not same_outcome(self.seen.probes[0], again[0])

    def _verdict(
        self, status: Status, finding: Finding, ground: Ground, failing: Sequence[Failing] = ()
    ) -> Verdict:
        shown = failing[0] if failing else None
        graded = sum(not probe.naming_only for probe in self.exercise.probes)
        share = 1 - len(failing) / graded if self.exercise.partial and failing else 0.0
        trouble = shown.got.trouble if shown else None
        notes = []
        if ground not in ("mistake", "pair") and finding.name != "input-changed":
            changed = (c.got.changed_inputs and not c.wanted.changed_inputs for c in failing)
            notes = [_ALSO_CHANGED] if any(changed) else []
        return verdict(
            self.exercise,
            status,
            finding.message,
            ground=ground,
            diagnosis=finding.name or None,
            evidence=evidence.in_numbers(shown) if shown else None,
            comparison=evidence.comparison(shown) if shown else None,
            trouble=trouble,
            explanation=(explain(trouble) or "") if trouble and trouble.frames else "",
            share=share,
            notes=notes,
            cpu_seconds=self.seen.cpu_seconds,
        )

    def _failed(self, outcomes: list[ProbeOutcome], failing: list[Failing]) -> Verdict:
        """`failing` come with the case first that is easiest to check by hand."""
        known = named_mistake(self.exercise, self.key, outcomes)
        if known is not None:
            return self._verdict("failed", known, "mistake", failing)
        both = named_pair(self.exercise, self.key, outcomes)
        if both is not None:
            return self._verdict("failed", both, "pair", failing)
        undone = _left_undone(failing, self._returning())
        if undone is not None:
            return self._verdict("failed", undone, "generic", failing)
        sign = source_signs.look(self.steps, self.exercise) if self.steps else None
        if sign is not None and (sign.name == "global-for-argument" or _misfits(sign, failing)):
            return self._verdict("failed", sign, "generic", failing)
        error = self._error(failing)
        if error is not None:
            return error
        source = self.steps[-1].source if self.steps else ""
        target = self.exercise.targets[0]
        signature = signature_of(self.exercise.stub, target)
        typed = source_signs.typed_numbers(source, target)
        generic = (
            (_STATEFUL if self._is_stateful() else None)
            or generic_mistake(
                self.exercise.probes, self.key.reference, outcomes, failing, signature, typed
            )
            or (sign if all(case.gives_numbers for case in failing) else None)
        )
        if generic is not None:
            ground: Ground = "generic" if generic.name in _CAUSES else "relation"
            return self._verdict("failed", generic, ground, failing)
        guess = perhaps(self.exercise, self.key, outcomes)
        if guess is not None:
            return self._verdict("failed", guess, "perhaps", failing)
        vague = vague_mistake(self.exercise.probes, self.key.reference, outcomes, signature)
        if vague is not None:
            return self._verdict("failed", vague, "relation", failing)
        inside = parting_inside(self.exercise.probes, self.key.reference, outcomes, source)
        return self._difference(failing, signature, inside)

    def _error(self, failing: Sequence[Failing]) -> Verdict | None:
        """An error, if the cell does not run or if every probe ends in the student's code."""
        for step in self.seen.steps:
            if step.missing and step.trouble is not None:
                return self._error_verdict(step.trouble)
            if step.missing:
                names = " and ".join(step.missing)
                said = f"The cell runs, but does not define {names}."
                return verdict(self.exercise, "failed", said)
        own = self.exercise.id
        troubles = [case.got.trouble for case in failing]
        graded = sum(not probe.naming_only for probe in self.exercise.probes)
        if len(failing) == graded and all(t is not None and t.frames for t in troubles):
            # What the exercise relies on and did not run is the cause of what it lacks.
            broken = [s.trouble for s in self.seen.steps if s.trouble and s.name != own]
            return self._error_verdict([*broken, *troubles][0])
        return None

    def _error_verdict(self, trouble: Trouble | None) -> Verdict:
        assert trouble is not None
        message = describe_trouble(self.exercise, trouble)
        return verdict(
            self.exercise,
            "error",
            message[0].upper() + message[1:],
            ground="error",
            trouble=trouble,
            explanation=explain(trouble) or "",
            cpu_seconds=self.seen.cpu_seconds,
        )

    def _difference(
        self, failing: list[Failing], signature: Signature | None, inside: str | None
    ) -> Verdict:
        """What can be seen of the smallest failing case, where nothing explains it.

        `inside` says it of what is inside a module.
        """
        shown = next(case for case in failing if not _is_right_but_writes(case))
        trouble = shown.got.trouble
        case = f"In the case “{case_of(shown.probe)}”"
        ground: Ground = "values"
        if trouble is not None and trouble.frames:
            ground, said = "error", f"{case}: {describe_trouble(self.exercise, trouble)}"
        elif trouble is not None:
            ground, said = "error", f"{case}, {_unusable(trouble)}"
        else:
            gap = shown.gap
            assert gap is not None
            if gap.kind == "shape":
                shown = telling_case(failing, signature)
                signature = signature if letters_agree(failing, signature) else None
                case = f"In the case “{case_of(shown.probe)}”"
            ground, what = describe_gap(shown, signature)
            said = f"{case}{part_of(shown)}, {what}."
            if all(is_of_gradient(other) for other in failing):
                ground, said = "property", f"The values are right, the gradients are not. {said}"
        if inside is not None:
            ground, said = "inside", f"{said} {inside}"
        first = [shown, *(other for other in failing if other is not shown)]
        return self._verdict("failed", Finding("", said), ground, first)


_CAUSES = ("state-between-calls", "detached-gradient")
"""Findings that say why, where others say what the numbers have to do with the right ones."""
_DOTS = Opaque("ellipsis")
_ALSO_CHANGED = "It also changes the tensor that it was given; compute with a new one."
_STATEFUL = Finding(
    "state-between-calls",
    "Called twice with the same arguments, it gives two different results: something is kept from "
    "one call to the next, such as a list or counter outside the function, or a default argument "
    "that is changed.",
)


def _left_undone(failing: Sequence[Failing], returning: str | None) -> Finding | None:
    """What every failing case shows alike: nothing returned, or the caller's tensor changed."""
    dots = next((case for case in failing if case.got.value == _DOTS), None)
    if dots is not None:
        return Finding("left-open", f"“{case_of(dots.probe)}” is still `...`: fill it in, too.")
    empty = [case for case in failing if _returns_nothing(case)]
    # Where nothing is returned, no gradient comes back either.
    rest = (case for case in failing if case not in empty)
    if (
        returning is not None
        and empty
        and all(is_of_gradient(c) and c.gap and c.gap.nothing for c in rest)
    ):
        if any(case.got.printed.strip() for case in failing):
            return Finding(
                "printed-not-returned",
                f"It prints a value but returns None; end {returning} with `return`.",
            )
        return Finding(
            "nothing-returned",
            f"It returns None: {returning} ends without a `return`, or a method that works in "
            "place was returned.",
        )
    if any(case.got.left_switched for case in failing) and all(map(_is_right_but_writes, failing)):
        what = " and ".join(next(c.got.left_switched for c in failing if c.got.left_switched))
        return Finding(
            "left-switched",
            f"The values are right, but it leaves torch's {what} switched for everything that "
            "comes after: switch within a `with` block, which puts it back.",
        )
    written = [case for case in failing if _is_right_but_writes(case)]
    # Into what is to have a gradient nothing can be written at all.
    if written and all(_cannot_be_written_into(c) for c in failing if c not in written):
        if any(case.wanted.changed_inputs for case in failing):
            return Finding(
                "input-not-changed",
                "It leaves the tensor that it was given as it was; change it in place.",
            )
        return Finding(
            "input-changed",
            "The values are right, but it changes the tensor that it was given: methods that end "
            "in `_`, `+=` and assignments to entries write into the caller's own tensor. Compute "
            "with a new one.",
        )
    return None


def _misfits(sign: Finding, failing: Sequence[Failing]) -> bool:
    """Whether a variable of the notebook is what cases end at: it fits the sizes of no other."""
    troubles = [case.got.trouble for case in failing if not case.gives_numbers]
    return (
        sign.name == "depends-on-global"
        and bool(troubles)
        and all(trouble is not None and trouble.type == "RuntimeError" for trouble in troubles)
    )


def _is_right_but_writes(case: Failing) -> bool:
    return case.got.trouble is None and case.gap is None


def _cannot_be_written_into(case: Failing) -> bool:
    trouble = case.got.trouble
    return trouble is not None and "used in an in-place operation" in trouble.message


def _returns_nothing(case: Failing) -> bool:
    trouble = case.got.trouble
    if trouble is not None:
        return not trouble.frames and "NoneType" in trouble.message
    return case.got.value is None


def _unusable(trouble: Trouble) -> str:
    """An exception outside the student's code: what they returned could not be used."""
    said = shorten((trouble.message.splitlines() or [""])[0], _MAX_SAID)
    called = trouble.type == "TypeError" and _NOT_CALLED.search(said)
    what = "it cannot be called" if called else "what it returns cannot be used"
    return f"{what} as its docstring says ({trouble.type}: {said})."


def describe_trouble(exercise: Exercise, trouble: Trouble) -> str:
    """An exception in one sentence, with the student's own line."""
    line, code = "", "."
    if trouble.frames:
        frame = trouble.frames[-1]
        line = f"line {frame.line}" + ("" if frame.cell == exercise.id else f" of {frame.cell}")
        code = f": `{shorten(frame.text, _MAX_CODE)}`" if frame.text else "."
    if trouble.type == "NameError" and "' is not defined" in trouble.message:
        name = trouble.message.split("'")[1]
        return f"{line or 'it'} uses `{name}`, which no cell defines{code}"
    said = shorten((trouble.message.splitlines() or [""])[0], _MAX_SAID).rstrip(".")
    return f"{trouble.type}{': ' if said else ''}{said}{' in ' if line else ''}{line}{code}"


def shorten(text: str, length: int) -> str:
    """`text`, cut to `length` characters with an ellipsis where it is longer."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _never_filled_in(exercise: Exercise, seen: Observation) -> bool:
    """Whether every probe met the stub's own exception, or a variable that is still its dots."""
    sentence = not_done(exercise.id)

    def met_stub(outcome: ProbeOutcome) -> bool:
        if outcome.trouble is not None:
            return outcome.trouble.message == sentence
        return bool(outcome.value == _DOTS)

    return bool(seen.probes) and all(map(met_stub, seen.probes))


def _over_budget(exercise: Exercise, seen: Observation, limits: Limits) -> Verdict:
    where = ""
    reached = len(seen.probes)
    if seen.ended == "memory":  # told by an exception, so that later cases may have come after it
        reached = next((i for i, o in enumerate(seen.probes) if o.trouble), reached)
    ran = any(step.name == exercise.id for step in seen.steps)
    if ran and reached < len(exercise.probes):
        where = f" in the case “{case_of(exercise.probes[reached])}”"
    status: Status = "crashed"
    match seen.ended:
        case "cpu":
            status = "timeout"
            said = (
                f"It was stopped after {limits.cpu_seconds:g} seconds of computing{where}. "
                "Look for a loop that never ends."
            )
        case "wall":
            status = "timeout"
            said = (
                f"It was stopped after {limits.wall_seconds:g} seconds{where}. "
                "Look for something that waits, such as input() or sleep()."
            )
        case "memory":
            status = "memory"
            said = (
                f"It asked for more than {limits.memory_bytes / 2**30:g} GB of memory{where}. "
                "Look for a tensor that is far larger than its docstring says."
            )
        case "output":
            status = "memory"
            said = f"It returned more than {limits.output_bytes // 2**20} MB{where}."
        case _:
            said = f"It ended its Python process{where}, so nothing could be compared."
    return verdict(exercise, status, said, cpu_seconds=seen.cpu_seconds)

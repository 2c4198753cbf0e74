"""From an observation to a verdict. Pure: nothing is executed here, and nothing of a student's.

The order of what is said: blank, forbidden, a budget exceeded, passed, a named mistake, an error,
"perhaps" a mistake, then the first difference (kind, shape, property, value).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from spotlight.authoring.lesson import Exercise, Probe, Variant, not_done
from spotlight.grading.answer_key import ExerciseKey
from spotlight.grading.compare import Difference, difference, remarks
from spotlight.grading.report import Evidence, ExerciseReport, Status
from spotlight.sandbox.job import Limits, Observation, ProbeOutcome, Trouble
from spotlight.sandbox.wire import Opaque

_MAX_CODE = 80
_MAX_SAID = 200
_NOT_CALLED = re.compile(r"\(\) (takes|missing|got an unexpected)|object is not callable")
NOT_FILLED_IN = "Replace the marked line of the exercise, run its cell, and check again."


@dataclass(frozen=True, eq=False)
class Comparison:
    """The matrices behind a verdict, for cards; from the run's own seed.

    `index` is where the first value differs, where it is values that do.
    """

    probe: str
    description: str
    expected: np.ndarray | None
    observed: np.ndarray | None
    index: tuple[int, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What is said of one exercise: the report, and what a card may draw beside it."""

    report: ExerciseReport
    comparison: Comparison | None = field(default=None, compare=False)
    trouble: Trouble | None = None

    def with_remarks(self, *more: str) -> Verdict:
        """The same verdict with remarks added."""
        report = self.report.model_copy(update={"remarks": (*self.report.remarks, *more)})
        return replace(self, report=report)


def verdict(
    exercise: Exercise,
    status: Status,
    message: str = "",
    *,
    diagnosis: str | None = None,
    evidence: Evidence | None = None,
    comparison: Comparison | None = None,
    trouble: Trouble | None = None,
    cpu_seconds: float = 0.0,
    notes: Sequence[str] = (),
) -> Verdict:
    """A verdict on `exercise`, with its points by its status.

    What a student's code wrote into `message` and `trouble` is cleared of what no page or terminal
    should be handed: control characters and broken Unicode.
    """
    report = ExerciseReport(
        exercise=exercise.id,
        title=exercise.title,
        points=exercise.points if status == "passed" else 0.0,
        possible=exercise.points,
        status=status,
        diagnosis=diagnosis,
        message=_printable(message),
        remarks=tuple(notes),
        evidence=evidence,
        cpu_seconds=round(cpu_seconds, 4),
    )
    return Verdict(report, comparison, _printable_trouble(trouble))


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)


def _printable_trouble(trouble: Trouble | None) -> Trouble | None:
    if trouble is None:
        return None
    frames = tuple(replace(frame, text=_printable(frame.text)) for frame in trouble.frames)
    return Trouble(_printable(trouble.type), _printable(trouble.message), frames)


def judge(exercise: Exercise, key: ExerciseKey, seen: Observation, limits: Limits) -> Verdict:
    """The verdict on what was seen of a student's program for `exercise`."""
    if _never_filled_in(exercise, seen):
        return verdict(exercise, "blank", NOT_FILLED_IN)
    if seen.ended != "finished":
        return _over_budget(exercise, seen, limits)
    failing = [
        (probe, wanted, got)
        for probe, wanted, got in zip(
            exercise.probes, key.reference, _outcomes(exercise, seen), strict=True
        )
        if not same_outcome(wanted, got)
    ]
    if not failing:
        first = next(iter(seen.probes), None)
        notes = remarks(key.reference[0].value, first.value) if first else []
        if any(outcome.printed.strip() for outcome in seen.probes):
            notes.append("It prints while it runs; that costs nothing.")
        return verdict(exercise, "passed", cpu_seconds=seen.cpu_seconds, notes=notes)
    return _failed(exercise, key, seen, failing)


def same_outcome(wanted: ProbeOutcome, got: ProbeOutcome) -> bool:
    """Whether two outcomes of one probe are equal: values, exceptions and changed inputs."""
    if wanted.trouble or got.trouble:
        return (
            wanted.trouble is not None
            and got.trouble is not None
            and (wanted.trouble.type, wanted.trouble.message)
            == (got.trouble.type, got.trouble.message)
        )
    return (
        wanted.changed_inputs == got.changed_inputs and difference(wanted.value, got.value) is None
    )


_Failing = list[tuple[Probe, ProbeOutcome, ProbeOutcome]]


def _outcomes(exercise: Exercise, seen: Observation) -> list[ProbeOutcome]:
    missing = ProbeOutcome("", None, Trouble("Missing", "the probe was not reached", ()))
    return [seen.probe(probe.name) or missing for probe in exercise.probes]


def _never_filled_in(exercise: Exercise, seen: Observation) -> bool:
    """Whether every probe met the stub's own exception, or a variable that is still its dots."""
    sentence = not_done(exercise.id)

    def met_stub(outcome: ProbeOutcome) -> bool:
        if outcome.trouble is not None:
            return outcome.trouble.message == sentence
        return isinstance(outcome.value, Opaque) and outcome.value.type == "ellipsis"

    return bool(seen.probes) and all(map(met_stub, seen.probes))


def _over_budget(exercise: Exercise, seen: Observation, limits: Limits) -> Verdict:
    where = ""
    reached = len(seen.probes)
    if seen.ended == "memory":  # told by an exception, so that later cases may have come after it
        reached = next((i for i, o in enumerate(seen.probes) if o.trouble), reached)
    ran = any(step.name == exercise.id for step in seen.steps)
    if ran and reached < len(exercise.probes):
        where = f" in the case “{_case(exercise.probes[reached])}”"
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


def _failed(exercise: Exercise, key: ExerciseKey, seen: Observation, failing: _Failing) -> Verdict:
    probe, wanted, got = failing[0]
    gap = None if got.trouble else difference(wanted.value, got.value)
    outcomes = _outcomes(exercise, seen)
    named = _named(exercise, key, outcomes)
    if named is None:
        error = _error(exercise, seen, failing)
        if error is not None:
            return error
    message = _describe(exercise, probe, wanted, got, gap)
    if named is not None:
        message = named.message
    elif (perhaps := _perhaps(exercise, key, outcomes)) is not None:
        message = f"Perhaps: {perhaps.message}"
    return verdict(
        exercise,
        "failed",
        message,
        diagnosis=named.name if named else None,
        evidence=_evidence(probe, wanted, gap),
        comparison=_comparison(probe, gap),
        trouble=got.trouble,
        cpu_seconds=seen.cpu_seconds,
    )


def _named(exercise: Exercise, key: ExerciseKey, got: list[ProbeOutcome]) -> Variant | None:
    """The mistake that every probe's outcome equals."""
    for wrong in exercise.mistakes:
        if all(same_outcome(w, g) for w, g in zip(key.mistakes[wrong.name], got, strict=False)):
            return wrong
    return None


def _perhaps(exercise: Exercise, key: ExerciseKey, got: list[ProbeOutcome]) -> Variant | None:
    """The mistake that is equalled wherever it differs from the reference, on the most probes."""
    best: tuple[int, Variant] | None = None
    for wrong in exercise.mistakes:
        telling = [
            (w, g)
            for r, w, g in zip(key.reference, key.mistakes[wrong.name], got, strict=False)
            if not same_outcome(r, w)
        ]
        if (
            telling
            and all(same_outcome(w, g) for w, g in telling)
            and (best is None or len(telling) > best[0])
        ):
            best = (len(telling), wrong)
    return best[1] if best else None


def _error(exercise: Exercise, seen: Observation, failing: _Failing) -> Verdict | None:
    """An error, if the cell does not run or if every probe ends in the student's code."""
    for step in seen.steps:
        if step.missing and step.trouble is not None:
            return _error_verdict(exercise, seen, step.trouble)
        if step.missing:
            names = " and ".join(step.missing)
            return verdict(exercise, "failed", f"The cell runs, but does not define {names}.")
    troubles = [got.trouble for _, _, got in failing]
    if len(failing) == len(exercise.probes) and all(t is not None and t.frames for t in troubles):
        # What the exercise relies on and did not run is the cause of what it lacks.
        broken = [s.trouble for s in seen.steps if s.trouble and s.name != exercise.id]
        return _error_verdict(exercise, seen, [*broken, *troubles][0])
    return None


def _error_verdict(exercise: Exercise, seen: Observation, trouble: Trouble | None) -> Verdict:
    assert trouble is not None
    message = describe_trouble(exercise, trouble)
    message = message[0].upper() + message[1:]
    return verdict(exercise, "error", message, trouble=trouble, cpu_seconds=seen.cpu_seconds)


def describe_trouble(exercise: Exercise, trouble: Trouble) -> str:
    """An exception in one sentence, with the student's own line."""
    line, code = "", "."
    if trouble.frames:
        frame = trouble.frames[-1]
        line = f"line {frame.line}" + ("" if frame.cell == exercise.id else f" of {frame.cell}")
        code = f": `{shorten(frame.text, _MAX_CODE)}`" if frame.text else "."
    if trouble.type == "NameError" and "'" in trouble.message:
        name = trouble.message.split("'")[1]
        return f"{line or 'it'} uses `{name}`, which no cell defines{code}"
    said = shorten((trouble.message.splitlines() or [""])[0], _MAX_SAID).rstrip(".")
    return f"{trouble.type}{': ' if said else ''}{said}{' in ' if line else ''}{line}{code}"


def shorten(text: str, length: int) -> str:
    """`text`, cut to `length` characters with an ellipsis where it is longer."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _describe(
    exercise: Exercise,
    probe: Probe,
    wanted: ProbeOutcome,
    got: ProbeOutcome,
    gap: Difference | None,
) -> str:
    case = f"In the case “{_case(probe)}”"
    if got.trouble is not None and got.trouble.frames:
        return f"{case}: {describe_trouble(exercise, got.trouble)}"
    returned_none = got.value is None if got.trouble is None else "NoneType" in got.trouble.message
    if returned_none and got.printed.strip():
        return f"{case}, it prints a value but returns None; end the function with `return`."
    if got.trouble is not None:
        said = shorten((got.trouble.message.splitlines() or [""])[0], _MAX_SAID)
        called = got.trouble.type == "TypeError" and _NOT_CALLED.search(said)
        what = "it cannot be called" if called else "what it returns cannot be used"
        return f"{case}, {what} as its docstring says ({got.trouble.type}: {said})."
    if gap is None and wanted.changed_inputs:
        return f"{case}, it leaves the tensor that it was given as it was; change it in place."
    if gap is None:
        return f"{case}, it changes the tensor that it was given; compute with a copy."
    part = f", part {gap.where}" if gap.where else ""
    return f"{case}{part}, {gap.message}."


def _case(probe: Probe) -> str:
    return probe.description.strip().split("\n")[0].rstrip(".")


def _evidence(probe: Probe, wanted: ProbeOutcome, gap: Difference | None) -> Evidence:
    if gap is None or gap.expected is None or gap.observed is None:
        return Evidence(probe=probe.name)
    return Evidence(
        probe=probe.name,
        expected_shape=tuple(gap.expected.shape),
        shape=tuple(gap.observed.shape),
        max_abs_diff=gap.max_abs_diff,
    )


def _comparison(probe: Probe, gap: Difference | None) -> Comparison | None:
    if gap is None or gap.expected is None:
        return None
    return Comparison(probe.name, _case(probe), gap.expected, gap.observed, gap.index or ())

"""Which known mistake an observation is: one of them, two at once, or perhaps one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spotlight.course.lesson import Exercise, Variant
from spotlight.diagnosis.compare import difference
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.diagnosis.finding import Finding
from spotlight.sandbox.job import ProbeOutcome


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
        wanted.changed_inputs == got.changed_inputs
        and wanted.left_switched == got.left_switched
        and difference(wanted.value, got.value) is None
    )


def named_mistake(
    exercise: Exercise, key: ExerciseKey, got: Sequence[ProbeOutcome]
) -> Finding | None:
    """The mistake that every probe's outcome equals."""
    for wrong in exercise.mistakes:
        if _equal(key.mistakes[wrong.name], got):
            return Finding(wrong.name, wrong.message)
    return None


def named_pair(exercise: Exercise, key: ExerciseKey, got: Sequence[ProbeOutcome]) -> Finding | None:
    """The two mistakes that every probe's outcome equals when they are made together.

    Where several pairs look alike, what they have in common is named, if it is one mistake. Of an
    exercise that is judged by words nothing is said: too much comes to the same words.
    """
    if _judged_by_words(key):
        return None
    alike = [set(names) for names, seen in key.pairs.items() if _equal(seen, got)]
    if not alike:
        return None
    shared = set.intersection(*alike)
    wrong = [mistake for mistake in exercise.mistakes if mistake.name in shared]
    match wrong:
        case [one, two]:
            return Finding(
                f"{one.name}+{two.name}",
                f"Two things at once. First: {one.message} Second: {two.message}",
            )
        case [one]:
            return Finding(one.name, f"{one.message} That is not all of it, but begin there.")
        case _:
            return None


def perhaps(exercise: Exercise, key: ExerciseKey, got: Sequence[ProbeOutcome]) -> Finding | None:
    """The mistake that is equalled wherever it differs from the reference, on the most probes.

    It is a guess: the finding has no name. Of an exercise that is judged by words none is made.
    """
    if _judged_by_words(key):
        return None
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
    return Finding("", f"Perhaps: {best[1].message}") if best else None


def _judged_by_words(key: ExerciseKey) -> bool:
    """Whether a probe says in words what it found: {"place": "raised", "others": ["size"]}."""
    return any(isinstance(seen.value, dict) and _in_words(seen.value) for seen in key.reference)


def _in_words(value: Any) -> bool:
    match value:
        case dict():
            return bool(value) and all(map(_in_words, value.values()))
        case list() | tuple():
            return all(map(_in_words, value))
        case _:
            return isinstance(value, str)


def _equal(wanted: Sequence[ProbeOutcome], got: Sequence[ProbeOutcome]) -> bool:
    return len(wanted) == len(got) and all(map(same_outcome, wanted, got))

"""What is known of an exercise before a student's answer is seen: outcomes, and no code."""

from __future__ import annotations

from dataclasses import dataclass, field

from spotlight.sandbox.job import ProbeOutcome

Outcomes = tuple[ProbeOutcome, ...]


@dataclass(frozen=True)
class ExerciseKey:
    """The outcomes of every probe, in order: of the reference, each mistake, each pair of them."""

    reference: Outcomes
    mistakes: dict[str, Outcomes]
    cpu_seconds: float
    pairs: dict[tuple[str, str], Outcomes] = field(default_factory=dict)

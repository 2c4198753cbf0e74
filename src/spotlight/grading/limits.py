"""What a student's exercise may use: computing time, and with it time in all."""

from __future__ import annotations

from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.sandbox.job import Limits


def limits_for(key: ExerciseKey) -> Limits:
    """Ten times the reference's CPU time, five seconds at least; memory as for every job."""
    cpu = max(5.0, 10 * key.cpu_seconds)
    return Limits(cpu_seconds=cpu, wall_seconds=3 * cpu + 5)

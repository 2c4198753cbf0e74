"""Several sources of one exercise, seen in as few processes as may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from spotlight.diagnosis.exercise_key import Outcomes
from spotlight.sandbox.job import Job, Limits, Observation

Observe = Callable[[Job], Observation]
_Name = TypeVar("_Name")
_FEW = 12


def observe_all(
    job: Job,
    sources: Mapping[_Name, str],
    observe: Observe,
    seconds: float,
    *,
    at_once: int = _FEW,
    budget: float = math.inf,
) -> dict[_Name, Outcomes]:
    """What every source does in the place of the last step of `job`, some in one process each.

    What ends the process, such as an endless loop, is left out; those after it are seen in another
    one. Few, so that an endless loop is known for one after about two seconds; `seconds` is what
    one source takes. After `budget` CPU seconds, the rest is left out.
    """
    known: dict[_Name, Outcomes] = {}
    left = list(sources)
    while left and budget > 0:
        waiting = left[:at_once]
        first, *others = (sources[name] for name in waiting)
        cpu = 1.0 + 2 * seconds * len(waiting)
        seen = observe(
            replace(
                job,
                steps=(*job.steps[:-1], replace(job.steps[-1], source=first)),
                others=tuple(others),
                limits=Limits(cpu_seconds=cpu, wall_seconds=3 * cpu, output_bytes=2**30),
            )
        )
        finished = seen.ended == "finished"
        budget -= seen.cpu_seconds if finished else cpu  # who sleeps uses none, and is not to wait
        size = len(job.probes)
        done = waiting if finished else waiting[: len(seen.probes) // size]
        parts = (seen.probes[size * i : size * (i + 1)] for i in range(len(done)))
        known |= zip(done, parts, strict=True)
        left = left[len(done) + (not finished) :]
    return known

"""Jobs for a worker, and a look at the processes that it runs."""

from __future__ import annotations

import os
import time
from pathlib import Path

from spotlight.sandbox.job import Job, Limits, ProbeCall, Step

PRELUDE = """
import os, random, subprocess, sys, time, warnings
import numpy as np
import torch
"""
CALL_IT = "def call_it(f):\n    return f()"
LIMITS = Limits(cpu_seconds=5, wall_seconds=20)
"""Generous: a test that runs into them has found something."""


def probe(source, seed=0):
    """A probe call; the source's first function is the probe."""
    head = source.split("def ", 1)[1]
    name, _, rest = head.partition("(")
    parameters = [part.strip() for part in rest.split(")")[0].split(",") if part.strip()]
    return ProbeCall(name, source, tuple(parameters), seed)


def job(cell, *probes, before=(), helpers="", targets=("f",), limits=LIMITS, seed=0):
    """A job whose exercise is `cell`; the one probe calls `f` if none is given."""
    steps = [Step("given 0", PRELUDE, "given")]
    steps += [Step(f"earlier {n}", source, "helper") for n, source in enumerate(before)]
    return Job(
        steps=(*steps, Step("mine", cell, "exercise")),
        targets=targets,
        helpers=helpers,
        probes=tuple(probe(source, seed) for source in probes or (CALL_IT,)),
        limits=limits,
    )


def returns(expression, **options):
    """A job whose one value is that of an expression, computed when `f` is called."""
    return job(f"def f():\n    return {expression}", **options)


def value(worker, asked):
    """The one value of a job that ends well."""
    seen = worker.observe(asked)
    assert seen.ended == "finished"
    assert seen.trouble is None, seen.trouble
    (outcome,) = seen.probes
    return outcome.value


def is_running(process):
    """Whether there is a process of this number that has not ended."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def children_of(process):
    """The numbers of the processes that were started by one."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(stat.rpartition(")")[2].split()[1]) == process and is_running(int(entry)):
                found.append(int(entry))
    return found


def scratch_of(worker):
    """The folder in which a worker's processes work."""
    return os.path.dirname(os.path.dirname(value(worker, returns("os.getcwd()"))))


def server_of(worker):
    """The number of the process that forks the worker's jobs, as this machine counts.

    In namespaces of its own it is the child of the one that was started.
    """
    scratch = scratch_of(worker).encode()
    started = [p for p in children_of(os.getpid()) if scratch in environment_of(p)]
    (process,) = started
    return children_of(process)[0] if worker.features.namespaces else process


def environment_of(process):
    """What a process got as its environment, as bytes."""
    try:
        return Path(f"/proc/{process}/environ").read_bytes()
    except OSError:
        return b""


def wait_until(condition, seconds=20.0):
    """Whether `condition()` came to hold in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()

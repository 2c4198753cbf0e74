"""A job travels as plain JSON, and an observation says where trouble began."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from spotlight.sandbox.job import (
    Job,
    Limits,
    Observation,
    ProbeCall,
    ProbeOutcome,
    Step,
    StepOutcome,
    Trouble,
)

NAMES = st.lists(st.text(), max_size=3).map(tuple)
JOBS = st.builds(
    Job,
    steps=st.lists(
        st.builds(Step, st.text(), st.text(), st.sampled_from(["given", "helper", "exercise"])),
        max_size=3,
    ).map(tuple),
    targets=NAMES,
    helpers=st.text(),
    probes=st.lists(st.builds(ProbeCall, st.text(), st.text(), NAMES, st.integers())).map(tuple),
    limits=st.builds(Limits, st.floats(0, 100), st.floats(0, 100), st.integers(), st.integers()),
)


@given(JOBS)
def test_a_job_arrives_as_it_was_sent(job):
    assert Job.from_data(json.loads(json.dumps(job.as_data()))) == job


def test_the_first_trouble_is_that_of_a_step_before_that_of_a_probe():
    one, other = Trouble("ValueError", "one", ()), Trouble("ValueError", "other", ())
    fine, failed = StepOutcome("a", None), StepOutcome("b", one)
    outcomes = ProbeOutcome("p", 1, None), ProbeOutcome("q", None, other)
    assert Observation((fine, failed), outcomes, "finished", 0).trouble == one
    assert Observation((fine,), outcomes, "finished", 0).trouble == other
    assert Observation((fine,), outcomes[:1], "finished", 0).trouble is None

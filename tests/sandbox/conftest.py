"""One warm worker for all tests that do it no harm, in an environment that holds a secret."""

from __future__ import annotations

import pytest

from spotlight.sandbox.worker import Worker

SECRET = "SPOTLIGHT_TEST_SECRET"


@pytest.fixture(scope="session")
def worker():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SECRET, "hidden")
        patch.setenv("PYTHONPATH", "hidden")
        warm = Worker()
    with warm:
        yield warm

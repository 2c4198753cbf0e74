"""What tests of every room share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from small_masters import SMALL
from spotlight.course.manifest import find_course_root, load_course
from spotlight.course.reading import read_master
from spotlight.sandbox.job import Job, Observation
from spotlight.sandbox.worker import Worker

settings.register_profile("fast", max_examples=30, deadline=None)
settings.register_profile("deep", max_examples=300, deadline=None)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a third of the time, a test waits for another process."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--deep",
        action="store_true",
        help="Run everything: proofs over all seeds, every attack, every notebook. Without it, the "
        "fast tier runs, which finds whatever the last change has broken.",
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("deep" if config.getoption("--deep") else "fast")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--deep"):
        return
    deep = [item for item in items if "deep" in item.keywords]
    if deep:
        config.hook.pytest_deselected(items=deep)
        items[:] = [item for item in items if "deep" not in item.keywords]


@pytest.fixture(scope="session")
def deep(pytestconfig: pytest.Config) -> bool:
    """Whether this is the deep tier."""
    return bool(pytestconfig.getoption("--deep"))


MANY_PROBES = 60  # a proof's, which is made once and would fill the memory


class RememberingWorker(Worker):
    """A worker that runs no program twice: the same job gives the same observation.

    That it does is for the tests of the sandbox, whose worker forgets. What sleeps is run again:
    who writes it wants to wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[Job, Observation] = {}

    def observe(self, job: Job) -> Observation:
        seen = self._seen.get(job) or super().observe(job)
        sleeps = any("sleep" in step.source for step in job.steps)
        if seen.ended == "finished" and not sleeps and len(job.probes) < MANY_PROBES:
            self._seen[job] = seen
        return seen


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """One warm worker for every test of this process."""
    with RememberingWorker() as worker:
        yield worker


@pytest.fixture
def no_changes_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No change of a wrong answer is tried: what is said rests on its outcomes alone."""
    monkeypatch.setattr("spotlight.grading.grader.one_slip", lambda *arguments: None)


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's cache of this run: one folder, whichever process asks, and not the real one."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "user-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def key_cache(user_cache: Path) -> Path:
    """Where commands keep answer keys in this run, and all tests with them."""
    return user_cache / "spotlight" / "keys"


@pytest.fixture(scope="session")
def browser():
    """A Chromium, driven by Playwright; the machine's own, since none is downloaded."""
    named = os.environ.get("SPOTLIGHT_BROWSER")
    path = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sentence = (
            "No Chromium or Chrome was found: install one, or name it in SPOTLIGHT_BROWSER, "
            "and the browser tests run."
        )
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield chromium
        chromium.close()


ROOT = find_course_root(Path(__file__).parent)
assert ROOT is not None
COURSE = load_course(ROOT)


def name_of(number):
    return COURSE.lessons[number - 1].file if number else "small"


@pytest.fixture(scope="session")
def all_masters(tmp_path_factory):
    """The small master's file, then those of the course."""
    small = tmp_path_factory.mktemp("masters") / "07_small_sums.py"
    small.write_text(SMALL, encoding="utf-8")
    return [small, *map(COURSE.master, COURSE.lessons)]


@pytest.fixture(scope="session")
def small_lesson(all_masters):
    return read_master(all_masters[0])


@pytest.fixture(scope="session", params=range(1, len(COURSE.lessons) + 1), ids=name_of)
def real_lesson(request, all_masters):
    """Each lesson of the course, from its master."""
    return read_master(all_masters[request.param])


@pytest.fixture(scope="session", params=range(len(COURSE.lessons) + 1), ids=name_of)
def any_lesson(request, all_masters):
    """The small lesson, and each of the course."""
    return read_master(all_masters[request.param])


@pytest.fixture(scope="session")
def course():
    """The course as it stands."""
    return COURSE

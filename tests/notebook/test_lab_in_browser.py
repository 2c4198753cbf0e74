"""A student's first ten minutes with a lesson, in a real JupyterLab and a real browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

pytestmark = pytest.mark.browser

TOKEN = "a-test-of-spotlight"
WRONG = """\
# Exercise scaled_scores · 1 point
def scaled_scores(q, k):
    return q @ k.T"""
RIGHT = WRONG + " / math.sqrt(k.shape[-1])"


@pytest.fixture
def lab(course_copy: Path, tmp_path: Path):
    """A JupyterLab server on the copied course; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower())
        for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    log = (tmp_path / "lab.log").open("w")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *(f"--port={port}", f"--IdentityProvider.token={TOKEN}"),
            f"--ServerApp.root_dir={course_copy}",
        ],
        cwd=course_copy,
        env={**os.environ, **own},
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api/status?token={TOKEN}", server)
        yield address
    finally:
        _end(server)
        log.close()


def _end(server: subprocess.Popen) -> None:
    """End the server and its kernels, however busy the machine is.

    A kernel looks for its parent's end by itself, but not where that comes while it still starts,
    nor where another process adopts it, as the tests of attacks let theirs.
    """
    below = psutil.Process(server.pid).children(recursive=True)
    server.terminate()
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    _, alive = psutil.wait_procs(below, timeout=5)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _wait_for(url: str, server: subprocess.Popen) -> None:
    for _ in range(300):
        assert server.poll() is None, "JupyterLab ended while starting"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail("JupyterLab did not answer")


class Notebook:
    """A notebook open in JupyterLab, handled as a student handles it."""

    def __init__(self, page, address: str, path: str) -> None:
        self.page = page
        page.goto(f"{address}/lab/workspaces/test/tree/{path}?token={TOKEN}&reset")
        page.wait_for_selector(
            ".jp-Notebook-ExecutionIndicator[data-status='idle']", state="attached", timeout=90_000
        )
        page.wait_for_timeout(2_000)

    def cell(self, text: str):
        """The first code cell that holds `text`."""
        editor = self.page.locator(".cm-content", has_text=text)
        return self.page.locator(".jp-Notebook .jp-CodeCell").filter(has=editor).first

    def run(self, text: str):
        self._enter(text)
        self.page.keyboard.press("Shift+Enter")
        return self.cell(text)

    def _enter(self, text: str) -> None:
        """Click into a cell; where the page moved under the pointer, click again."""
        for _ in range(5):
            self.cell(text).locator(".cm-content").click()
            active = self.page.locator(".jp-CodeCell.jp-mod-active .cm-content", has_text=text)
            with suppress(PlaywrightTimeout):
                active.first.wait_for(timeout=5_000)
                return
        pytest.fail(f"the cell with {text!r} could not be entered")

    def write(self, text: str, source: str) -> None:
        self._enter(text)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)


def test_a_mistake_is_named_corrected_and_counted_without_saving(browser, lab, course_copy):
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    path = "lessons/03_queries_and_keys.ipynb"
    before = (course_copy / path).read_text()
    notebook = Notebook(page, lab, path)
    notebook.run('start("queries_and_keys")')
    notebook.run("import math")

    notebook.write("# Exercise scaled_scores", WRONG)
    notebook.run("# Exercise scaled_scores")
    card = notebook.run('check("scaled_scores")').locator(".spotlight-card")
    card.wait_for(timeout=120_000)
    assert card.get_attribute("data-diagnosis") == "not-scaled"
    assert "divide them by √d_k" in card.inner_text()
    assert [t.inner_text() for t in card.locator("figcaption strong").all()] == [
        "q",
        "k",
        "target",
        "yours",
        "difference",
    ]
    assert "Ctrl+S" in card.inner_text()

    notebook.write("# Exercise scaled_scores", RIGHT)
    notebook.run("# Exercise scaled_scores")
    green = notebook.run('check("scaled_scores")').locator(".spotlight-card[data-status='passed']")
    green.wait_for(timeout=120_000)

    summary = notebook.run("verify()").locator(".spotlight-card")
    summary.wait_for(timeout=120_000)
    assert summary.get_attribute("data-points") == "1"
    spills = summary.locator("td").evaluate_all(
        "cells => cells.map(c => c.scrollWidth - c.clientWidth)"
    )
    assert max(spills) <= 1, "a cell's text runs into its neighbour"
    assert _sources(course_copy / path) == _sources_of(before), "the file on disk was not saved"

    index = browser.new_page()
    index.goto((course_copy / "index.html").as_uri())
    assert "1 of 14 points" in index.locator("body").inner_text()
    index.close()
    page.close()


@pytest.mark.deep  # that it does so without a front end, test_run_all shows
def test_run_all_reaches_the_end_of_an_unsolved_notebook_with_calm_cards(browser, lab):
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    notebook = Notebook(page, lab, "lessons/02_the_problem_attention_solves.ipynb")
    page.click(".lm-MenuBar-itemLabel:text-is('Run')")
    page.click("text=Run All Cells")
    summary = notebook.cell("verify()").locator(".spotlight-card")
    summary.wait_for(state="attached", timeout=180_000)
    assert summary.get_attribute("data-points") == "0"
    assert page.locator(".jp-RenderedText[data-mime-type*='error']").count() == 0
    page.close()


def _sources(path: Path) -> list[str]:
    return _sources_of(path.read_text())


def _sources_of(text: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]]

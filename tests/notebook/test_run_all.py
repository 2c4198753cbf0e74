"""Every notebook that exists, run from top to bottom as CI and Run All do.

The fast tier runs a solution notebook where its last run on record was with other code.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from typer.testing import CliRunner

from small_course import solution_of
from spotlight.authoring.run_record import RunRecord
from spotlight.cli.app import app
from spotlight.course.manifest import load_course

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)
LESSONS = [entry.file for entry in COURSE.lessons]


# What waits for an undone exercise is a rule of the build: that a notebook obeys it, one shows.
@pytest.mark.parametrize(
    "file", [pytest.param(f, marks=() if f == LESSONS[0] else pytest.mark.deep) for f in LESSONS]
)
def test_an_unsolved_notebook_runs_to_its_last_cell_and_scores_nothing(course_copy, file):
    path = course_copy / "lessons" / f"{file}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=300, resources=resources).execute()
    cards = [
        output["data"].get("text/html", "")
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    statuses = [
        html.split('data-status="')[1].split('"')[0] for html in cards if "data-status" in html
    ]
    assert statuses
    assert set(statuses) == {"blank"}
    assert 'data-points="0"' in cards[-1]
    assert not any('data-card="trouble"' in html for html in cards)


@pytest.mark.parametrize("entry", COURSE.lessons, ids=lambda entry: entry.file)
def test_a_solution_notebook_runs_and_earns_full_marks(
    entry, course_copy, worker, monkeypatch, deep
):
    if not deep and RunRecord(COURSE).holds(solution_of(COURSE, entry.id)):
        return
    monkeypatch.chdir(course_copy)
    monkeypatch.setattr("spotlight.cli.context.Worker", lambda: nullcontext(worker))
    monkeypatch.setenv("SPOTLIGHT_SHORT", "1")  # every cell runs, but trains for moments only
    result = CliRunner().invoke(app, ["solutions", entry.file])
    assert result.exit_code == 0, result.output
    assert result.output.count("full marks") == 1
    assert not list((course_copy / "progress").iterdir()), "a run of solutions is nobody's progress"

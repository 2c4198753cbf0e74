"""Every notebook that exists, run from top to bottom as CI and Run All do.

The fast tier runs a solution notebook where its last run on record was with other code.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from typer.testing import CliRunner

from edited_notebooks import as_written, put, solved
from small_course import notebook_of, solution_of
from spotlight.authoring.run_record import RunRecord
from spotlight.cli.app import app
from spotlight.course.manifest import load_course

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)
LESSONS = [entry.file for entry in COURSE.lessons]


def run(notebook, folder):
    """Run all cells in `folder`; the cards that they show, as HTML."""
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, resources=resources).execute()
    return [
        output["data"].get("text/html", "")
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]


def statuses_on(cards):
    """What the cards of exercises say became of them."""
    return [card.split('data-status="')[1].split('"')[0] for card in cards if "data-status" in card]


# What waits for an undone exercise is a rule of the build: that a notebook obeys it, one shows.
@pytest.mark.parametrize(
    "file", [pytest.param(f, marks=() if f == LESSONS[0] else pytest.mark.deep) for f in LESSONS]
)
def test_an_unsolved_notebook_runs_to_its_last_cell_and_scores_nothing(open_kernel, file):
    kernel = open_kernel(file)
    cells = nbformat.read(kernel.notebook, as_version=4).cells
    shown = [kernel.run(cell.source, cell.id) for cell in cells if cell.cell_type == "code"]
    assert not any(reply.error for reply in shown)
    cards = [reply.html for reply in shown if reply.html]
    assert set(statuses_on(cards)) == {"blank"}
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


def rounds():
    """Lessons, each as often as an exercise of it has alternatives."""
    for entry in COURSE.lessons:
        most = max(
            len(exercise.alternatives) for exercise in solution_of(COURSE, entry.id).exercises
        )
        for number in range(most):
            yield pytest.param(entry, number, id=f"{entry.file}-{number}")


@pytest.mark.deep
@pytest.mark.parametrize(("entry", "number"), list(rounds()))
def test_every_right_answer_works_with_all_that_comes_after_it(
    entry, number, course_copy, monkeypatch
):
    """In each round all exercises have another of their alternatives, as far as there are any."""
    monkeypatch.setenv("SPOTLIGHT_SHORT", "1")
    lesson = solution_of(COURSE, entry.id)
    notebook = solved(notebook_of(COURSE, entry.id), lesson)
    for exercise in lesson.exercises:
        for right in exercise.alternatives[number : number + 1]:
            put(notebook, exercise, as_written(exercise, right))
    path = course_copy / "lessons" / f"{entry.file}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    cards = run(nbformat.read(path, as_version=4), path.parent)
    assert set(statuses_on(cards)) == {"passed"}
    assert not any('data-card="trouble"' in card for card in cards)

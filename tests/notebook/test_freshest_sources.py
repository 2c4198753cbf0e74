"""Whichever is newer counts, cell by cell: what the kernel ran, or what the file holds."""

from __future__ import annotations

import json
import os

import pytest

from spotlight.notebook.executed_cells import ExecutedCells

SAVED_AT = 1_000_000.0


@pytest.fixture
def saved(tmp_path):
    """A notebook with the cells a, b and c, saved at a known time."""
    path = tmp_path / "lesson.ipynb"
    cells = [
        {"cell_type": "code", "id": name, "source": f"{name} = 'saved'", "metadata": {}}
        for name in "abc"
    ]
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    )
    os.utime(path, (SAVED_AT, SAVED_AT))
    return path


def sources(executed, path):
    submission, unsaved = executed.over(path)
    return [cell.source for cell in submission.cells], unsaved


def test_a_cell_run_after_saving_counts_as_it_ran(saved):
    executed = ExecutedCells()
    executed.record("b = 'ran'", "b", SAVED_AT + 5)
    assert sources(executed, saved) == (["a = 'saved'", "b = 'ran'", "c = 'saved'"], (2,))


def test_a_cell_edited_and_saved_after_it_ran_counts_as_saved(saved):
    executed = ExecutedCells()
    executed.record("b = 'ran'", "b", SAVED_AT - 5)
    assert sources(executed, saved) == (["a = 'saved'", "b = 'saved'", "c = 'saved'"], ())


def test_a_cell_run_as_it_is_saved_is_not_called_unsaved(saved):
    executed = ExecutedCells()
    executed.record("b = 'saved'", "b", SAVED_AT + 5)
    assert sources(executed, saved)[1] == ()


def test_only_the_last_run_of_a_cell_counts(saved):
    executed = ExecutedCells()
    executed.record("b = 'first'", "b", SAVED_AT + 5)
    executed.record("b = 'second'", "b", SAVED_AT + 6)
    assert sources(executed, saved)[0][1] == "b = 'second'"


def test_a_new_cell_that_ran_but_is_not_saved_is_there(saved):
    executed = ExecutedCells()
    executed.record("d = 'new'", "d", SAVED_AT + 5)
    assert sources(executed, saved)[0][-1] == "d = 'new'"


def test_a_cell_that_ran_and_was_deleted_before_saving_is_gone(saved):
    executed = ExecutedCells()
    executed.record("d = 'deleted'", "d", SAVED_AT - 5)
    assert len(sources(executed, saved)[0]) == 3


def test_without_ids_an_exercise_is_known_by_its_marker(saved):
    executed = ExecutedCells()
    executed.record("# Exercise twice\nfirst", None, SAVED_AT + 5)
    executed.record("# Exercise twice\nsecond", None, SAVED_AT + 6)
    assert sources(executed, saved)[0][3:] == ["# Exercise twice\nsecond"]


def test_without_a_file_what_ran_is_all_there_is():
    executed = ExecutedCells()
    executed.record("a = 1", "a")
    assert sources(executed, None) == (["a = 1"], ())

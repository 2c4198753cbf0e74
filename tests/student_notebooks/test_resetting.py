"""A notebook, or one exercise in it, goes back to the blank; nothing else is touched or lost."""

from __future__ import annotations

import copy
import json

import pytest

from spotlight.authoring.notebooks import build_notebook
from spotlight.course.reading import read_solution
from spotlight.student_notebooks.resetting import ResetError, reset_exercise, reset_lesson


@pytest.fixture
def lesson(small_lesson, tmp_path):
    """The lesson as `verify.py reset` reads it: from the solution notebook."""
    path = tmp_path / "solution.ipynb"
    path.write_text(build_notebook(small_lesson, "solution"), encoding="utf-8")
    return read_solution(path)


class Notebook:
    """A student's notebook on disk, with an answer in every exercise."""

    def __init__(self, lesson, folder):
        self.path = folder / "07_small_sums.ipynb"
        self.backups = folder / "backups"
        self.lesson = lesson
        self.blank = json.loads(build_notebook(lesson, "student"))
        self.now = copy.deepcopy(self.blank)
        for cell in self.now["cells"]:
            if cell["id"].startswith(("exercise-", "predict-")):
                cell["source"] = ["# mine, not ASCII: ü\n", "answer = 1"]
            if cell["cell_type"] == "code":
                cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "said"}]
        self.save()

    def save(self):
        self.path.write_text(json.dumps(self.now, ensure_ascii=False), encoding="utf-8")

    def load(self):
        return json.loads(self.path.read_text(encoding="utf-8"))

    def place(self, cell_id):
        return [cell["id"] for cell in self.now["cells"]].index(cell_id)

    def blank_cell(self, cell_id):
        return next(cell for cell in self.blank["cells"] if cell["id"] == cell_id)

    def reset(self, name):
        return reset_exercise(self.lesson, self.lesson.exercise(name), self.path, self.backups)


@pytest.fixture
def notebook(lesson, tmp_path):
    return Notebook(lesson, tmp_path)


# One exercise


@pytest.mark.parametrize("name", ["row_sums", "total", "ends"])
def test_an_exercise_is_blank_again_and_every_other_cell_as_it_was(notebook, name):
    notebook.reset(name)
    cell_id = f"exercise-{name}"
    notebook.now["cells"][notebook.place(cell_id)] = notebook.blank_cell(cell_id)
    assert notebook.load() == notebook.now


def test_what_was_there_is_kept(notebook):
    before = notebook.path.read_bytes()
    backup = notebook.reset("total")
    assert backup.read_bytes() == before
    assert backup.parent == notebook.backups


def test_an_exercise_may_be_named_by_a_target(notebook):
    notebook.reset("largest")
    cell = notebook.load()["cells"][notebook.place("exercise-ends")]
    assert cell == notebook.blank_cell("exercise-ends")


def test_resetting_twice_is_resetting_once(notebook):
    notebook.reset("total")
    once = notebook.path.read_bytes()
    notebook.reset("total")
    assert notebook.path.read_bytes() == once


def test_resetting_what_is_blank_changes_no_byte_of_the_file(notebook):
    built = build_notebook(notebook.lesson, "student")
    notebook.path.write_text(built, encoding="utf-8")
    notebook.reset("total")
    assert notebook.path.read_bytes() == built.encode()


@pytest.mark.parametrize("name", ["row_sums", "total", "ends"])
def test_a_deleted_cell_comes_back_in_its_place(notebook, name):
    whole = copy.deepcopy(notebook.now)
    place = notebook.place(f"exercise-{name}")
    del notebook.now["cells"][place]
    notebook.save()
    notebook.reset(name)
    whole["cells"][place] = notebook.blank_cell(f"exercise-{name}")
    assert notebook.load() == whole


def test_a_deleted_cell_comes_back_though_its_neighbours_are_gone_too(notebook):
    place = notebook.place("exercise-total")
    del notebook.now["cells"][place - 3 : place + 3]
    notebook.save()
    notebook.reset("total")
    cells = notebook.load()["cells"]
    assert cells[place - 3] == notebook.blank_cell("exercise-total")
    assert cells[: place - 3] + cells[place - 2 :] == notebook.now["cells"]


def test_a_cell_of_a_notebook_that_lost_everything_comes_first(notebook):
    notebook.now["cells"] = [{"cell_type": "code", "source": "1", "metadata": {}, "outputs": []}]
    notebook.save()
    notebook.reset("total")
    cells = notebook.load()["cells"]
    assert cells == [notebook.blank_cell("exercise-total"), *notebook.now["cells"]]


def test_a_cell_that_lost_its_metadata_is_known_by_its_first_line(notebook):
    cell = notebook.now["cells"][notebook.place("exercise-total")]
    cell.update(metadata={}, id="other", source="# Exercise total · 1 point\ntotal = 1")
    notebook.save()
    notebook.reset("total")
    notebook.now["cells"][notebook.place("other")] = notebook.blank_cell("exercise-total")
    assert notebook.load() == notebook.now


def test_copies_of_the_cell_make_way_for_the_one_blank(notebook):
    place = notebook.place("exercise-total")
    copied = {**copy.deepcopy(notebook.now["cells"][place]), "id": "copied"}
    notebook.now["cells"].append(copied)
    notebook.save()
    backup = notebook.reset("total")
    notebook.now["cells"][place] = notebook.blank_cell("exercise-total")
    assert notebook.load()["cells"] == notebook.now["cells"][:-1]
    assert json.loads(backup.read_text(encoding="utf-8"))["cells"][-1] == copied


def test_a_cell_that_was_turned_to_markdown_is_code_again(notebook):
    place = notebook.place("exercise-total")
    notebook.now["cells"][place]["cell_type"] = "markdown"
    notebook.save()
    notebook.reset("total")
    assert notebook.load()["cells"][place] == notebook.blank_cell("exercise-total")


def test_a_note_under_a_heading_like_the_first_line_stays(notebook):
    note = {"cell_type": "markdown", "metadata": {}, "source": "# Exercise total\nmy notes"}
    place = notebook.place("exercise-total") + 1
    notebook.now["cells"].insert(2, note)
    notebook.save()
    notebook.reset("total")
    cells = notebook.load()["cells"]
    assert cells[2] == note
    assert cells[place] == notebook.blank_cell("exercise-total")
    assert len(cells) == len(notebook.now["cells"])


def test_another_exercise_that_mentions_it_stays(notebook):
    cell = notebook.now["cells"][notebook.place("exercise-ends")]
    cell["source"] = "# Exercise total · pasted from above\nanswer = 1"
    notebook.save()
    notebook.reset("total")
    assert notebook.load()["cells"][notebook.place("exercise-ends")] == cell


UNUSABLE = {
    "nothing": b"",
    "not UTF-8": b"\xff",
    "cut short": b'{"cells": [',
    "deep": b"[" * 100_000,
    "null": b"null",
    "a list": b"[]",
    "no cells": b"{}",
    "cells that are none": b'{"cells": null}',
    "cells by name": b'{"cells": {"a": 1}}',
    "cells of text": b'{"cells": ["a"]}',
    "metadata of text": b'{"cells": [{"metadata": "x"}]}',
    "source of numbers": b'{"cells": [{"cell_type": "code", "source": [1]}]}',
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_a_notebook_that_cannot_be_read_is_left_as_it_is(notebook, content):
    notebook.path.write_bytes(content)
    with pytest.raises(ResetError, match=r"07_small_sums\.ipynb is not a notebook .* whole lesson"):
        notebook.reset("total")
    assert notebook.path.read_bytes() == content
    assert not notebook.backups.exists()


def test_a_notebook_that_is_not_there_is_named(notebook):
    notebook.path.unlink()
    with pytest.raises(ResetError, match=r"07_small_sums\.ipynb was not reset \(No such file"):
        notebook.reset("total")


def test_without_a_backup_nothing_is_reset(notebook):
    before = notebook.path.read_bytes()
    notebook.backups.write_text("a file where the folder should be")
    with pytest.raises(ResetError, match="was not reset"):
        notebook.reset("total")
    with pytest.raises(ResetError, match="was not reset"):
        reset_lesson(notebook.lesson, notebook.path, notebook.backups)
    assert notebook.path.read_bytes() == before


# A whole lesson


def test_a_lesson_is_as_it_was_built(notebook, small_lesson):
    before = notebook.path.read_bytes()
    backup = reset_lesson(notebook.lesson, notebook.path, notebook.backups)
    assert notebook.path.read_text(encoding="utf-8") == build_notebook(small_lesson, "student")
    assert backup.read_bytes() == before


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_a_lesson_that_cannot_be_read_is_as_it_was_built(notebook, content):
    notebook.path.write_bytes(content)
    backup = reset_lesson(notebook.lesson, notebook.path, notebook.backups)
    assert notebook.load() == notebook.blank
    assert backup.read_bytes() == content


def test_a_lesson_that_is_gone_comes_back(notebook):
    notebook.path.unlink()
    assert reset_lesson(notebook.lesson, notebook.path, notebook.backups) is None
    assert notebook.load() == notebook.blank


def test_a_lesson_that_cannot_be_written_is_said(notebook):
    notebook.path.unlink()
    notebook.path.mkdir()
    with pytest.raises(ResetError, match=r"07_small_sums\.ipynb was not reset"):
        reset_lesson(notebook.lesson, notebook.path, notebook.backups)

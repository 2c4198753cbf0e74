"""A notebook comes to the new version of its lesson with all that the student wrote in it."""

from __future__ import annotations

import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from small_masters import SMALL
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import bare_exercise
from spotlight.course.reading import read_master
from spotlight.student_notebooks.upgrading import UpgradeError, upgrade_lesson

ANSWER = "def row_sums(x):\n    return x.sum(1)  # mine, not ASCII: ü"
NEWER = (
    SMALL.replace("# Entry i belongs to row i.", "# Entry i belongs to row i of the table.")
    .replace("points=2 minutes=3", "points=3 minutes=4")
    .replace("# TODO: add up over the columns.", "# TODO: add up along each row.")
    .replace("## 2 · Add up everything", "## 2 · The grand total")
    .replace("print(doubled)", "print(doubled, table)")
)


def notebook_of(lesson):
    """The blank notebook of a lesson, with sources in one piece."""
    return nbformat.reads(build_notebook(lesson, "student"), as_version=4)


def lesson_of(text, folder, name):
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return read_master(path)


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    return lesson_of(NEWER, tmp_path_factory.mktemp("newer"), "07_small_sums")


@pytest.fixture(scope="module")
def newest(newer):
    """The blank notebook of the new version."""
    return notebook_of(newer)


class Student:
    """A notebook of the old version on disk, as its student has it."""

    def __init__(self, lesson, folder):
        self.path = folder / "07_small_sums.ipynb"
        self.backups = folder / "backups"
        self.now = notebook_of(lesson)

    def write(self, cell_id, source):
        cell = at(self.now, cell_id)
        header = cell["source"].partition("\n")[0]
        cell["source"] = f"{header}\n{source}" if cell_id.startswith("exercise-") else source

    def add(self, source, *, below, kind="code", **more):
        cell = {"cell_type": kind, "id": "0f8fad5b-d9cb-469f", "metadata": {}, "source": source}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": 3}
        self.now["cells"].insert(place(self.now, below) + 1, cell | more)

    def upgraded(self, lesson):
        """The notebook on disk after an upgrade, and what is said of it."""
        self.path.write_text(json.dumps(self.now), encoding="utf-8")
        said = upgrade_lesson(lesson, self.path, self.backups)
        return nbformat.read(self.path, as_version=4), said


@pytest.fixture
def student(small_lesson, tmp_path):
    return Student(small_lesson, tmp_path)


def ids(notebook):
    return [cell["id"] for cell in notebook["cells"]]


def place(notebook, cell_id):
    return ids(notebook).index(cell_id)


def at(notebook, cell_id):
    return notebook["cells"][place(notebook, cell_id)]


def sources(notebook):
    return [cell["source"] for cell in notebook["cells"]]


def test_a_notebook_without_work_becomes_the_new_blank(student, newer, newest):
    now, said = student.upgraded(newer)
    assert now == newest
    assert (said.answers, said.predictions, said.cells) == (0, 0, 0)


def test_answers_and_predictions_go_to_their_cells_and_all_else_is_new(student, newer, newest):
    student.write("exercise-row_sums", ANSWER)
    student.write("predict-grand_total", 'predict("grand_total", 15.0, between=(0, 100))')
    now, said = student.upgraded(newer)
    wanted = copy.deepcopy(newest)
    blank = at(wanted, "exercise-row_sums")
    above = blank["source"].removesuffix(bare_exercise(blank["source"]))
    assert above.startswith("# Exercise row_sums · 3 points · about 4 min · difficulty 1 of 3\n")
    blank["source"] = above + ANSWER
    at(wanted, "predict-grand_total")["source"] = (
        'predict("grand_total", 15.0, between=(0, 100))  # of 0 to 5'
    )
    assert now == wanted
    assert (said.answers, said.predictions, said.cells) == (1, 1, 0)


def test_what_was_there_is_kept_beside(student, newer):
    student.write("exercise-row_sums", ANSWER)
    _, said = student.upgraded(newer)
    assert json.loads(said.backup.read_text(encoding="utf-8")) == student.now
    assert said.backup.parent == student.backups


def test_the_newest_is_left_alone_to_the_byte(student, newer):
    student.write("exercise-row_sums", ANSWER)
    student.upgraded(newer)
    before = student.path.read_bytes()
    assert upgrade_lesson(newer, student.path, student.backups) is None
    assert student.path.read_bytes() == before


def test_a_lesson_that_is_new_is_written(newer, newest, tmp_path):
    path = tmp_path / "new.ipynb"
    said = upgrade_lesson(newer, path, tmp_path / "backups")
    assert nbformat.read(path, as_version=4) == newest
    assert said.backup is None


@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_a_cell_that_the_student_added_stays_below_its_neighbour(kind, student, newer, newest):
    student.add("my own", below="check-row_sums", kind=kind)
    now, said = student.upgraded(newer)
    assert sources(now)[place(newest, "check-row_sums") + 1] == "my own"
    assert len(now["cells"]) == len(newest["cells"]) + 1
    assert said.cells == 1


def test_code_is_the_students_unless_it_says_otherwise(student, newer):
    student.add("helper = 1", below="exercise-total", id="named-by-the-student")
    now, _ = student.upgraded(newer)
    assert "helper = 1" in sources(now)


def test_text_of_a_section_that_is_gone_goes_with_it(student, newer):
    assert any("## 2 · Add up everything" in s for s in sources(student.now))
    now, _ = student.upgraded(newer)
    assert not any("Add up everything" in s for s in sources(now))


def test_a_cell_that_lost_its_metadata_is_known_by_its_first_line(student, newer):
    at(student.now, "exercise-row_sums").update(metadata={}, id="other")
    at(student.now, "other")["source"] = f"# Exercise row_sums · 2 points\n{ANSWER}"
    now, said = student.upgraded(newer)
    assert ANSWER in at(now, "exercise-row_sums")["source"]
    assert (said.answers, said.cells) == (1, 0)


def test_of_two_copies_the_second_stays_below_the_first(student, newer, newest):
    student.write("exercise-row_sums", ANSWER)
    copied = {**copy.deepcopy(at(student.now, "exercise-row_sums")), "source": ANSWER + "\n# 2"}
    student.now["cells"].insert(place(student.now, "exercise-row_sums") + 1, copied)
    now, _ = student.upgraded(newer)
    below = now["cells"][place(newest, "exercise-row_sums") + 1]
    assert below["source"] == ANSWER + "\n# 2"
    assert below["metadata"]["spotlight"]["exercise"] == "row_sums"
    assert len(set(ids(now))) == len(now["cells"])


def test_the_answer_to_an_exercise_that_is_gone_stays_as_code(student, small_lesson, tmp_path):
    shorter = SMALL[: SMALL.index("# %% [markdown]\n# ## 2 ·")]
    student.write("exercise-total", "total = 15  # mine")
    now, said = student.upgraded(lesson_of(shorter, tmp_path, "shorter"))
    (kept,) = [cell for cell in now["cells"] if "total = 15  # mine" in cell["source"]]
    assert kept["metadata"] == {}
    assert said.cells >= 1


def test_a_prediction_that_is_no_choice_any_more_is_open_again(student, tmp_path, newest):
    student.write("predict-grand_total", 'predict("grand_total", 77, between=(0, 100))')
    narrower = lesson_of(NEWER.replace("between=(0, 100)", "between=(0, 50)"), tmp_path, "narrower")
    now, said = student.upgraded(narrower)
    assert (
        'predict("grand_total", ..., between=(0, 50))' in at(now, "predict-grand_total")["source"]
    )
    assert said.predictions == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"metadata": {}, "cells": [7]}'])
def test_what_is_no_notebook_is_left_as_it_is_and_said(text, student, newer):
    student.path.write_text(text, encoding="utf-8")
    with pytest.raises(UpgradeError, match="is not a notebook that can be read"):
        upgrade_lesson(newer, student.path, student.backups)
    assert student.path.read_text(encoding="utf-8") == text
    assert not student.backups.exists()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    added=st.lists(
        st.tuples(st.integers(0, 100), st.sampled_from(["code", "markdown"])), max_size=6
    )
)
def test_nothing_that_was_added_is_lost_or_turned_round(
    added, small_lesson, newer, newest, tmp_path
):
    student = Student(small_lesson, tmp_path)
    for number, (where, kind) in enumerate(added):
        cell = {"cell_type": kind, "id": f"{number:08x}", "metadata": {}, "source": f"own {number}"}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        student.now["cells"].insert(where % (len(student.now["cells"]) + 1), cell)
    before = [source for source in sources(student.now) if source.startswith("own ")]
    now, said = student.upgraded(newer)
    kept = [source for source in sources(now) if source.startswith("own ")]
    assert kept == before
    assert len(now["cells"]) == len(newest["cells"]) + len(added)
    assert said is not None

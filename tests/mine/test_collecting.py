"""The student's own module: what of a notebook is collected into it, and when."""

from __future__ import annotations

import copy
import threading

import pytest
import torch

from edited_notebooks import code, insert, put, unmarked
from progress.progress_gradings import LATER, NOON, exercise, lesson
from spotlight.grading.report import PassedCode
from spotlight.progress import ProgressStore

X = torch.arange(6.0).reshape(2, 3)


def filled(pair, **sources):
    """The solved notebook of a lesson with some exercises answered otherwise."""
    the_lesson, notebook = pair
    notebook = copy.deepcopy(notebook)
    for name, source in sources.items():
        put(notebook, the_lesson.exercise(name), source)
    return the_lesson, notebook


def passes(name, cell, place=0, **more):
    """A report that `name` passed with this code."""
    return exercise(name, code=PassedCode(place=place, targets=(name,), cell=cell, **more))


def part(*entries):
    return lesson(*entries, possible=100)


def test_what_passed_is_ordinary_python_in_the_students_own_words(steps, graded, store, module):
    own = "def doubled(x):\n    # twice, the long way\n    return x + x"
    store.record([graded(*filled(steps, doubled=own), "doubled", "shifted")], NOON, "exercises")
    text = (store.own_modules / "small_steps.py").read_text(encoding="utf-8")
    assert own in text
    assert text.startswith("# Your own code from the lesson “Small steps”")
    names = module("small_steps")
    assert names["__all__"] == ["doubled", "shifted"]
    assert torch.equal(names["doubled"](X), 2 * X)


def test_cells_stand_in_the_lessons_order_whichever_passed_first(steps, graded, store, module):
    store.record([graded(*steps, "doubled_then_shifted")], NOON, "exercises")
    store.record([graded(*steps, "doubled")], LATER, "exercises")
    store.record([graded(*steps, "shifted")], LATER, "exercises")
    names = module("small_steps")
    assert names["__all__"] == ["doubled", "shifted", "doubled_then_shifted"]
    assert torch.equal(names["doubled_then_shifted"](X, 1.0), 2 * X + 1)


def test_two_targets_of_one_cell_come_together(steps, graded, store, module):
    store.record([graded(*steps, "extremes")], NOON, "exercises")
    assert module("small_steps")["__all__"] == ["low", "high"]


def test_nothing_passed_makes_no_module(steps, graded, store):
    wrong = filled(steps, doubled="def doubled(x):\n    return x")
    store.record([graded(*wrong, "doubled")], NOON, "exercises")
    assert not store.own_modules.exists()


def test_a_later_failure_or_blank_removes_nothing(steps, graded, store):
    store.record([graded(*steps, "doubled")], NOON, "exercises")
    before = (store.own_modules / "small_steps.py").read_bytes()
    store.record([graded(*filled(steps, doubled="def doubled(x):\n    return x"))], LATER)
    lesson_, notebook = filled(steps, doubled="")
    put(notebook, lesson_.exercise("doubled"), lesson_.exercise("doubled").stub)
    store.record([graded(lesson_, notebook, "doubled")], LATER, "exercises")
    after = (store.own_modules / "small_steps.py").read_text(encoding="utf-8")
    assert before.decode().partition("# Exercise: Double it")[2].strip() in after


def test_a_later_pass_takes_the_place_of_an_earlier_one(steps, graded, store):
    store.record([graded(*steps, "doubled")], NOON, "exercises")
    again = filled(steps, doubled="def doubled(x):\n    return x + x")
    store.record([graded(*again, "doubled")], LATER, "exercises")
    text = (store.own_modules / "small_steps.py").read_text(encoding="utf-8")
    assert "return x + x" in text
    assert "return 2 * x" not in text


def test_helper_cells_come_along_and_nothing_that_they_do_beside(steps, graded, store, module):
    lesson_, notebook = filled(
        steps, doubled="def doubled(x):\n    return add(x, x)\n\n\nprint(doubled(numbers))"
    )
    helper = "factor = 3\n\n\ndef add(a, b):\n    return a + b\n\n\nprint(add(numbers, numbers))"
    insert(notebook, code(helper), at="exercise-doubled")
    insert(notebook, code("raise ValueError('an experiment')"), at="exercise-doubled")
    store.record([graded(lesson_, notebook, "doubled")], NOON, "exercises")
    assert torch.equal(module("small_steps")["doubled"](X), 2 * X)
    text = (store.own_modules / "small_steps.py").read_text(encoding="utf-8")
    for left_behind in ("print", "factor", "numbers", "experiment"):
        assert left_behind not in text


def test_the_courses_imports_come_along_and_not_what_it_computes(queries, graded, store, module):
    store.record([graded(*queries, "scaled_scores")], NOON, "exercises")
    text = (store.own_modules / "queries_and_keys.py").read_text(encoding="utf-8")
    assert "import math\nfrom torch import Tensor\n" in text
    assert "visualizations" not in text
    assert "embeddings" not in text
    assert module("queries_and_keys")["scaled_scores"](X, X).shape == (2, 2)


def test_the_reference_is_imported_for_what_has_not_passed(queries, graded, store, module):
    wrong = filled(queries, query_key_scores="def query_key_scores(q, k):\n    return k @ q.T")
    store.record(
        [graded(*wrong, "project", "query_key_scores", "score_asymmetry")], NOON, "exercises"
    )
    text = (store.own_modules / "queries_and_keys.py").read_text(encoding="utf-8")
    assert "from spotlight.model_utils.attention import query_key_scores\n" in text
    names = module("queries_and_keys")
    assert names["__all__"] == ["project", "score_asymmetry"]
    scores = X @ X.T @ X[:, :2].T
    gap = (scores - scores.T).abs().max()
    assert torch.equal(names["score_asymmetry"](X, X.T, torch.eye(3)[:, :2]), gap)


def test_the_import_goes_when_ones_own_passes(queries, graded, store):
    store.record([graded(*queries, "score_asymmetry")], NOON, "exercises")
    store.record([graded(*queries, "project", "query_key_scores")], LATER, "exercises")
    text = (store.own_modules / "queries_and_keys.py").read_text(encoding="utf-8")
    assert "from spotlight" not in text


def test_without_a_reference_it_is_left_out_and_said_so(steps, graded, store, module):
    store.record([graded(*steps, "doubled_then_shifted", "row_sums")], NOON, "exercises")
    names = module("small_steps")
    assert names["__all__"] == []
    assert names["__left_out__"] == {
        "doubled_then_shifted": "it uses doubled and shifted, which only its notebook has",
        "row_sums": "it uses numbers, which only its notebook has",
    }


def test_a_class_that_uses_an_earlier_lessons_code_is_collected(
    with_a_class, graded, store, module
):
    answer = code(unmarked(with_a_class.exercises[0].solution))
    notebook = {"cells": [answer], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    store.record([graded(with_a_class, notebook)], NOON)
    names = module("small_classes")
    assert names["__all__"] == ["Projection"]
    assert torch.equal(names["Projection"](X.T)(X), X @ X.T)
    text = (store.own_modules / "small_classes.py").read_text(encoding="utf-8")
    assert "project = mine('queries_and_keys', attention.project)" in text
    assert "pictured" not in text


def test_code_that_passed_with_another_helper_gives_way_to_the_newer(store, module):
    store.record(
        [
            part(
                passes(
                    "one",
                    "def one():\n    return help()",
                    0,
                    helpers=("def help():\n    return 1",),
                )
            )
        ],
        NOON,
    )
    store.record(
        [
            part(
                passes(
                    "two",
                    "def two():\n    return help()",
                    1,
                    helpers=("def help():\n    return 2",),
                )
            )
        ],
        LATER,
    )
    names = module("queries_and_keys")
    assert names["__all__"] == ["two"]
    assert names["two"]() == 2
    assert names["__left_out__"] == {"one": "“Two” passed later with another help"}


def test_a_helper_that_two_exercises_share_stands_there_once(store, module):
    helper = ("def help():\n    return 1",)
    store.record(
        [
            part(
                passes("one", "def one():\n    return help()", 0, helpers=helper),
                passes("two", "def two():\n    return help()", 1, helpers=helper),
            )
        ],
        NOON,
    )
    text = (store.own_modules / "queries_and_keys.py").read_text(encoding="utf-8")
    assert text.count("def help") == 1
    assert module("queries_and_keys")["__all__"] == ["one", "two"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("from math import *\n\n\ndef one():\n    return pi", "an import of everything"),
        ("from __future__ import annotations\n\n\ndef one():\n    return 1", "notebook only"),
        ("import asyncio\nawait asyncio.sleep(0)\none = 1", "notebook only"),
    ],
)
def test_what_a_module_cannot_hold_spoils_nothing_else(store, module, cell, reason):
    fine = passes("two", "def two():\n    return 2", 1)
    store.record([part(passes("one", cell, 0), fine)], NOON, "exercises")
    names = module("queries_and_keys")
    assert names["__all__"] == ["two"]
    assert reason in names["__left_out__"]["one"]


def test_two_writers_at_once_lose_nothing(tmp_path, module):
    start = threading.Barrier(2)

    def write(letter):
        own = ProgressStore(tmp_path / "progress", lock_seconds=60)
        start.wait()
        for number in range(10):
            name = f"{letter}{number}"
            own.record(
                [part(passes(name, f"def {name}():\n    return {number}", number))],
                NOON,
                "exercises",
            )

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = {f"{letter}{number}" for letter in "ab" for number in range(10)}
    assert set(module("queries_and_keys")["__all__"]) == wanted


def test_a_module_that_was_deleted_comes_back_with_the_next_pass(steps, graded, store, module):
    report = graded(*steps, "doubled", "shifted")
    store.record([report], NOON)
    (store.own_modules / "small_steps.py").unlink()
    store.record([graded(*steps, "shifted")], LATER, "exercises")
    assert module("small_steps")["__all__"] == ["doubled", "shifted"]


def test_code_travels_with_an_export(steps, graded, store, module, tmp_path):
    elsewhere = ProgressStore(tmp_path / "elsewhere")
    elsewhere.record([graded(*steps, "doubled")], NOON, "exercises")
    elsewhere.export(tmp_path / "exported.json")
    store.record([graded(*steps, "shifted")], LATER, "exercises")
    store.import_(tmp_path / "exported.json")
    assert module("small_steps")["__all__"] == ["doubled", "shifted"]


def test_the_page_is_not_handed_the_code(store):
    store.record(
        [part(passes("one", "def one():\n    return 'a secret of mine'"))], NOON, "exercises"
    )
    assert "a secret of mine" in store.file.read_text(encoding="utf-8")
    assert "a secret of mine" not in store.script.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "a/b", "a\nb", ""])
def test_a_lesson_of_an_imported_file_names_no_file_outside(store, name):
    report = part(passes("one", "def one():\n    return 1")).model_copy(update={"lesson": name})
    store.record([report], NOON)
    assert not store.own_modules.exists()


def test_titles_stay_in_their_comments(store, module):
    entry = passes("one", "def one():\n    return 1").model_copy(
        update={"title": "One\nimport nothing_at_all"}
    )
    store.record([part(entry)], NOON, "exercises")
    assert module("queries_and_keys")["one"]() == 1


def test_a_folder_that_cannot_be_written_costs_no_progress(store):
    store.folder.mkdir(parents=True)
    store.own_modules.write_text("a file where the folder should be")
    store.record([part(passes("one", "def one():\n    return 1"))], NOON, "exercises")
    assert store.notes
    assert "Your own code could not be collected" in store.notes[0]
    assert store.read().lessons["queries_and_keys"].exercises["one"].status == "passed"


def test_a_written_report_does_not_hold_the_code(steps, graded):
    report = graded(*steps, "doubled")
    assert report.exercises[0].code is not None
    assert "2 * x" not in report.model_dump_json()

"""What happens to notebooks in honest hands costs no mark, and is told in a sentence.

Every test starts from the lesson done right, and mishandles the notebook.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edited_notebooks import (
    Notebook,
    code,
    code_cells,
    edit_cell,
    exercise_cell,
    exercise_cells,
    failed,
    insert,
    number_of,
    place,
    put,
    submitted,
    text,
    without_header,
)
from spotlight.course.lesson import Lesson
from spotlight.grading.grader import LessonGrader
from spotlight.grading.locate import locate
from spotlight.grading.report import ExerciseReport, LessonReport
from spotlight.grading.submission import parse_submission, read_submission

Grade = Callable[[Notebook], LessonReport]
SHIFTED = "exercise-shifted"


def full(report: LessonReport) -> bool:
    """Whether it has every mark, with nothing of the course's standing in."""
    return report.points == report.possible and not any(e.follow_through for e in report.exercises)


def remarks(report: LessonReport) -> dict[str, tuple[str, ...]]:
    """What is remarked on each exercise that has a remark."""
    return {e.exercise: e.remarks for e in report.exercises if e.remarks}


# What a function does beside its job


def test_a_print_in_a_function(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("    return", "    print(x)\n    return"))
    report = grade(done)
    assert full(report)
    assert remarks(report)["shifted"] == ("It prints while it runs; that costs nothing.",)


def test_a_warning_in_a_function(done: Notebook, grade: Grade) -> None:
    warn = "    import warnings\n    warnings.warn('careful')\n    return"
    edit_cell(done, "shifted", lambda s: s.replace("    return", warn))
    report = grade(done)
    assert full(report)
    assert remarks(report) == {"shifted": ("It warns while it runs; that costs nothing.",)}


def test_a_picture_and_calls_at_the_end_of_the_cell(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: f"{s}\nshifted(numbers, 2)\ndisplay(shifted)\ncheck(1)")
    assert full(grade(done))


def test_a_line_that_raises_below_the_function_in_its_cell(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: f"{s}\nshifted(numbers).nonsense")
    assert full(grade(done))


# Copies


@pytest.mark.parametrize("below", [True, False])
def test_a_copied_cell_with_the_same_id_and_metadata(
    below: bool, done: Notebook, grade: Grade
) -> None:
    insert(done, copy.deepcopy(exercise_cell(done, "shifted")), at=SHIFTED, below=below)
    report = grade(done)
    first = number_of(done, "shifted")
    assert full(report)
    assert remarks(report) == {
        "shifted": (
            f"It stands in cells {first} and {first + 1}; "
            "the last of them counts, as it does when the notebook runs.",
        )
    }


@pytest.mark.parametrize("below", [True, False])
def test_a_blank_copy(below: bool, done: Notebook, blank: Notebook, grade: Grade) -> None:
    insert(done, exercise_cell(blank, "shifted"), at=SHIFTED, below=below)
    first = place(done, SHIFTED) + 1
    empty, right = (first + 1, first) if below else (first, first + 1)
    report = grade(done)
    assert full(report)
    assert remarks(report) == {
        "shifted": (f"A blank copy of it stands in cell {empty}; cell {right} was graded.",)
    }


def test_a_wrong_first_attempt_kept_above(done: Notebook, grade: Grade) -> None:
    attempt = copy.deepcopy(exercise_cell(done, "shifted"))
    attempt["source"] = text(attempt).replace("x + by", "x - by")
    insert(done, attempt, at=SHIFTED)
    assert full(grade(done))


def test_every_cell_twice(done: Notebook, grade: Grade) -> None:
    done["cells"] = [copy.deepcopy(cell) for cell in done["cells"] for _ in range(2)]
    assert full(grade(done))


# Lost marks


def strip_metadata(notebook: Notebook) -> None:
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def strip_ids(notebook: Notebook) -> None:
    strip_metadata(notebook)
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]


def strip_headers(notebook: Notebook) -> None:
    strip_ids(notebook)
    for cell in code_cells(notebook):
        cell["source"] = without_header(text(cell))


@pytest.mark.parametrize("strip", [strip_metadata, strip_ids])
def test_metadata_and_ids_lost(
    strip: Callable[[Notebook], None], done: Notebook, grade: Grade
) -> None:
    strip(done)
    report = grade(done)
    assert full(report)
    assert report.notes == (
        "The cells of 5 exercises lost their metadata, as happens in some editors; "
        "the line that begins with # Exercise told what to grade.",
    )


def test_metadata_of_one_cell_lost(done: Notebook, grade: Grade) -> None:
    cell = exercise_cell(done, "shifted")
    cell["metadata"], cell["id"] = {}, "pasted"
    report = grade(done)
    assert full(report)
    assert report.notes == (
        "The cell of shifted lost its metadata, as happens in some editors; "
        "the line that begins with # Exercise told what to grade.",
    )


def test_marker_lines_lost_as_well(done: Notebook, grade: Grade) -> None:
    numbers = {cell["metadata"]["spotlight"]["exercise"]: 0 for cell in exercise_cells(done)}
    numbers = {name: number_of(done, name) for name in numbers}
    strip_headers(done)
    report = grade(done)
    assert full(report)
    assert remarks(report) == {
        name: (f"Its cell had lost its marks; cell {number} defines it.",)
        for name, number in numbers.items()
    }


def test_a_changed_marker_line(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("# Exercise", "# my exercise"))
    assert full(grade(done))


@pytest.mark.parametrize("stripped", [True, False])
def test_ids_given_twice_tell_nothing(stripped: bool, done: Notebook, grade: Grade) -> None:
    if stripped:
        strip_metadata(done)
    for cell in done["cells"]:
        cell["id"] = SHIFTED
    report = grade(done)
    assert full(report)
    assert remarks(report) == {}


def test_an_export_from_colab(done: Notebook, grade: Grade) -> None:
    for number, cell in enumerate(done["cells"]):
        del cell["id"]
        cell["metadata"] = {"id": f"aB{number}", "colab": {"base_uri": "https://colab.google"}}
    done["metadata"] = {"colab": {"provenance": []}, "accelerator": "GPU"}
    done["nbformat_minor"] = 0
    assert full(grade(done))


# Deleted, turned, moved, merged


def test_a_deleted_check_cell(done: Notebook, grade: Grade) -> None:
    del done["cells"][place(done, "check-shifted")]
    report = grade(done)
    assert full(report)
    assert report.notes == ("The check cell of shifted is gone; grading does without.",)


def test_every_given_check_and_text_cell_deleted(done: Notebook, grade: Grade) -> None:
    mine = ("exercise", "prediction")
    done["cells"] = [
        c for c in done["cells"] if c["metadata"].get("spotlight", {}).get("role") in mine
    ]
    report = grade(done)
    assert full(report)
    assert report.notes == ("The check cells of 5 exercises are gone; grading does without.",)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_exercise_cell_turned_into_text(kind: str, done: Notebook, grade: Grade) -> None:
    cell = exercise_cell(done, "shifted")
    cell["cell_type"] = kind
    report = grade(done)
    number = number_of(done, "shifted")
    assert full(report)
    assert remarks(report) == {
        "shifted": (f"Cell {number} is set to {kind}; its text was read as code.",)
    }


def test_an_exercise_cell_turned_into_text_without_its_marks(done: Notebook, grade: Grade) -> None:
    exercise_cell(done, "shifted")["cell_type"] = "markdown"
    strip_headers(done)
    assert full(grade(done))


def test_exercises_in_reverse_order(done: Notebook, grade: Grade) -> None:
    done["cells"].reverse()
    report = grade(done)
    assert full(report)
    assert report.notes == (
        "The exercises stand in another order than in the lesson; "
        "they were graded in the lesson's order.",
    )


def test_exercises_in_reverse_order_without_marks(done: Notebook, grade: Grade) -> None:
    strip_headers(done)
    done["cells"].reverse()
    assert full(grade(done))


def test_two_exercise_cells_merged(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "doubled", lambda s: f"{s}\n\n{text(exercise_cell(done, 'shifted'))}")
    del done["cells"][place(done, SHIFTED)]
    report = grade(done)
    assert full(report)
    assert report.notes == (
        f"Several exercises stand in cell {number_of(done, 'doubled')}; "
        "each was graded for itself.",
    )


def test_an_exercise_merged_into_the_text_above_it(done: Notebook, grade: Grade) -> None:
    cell = exercise_cell(done, "shifted")
    cell["source"] = f"Shift it: add a number, don't subtract.\n\n{text(cell)}"
    cell["cell_type"] = "markdown"
    assert full(grade(done))


def test_the_whole_notebook_in_one_cell(done: Notebook, grade: Grade) -> None:
    done["cells"] = [code("\n\n".join(text(cell) for cell in code_cells(done)))]
    assert full(grade(done))


def test_an_answer_written_into_the_cell_of_another_exercise(
    done: Notebook, blank: Notebook, grade: Grade
) -> None:
    answer = without_header(text(exercise_cell(done, "shifted")))
    edit_cell(done, "doubled", lambda s: f"{s}\n\n{answer}")
    done["cells"][place(done, SHIFTED)] = exercise_cell(blank, "shifted")
    report = grade(done)
    assert full(report)
    assert remarks(report) == {
        "shifted": (
            "Its own cell was left as it was; "
            f"cell {number_of(done, 'doubled')} defines it and was graded.",
        )
    }


# Split cells and new ones


@pytest.mark.parametrize("rest", ["1 / 0", "check('shifted')", "numbers * 2"])
def test_a_blank_split_above_code_that_is_no_answer(
    rest: str, blank: Notebook, grade: Grade
) -> None:
    split_off = {**copy.deepcopy(exercise_cell(blank, "shifted")), "id": "rest", "source": rest}
    insert(blank, split_off, at=SHIFTED, below=True)
    assert {e.status for e in grade(blank).exercises} == {"blank"}


def test_a_blank_without_any_marks(blank: Notebook, grade: Grade) -> None:
    strip_headers(blank)
    assert {e.status for e in grade(blank).exercises} == {"blank"}


def test_an_answer_above_a_split_one_without_any_marks(done: Notebook, grade: Grade) -> None:
    """What does not parse by itself continues the answer above it, but not if it is another's."""
    strip_headers(done)
    cells = [code(text(cell)) for cell in done["cells"] if "def " in text(cell)]
    doubled, shifted = cells[0], cells[1]
    lines = text(shifted).splitlines()
    first, rest = code("\n".join(lines[:2])), code("\n".join(lines[2:]))
    done["cells"] = [doubled, first, rest, *cells[2:]]
    report = grade(done)
    assert report.exercises[0].status == "passed"
    assert remarks(report)["doubled"] == ("Its cell had lost its marks; cell 1 defines it.",)


def halves(notebook: Notebook, line: int) -> tuple[str, str]:
    lines = text(exercise_cell(notebook, "shifted")).splitlines()
    return "\n".join(lines[:line]), "\n".join(lines[line:])


@pytest.mark.parametrize("keeps_metadata", [True, False], ids=["as-jupyter-does", "retyped"])
@pytest.mark.parametrize("line", [1, 2, 4, -1])
def test_a_cell_split_in_two(line: int, keeps_metadata: bool, done: Notebook, grade: Grade) -> None:
    """After its header, after the def line, inside the docstring, before the return."""
    cell = exercise_cell(done, "shifted")
    above, below = halves(done, line)
    cell["source"] = above
    rest = {**copy.deepcopy(cell), "id": "rest"} if keeps_metadata else code("")
    insert(done, {**rest, "source": below}, at=SHIFTED, below=True)
    report = grade(done)
    number = number_of(done, "shifted")
    assert full(report)
    if not (keeps_metadata and line == 1):  # the half with the whole function is enough then
        assert remarks(report) == {
            "shifted": (f"It was split over cells {number} to {number + 1}, which were joined.",)
        }


def test_a_helper_split_off_the_exercise(done: Notebook, grade: Grade) -> None:
    cell = exercise_cell(done, "shifted")
    header, function = text(cell).split("\n", 1)
    cell["source"] = f"{header}\ndef plus(a, b):\n    return a + b"
    insert(done, code(function.replace("x + by", "plus(x, by)")), at=SHIFTED, below=True)
    assert full(grade(done))


@pytest.mark.parametrize("where", ["above", "below", "at the top", "at the end"])
def test_a_helper_in_a_cell_of_its_own(where: str, done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("x + by", "plus(x, by)"))
    helper = code("import operator\n\ndef plus(a, b):\n    return operator.add(a, b)")
    if where in ("above", "below"):
        insert(done, helper, at=SHIFTED, below=where == "below")
    else:
        done["cells"].insert(0 if where == "at the top" else len(done["cells"]), helper)
    report = grade(done)
    assert full(report)
    assert remarks(report) == {}


def test_a_helper_that_needs_an_import_from_yet_another_cell(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("x + by", "plus(x, by)"))
    insert(done, code("import operator as op"), at="verify")
    insert(done, code("def plus(a, b):\n    return op.add(a, b)"), at=SHIFTED)
    assert full(grade(done))


def test_a_helper_whose_own_experiments_fail(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("x + by", "plus(x, by)"))
    helper = failed("def plus(a, b):\n    return a + b\n\nplus(1)", "TypeError")
    insert(done, helper, at=SHIFTED)
    report = grade(done)
    assert full(report)
    assert report.notes == ()  # an exercise needs it, so nobody says that none does


@pytest.mark.parametrize("where", [SHIFTED, "verify"])
def test_an_answer_in_a_new_cell_while_the_stub_was_left(
    where: str, done: Notebook, blank: Notebook, grade: Grade
) -> None:
    answer = code(without_header(text(exercise_cell(done, "shifted"))))
    done["cells"][place(done, SHIFTED)] = exercise_cell(blank, "shifted")
    insert(done, answer, at=where, below=True)
    number = done["cells"].index(answer) + 1
    report = grade(done)
    assert full(report)
    assert remarks(report) == {
        "shifted": (f"Its own cell was left as it was; cell {number} defines it and was graded.",)
    }


def test_an_answer_typed_over_the_check_cell(done: Notebook, blank: Notebook, grade: Grade) -> None:
    answer = without_header(text(exercise_cell(done, "shifted")))
    done["cells"][place(done, SHIFTED)] = exercise_cell(blank, "shifted")
    done["cells"][place(done, "check-shifted")]["source"] = answer
    assert full(grade(done))


# Cells that have nothing to do with it


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        "1 / 0",
        "raise SystemExit",
        "while True:\n    pass",
        "import os\nos._exit(1)",
        "this is not Python",
        "answer = input('?')",
        "y = shifted(numbers, 1)\ny.nonsense",
        "%%bash\nrm -rf shifted",
    ],
)
def test_an_unrelated_cell_that_raises_or_loops(
    source: str, below: bool, done: Notebook, grade: Grade
) -> None:
    insert(done, failed(source, "ZeroDivisionError"), at=SHIFTED, below=below)
    number = number_of(done, "shifted") + (1 if below else -1)
    report = grade(done)
    assert full(report)
    assert report.notes == (
        f"Cell {number} ended in ZeroDivisionError when it was last run; "
        "no exercise needs it, so it costs nothing.",
    )


def test_several_unrelated_cells_that_raise_are_told_in_one_sentence(
    done: Notebook, grade: Grade
) -> None:
    done["cells"][:0] = [failed("1 / 0", "ZeroDivisionError"), failed("[][0]", "IndexError")]
    assert grade(done).notes == (
        "Cells 1 and 2 ended in IndexError or ZeroDivisionError when they were last run; "
        "no exercise needs them, so they cost nothing.",
    )


@pytest.mark.parametrize("at", ["exercise-doubled", SHIFTED, "verify"])
def test_scratch_cells_that_take_names_of_the_course(at: str, done: Notebook, grade: Grade) -> None:
    insert(done, code("numbers = None\ntorch = 3\nTensor = x = by = 0\nprint(numbers)"), at=at)
    assert full(grade(done))


def test_a_changed_given_cell(done: Notebook, grade: Grade) -> None:
    given = next(c for c in code_cells(done) if "torch.arange(6.0)" in text(c))
    given["source"] = "numbers = 'my own'"
    number = done["cells"].index(given) + 1
    report = grade(done)
    assert full(report)
    assert report.notes == (
        f"You changed the given code in cell {number}; grading uses the course's own copy of it.",
    )


# How Jupyter's own words and the file itself may look


def test_magics_and_shell_lines(done: Notebook, grade: Grade) -> None:
    for cell in exercise_cells(done):
        cell["source"] = f"%%time\n{text(cell)}"
    extra = "\n%matplotlib inline\n!pip list\n%timeit 1 + 1\nfiles = !ls\nshifted?\nshifted??"
    edit_cell(done, "shifted", lambda s: s + extra)
    assert full(grade(done))


def test_top_level_await(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: f"import asyncio\nawait asyncio.sleep(0)\n{s}")
    assert full(grade(done))


def test_everything_imported_from_a_module(done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("x + by", "x + sqrt(by * by) * copysign(1, by)"))
    insert(done, code("from math import *"), at="exercise-doubled")
    assert full(grade(done))


@pytest.mark.parametrize("below", [True, False])
def test_an_import_in_another_cell(below: bool, done: Notebook, grade: Grade) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("x + by", "op.add(x, by)"))
    insert(done, code("import operator as op"), at=SHIFTED, below=below)
    assert full(grade(done))


def test_a_function_under_a_condition_or_a_decorator_or_as_a_lambda(
    done: Notebook, lesson: Lesson, grade: Grade
) -> None:
    doubled, shifted, after, *_ = lesson.exercises
    put(done, doubled, "if True:\n    def doubled(x):\n        return 2 * x")
    put(done, shifted, "shifted = lambda x, by: x + by")
    put(done, after, "import functools\n@functools.wraps(shifted)\n"
        "def doubled_then_shifted(x, by):\n    return shifted(doubled(x), by)")  # fmt: skip
    assert full(grade(done))


def carriage_returns(notebook: Notebook) -> bytes:
    for cell in notebook["cells"]:
        cell["source"] = text(cell).replace("\n", "\r\n")
    return json.dumps(notebook).encode()


def byte_order_mark(notebook: Notebook) -> bytes:
    return b"\xef\xbb\xbf" + json.dumps(notebook).encode()


def lists_of_lines(notebook: Notebook) -> bytes:
    for cell in notebook["cells"]:
        cell["source"] = text(cell).splitlines(keepends=True)
    return json.dumps(notebook).encode()


def tabs(notebook: Notebook) -> bytes:
    for cell in exercise_cells(notebook):
        cell["source"] = text(cell).replace("    ", "\t")
    return json.dumps(notebook, indent=4).encode()


def huge_outputs(notebook: Notebook) -> bytes:
    for cell in code_cells(notebook):
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 2_000_000}]
    return json.dumps(notebook).encode()


@pytest.mark.parametrize(
    "written", [carriage_returns, byte_order_mark, lists_of_lines, tabs, huge_outputs]
)
def test_how_the_file_is_written(
    written: Callable[[Notebook], bytes], done: Notebook, grader: LessonGrader
) -> None:
    report = grader.grade(parse_submission(written(done), "notebook.ipynb"))
    assert full(report)
    assert report.notes == ()
    assert remarks(report) == {}


def test_a_renamed_notebook(done: Notebook, grader: LessonGrader, tmp_path: Path) -> None:
    path = tmp_path / "my homework (final) 2.ipynb"
    path.write_text(json.dumps(done), encoding="utf-8")
    assert full(grader.grade(read_submission(path)))


# Predictions


def test_a_prediction_copied_blank_or_merged_still_counts(
    done: Notebook, blank: Notebook, grade: Grade
) -> None:
    first, second = "predict-order_matters", "predict-how_many"
    insert(done, blank["cells"][place(blank, first)], at=first, below=True)
    done["cells"][place(done, second)]["source"] += "\n" + text(
        done["cells"].pop(place(done, first))
    )
    assert full(grade(done))


def test_a_valid_answer_outlives_an_invalid_copy(done: Notebook, grade: Grade) -> None:
    invalid = code("predict('order_matters', 'perhaps', choices=['yes', 'no'])")
    insert(done, invalid, at="predict-order_matters", below=True)
    assert full(grade(done))


def test_a_prediction_with_its_words_named(done: Notebook, grade: Grade) -> None:
    cell = done["cells"][place(done, "predict-how_many")]
    cell["source"] = "predict(between=(0, 10), answer=9.5, name='how_many')"
    assert full(grade(done))


def test_nothing_is_remarked_on_a_notebook_that_was_only_worked_in(
    done: Notebook, lesson: Lesson
) -> None:
    located = locate(lesson, submitted(done))
    assert located.notes == ()
    assert {name: found.notes for name, found in located.exercises.items()} == dict.fromkeys(
        (e.id for e in lesson.exercises), ()
    )


def test_cells_known_only_from_running_are_no_reason_to_call_others_gone(
    done: Notebook, grader: LessonGrader
) -> None:
    """A kernel without a file knows the cells that ran, and nothing of the rest."""
    ran = submitted({"cells": [code(text(exercise_cell(done, "shifted")))]})
    live = type(ran)("this notebook", ran.cells)
    report: ExerciseReport = grader.grade(live).exercises[1]
    assert report.status == "passed"
    assert grader.grade(live).notes == ()

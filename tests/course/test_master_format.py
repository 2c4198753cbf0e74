"""What a master says is read from its text, and the solution notebook says the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from masters_read_twice import rebuilt, without_places

from small_masters import SMALL, master_of, read_text, sections, spoilt
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import AuthoringError, Edit, Forbidden, Prediction, headings
from spotlight.course.reading import read_master, read_solution


def given_sources(lesson):
    return [cell.source for cell in lesson.cells if cell.role == "given"]


# What is read


def test_a_cell_has_the_role_that_its_first_line_gives_it(small_lesson):
    roles = [cell.role for cell in small_lesson.cells]
    assert roles[:6] == ["markdown", "given", "authoring", "given", "markdown", "exercise"]
    assert [roles.count(role) for role in ("exercise", "probes", "prediction")] == [3, 3, 1]


def test_the_lesson_is_called_by_what_it_starts_and_titled_by_its_first_heading(small_lesson):
    assert small_lesson.id == "small_sums"
    assert small_lesson.title == "Small sums"


def test_an_exercise_takes_its_details_from_its_first_line(small_lesson):
    row_sums = small_lesson.exercise("row_sums")
    assert (row_sums.points, row_sums.minutes, row_sums.difficulty) == (2, 3, 1)
    assert row_sums.targets == ("row_sums",)
    ends = small_lesson.exercise("ends")
    assert (ends.points, ends.minutes, ends.difficulty) == (1, 2, 3)
    assert ends.targets == ("smallest", "largest")


def test_an_exercise_is_titled_by_the_heading_above_without_its_number(small_lesson):
    titles = [exercise.title for exercise in small_lesson.exercises]
    assert titles == ["Add up the rows", "Add up everything", "Both ends"]


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        ("# One\ntext\n### Two", ["One", "Two"]),
        ("## 3 · Numbered", ["Numbered"]),
        ("## 3.1 · Numbered", ["Numbered"]),
        ("## 3 bears", ["3 bears"]),
        ("#### Too deep\n#no space", []),
        ("## Real\n```python\n# a comment\n```\n", ["Real"]),
    ],
)
def test_headings_are_those_of_the_text_and_not_of_code_in_it(markdown, found):
    assert headings(markdown) == found


def test_an_exercise_is_found_by_its_id_before_any_target(tmp_path):
    more = 'exercise="row_sums" targets=["row_sums", "smallest", "ends"]'
    lesson = read_text(tmp_path, spoilt(('exercise="row_sums"', more)))
    assert lesson.exercise("ends").id == "ends"
    assert lesson.exercise("smallest").id == "row_sums"
    assert lesson.exercise("largest").id == "ends"
    assert lesson.exercise("nothing") is None


def test_a_probe_is_a_function_without_its_decorator(small_lesson):
    probe, _ = small_lesson.exercise("row_sums").probes
    assert (probe.name, probe.description) == ("two_rows", "Two rows of four.")
    assert probe.parameters == ("row_sums",)
    assert probe.source.startswith("def two_rows(row_sums):")


def test_a_probe_cell_keeps_what_probes_call_upon_with_its_decorators(small_lesson):
    helpers = small_lesson.exercise("row_sums").helpers
    assert helpers == ("import functools\n\n@functools.cache\ndef _widths():\n    return (2, 4)")


def test_mistakes_are_edits_or_functions(small_lesson):
    columns, _, first = small_lesson.exercise("row_sums").mistakes
    assert (columns.name, columns.edit) == ("columns-instead", Edit("dim=-1", "dim=0"))
    assert columns.message == "You add up the columns, and rows are asked for."
    assert (first.name, first.function) == ("first-entry", "row_sums__first_entry")
    assert first.source == "def row_sums__first_entry(x):\n    return x[:, 0]"


def test_alternatives_are_edits_or_functions(small_lesson):
    product, one_by_one = small_lesson.exercise("row_sums").alternatives
    assert product.edit == Edit("x.sum(dim=-1)", "x @ torch.ones(x.shape[1])")
    assert (one_by_one.name, one_by_one.function) == ("one-by-one", "row_sums__one_by_one")


def test_hints_lose_the_indentation_that_they_have_in_the_master(small_lesson):
    question, last = small_lesson.exercise("row_sums").hints
    assert question == "Which numbers go into entry i?"
    assert last == "```python\nreturn <x, added up over its columns>\n```"


def test_what_is_forbidden_comes_with_its_reason(small_lesson):
    assert small_lesson.exercise("row_sums").forbidden == (
        Forbidden(("einsum",), "it hides the sum that you are to write."),
    )


def test_the_words_take_their_arguments_by_name_too(tmp_path):
    text = spoilt(
        (
            '@mistake("first-entry", "You return the first entry of each row; ',
            '@mistake(name="first-entry", message="You return the first entry; ',
        ),
        ('mistakes("""\ntyped-in', 'mistakes(text="""\ntyped-in'),
    )
    lesson = read_text(tmp_path, text)
    first = lesson.exercise("row_sums").mistakes[-1]
    assert first.name == "first-entry"
    assert first.message == "You return the first entry; add up all of them."
    assert len(lesson.exercise("total").mistakes) == 3


def test_nothing_of_a_master_is_executed(tmp_path):
    flag = tmp_path / "executed"
    bomb = f"open({str(flag)!r}, 'w').close()"
    lesson = read_text(
        tmp_path,
        spoilt(
            ("table = torch", f"{bomb}\ntable = torch"),
            ("    total_of_rows =", f"    {bomb}\n    total_of_rows ="),
            ("import functools\n", f"import functools\n{bomb}\n"),
            ("    return row_sums(randn(3, 5))", f"    {bomb}\n    return row_sums(randn(3, 5))"),
            ("print(table)", bomb),
        ),
    )
    assert bomb in lesson.exercise("row_sums").helpers
    build_notebook(lesson, "student")
    build_notebook(rebuilt(lesson, tmp_path), "student")
    assert not flag.exists()


# Predictions


def test_the_possible_points_are_those_of_exercises_and_predictions(small_lesson):
    assert small_lesson.possible == 2 + 1 + 1 + 1


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [(0, True), (100, True), (14.5, True), (-1, False), (101, False), (float("nan"), False),
     (True, False), ("15", False), (None, False), (..., False)],
)  # fmt: skip
def test_a_number_is_accepted_between_its_bounds(small_lesson, answer, accepted):
    (prediction,) = small_lesson.predictions
    assert prediction.accepts(answer) is accepted


@pytest.mark.parametrize(
    ("answer", "accepted"), [("yes", True), (1, True), (1.0, False), (True, False), ("no", False)]
)
def test_a_choice_is_accepted_in_its_own_type(answer, accepted):
    assert Prediction("p", 1, ("yes", 1), None, "", "").accepts(answer) is accepted


@pytest.mark.parametrize(
    ("source", "blank"),
    [
        (
            'predict("guess", "é→ü", choices=["é→ü", "b"])  # “é” or b',
            'predict("guess", ..., choices=["é→ü", "b"])  # “é” or b',
        ),
        (
            'predict(\n    "guess",\n    "b",  # the answer\n    choices=["a", "b"],\n)',
            'predict(\n    "guess",\n    ...,  # the answer\n    choices=["a", "b"],\n)',
        ),
        (
            'ä = "ä"; predict("guess", 1.5, between=(0, 2))',
            'ä = "ä"; predict("guess", ..., between=(0, 2))',
        ),
        (
            '"one\u2028line"\npredict("guess", -1, between=(-2, 0))',
            '"one\u2028line"\npredict("guess", ..., between=(-2, 0))',
        ),
    ],
)
def test_the_blank_of_a_prediction_has_dots_for_the_answer_and_all_else_as_it_was(source, blank):
    assert Prediction("guess", 1, None, (0, 2), source, "").stub == blank


# Stubs and variants


def test_the_blank_of_a_function_raises_where_its_solution_stood(small_lesson):
    assert small_lesson.exercise("row_sums").stub == (
        "def row_sums(x: Tensor) -> Tensor:\n"
        '    """The sum of every row.\n\n    x: (n, m) → (n,)\n    """\n'
        "    # TODO: add up over the columns.\n"
        '    raise NotImplementedError("row_sums is not done yet")  # replace this line'
    )


def test_the_blank_of_a_variable_is_dots(small_lesson):
    assert small_lesson.exercise("total").stub == (
        "# TODO: compute the sum of all entries of table.\ntotal = ...  # replace the dots"
    )


def test_each_marked_place_of_an_exercise_has_a_blank_of_its_own(small_lesson):
    stub = small_lesson.exercise("ends").stub
    assert stub.count('raise NotImplementedError("ends is not done yet")') == 2
    assert "x.m" not in stub


def test_an_edit_changes_the_solution_in_its_one_place(small_lesson):
    row_sums = small_lesson.exercise("row_sums")
    wrong = row_sums.variant_source(row_sums.mistakes[0])
    assert wrong == row_sums.solution.replace("dim=-1", "dim=0")


@pytest.mark.parametrize(("variant", "expected"), [("last-entry", (1, 5)), ("by-sign", (1, 9))])
def test_a_function_stands_for_the_target_that_it_is_named_after(small_lesson, variant, expected):
    import torch

    ends = small_lesson.exercise("ends")
    found = next(v for v in (*ends.mistakes, *ends.alternatives) if v.name == variant)
    namespace = {"torch": torch, "Tensor": torch.Tensor}
    exec(ends.variant_source(found), namespace)
    x = torch.tensor([[9, 1], [2, 5]])
    assert (namespace["smallest"](x), namespace["largest"](x)) == expected


# The solution notebook


def test_master_and_solution_notebook_are_the_same_lesson(any_lesson, tmp_path):
    again = rebuilt(any_lesson, tmp_path)
    assert (again.id, again.title) == (any_lesson.id, any_lesson.title)
    assert without_places(again.exercises) == without_places(any_lesson.exercises)
    assert without_places(again.predictions) == without_places(any_lesson.predictions)
    assert given_sources(again) == given_sources(any_lesson)
    assert again.possible == any_lesson.possible


@pytest.mark.parametrize("edition", ["student", "solution"])
def test_both_notebooks_can_be_built_from_the_solution_notebook(any_lesson, tmp_path, edition):
    again = rebuilt(any_lesson, tmp_path)
    assert build_notebook(again, edition) == build_notebook(any_lesson, edition)


@settings(max_examples=40, deadline=None)
@given(parts=sections())
def test_whatever_a_master_holds_its_solution_notebook_is_the_same_lesson(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("made_up")
    lesson = read_text(folder, master_of(parts))
    again = rebuilt(lesson, folder)
    assert without_places(again.exercises) == without_places(lesson.exercises)
    assert without_places(again.predictions) == without_places(lesson.predictions)
    assert given_sources(again) == given_sources(lesson)
    for edition in ("student", "solution"):
        assert build_notebook(again, edition) == build_notebook(lesson, edition)


# Files that cannot be used


def test_a_master_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AuthoringError, match=r"missing\.py: the master cannot be read \(No such"):
        read_master(tmp_path / "missing.py")


def test_a_master_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "latin.py"
    path.write_bytes("# %%\n# größer\n".encode("latin-1"))
    with pytest.raises(AuthoringError, match=r"latin\.py: the master is not UTF-8 text"):
        read_master(path)


def test_a_solution_notebook_that_is_not_there_is_to_be_built(tmp_path):
    with pytest.raises(AuthoringError, match=r"missing\.ipynb: .*verify\.py build"):
        read_solution(tmp_path / "missing.ipynb")


def test_any_damaged_solution_notebook_is_to_be_built_anew(small_lesson, tmp_path):
    whole = build_notebook(small_lesson, "solution")
    nested = "[" * 100_000
    damaged = ["", "null", "[]", "{}", '{"cells": 3}', '{"cells": null}', '{"cells": ["x"]}']
    damaged += [
        '{"cells": [{}]}',
        '{"cells": [{"metadata": null}]}',
        nested,
        whole[: len(whole) // 2],
    ]
    damaged += ['{"cells": [{"cell_type": "code", "source": 3}]}', "\ud800"]
    for text in damaged:
        path = tmp_path / "damaged.ipynb"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with pytest.raises(AuthoringError, match=r"damaged\.ipynb: not a notebook; run .*build"):
            read_solution(path)


def test_a_notebook_that_opens_no_lesson_is_no_solution_notebook(tmp_path):
    path = tmp_path / "other.ipynb"
    path.write_text(json.dumps({"cells": []}))
    with pytest.raises(AuthoringError, match=r"other\.ipynb: no given cell opens the lesson"):
        read_solution(path)


def test_jupyter_may_save_sources_as_lines_or_as_one_text(small_lesson, tmp_path):
    notebook = json.loads(build_notebook(small_lesson, "solution"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    path = tmp_path / "joined.ipynb"
    path.write_text(json.dumps(notebook))
    assert without_places(read_solution(path).exercises) == without_places(small_lesson.exercises)


def test_the_small_master_reads_as_it_stands(tmp_path):
    assert "### BEGIN SOLUTION" in SMALL
    assert read_text(tmp_path, SMALL).where.endswith("07_small_sums.py")

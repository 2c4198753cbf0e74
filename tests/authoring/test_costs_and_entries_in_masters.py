"""Costs, entries, naming probes and partial credit, as a master says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_masters import SMALL, read_text, spoilt
from spotlight.authoring.notebooks import build_notebook
from spotlight.authoring.rules import broken_rules
from spotlight.course.lesson import AuthoringError, CostRule, Exercise, Lesson
from spotlight.course.reading import read_solution

ROW_PROBES = "07_small_sums.py, cell 7: "
WHY = 'why("One call adds up all rows.")\n'
ENTRY = "@entry\ndef row_sums__entry(i, x):\n"


def master_with(*lines: str) -> str:
    """The small master with lines more in the probe cell of `row_sums`."""
    return spoilt((WHY, WHY + "\n".join(lines) + "\n"))


def row_sums(folder: Path, text: str) -> Exercise:
    exercise = read_text(folder, text).exercise("row_sums")
    assert exercise is not None
    return exercise


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(AuthoringError) as raised:
        read_text(folder, text)
    return str(raised.value)


# What is read


def test_an_exercise_costs_what_it_likes_unless_the_master_says_otherwise(tmp_path: Path) -> None:
    exercise = row_sums(tmp_path, SMALL)
    assert (exercise.costs, exercise.partial) == ((), False)


def test_costs_come_with_their_reasons_in_the_order_of_the_master(tmp_path: Path) -> None:
    text = master_with(
        'without_loops(because="one call adds up all rows.")',
        'flops_within(1.5, because="every number is looked at once.")',
    )
    assert row_sums(tmp_path, text).costs == (
        CostRule(None, "one call adds up all rows."),
        CostRule(1.5, "every number is looked at once."),
    )


@pytest.mark.parametrize("factor", ["2", "2.0", "factor=2"])
def test_a_factor_is_any_positive_number(factor: str, tmp_path: Path) -> None:
    (rule,) = row_sums(tmp_path, master_with(f'flops_within({factor}, because="so.")')).costs
    assert rule.flops == 2


def test_the_entry_is_the_source_of_a_function(tmp_path: Path) -> None:
    source = row_sums(tmp_path, SMALL).entry
    assert source.startswith("def row_sums__entry(i, x):\n    return f")
    assert "@" not in source


def test_a_naming_probe_is_a_probe_by_which_nobody_fails(tmp_path: Path) -> None:
    text = master_with(
        "@naming_probe", "def wide(row_sums):", '    "Wide."', "    return row_sums(randn(2, 9))"
    )
    *graded, naming = row_sums(tmp_path, text).probes
    assert [probe.naming_only for probe in graded] == [False, False]
    assert (naming.name, naming.naming_only, naming.description) == ("wide", True, "Wide.")
    assert naming.source.startswith("def wide(row_sums):")


@pytest.mark.parametrize(("said", "partial"), [("true", True), ("false", False)])
def test_partial_credit_is_an_option_of_the_exercise(
    said: str, partial: bool, tmp_path: Path
) -> None:
    text = spoilt((" points=2", f" points=2 partial={said}"))
    assert row_sums(tmp_path, text).partial is partial


def test_the_reason_for_the_solution_loses_its_indentation(tmp_path: Path) -> None:
    text = spoilt((WHY, 'why("""\n    One call.\n\n    No loop.\n""")\n'))
    assert row_sums(tmp_path, text).why == "One call.\n\nNo loop."


def everything(folder: Path) -> Lesson:
    text = master_with(
        'without_loops(because="one call.")',
        'flops_within(2, because="once.")',
        "@naming_probe",
        "def wide(row_sums):",
        '    "Wide."',
        "    return row_sums(randn(2, 9))",
    )
    return read_text(folder, spoilt((" points=2", " points=2 partial=true"), text=text))


def test_all_of_it_comes_through_the_solution_notebook(tmp_path: Path) -> None:
    lesson = everything(tmp_path)
    path = tmp_path / "solution.ipynb"
    path.write_text(build_notebook(lesson, "solution"), encoding="utf-8")
    here, there = (one.exercise("row_sums") for one in (lesson, read_solution(path)))
    assert here is not None
    assert there is not None
    assert there.costs == here.costs
    assert there.entry == here.entry
    assert there.partial is True
    assert there.why == here.why
    assert [probe.naming_only for probe in there.probes] == [False, False, True]


def test_nothing_of_it_stands_in_the_students_notebook(tmp_path: Path) -> None:
    text = build_notebook(everything(tmp_path), "student")
    for word in ("without_loops", "flops_within", "naming_probe", "row_sums__entry", "why("):
        assert word not in text


# What is refused


UNREADABLE = {
    "a second entry": (
        f'{ENTRY}    return ""',
        "line 58: a second entry for row_sums",
    ),
    "an entry of another function": (
        '@entry\ndef sums__entry(i, x):\n    return ""',
        "sums__entry is not called row_sums__entry",
    ),
    "an entry that is a class": ("@entry\nclass row_sums__entry: ...", "alone above a function"),
    "an entry that is a probe": (f"@probe\n{ENTRY}    return ''", "alone above a function"),
    "a second why": ('why("Once more.")', "line 57: a second why for row_sums"),
    "a why without words": ('why("")', "line 57: why(...) says nothing"),
    "a why from elsewhere": ("why(TEXT)", "line 57: why(...) takes literal text only"),
    "a factor from elsewhere": (
        'flops_within(FACTOR, because="so.")',
        "line 57: flops_within(...) takes a number of 1 or more",
    ),
    "a factor in words": ('flops_within("three", because="so.")', "flops_within(...)"),
    "a factor in quotes": ('flops_within("3", because="so.")', "flops_within(...)"),
    "a factor that is a truth value": ('flops_within(True, because="so.")', "flops_within(...)"),
    "a factor below zero": ('flops_within(-2, because="so.")', "flops_within(...)"),
    "no factor": ('flops_within(because="so.")', "flops_within(...): missing"),
    "a list for a factor": ('flops_within([2], because="so.")', "flops_within(...) takes"),
    "no reason for a factor": ("flops_within(2)", "flops_within(...): missing"),
    "a reason that is a number": ("flops_within(2, because=3)", "flops_within(...)"),
    "a reason without words": ('flops_within(2, because="")', "flops_within(...) says nothing"),
    "no reason against loops": ("without_loops()", "without_loops(...): missing"),
    "a reason by place": ('without_loops("so.")', "without_loops(...): too many"),
    "no words against loops": ('without_loops(because="")', "without_loops(...) says nothing"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_meant_is_refused_by_file_and_cell(
    line: str, said: str, tmp_path: Path
) -> None:
    message = refusal(tmp_path, master_with(line))
    assert message.startswith(ROW_PROBES)
    assert said in message
    assert message.endswith(".")


@pytest.mark.parametrize("value", ['"true"', "1", "0", "null", '["row_sums"]'])
def test_partial_credit_is_given_or_not(value: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, spoilt((" points=2", f" points=2 partial={value}")))
    assert message.startswith("07_small_sums.py, cell 6 (row_sums): partial=")
    assert message.endswith("is neither true nor false.")


# Rules


def problems(folder: Path, text: str) -> list[str]:
    return broken_rules(read_text(folder, text))


def test_a_master_that_says_all_of_it_keeps_every_rule(tmp_path: Path) -> None:
    assert broken_rules(everything(tmp_path)) == []


def test_an_exercise_without_a_why_or_an_entry_is_incomplete(tmp_path: Path) -> None:
    place = "07_small_sums.py, cell 6 (row_sums): "
    assert problems(tmp_path, spoilt((WHY, ""))) == [
        f"{place}no why(...) says why the solution is written as it is."
    ]
    (said,) = problems(tmp_path, spoilt((ENTRY, "def row_sums__entry(i, x):\n")))
    assert said == f"{place}no @entry function says how one entry of the result comes about."


def test_where_no_shapes_are_promised_no_entry_is_asked_for(tmp_path: Path) -> None:
    text = spoilt(
        (ENTRY, "def row_sums__entry(i, x):\n"), ("    x: (n, m) → (n,)\n", "    Of any matrix.\n")
    )
    assert problems(tmp_path, text) == []


def test_a_naming_probe_does_not_count_among_the_two_that_grade(tmp_path: Path) -> None:
    (said,) = problems(
        tmp_path, spoilt(("@probe\ndef three_rows", "@naming_probe\ndef three_rows"))
    )
    assert said.endswith("probes: 1, where at least 2 must stand.")


def test_a_naming_probe_has_a_case_in_words_like_any_other(tmp_path: Path) -> None:
    text = master_with("@naming_probe", "def wide(row_sums):", "    return row_sums(randn(2, 9))")
    (said,) = problems(tmp_path, text)
    assert said.endswith("probe wide has no docstring, which names its case to students.")

"""`gradebook.csv`: a row for everyone, every point accounted for, and no stranger's formula."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from class_books import (
    FINISH,
    STEPS,
    adjusted,
    book,
    exercise,
    graded,
    large_book,
    line,
    refused,
    row,
    student,
)
from hypothesis import given
from hypothesis import strategies as st

from spotlight.classroom.adjustments import Adjustment
from spotlight.classroom.adjustments import adjusted as adjust
from spotlight.classroom.gradebook import ClassBook, LessonColumn
from spotlight.classroom.gradebook_cells import csv_text, number_cell, text_cell
from spotlight.classroom.gradebook_csv import gradebook_csv

DOUBLED, SHIFTED = STEPS.exercises


def read(some: ClassBook) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gradebook_csv(some).decode("utf-8-sig"), newline="")))


def test_a_row_has_who_the_points_of_every_lesson_and_exercise_and_the_sums() -> None:
    failed = exercise(SHIFTED, "failed", diagnosis="subtracted", points=0.5)
    who = student(canvas_id="17", sis_id="A-1", login="ada", section="Monday")
    (seen,) = read(book(row(who, graded("ada", STEPS, failed))))
    assert seen["student"] == "Lovelace, Ada"
    about = ("key", "canvas_id", "sis_id", "login", "section", "status")
    assert [seen[name] for name in about] == ["ada", "17", "A-1", "ada", "Monday", "graded"]
    assert (seen["points"], seen["possible"], seen["percent"]) == ("2.5", "5", "50")
    assert (seen["small_steps.points"], seen["small_steps.possible"]) == ("2.5", "4")
    assert seen["small_steps.predictions"] == "1"
    assert (seen["small_steps.doubled.points"], seen["small_steps.doubled.status"]) == (
        "1",
        "passed",
    )
    assert seen["small_steps.shifted.points"] == "0.5"
    assert seen["small_steps.shifted.status"] == "failed"
    assert seen["small_steps.shifted.diagnosis"] == "subtracted"
    assert (seen["small_finish.points"], seen["small_finish.possible"]) == ("0", "1")
    assert seen["small_finish.halved.status"] == "nothing handed in"


def test_who_is_absent_or_was_refused_has_nothing_and_the_book_says_why() -> None:
    some = book(row(student("bob", "Bob"), refused("bob")), absent=(student("cy", "Cy"),))
    bob, cy = read(some)
    assert (bob["status"], bob["points"]) == ("refused", "0")
    assert bob["notes"] == "week1.pdf was not graded: It is no notebook."
    assert (cy["status"], cy["points"], cy["possible"]) == ("nothing handed in", "0", "5")


def test_an_adjustment_counts_and_stands_in_columns_of_its_own() -> None:
    lines = (line("shifted", 1.5, "Right idea", "Dr. B"), line("", -0.5))
    changed = adjusted("small_steps", 2.0, 3.0, 4.0, lines)
    work = graded("ada", STEPS, exercise(SHIFTED, "failed"))
    (seen,) = read(book(row(student(), work, adjusted=(changed,))))
    assert (seen["small_steps.graded"], seen["small_steps.points"]) == ("2", "3")
    assert seen["small_steps.adjustment"] == "1"
    assert seen["small_steps.adjusted_because"] == (
        "shifted +1.5: Right idea (Dr. B) / the lesson -0.5"
    )
    assert seen["points"] == "3"
    assert seen["small_steps.shifted.points"] == "0"


def test_points_that_an_instructor_adds_to_a_lesson_are_possible_for_everyone() -> None:
    essay = adjusted("small_steps", 4.0, 9.0, 10.0, (line("", 5.0, "The essay"),))
    ada = row(student(), graded("ada", STEPS), adjusted=(essay,))
    bob = row(student("bob", "Bob"), graded("bob", STEPS))
    assert [seen["possible"] for seen in read(book(ada, bob))] == ["11", "11"]


def test_a_mark_of_the_instructors_own_has_columns_and_counts() -> None:
    """The real rows of an adjustments file, through to the book."""
    work = graded("ada", STEPS, exercise(SHIFTED, "failed"))
    assert work.report is not None
    rows = (
        Adjustment(2, "ada", "small_steps", "essay", total=2.5, possible=3.0, comment="Clear"),
        Adjustment(3, "ada", "small_steps", "shifted", change=1.0, who="Dr. B"),
        Adjustment(4, "ada", "small_steps", comment="Well done"),
        Adjustment(5, "ada", "small_steps", "nowhere", total=1.0),
    )
    ada = row(student(), work, adjusted=(adjust(work.report, rows),))
    seen = {r["key"]: r for r in read(book(ada, row(student("bob", "Bob"), graded("bob", STEPS))))}
    assert seen["ada"]["small_steps.essay.points"] == "2.5"
    assert seen["ada"]["small_steps.essay.status"] == "marked by the instructor"
    assert (seen["ada"]["small_steps.points"], seen["ada"]["small_steps.possible"]) == ("5.5", "7")
    assert seen["ada"]["small_steps.adjustment"] == "3.5"
    assert seen["ada"]["small_steps.adjusted_because"] == (
        "essay +2.5: Clear / shifted +1 (Dr. B) / the lesson: Well done"
    )
    assert "small_steps, adjustments: Line 5" in seen["ada"]["notes"]
    assert seen["bob"]["small_steps.essay.points"] == "0"
    assert seen["bob"]["small_steps.essay.status"] == ""
    assert seen["bob"]["small_steps.possible"] == "7"


def test_a_report_gives_the_columns_of_its_lesson() -> None:
    report = graded("ada", STEPS).report
    assert report is not None
    assert LessonColumn.of_report(report) == STEPS


def test_without_an_adjustment_its_columns_are_there_and_empty() -> None:
    (seen,) = read(book(row(student(), graded("ada", STEPS))))
    assert (seen["small_steps.adjustment"], seen["small_steps.adjusted_because"]) == ("", "")


def test_the_rosters_own_columns_are_kept_and_never_take_the_place_of_ours() -> None:
    ada = student(columns={"Days late": "-2", "points": "a lot", "notes": "x"})
    bob = student("bob", "Bob", columns={"Group": "7"})
    seen = {r["key"]: r for r in read(book(row(ada, graded("ada", STEPS)), row(bob)))}
    assert seen["ada"]["Days late"] == "-2"
    assert (seen["ada"]["roster.points"], seen["ada"]["points"]) == ("a lot", "4")
    assert (seen["ada"]["roster.notes"], seen["ada"]["Group"]) == ("x", "")
    assert (seen["bob"]["Group"], seen["bob"]["Days late"]) == ("7", "")


def test_notes_of_the_student_and_of_the_lessons_are_in_one_cell() -> None:
    work = graded("ada", STEPS, notes=("An older version.", "Two cells are alike."))
    (seen,) = read(book(row(student(), work, notes=("Two files; the later one counts.",))))
    assert seen["notes"] == (
        "Two files; the later one counts. / small_steps: An older version. / "
        "small_steps: Two cells are alike."
    )


def test_of_two_notebooks_of_one_lesson_the_better_counts() -> None:
    worse = graded("ada", FINISH, exercise(FINISH.exercises[0], "failed"))
    for order in ((worse, graded("ada", FINISH)), (graded("ada", FINISH), worse)):
        (seen,) = read(book(row(student(), *order)))
        assert seen["small_finish.points"] == "1"
        assert seen["notes"] == (
            "2 notebooks of Small finish were handed in; the one with most points counts."
        )


def test_everyone_stands_by_name_whoever_was_graded_first() -> None:
    rows = [row(student(f"k{i}", name)) for i, name in enumerate(("bob", "Ada", "Cy", "ada"))]
    expected = gradebook_csv(book(*rows, absent=(student("k9", "Bea"),)))
    assert gradebook_csv(book(*reversed(rows), absent=(student("k9", "Bea"),))) == expected
    names = [r["student"] for r in read(book(*rows, absent=(student("k9", "Bea"),)))]
    assert names == ["Ada", "ada", "Bea", "bob", "Cy"]


def test_excel_is_told_that_the_file_is_utf8() -> None:
    data = gradebook_csv(book(row(student(name="Ørsted, Åse"))))
    assert data.startswith(b"\xef\xbb\xbfstudent,")
    assert "Ørsted, Åse" in data.decode("utf-8-sig")


def test_a_class_of_hostile_names_is_a_table_with_one_row_each() -> None:
    some = large_book(20)
    rows = list(csv.reader(io.StringIO(gradebook_csv(some).decode("utf-8-sig"), newline="")))
    assert len(rows) == 1 + 20 + 3
    assert {len(cells) for cells in rows} == {len(rows[0])}
    assert len(set(rows[0])) == len(rows[0])
    assert not [cell for cells in rows for cell in cells if is_formula(cell)]


def test_headings_from_the_roster_are_no_formulas_either() -> None:
    some = book(row(student(columns={"=1+1": "=2+2"})))
    header, cells = csv.reader(io.StringIO(gradebook_csv(some).decode("utf-8-sig")))
    assert ("'=1+1", "'=2+2") in zip(header, cells, strict=True)


# Cells


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute what stands in the cell, as far as is known."""
    if re.fullmatch(r"[+-]?[\d.,]+", cell, re.ASCII):
        return False
    return cell[:1] in tuple("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u200b=1",
        "\ufeff=1",
        "\u202e=1",
        '"=1',
        "'=1",
        "＝1+1",
        "-",
        "+1 234",
    ],
)
def test_what_begins_a_formula_gets_an_apostrophe(text: str) -> None:
    assert text_cell(text).startswith("'")
    assert text_cell(text).endswith(text.strip("\t\r\n \u200b\ufeff\u202e"))


@pytest.mark.parametrize("text", ["-2", "+3", "-2.5", "-0,5", "1e5", "007", "12"])
def test_a_number_stays_a_number(text: str) -> None:
    assert text_cell(text) == text


@pytest.mark.parametrize(
    "text", ["Lovelace, Ada", "O'Brien", "Ada = Bob", "a-b@c.de", "نیم\u200cفاصله", "", "√d_k"]
)
def test_a_plain_name_is_left_alone(text: str) -> None:
    assert text_cell(text) == text


def test_a_cell_that_a_semicolon_would_split_holds_no_formula_behind_it() -> None:
    assert text_cell('Ada;=1+1; "@x";b') == "Ada;'=1+1;' \"@x\";b"


@given(st.lists(st.lists(st.text(), min_size=2, max_size=4), min_size=1, max_size=4))
def test_no_text_is_a_formula_or_breaks_a_row(table: list[list[str]]) -> None:
    cells = [[text_cell(text) for text in line] for line in table]
    assert not [cell for line in cells for cell in line if is_formula(cell)]
    assert list(csv.reader(io.StringIO(csv_text(cells), newline=""))) == cells
    csv_text(cells).encode()


@given(st.text(alphabet="=+-@;'\" \t\r\n＝a1,"))
def test_no_part_between_semicolons_is_a_formula(text: str) -> None:
    for part in text_cell(text).split(";"):
        assert not is_formula(part.strip(" '\"")) or part.lstrip(' "').startswith("'")


@given(st.floats(-1e6, 1e6))
def test_points_are_written_without_noise(number: float) -> None:
    assert float(number_cell(number)) == pytest.approx(number, abs=6e-5)
    assert "e" not in number_cell(number)


def test_thirds_and_zero_are_short() -> None:
    assert [number_cell(n) for n in (0.1 + 0.2, 1 / 3, -0.0, 4.0)] == ["0.3", "0.3333", "0", "4"]


def test_the_same_book_gives_the_same_bytes() -> None:
    some = large_book(10)
    assert gradebook_csv(some) == gradebook_csv(replace(some, rows=tuple(reversed(some.rows))))

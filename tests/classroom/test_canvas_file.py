"""The CSV for Canvas: its header, the row of possible points, and a line for every student."""

from __future__ import annotations

import csv
import io

from class_books import STEPS, adjusted, book, exercise, graded, large_book, line, row, student

from spotlight.classroom.canvas_csv import canvas_csv
from spotlight.classroom.gradebook import ClassBook


def read(some: ClassBook) -> list[list[str]]:
    return list(csv.reader(io.StringIO(canvas_csv(some).decode(), newline="")))


def test_the_two_rows_on_top_are_those_that_canvas_knows() -> None:
    data = canvas_csv(book())
    assert data == (
        b"Student,ID,SIS User ID,SIS Login ID,Section,Small steps,Small finish\r\n"
        b"    Points Possible,,,,,4,1\r\n"
    )


def test_a_student_has_the_rosters_name_and_ids_and_the_points_that_count() -> None:
    who = student(canvas_id="17", sis_id="A-1", login="ada", section="Monday")
    work = graded("ada", STEPS, exercise(STEPS.exercises[1], "failed"))
    changed = adjusted("small_steps", 2.0, 3.5, 4.0, (line("shifted", 1.5),))
    seen = read(book(row(who, work, adjusted=(changed,))))
    assert seen[2] == ["Lovelace, Ada", "17", "A-1", "ada", "Monday", "3.5", "0"]


def test_the_name_is_quoted_for_its_comma() -> None:
    assert b'\r\n"Lovelace, Ada",' in canvas_csv(book(row(student())))


def test_who_handed_in_nothing_has_zeros() -> None:
    seen = read(book(absent=(student("cy", "Cy", canvas_id="3"),)))
    assert seen[2] == ["Cy", "3", "", "", "", "0", "0"]


def test_an_assignment_that_canvas_has_keeps_its_heading() -> None:
    columns = {"Small Steps (4711)": "", "small_finish (4712)": "", "Other (1)": "3"}
    header, *_ = read(book(row(student(columns=columns))))
    assert header[5:] == ["Small Steps (4711)", "small_finish (4712)"]


def test_points_added_by_an_instructor_are_possible() -> None:
    essay = adjusted("small_steps", 4.0, 9.0, 10.0, (line("", 5.0, "The essay"),))
    seen = read(book(row(student(), graded("ada", STEPS), adjusted=(essay,))))
    assert (seen[1][5], seen[2][5]) == ("10", "9")


def test_hostile_names_come_back_as_text_in_a_table_of_equal_rows() -> None:
    some = large_book(20)
    seen = read(some)
    assert len(seen) == 2 + 20 + 3
    assert {len(cells) for cells in seen} == {5 + 3}
    assert all(not cells[0].startswith(tuple("=+-@")) for cells in seen)
    assert [cells[0] for cells in seen if "Wolfe" in cells[0]] == [
        r.student.name for r in some.rows if "Wolfe" in r.student.name
    ]


def test_no_name_can_be_taken_for_the_row_of_possible_points() -> None:
    """Canvas looks for those two words in the first cell, whatever else stands there."""
    names = [cells[0] for cells in read(book(row(student(name="Ms Points Possible"))))]
    assert [name for name in names if "Points Possible" in name] == ["    Points Possible"]


def test_a_name_that_becomes_so_when_its_gaps_are_closed_is_no_way_round() -> None:
    names = ("Points\u200b Possible", "Points \t Possible", "Points\u202e\nPossible")
    some = book(*(row(student(f"k{i}", name)) for i, name in enumerate(names)))
    assert ["Points Possible" in cells[0] for cells in read(some)[2:]] == [False] * 3


def test_there_is_no_byte_order_mark_before_the_first_heading() -> None:
    assert canvas_csv(book()).startswith(b"Student,")

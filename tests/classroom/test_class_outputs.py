"""The folder that a graded class leaves: every file in its place, the same bytes every time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from class_books import (
    CONFINEMENT,
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

from spotlight.classroom.outputs import student_report, write_outputs
from spotlight.grading.report import Report

WHEN = "2026-01-31T12:00:00Z"
SHIFTED = STEPS.exercises[1]


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_file_is_written_and_named(tmp_path: Path) -> None:
    some = book(row(student(), graded("ada", STEPS)), absent=(student("cy", "Cy"),))
    paths = write_outputs(some, tmp_path / "out", graded_at=WHEN)
    expected = ["gradebook.csv", "canvas.csv", "class.html", "students/ada.html"]
    expected += ["reports/ada.json", "gradescope/ada/results.json"]
    assert [path.relative_to(tmp_path / "out").as_posix() for path in paths] == expected
    assert sorted(contents(tmp_path / "out")) == sorted(expected)


def test_the_same_book_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    some = large_book(12)
    write_outputs(some, tmp_path / "one", graded_at=WHEN)
    other = replace(some, rows=tuple(reversed(some.rows)), absent=tuple(reversed(some.absent)))
    write_outputs(other, tmp_path / "two", graded_at=WHEN)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_is_up_to_date_is_left_alone_and_what_is_spoilt_is_written_again(
    tmp_path: Path,
) -> None:
    some = book(row(student(), graded("ada", STEPS)))
    paths = write_outputs(some, tmp_path, graded_at=WHEN)
    before = {path: path.stat().st_ino for path in paths}
    page = tmp_path / "students" / "ada.html"
    page.write_bytes(b"x" * page.stat().st_size)
    assert write_outputs(some, tmp_path, graded_at=WHEN) == paths
    assert page.read_bytes().startswith(b"<!doctype html>")
    assert {p for p in paths if p.stat().st_ino != before[p]} <= {page}


def test_every_link_of_the_class_page_is_a_file(tmp_path: Path) -> None:
    write_outputs(large_book(12), tmp_path, graded_at=WHEN)
    text = (tmp_path / "class.html").read_text(encoding="utf-8")
    links = {part.split('"')[0] for part in text.split('href="') if part.startswith("students/")}
    assert len(links) == 12
    assert all((tmp_path / link).is_file() for link in links)


def test_a_report_is_schema_1_with_the_students_name(tmp_path: Path) -> None:
    some = book(row(student(), graded("ada", STEPS, notes=("Older.",))))
    write_outputs(some, tmp_path, graded_at=WHEN)
    data = json.loads((tmp_path / "reports" / "ada.json").read_bytes())
    assert list(data) == ["schema", "suite", "version", "graded_at", "submissions"]
    report = Report.model_validate(data)
    assert report.graded_at == WHEN
    (submission,) = report.submissions
    assert (submission.student, submission.path) == (
        "Lovelace, Ada",
        "submitted/ada/small_steps.ipynb",
    )
    assert submission.lessons[0].points == 4
    assert submission.lessons[0].notes == ("Older.", *CONFINEMENT)


def test_a_report_says_in_its_notes_what_the_instructor_changed() -> None:
    lines = (line("shifted", 1.5, "Right idea", "Dr. B"),)
    changed = adjusted("small_steps", 2.0, 3.5, 4.0, lines)
    work = graded("ada", STEPS, exercise(SHIFTED, "failed"))
    some = book(row(student(), work, adjusted=(changed,)))
    (lesson,) = student_report(some, some.rows[0], WHEN).submissions[0].lessons
    assert lesson.points == 3.5
    assert lesson.exercises[1].points == 0
    assert lesson.notes[:2] == (
        "Adjusted by the instructor: shifted +1.5: Right idea (Dr. B)",
        "Grading gave 2; 3.5 count.",
    )


def test_several_files_are_reported_by_their_folder_and_nothing_by_no_path() -> None:
    some = book(row(student(), graded("ada", STEPS), refused("ada")), row(student("x")))
    assert [student_report(some, r, WHEN).submissions[0].path for r in some.rows] == [
        "submitted/ada",
        "",
    ]


def test_all_reports_of_hostile_students_can_be_read_back(tmp_path: Path) -> None:
    write_outputs(large_book(12), tmp_path, graded_at=WHEN)
    for file in (tmp_path / "reports").iterdir():
        Report.model_validate_json(file.read_bytes())

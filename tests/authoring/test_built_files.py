"""Built files are brought up to date without losing what a student wrote into them."""

from __future__ import annotations

import json
import re

import pytest

from small_masters import SMALL, read_text, spoilt
from spotlight.atomic_files import keep_backup
from spotlight.authoring.built_files import Product, lesson_products, worked_in
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.manifest import Course, LessonEntry, Part

ENTRY = LessonEntry("small_sums", "07_small_sums", "Small sums", 5, "Sums.")


@pytest.fixture
def course(tmp_path):
    (tmp_path / "solutions").mkdir()
    return Course(tmp_path, "Course", (Part("Only", (ENTRY,)),))


def products(course, text=SMALL):
    lesson = read_text(course.root / "solutions", text)
    return list(lesson_products(course, ENTRY, lesson))


def build(course, text=SMALL):
    """Bring both notebooks up to date; the backups that were made."""
    stale = [product for product in products(course, text) if not product.is_current()]
    made = [product.write(course.root / "backups") for product in stale]
    return [backup for backup in made if backup is not None]


def work_in(path, change):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook["cells"])
    path.write_text(json.dumps(notebook), encoding="utf-8")


def fill_in(cells):
    cell = next(cell for cell in cells if cell["id"] == "exercise-total")
    cell["source"] = "total = 15"


def run(cells):
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
            cell["execution_count"] = 3


OTHER = spoilt(("Three exercises and a prediction.", "Another text."))


def test_a_lesson_has_a_notebook_for_students_and_one_with_solutions(course):
    solution, student = products(course)
    assert solution.path == course.root / "solutions" / "07_small_sums.ipynb"
    assert student.path == course.root / "lessons" / "07_small_sums.ipynb"
    assert (solution.is_lesson, student.is_lesson) == (False, True)


def test_what_is_built_is_current_until_the_master_changes(course):
    assert build(course) == []
    assert all(product.is_current() for product in products(course))
    assert not any(product.is_current() for product in products(course, OTHER))


def test_a_file_that_cannot_be_read_is_not_current(course, tmp_path):
    product = Product(tmp_path / "file", "text")
    assert not product.is_current()
    product.path.write_bytes(b"\xff")
    assert not product.is_current()


def test_an_untouched_notebook_is_replaced_without_a_backup(course):
    build(course)
    assert build(course, OTHER) == []
    assert all(product.is_current() for product in products(course, OTHER))


def test_a_notebook_that_was_only_run_holds_no_work(course):
    build(course)
    path = course.notebook(ENTRY)
    work_in(path, run)
    assert not worked_in(path)
    assert build(course, OTHER) == []


@pytest.mark.parametrize(
    "change",
    [
        fill_in,
        lambda cells: cells.append({"cell_type": "code", "source": "1", "metadata": {}}),
        lambda cells: cells.pop(3),
        lambda cells: cells.reverse(),
        lambda cells: cells[5].update(cell_type="markdown"),
    ],
    ids=["filled in", "cell added", "cell deleted", "cells moved", "cell's kind changed"],
)
def test_a_students_work_is_kept_before_it_is_overwritten(course, change):
    build(course)
    path = course.notebook(ENTRY)
    work_in(path, change)
    worked = path.read_bytes()
    assert worked_in(path)
    (backup,) = build(course)
    assert backup.read_bytes() == worked
    assert backup.parent == course.root / "backups"
    assert not worked_in(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"null", b"[]", b"{}", b'{"cells": [], "metadata": {}}', b"[" * 10**5,
     b'{"cells": [{}], "metadata": {"spotlight": {"version": "1"}}}',
     b'{"cells": 3, "metadata": {"spotlight": {"version": "1"}}}'],
)  # fmt: skip
def test_what_cannot_be_read_is_taken_for_work(course, content):
    path = course.notebook(ENTRY)
    path.parent.mkdir()
    path.write_bytes(content)
    assert worked_in(path)
    (backup,) = build(course)
    assert backup.read_bytes() == content


def test_where_there_is_no_file_there_is_no_work(tmp_path):
    assert not worked_in(tmp_path / "missing.ipynb")


def test_work_in_the_solution_notebook_is_nobodys(course):
    build(course)
    work_in(course.solution(ENTRY), fill_in)
    assert build(course) == []


def test_jupyter_saves_a_notebook_in_its_own_way_without_it_being_work(course):
    build(course)
    path = course.notebook(ENTRY)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    path.write_text(json.dumps(notebook, indent=4, ensure_ascii=True))
    assert not worked_in(path)


def test_a_backup_carries_the_files_name_and_the_time_and_replaces_no_other(tmp_path):
    path = tmp_path / "07_small_sums.ipynb"
    made = []
    for number in range(4):
        path.write_bytes(b"%d" % number)
        made.append(keep_backup(path, tmp_path / "deep" / "backups"))
    assert len(set(made)) == 4
    assert [backup.read_bytes() for backup in made] == [b"0", b"1", b"2", b"3"]
    for backup in made:
        assert re.fullmatch(r"07_small_sums-\d{8}T\d{6}Z(-\d)?\.ipynb", backup.name)


def test_a_product_makes_the_folder_that_it_belongs_in(tmp_path):
    product = Product(tmp_path / "a" / "b" / "file.txt", "größer\n")
    assert product.write(tmp_path / "backups") is None
    assert product.path.read_bytes() == "größer\n".encode()


def test_the_small_lesson_is_what_is_built(course, small_lesson):
    build(course)
    text = course.notebook(ENTRY).read_text(encoding="utf-8")
    assert text == build_notebook(small_lesson, "student")

"""`hint`, `reset` and `progress`: what a student asks for beside a grade."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_runs import Run
from work_in_courses import notebook_path, progress, solve

from edited_notebooks import code_cells, exercise_cell, text
from spotlight.course.manifest import Course

# Hints


def test_hints_come_one_after_the_other_and_the_last_one_stays(run: Run) -> None:
    heard = [run("hint", "01", "shifted").out for _ in range(3)]
    assert heard[0].splitlines()[1].rstrip() == "Which way does a positive number shift?"
    assert [said.splitlines()[0] for said in heard] == [
        "Hint 1 of 2 for shifted",
        "Hint 2 of 2 for shifted",
        "Hint 2 of 2 for shifted",
    ]
    assert "Add it." in heard[2]


def test_an_exercise_may_be_called_by_a_target(run: Run) -> None:
    assert run("hint", "small_steps", "high").out.startswith("Hint 1 of 2 for extremes")


# Reset


@pytest.fixture
def worked_in(course: Course) -> Path:
    solve(course, "01")
    return notebook_path(course, "01")


def test_an_exercise_is_brought_back_to_the_blank_and_a_backup_kept(
    run: Run, course: Course, worked_in: Path
) -> None:
    before = worked_in.read_bytes()
    ran = run("reset", "01", "shifted", "--yes")
    assert (ran.status, ran.err) == (0, "")
    (backup,) = (course.root / "progress" / "backups").iterdir()
    assert backup.read_bytes() == before
    assert ran.out == (
        "Exercise shifted of 01_small_steps.ipynb: back to the blank. "
        f"Your version is in progress/backups/{backup.name}.\n"
        "If it is open in Jupyter: File, Reload Notebook from Disk.\n"
    )
    notebook = json.loads(worked_in.read_text(encoding="utf-8"))
    assert "shifted is not done yet" in text(exercise_cell(notebook, "shifted"))
    assert "return 2 * x" in text(exercise_cell(notebook, "doubled"))
    assert "7 of 8" not in run("grade", "01").out


def test_a_lesson_is_brought_back_to_the_blank(run: Run, course: Course, worked_in: Path) -> None:
    before = worked_in.read_bytes()
    ran = run("reset", "small_steps", "--yes")
    assert ran.status == 0
    assert ran.out.startswith(
        "Every exercise and prediction of 01_small_steps.ipynb: back to the blank. Your version"
    )
    (backup,) = (course.root / "progress" / "backups").iterdir()
    assert backup.read_bytes() == before
    notebook = json.loads(worked_in.read_text(encoding="utf-8"))
    assert not any("return 2 * x" in text(cell) for cell in code_cells(notebook))


@pytest.mark.parametrize(
    ("typed", "status", "changed"), [("y\n", 0, True), ("n\n", 0, False), ("\n", 0, False)]
)
def test_it_asks_first(typed: str, status: int, changed: bool, run: Run, worked_in: Path) -> None:
    before = worked_in.read_bytes()
    ran = run("reset", "01", "shifted", typed=typed)
    assert ran.status == status
    assert "Bring exercise shifted of 01_small_steps.ipynb back to the blank? [y/N]" in ran.err
    assert (worked_in.read_bytes() != before) == changed
    assert ("Nothing was changed." in ran.err) == (not changed)


def test_without_an_answer_nothing_is_changed(run: Run, worked_in: Path) -> None:
    before = worked_in.read_bytes()
    ran = run("reset", "01", typed="")
    assert ran.status == 2
    assert ran.err.splitlines()[-1] == "Nothing was changed. Without a question: add --yes."
    assert worked_in.read_bytes() == before


def test_what_was_earned_stays_earned(run: Run, course: Course, worked_in: Path) -> None:
    run("grade", "01")
    run("reset", "01", "--yes")
    run("grade", "01")
    assert progress(course)["shifted"] == 2


# Progress


def test_progress_travels_to_another_machine_and_the_best_of_both_counts(
    run: Run, course: Course, tmp_path: Path
) -> None:
    carried = tmp_path / "mine.json"
    solve(course, "02")
    run("grade", "02")
    ran = run("progress", "export", str(carried))
    assert (ran.status, ran.out) == (0, f"Your progress is in {carried}.\n")
    for file in (course.root / "progress").iterdir():
        if file.is_file():
            file.unlink()
    solve(course, "01")
    run("grade", "01")
    ran = run("progress", "import", str(carried))
    assert (ran.status, ran.out) == (0, f"The progress in {carried} was added to yours.\n")
    assert progress(course) == {
        "doubled": 1,
        "shifted": 2,
        "doubled_then_shifted": 1,
        "row_sums": 1,
        "extremes": 1,
        "halved": 1,
    }


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 99}', b"\xff\xfe", b"[]"])
def test_a_file_that_is_no_progress_changes_nothing(
    content: bytes, run: Run, course: Course, tmp_path: Path
) -> None:
    solve(course, "02")
    run("grade", "02")
    odd = tmp_path / "odd.json"
    odd.write_bytes(content)
    ran = run("progress", "import", str(odd))
    assert (ran.status, ran.out) == (2, "")
    assert ran.sentence.endswith(".")
    assert progress(course) == {"halved": 1}


# Upgrade


def test_a_new_version_of_a_lesson_comes_with_ones_work_kept(
    run: Run, course: Course, worked_in: Path
) -> None:
    solution = course.root / "solutions" / "01_small_steps.ipynb"
    newer = solution.read_text(encoding="utf-8").replace("Six numbers in two", "Numbers in two")
    solution.write_text(newer, encoding="utf-8")
    before = worked_in.read_bytes()
    ran = run("upgrade")
    assert (ran.status, ran.err) == (0, "")
    (backup,) = (course.root / "progress" / "backups").iterdir()
    assert backup.read_bytes() == before
    assert ran.out == (
        "01_small_steps.ipynb: the new version, with your 5 answers and 2 predictions. "
        f"As it was: progress/backups/{backup.name}.\n"
        "02_small_finish.ipynb: the newest already.\n"
        "If it is open in Jupyter: File, Reload Notebook from Disk.\n"
    )
    assert "Numbers in two rows." in worked_in.read_text(encoding="utf-8")
    assert "8 of 8" in run("grade", "01").out


def test_a_notebook_that_cannot_be_read_keeps_no_other_from_its_upgrade(
    run: Run, course: Course
) -> None:
    notebook_path(course, "01").write_text("{", encoding="utf-8")
    notebook_path(course, "02").unlink()
    ran = run("upgrade")
    assert ran.status == 2
    assert ran.err.startswith("lessons/01_small_steps.ipynb is not a notebook that can be read")
    assert "02_small_finish.ipynb: a new lesson." in ran.out
    assert notebook_path(course, "01").read_text(encoding="utf-8") == "{"

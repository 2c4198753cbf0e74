"""`verify.py` and `verify.py grade`: the table, what is next, exit status, progress."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from command_runs import Run
from work_in_courses import notebook_path, progress, save, solve, solve_all

from edited_notebooks import failed
from small_course import notebook_of
from spotlight.course.manifest import Course

SUBTRACTS = "def shifted(x, by):\n    return x - by"
FIRST = Path("lessons") / "01_small_steps.ipynb"


def test_a_fresh_course_is_an_invitation(run: Run) -> None:
    ran = run()
    assert ran.status == 1
    assert ran.err == ""
    assert ran.out.splitlines() == [
        "A small course: 2 lessons, 9 points, about 15 min.",
        "Nothing is filled in yet.",
        "",
        "  01  Small steps   10 min  8 points",
        "  02  Small finish   5 min   1 point",
        "",
        "Start with Small steps: ./setup_venv.sh lab opens JupyterLab on it.",
        "Then run this again. It grades what you have done and says what comes next.",
    ]


def test_some_work_is_a_table_with_what_comes_next(run: Run, course: Course) -> None:
    solve(course, "01", shifted=SUBTRACTS)
    ran = run()
    assert ran.status == 1
    assert ran.err == ""
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert lines[0].startswith("Small steps ")
    assert lines[0].endswith("6 of 8")
    assert lines[1:] == [
        "  shifted               You subtract; add.",
        "  doubled_then_shifted  Judged with the course's shifted, because yours does not",
        "                        pass yet.",
        lines[4],
        "  not done yet: halved",
        "",
        "6 of 9 points.",
        f"Next: shifted in {FIRST}",
        "A hint: verify.py hint 01 shifted",
    ]
    assert lines[4].startswith("Small finish ")


def test_one_lesson_of_two_is_not_everything(run: Run, course: Course) -> None:
    solve(course, "01")
    assert run().status == 1
    assert run("grade", "01").status == 0
    assert run("grade", "01", "02").status == 1


def test_all_right_is_exit_status_0(run: Run, course: Course) -> None:
    solve_all(course)
    ran = run("grade")
    assert ran.status == 0
    assert ran.out.endswith("\n9 of 9 points.\nAll of it is done.\n")


@pytest.mark.parametrize(
    "name", ["02", "02_small_finish", "small_finish", "lessons/02_small_finish.ipynb"]
)
def test_a_lesson_may_be_called_by_number_file_id_or_path(
    name: str, run: Run, course: Course
) -> None:
    solve(course, "02")
    ran = run("grade", name)
    assert ran.status == 0
    assert "Small steps" not in ran.out
    assert progress(course) == {"halved": 1}


def test_several_lessons_are_graded_in_the_order_asked_for(run: Run) -> None:
    out = run("grade", "02", "01").out
    assert out.index("Small finish") < out.index("Small steps")


def test_paths_are_shown_as_they_are_from_the_working_folder(
    run: Run, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve(course, "01", shifted=SUBTRACTS)
    monkeypatch.chdir(course.root / "lessons")
    assert "Next: shifted in 01_small_steps.ipynb\n" in run("grade", "01").out
    monkeypatch.chdir(course.root / "progress")
    shown = os.path.join("..", "lessons", "01_small_steps.ipynb")
    assert f"Next: shifted in {shown}\n" in run("grade", "01").out


def test_predictions_are_next_when_every_exercise_is_right(run: Run, course: Course) -> None:
    from edited_notebooks import place

    solve(course, "01")
    notebook, blank = notebook_of(course, "01"), notebook_of(course, "01")
    save(course, "01", notebook)
    for name in ("predict-how_many", "predict-order_matters"):
        source = blank["cells"][place(blank, name)]["source"]
        cell = notebook["cells"][place(notebook, name)]
        cell["source"] = "".join(source).replace('"yes", c', "..., c").replace(" 2,", " ...,")
    save(course, "01", notebook)
    ran = run("grade", "01")
    assert ran.status == 1
    assert f"Next: commit to order_matters, how_many in {FIRST}." in ran.out


def test_notes_stand_under_the_lesson(run: Run, course: Course) -> None:
    solve(course, "02")
    notebook = notebook_of(course, "02")
    notebook["cells"].insert(0, failed("1 / 0", "ZeroDivisionError"))
    save(course, "02", notebook)
    assert "Cell 1 ended in ZeroDivisionError" in run("grade", "02").out


# Progress


def test_grading_the_lessons_keeps_progress_and_its_copy_for_the_page(
    run: Run, course: Course
) -> None:
    assert progress(course) == {}
    solve(course, "01", shifted=SUBTRACTS)
    run()
    assert progress(course)["doubled"] == 1
    assert progress(course)["shifted"] == 0
    assert '"doubled"' in (course.root / "progress" / "progress.js").read_text(encoding="utf-8")


def test_grading_the_lessons_collects_what_passed_and_keeps_it(run: Run, course: Course) -> None:
    solve(course, "01", shifted=SUBTRACTS)
    run()
    own = course.root / "progress" / "mine" / "small_steps.py"
    assert "return 2 * x" in own.read_text(encoding="utf-8")
    assert "x - by" not in own.read_text(encoding="utf-8")
    save(course, "01", notebook_of(course, "01"))
    run()
    assert "return 2 * x" in own.read_text(encoding="utf-8")


def test_what_was_earned_is_not_lowered(run: Run, course: Course) -> None:
    solve(course, "01")
    run()
    solve(course, "01", shifted=SUBTRACTS)
    ran = run()
    assert ran.status == 1
    assert "6 of 8" in ran.out
    assert progress(course)["shifted"] == 2


def test_a_file_elsewhere_is_graded_without_touching_progress(
    run: Run, course: Course, tmp_path: Path
) -> None:
    solve(course, "01")
    submission = tmp_path / "from a student.ipynb"
    shutil.move(notebook_path(course, "01"), submission)
    ran = run("grade", str(submission))
    assert ran.status == 0
    assert progress(course) == {}
    assert not (course.root / "progress" / "progress.js").exists()


def test_a_solution_is_graded_without_touching_progress(run: Run, course: Course) -> None:
    ran = run("grade", "solutions/01_small_steps.ipynb")
    assert ran.status == 0
    assert progress(course) == {}


def test_grading_changes_no_notebook(run: Run, course: Course) -> None:
    solve(course, "01", shifted=SUBTRACTS)
    before = {path: path.read_bytes() for path in (course.root / "lessons").iterdir()}
    run()
    assert {path: path.read_bytes() for path in (course.root / "lessons").iterdir()} == before


# Colour


def test_no_colour_and_no_bar_in_a_pipe(run: Run, course: Course) -> None:
    solve(course, "01", shifted=SUBTRACTS)
    ran = run()
    assert "\x1b" not in ran.out + ran.err

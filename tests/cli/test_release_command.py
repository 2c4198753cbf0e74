"""`release`: the lessons that are named, to a folder that is free, and an autograder beside it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from command_runs import Run
from work_in_courses import notebook_path, solve

from spotlight.classroom.course_release import PROGRAM
from spotlight.course.manifest import Course, load_course

PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def program(course: Course) -> None:
    """What a whole course has beside its lessons; of the package, one room will do."""
    room = Path("src") / "spotlight" / "cli"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / room, course.root / room, ignore=ignored)
    for name in (*PROGRAM, "README.md"):
        shutil.copy(PROJECT / name, course.root)
    (course.root / "progress").mkdir(exist_ok=True)
    for name in ("README.md", ".gitignore"):
        shutil.copy(PROJECT / "progress" / name, course.root / "progress")


def lessons(folder: Path) -> list[str]:
    return [entry.id for entry in load_course(folder).lessons]


def test_without_names_all_lessons_are_released(course: Course, run: Run, tmp_path: Path) -> None:
    ran = run("release", tmp_path / "students")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "2 lessons without solutions: ../students. Students begin with its README.md.\n"
    )
    assert lessons(tmp_path / "students") == ["small_steps", "small_finish"]


def test_the_named_lessons_are_released_in_the_courses_order(
    course: Course, run: Run, tmp_path: Path
) -> None:
    assert run("release", tmp_path / "two", "02", "small_steps", "02").status == 0
    assert run("release", tmp_path / "one", "02").out.startswith("1 lesson without solutions: ")
    assert lessons(tmp_path / "two") == ["small_steps", "small_finish"]
    assert lessons(tmp_path / "one") == ["small_finish"]


def test_what_the_instructor_tried_out_in_a_lesson_is_not_released(
    course: Course, run: Run, tmp_path: Path
) -> None:
    blank = notebook_path(course, "01").read_bytes()
    solve(course, "01")

    run("release", tmp_path / "students")

    assert notebook_path(course, "01").read_bytes() != blank
    assert notebook_path(load_course(tmp_path / "students"), "01").read_bytes() == blank


def test_what_python_and_tools_leave_in_the_package_is_not_released(
    course: Course, run: Run, tmp_path: Path
) -> None:
    package = course.root / "src" / "spotlight"
    for left in ("__pycache__/app.pyc", ".ipynb_checkpoints/03.ipynb", "cli/.app.py.swp"):
        (package / left).parent.mkdir(exist_ok=True)
        (package / left).touch()

    run("release", tmp_path / "students")

    kept = {p.name for p in (tmp_path / "students" / "src").rglob("*")}
    assert "app.py" in kept
    assert not kept & {"__pycache__", "app.pyc", "03.ipynb", ".app.py.swp"}


def test_a_lesson_that_does_not_exist_releases_nothing(
    course: Course, run: Run, tmp_path: Path
) -> None:
    ran = run("release", tmp_path / "students", "07")
    assert ran.status == 2
    assert ran.sentence.startswith("There is no lesson called '07'.")
    assert not (tmp_path / "students").exists()


def test_a_folder_in_use_is_said_in_a_sentence(course: Course, run: Run, tmp_path: Path) -> None:
    (tmp_path / "students").mkdir()
    (tmp_path / "students" / "thesis.txt").touch()

    ran = run("release", tmp_path / "students")

    assert ran.status == 2
    assert ran.sentence.endswith("is not empty; name a folder that is not there yet, or empty it.")


def test_a_part_of_the_course_that_is_missing_is_named(
    course: Course, run: Run, tmp_path: Path
) -> None:
    (course.root / "setup_venv.py").unlink()

    ran = run("release", tmp_path / "students")

    assert ran.status == 2
    assert "setup_venv.py" in ran.sentence
    assert not (tmp_path / "students").exists()


def test_the_autograder_is_of_the_same_lessons_and_has_a_seed_of_its_own(
    course: Course, run: Run, tmp_path: Path
) -> None:
    seeds = set()
    for number in range(2):
        zipped = tmp_path / f"{number}.zip"
        ran = run("release", tmp_path / str(number), "02", "--gradescope", zipped)
        assert ran.status == 0
        assert f"The autograder, for Gradescope alone: ../{number}.zip." in ran.out
        with zipfile.ZipFile(zipped) as packed:
            names = packed.namelist()
            seeds.add(int(packed.read("seed")))
        assert "course/solutions/02_small_finish.ipynb" in names
        assert "course/solutions/01_small_steps.ipynb" not in names
    assert len(seeds) == 2


def test_commands_in_a_released_copy_are_about_that_copy(
    course: Course, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("release", tmp_path / "students")
    monkeypatch.chdir(tmp_path / "students")

    ran = run("grade", "01", "--json", "-")

    assert ran.status == 1
    assert '"status": "blank"' in ran.out

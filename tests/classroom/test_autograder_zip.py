"""The autograder for Gradescope: what is in the archive, and what its two scripts do."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from own_environments import make_environment

from spotlight.classroom.autograder_zip import write_autograder
from spotlight.classroom.course_release import ReleaseError
from spotlight.course.manifest import load_course
from spotlight.course.reading import read_lesson

COURSE = load_course(Path(__file__).parents[2])
SEED = 71
CHOSEN = [entry for entry in COURSE.lessons if entry.id == "orientation"]

# Stands for Gradescope's machine: whatever is called writes down how, a line each.
CALLED = '#!/bin/sh\necho "$(basename "$0") $*" >>"$AUTOGRADER/calls"\n'
GRADES = """
mkdir -p out/gradescope/student
cp -R class/student out/handed_in
echo '{"score": 7}' >out/gradescope/student/results.json
exit 1
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("zip") / "autograder.zip"
    write_autograder(COURSE, CHOSEN, file, SEED)
    return file


@pytest.fixture
def machine(archive: Path, tmp_path: Path) -> Path:
    """The folder that Gradescope calls /autograder, with the archive unpacked in it."""
    root = tmp_path / "autograder"
    for folder in ("source", "submission", "results"):
        (root / folder).mkdir(parents=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(root / "source")
    return root


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def call(machine: Path, name: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "AUTOGRADER": str(machine),
        "PATH": f"{machine / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        ["bash", machine / "source" / name],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(machine: Path) -> list[str]:
    return (machine / "calls").read_text(encoding="utf-8").splitlines()


def results(machine: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (machine / "results" / "results.json").read_text(encoding="utf-8")
    )
    return found


def test_gradescope_finds_its_scripts_at_the_top_and_can_run_them(archive: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        modes = {info.filename: info.external_attr >> 16 for info in packed.infolist()}
    for name in ("setup.sh", "run_autograder", "course/setup_venv.sh"):
        assert stat.S_IMODE(modes[name]) == 0o755
    assert stat.S_IMODE(modes["course/requirements.txt"]) == 0o644


def test_the_same_course_and_seed_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    write_autograder(COURSE, CHOSEN, tmp_path / "again.zip", SEED)
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_it_holds_the_whole_course_of_the_chosen_lessons(machine: Path) -> None:
    course = load_course(machine / "source" / "course")
    assert list(course.lessons) == CHOSEN
    assert not course.is_released
    for entry in course.lessons:
        exercises = read_lesson(course, entry).exercises
        assert exercises == read_lesson(COURSE, entry).exercises
        assert course.notebook(entry).read_bytes() == COURSE.notebook(entry).read_bytes()
    notebooks = {path.name for path in machine.rglob("*.ipynb")}
    assert notebooks == {f"{entry.file}.ipynb" for entry in CHOSEN}
    for name in ("verify.py", "setup_venv.py", "requirements.txt", "pyproject.toml"):
        assert (course.root / name).is_file()
    for name in ("README.md", "LICENSE"):
        assert (course.root / name).is_file()
    assert (course.root / "src" / "spotlight" / "feedback" / "templates").is_dir()
    assert not list(machine.rglob("__pycache__"))


def test_setup_installs_and_lets_the_solutions_try(machine: Path) -> None:
    script(machine / "bin" / "apt-get", CALLED)
    script(machine / "source" / "course" / "setup_venv.sh", CALLED)

    done = call(machine, "setup.sh")

    assert (done.returncode, done.stderr) == (0, "")
    update, install, doctor, trial = calls(machine)
    assert update == "apt-get update"
    assert install.startswith("apt-get install")
    assert "python3.12-venv" in install
    assert doctor == "setup_venv.sh verify doctor"
    assert trial.startswith("setup_venv.sh verify class ")
    assert trial.endswith(f" --seed {SEED}")


def test_setup_fails_where_the_solutions_do(machine: Path) -> None:
    script(machine / "bin" / "apt-get", CALLED)
    script(
        machine / "source" / "course" / "setup_venv.sh",
        CALLED + '[ "$2" = doctor ] || exit 1\n',
    )
    assert call(machine, "setup.sh").returncode == 1


def test_an_older_python_is_installed_where_the_newest_is_unknown(machine: Path) -> None:
    script(machine / "bin" / "apt-get", CALLED + 'case "$*" in *python3.12*) exit 100;; esac\n')
    script(machine / "source" / "course" / "setup_venv.sh", CALLED)

    assert call(machine, "setup.sh").returncode == 0
    assert any("python3.11-venv" in line for line in calls(machine))


def test_a_submission_is_graded_as_a_class_of_one(machine: Path) -> None:
    script(machine / "source" / "course" / ".venv" / "bin" / "python", CALLED + GRADES)
    notebook = machine / "submission" / "my work.ipynb"
    shutil.copy(COURSE.notebook(CHOSEN[0]), notebook)

    done = call(machine, "run_autograder")

    assert (done.returncode, done.stderr) == (0, "")
    assert results(machine) == {"score": 7}
    (graded,) = calls(machine)
    assert graded.endswith(f"verify.py class class --out out --seed {SEED}")


@pytest.mark.skipif(sys.platform != "linux", reason="Gradescope's machines run Linux")
def test_the_real_grader_grades_it(machine: Path) -> None:
    course = machine / "source" / "course"
    make_environment(course / ".venv", course / "src")
    shutil.copy(COURSE.solution(CHOSEN[0]), machine / "submission" / "my work.ipynb")

    done = call(machine, "run_autograder")

    assert done.returncode == 0, done.stderr
    found = results(machine)
    lesson = read_lesson(COURSE, CHOSEN[0])
    assert found["score"] == lesson.possible
    assert {test["status"] for test in found["tests"]} == {"passed"}


def test_without_a_notebook_the_student_is_told_so(machine: Path) -> None:
    script(machine / "source" / "course" / ".venv" / "bin" / "python", CALLED + "exit 2\n")
    (machine / "submission" / "essay.pdf").write_text("no notebook", encoding="utf-8")

    assert call(machine, "run_autograder").returncode == 0
    assert results(machine) == {
        "score": 0,
        "output": "No notebook was handed in. Hand in the .ipynb files of the lessons.",
    }


def test_a_grader_that_fails_gives_no_grade(machine: Path) -> None:
    script(machine / "source" / "course" / ".venv" / "bin" / "python", CALLED + "exit 3\n")
    (machine / "submission" / "work.ipynb").write_text("{}", encoding="utf-8")

    done = call(machine, "run_autograder")

    assert done.returncode == 1
    assert "the exit status of verify.py class was 3" in done.stderr
    assert list((machine / "results").iterdir()) == []


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"autograder\.zip was not written \(No such file"):
        write_autograder(COURSE, CHOSEN, tmp_path / "nowhere" / "autograder.zip", SEED)

"""What cannot be done is told in one sentence on standard error, with exit status 2, and loses
nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_runs import Run
from work_in_courses import notebook_path, progress, save, solve

import spotlight
from spotlight.cli import context
from spotlight.course.manifest import Course
from spotlight.sandbox.worker import SandboxError

LESSONS = "The lessons are: 01_small_steps, 02_small_finish."
EXERCISES = (
    "01_small_steps has no exercise called 'nope'. "
    "It has: doubled, shifted, doubled_then_shifted, row_sums, extremes."
)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "No such command 'frobnicate'. See verify.py --help."),
        (["--nope"], "No such option: --nope. See verify.py --help."),
        (["hint"], "Missing argument 'lesson'. See verify.py hint --help."),
        (["hint", "01"], "Missing argument 'exercise'. See verify.py hint --help."),
        (["progress"], "Missing command. See verify.py progress --help."),
        (["progress", "export"], "Missing argument 'file'. See verify.py progress export --help."),
        (["grade", "nope"], f"There is no lesson called 'nope'. {LESSONS}"),
        (["grade", "a" * 300], f"There is no lesson called '{'a' * 300}'. {LESSONS}"),
        (["grade", "nope.ipynb"], "nope.ipynb does not exist."),
        (["grade", "no/where.ipynb"], "no/where.ipynb does not exist."),
        (["grade", "a" * 300 + ".ipynb"],
         "a" * 300 + ".ipynb cannot be read (File name too long)."),
        (["grade", "lessons"], "lessons is a folder; name the notebook inside it."),
        (["grade", "."], ". is a folder; name the notebook inside it."),
        (["grade", "index.html"],
         "index.html is not a notebook. Give a file that ends in .ipynb."),
        (["hint", "nope", "shifted"], f"There is no lesson called 'nope'. {LESSONS}"),
        (["hint", "01", "nope"], EXERCISES),
        (["reset", "nope", "--yes"], f"There is no lesson called 'nope'. {LESSONS}"),
        (["reset", "01", "nope", "--yes"], EXERCISES),
        (["solutions", "nope"], f"There is no lesson called 'nope'. {LESSONS}"),
        (["progress", "import", "nope.json"],
         "There is no file nope.json; check the name and run it again."),
        (["progress", "import", "index.html"],
         "index.html is not a progress file; make one with `verify.py progress export FILE`."),
        (["progress", "export", "nowhere/mine.json"],
         "Your progress could not be exported to nowhere/mine.json: "
         "its folder does not exist; make it and run this again."),
        (["progress", "export", "index.html"],
         "index.html exists and is not an exported progress file; choose another name."),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense(arguments: list[str], said: str, run: Run) -> None:
    ran = run(*arguments)
    assert (ran.status, ran.out, ran.sentence) == (2, "", said)


# Notebooks that cannot be read: every command that reads one says which and what to do


SPOILT = {
    "missing": None,
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "not JSON": lambda data: b"hello",
    "binary": lambda data: b"\x89PNG\xff\xfe" + data,
    "format 3": lambda data: json.dumps({"nbformat": 3, "worksheets": []}).encode(),
    "another JSON file": lambda data: b'{"a": 1}',
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_notebook_that_cannot_be_read_costs_no_other_lesson(
    spoil: Callable[[bytes], bytes] | None, run: Run, course: Course
) -> None:
    solve(course, "02")
    path = notebook_path(course, "01")
    data = path.read_bytes()
    path.unlink()
    if spoil is not None:
        path.write_bytes(spoil(data))
    ran = run()
    assert ran.status == 2
    assert ran.sentence.startswith("lessons/01_small_steps.ipynb ")
    assert "1 of 1" in ran.out
    assert progress(course) == {"halved": 1}
    assert not path.exists() if spoil is None else path.read_bytes() == spoil(data)


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_resetting_an_exercise_of_a_notebook_that_cannot_be_read(
    spoil: Callable[[bytes], bytes] | None, run: Run, course: Course
) -> None:
    path = notebook_path(course, "01")
    data = path.read_bytes()
    path.unlink()
    if spoil is not None:
        path.write_bytes(spoil(data))
    ran = run("reset", "01", "shifted", "--yes")
    assert ran.status == 2
    assert ran.sentence.startswith("lessons/01_small_steps.ipynb ")
    assert not path.exists() if spoil is None else path.read_bytes() == spoil(data)
    ran = run("reset", "01", "--yes")
    assert (ran.status, ran.err) == (0, "")
    assert path.read_bytes() == data


def test_odd_things_in_a_notebook_are_graded_as_far_as_they_go(run: Run, course: Course) -> None:
    solve(course, "02")
    filled = json.loads(notebook_path(course, "02").read_text(encoding="utf-8"))
    filled["cells"][:0] = [
        7, None, [], {}, {"cell_type": 5, "source": 5, "id": 5, "metadata": 5, "outputs": 5},
        {"source": [1, None, "x = 1"], "metadata": [], "outputs": [5, {}]},
    ]  # fmt: skip
    for cell in filled["cells"][6:]:
        cell["outputs"] = {"a": 1}
    filled["metadata"] = ["spotlight"]
    filled["nbformat"] = "four"
    save(course, "02", filled)
    ran = run("grade", "02")
    assert (ran.status, ran.err) == (0, "")


# A course that is not whole


def test_solutions_that_are_not_built(run: Run, course: Course) -> None:
    solutions = [course.solution(entry) for entry in course.lessons]
    for path in solutions:
        path.unlink()
    said = (
        f"{solutions[0]}: the solution notebook cannot be read (No such file or directory); "
        "run `verify.py build` to make it."
    )
    for arguments in (["grade", "01"], ["hint", "01", "shifted"], ["reset", "01", "--yes"],
                      ["solutions", "01"], []):  # fmt: skip
        ran = run(*arguments)
        assert (ran.status, ran.out, ran.sentence) == (2, "", said)


def test_a_solution_that_is_no_notebook(run: Run, course: Course) -> None:
    path = course.root / "solutions" / "01_small_steps.ipynb"
    path.write_text("{", encoding="utf-8")
    ran = run("grade", "01")
    assert (ran.status, ran.out) == (2, "")
    assert ran.sentence == f"{path}: not a notebook; run `verify.py build` to make it anew."


@pytest.mark.parametrize("text", ["", "title = ", 'title = "A"\nparts = 3', "\x00"])
def test_a_manifest_that_is_not_as_it_should_be(text: str, run: Run, course: Course) -> None:
    manifest = course.root / "solutions" / "course.toml"
    manifest.write_text(text, encoding="utf-8")
    for arguments in ([], ["build"], ["hint", "01", "shifted"]):
        ran = run(*arguments)
        assert (ran.status, ran.out) == (2, "")
        assert ran.sentence.startswith(f"{manifest}: the course's manifest is not as it should be")


def test_no_course_at_all(
    run: Run, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither around the working folder nor around the installed package."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(spotlight, "__file__", str(elsewhere / "__init__.py"))
    ran = run("grade", "01")
    assert (ran.status, ran.out) == (2, "")
    assert ran.sentence == "No course was found here. Run the command in the project's folder."


def test_a_master_that_is_missing(run: Run, course: Course) -> None:
    path = course.root / "solutions" / "01_small_steps.py"
    path.unlink()
    ran = run("build")
    assert (ran.status, ran.out) == (2, "")
    assert ran.sentence == f"{path}: the master cannot be read (No such file or directory)."


# Folders that cannot be written (permissions mean nothing to the superuser: a file is in the way)


@pytest.fixture
def no_progress(course: Course) -> Path:
    folder = course.root / "progress"
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way", encoding="utf-8")
    return folder


def test_progress_that_cannot_be_kept_is_told_and_the_table_is_there(
    run: Run, course: Course, no_progress: Path
) -> None:
    solve(course, "02")
    ran = run("grade", "02")
    assert ran.status == 2
    assert "1 of 1" in ran.out
    assert ran.sentence.startswith("Your progress")
    assert no_progress.read_text(encoding="utf-8") == "in the way"


@pytest.mark.parametrize(
    "arguments",
    [
        ["hint", "01", "shifted"],
        ["reset", "01", "--yes"],
        ["reset", "01", "shifted", "--yes"],
        ["progress", "export", "mine.json"],
    ],
)
def test_other_commands_that_need_the_progress_folder(
    arguments: list[str], run: Run, course: Course, no_progress: Path
) -> None:
    solve(course, "01")
    before = notebook_path(course, "01").read_bytes()
    ran = run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.sentence.endswith(".")
    assert notebook_path(course, "01").read_bytes() == before
    assert no_progress.read_text(encoding="utf-8") == "in the way"


def test_progress_that_was_spoilt_is_set_aside_and_said(run: Run, course: Course) -> None:
    solve(course, "02")
    run("grade", "02")
    file = course.root / "progress" / "lesson_progress.json"
    file.write_text("{", encoding="utf-8")
    ran = run("grade", "02")
    assert ran.status == 0
    assert ran.sentence
    assert progress(course) == {"halved": 1}
    assert any(path.read_text(encoding="utf-8") == "{" for path in file.parent.iterdir()
               if path.is_file())  # fmt: skip


# The grader's own failures


def test_a_worker_that_does_not_start_is_exit_status_3(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise SandboxError("The worker that runs exercises did not start.")

    monkeypatch.setattr(context, "Worker", refuse)
    ran = run("grade", "01")
    assert (ran.status, ran.sentence) == (3, "The worker that runs exercises did not start.")


def test_a_reference_that_fails_is_exit_status_3(run: Run, course: Course) -> None:
    solve(course, "02")
    path = course.root / "solutions" / "02_small_finish.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("return x / 2\n", "return x / 2 + nope\n")
    path.write_text(json.dumps(notebook), encoding="utf-8")
    ran = run("grade", "02")
    assert ran.status == 3
    assert ran.sentence.endswith(
        "the reference of halved fails its own probes (NameError: name 'nope' is not defined)."
    )


def test_what_nobody_foresaw_is_a_sentence_too_and_its_details_are_in_a_file(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise() -> None:
        raise ZeroDivisionError("a [surprise]")

    monkeypatch.setattr(context, "Worker", surprise)
    ran = run("grade", "01")
    assert ran.status == 3
    assert ran.sentence.startswith(
        "The grader itself failed (ZeroDivisionError: a [surprise]). "
        "Nothing of yours is lost. The details are in "
    )
    log = Path(ran.sentence.split("details are in ")[1].split(";")[0])
    assert "Traceback" in log.read_text(encoding="utf-8")
    log.unlink()


def test_ctrl_c_says_that_what_was_saved_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(context, "Worker", interrupt)
    ran = run("grade", "01")
    assert (ran.status, ran.sentence) == (130, "Stopped. What was saved before is kept.")

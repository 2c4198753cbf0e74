"""`build`, `solutions` and `doctor`: what the course's authors and helpers run."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command_runs import Run
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from work_in_courses import notebook_path, solve

from spotlight.authoring.proving import SEEDS
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import Course
from spotlight.course.reading import read_solution
from spotlight.feedback.cards import note_card

BUILT = [
    "solutions/01_small_steps.ipynb",
    "lessons/01_small_steps.ipynb",
    "solutions/02_small_finish.ipynb",
    "lessons/02_small_finish.ipynb",
    "index.html",
    "solutions/proofs.json",
]


@pytest.fixture
def master(course: Course) -> Path:
    return course.root / "solutions" / "02_small_finish.py"


@pytest.fixture
def one_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs are made for the first seed alone."""
    monkeypatch.setattr("spotlight.authoring.proof_record.SEEDS", SEEDS[:1])


def change(path: Path, old: str, new: str) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count(old) == 1
    path.write_text(source.replace(old, new), encoding="utf-8")


# Build


def test_a_course_that_is_up_to_date(run: Run, course: Course) -> None:
    before = {path: path.stat().st_mtime_ns for path in course.root.rglob("*.ipynb")}
    for arguments in (["build", "--check"], ["build"]):
        ran = run(*arguments)
        assert (ran.status, ran.out, ran.err) == (0, "Everything is up to date.\n", "")
    assert {path: path.stat().st_mtime_ns for path in course.root.rglob("*.ipynb")} == before


@pytest.mark.usefixtures("one_seed")
def test_everything_is_built_from_the_masters_alone(run: Run, course: Course) -> None:
    expected = {name: (course.root / name).read_bytes() for name in BUILT}
    for name in BUILT:
        (course.root / name).unlink()
    ran = run("build")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [f"built {name}" for name in BUILT]
    assert {name: (course.root / name).read_bytes() for name in BUILT} == expected


def test_check_names_what_is_stale_and_writes_nothing(
    run: Run, course: Course, master: Path
) -> None:
    change(master, "What undoes doubling?", "What is the opposite of doubling?")
    before = {name: (course.root / name).read_bytes() for name in BUILT}
    ran = run("build", "--check")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.splitlines() == [f"{name} is stale: run verify.py build." for name in BUILT[2:4]]
    assert {name: (course.root / name).read_bytes() for name in BUILT} == before
    assert run("build").status == 0
    assert run("build", "--check").status == 0


def test_a_students_work_is_backed_up_before_it_is_built_over(
    run: Run, course: Course, master: Path
) -> None:
    solve(course, "02")
    work = notebook_path(course, "02").read_bytes()
    change(master, "What undoes doubling?", "What is the opposite of doubling?")
    out = run("build").out
    (backup,) = (course.root / "progress" / "backups").iterdir()
    assert backup.read_bytes() == work
    assert f"(work in it was kept in progress/backups/{backup.name})" in out


@pytest.mark.usefixtures("one_seed")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('hint("Divide by two.")\n', "",
         "02_small_finish.py, cell 6 (halved): hints: 1, where at least 2 must stand."),
        ("x / 2 → x * 0.5", "x / 2 → x * 0.6",
         "02_small_finish.py, cell 6 (halved): alternative times-a-half is rejected with seed 0: "
         "Every number is 1.2 times too large."),
        ("x / 2 → x // 2", "x / 2 → 2 * x",
         "02_small_finish.py, cell 6 (halved): mistake floored cannot be told from doubled "
         "with seed 0: You double it."),
        ("return x / 2\n", "return x / 2 + nope\n",
         "02_small_finish.py, cell 6 (halved): the solution fails its own probes "
         "(NameError: name 'nope' is not defined)."),
    ],
)  # fmt: skip
def test_a_master_that_is_not_sound_is_refused_and_nothing_is_built(
    old: str, new: str, said: str, run: Run, course: Course, master: Path
) -> None:
    before = {name: (course.root / name).read_bytes() for name in BUILT}
    change(master, old, new)
    ran = run("build")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(said)
    assert ran.err.endswith("1 to mend; nothing was built.\n")
    assert {name: (course.root / name).read_bytes() for name in BUILT} == before


def test_a_folder_that_cannot_be_written(run: Run, course: Course) -> None:
    lessons = course.root / "lessons"
    for path in lessons.iterdir():
        path.unlink()
    lessons.rmdir()
    lessons.write_text("in the way", encoding="utf-8")
    ran = run("build")
    assert ran.status == 2
    assert ran.sentence.startswith("lessons/01_small_steps.ipynb was not built (")


def test_what_is_not_proved_makes_the_record_stale_and_check_proves_nothing(
    run: Run, course: Course, master: Path
) -> None:
    old, new = ("x // 2", "2 * x")  # a mistake that cannot be told from another
    change(master, f"x / 2 → {old}", f"x / 2 → {new}")
    ran = run("build", "--check")
    assert ran.status == 1
    assert "solutions/proofs.json is stale: run verify.py build." in ran.err.splitlines()


def test_what_is_proved_is_not_proved_again(
    run: Run, course: Course, master: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proved: list[str] = []

    def prove(lesson: Lesson, exercise: Exercise, *_: object) -> list[str]:
        proved.append(exercise.id)
        return []

    monkeypatch.setattr("spotlight.authoring.proof_record.prove", prove)
    assert run("build").status == 0
    assert proved == []
    change(master, "x / 2 → x * 0.5", "x / 2 → 0.5 * x")
    assert run("build").status == 0
    assert proved == ["halved"]
    assert run("build").status == 0
    assert proved == ["halved"]


def test_what_was_proved_before_another_exercise_failed_stays_so(
    run: Run, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    (course.root / "solutions" / "proofs.json").unlink()
    monkeypatch.setattr(
        "spotlight.authoring.proof_record.prove",
        lambda lesson, exercise, *_: ["not sound"] if exercise.id == "halved" else [],
    )
    assert run("build").status == 2
    known = json.loads((course.root / "solutions" / "proofs.json").read_text(encoding="utf-8"))
    assert list(known) == ["small_steps"]
    assert len(known["small_steps"]) == 5


def test_lessons_that_are_named_are_built_alone(run: Run, course: Course, master: Path) -> None:
    first = course.root / "solutions" / "01_small_steps.py"
    change(first, "Six numbers in two rows.", "Numbers.")
    change(master, "What undoes doubling?", "What is the opposite of doubling?")
    (course.root / "index.html").unlink()
    ran = run("build", "02")
    assert ran.status == 0
    assert ran.out.splitlines() == [f"built {name}" for name in BUILT[2:5]]
    assert run("build", "--check", "02").status == 0
    assert run("build", "--check").status == 1


# Solutions


def test_solutions_run_from_top_to_bottom_for_full_marks(
    run: Run, course: Course, tmp_path: Path
) -> None:
    """One notebook passes, the other fails in a cell; both are told, kept and reported."""
    path = course.root / "solutions" / "02_small_finish.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    broken = {"cell_type": "code", "id": "broken", "metadata": {}, "outputs": []}
    notebook["cells"].append({**broken, "execution_count": None, "source": "1 / 0"})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    kept, junit = tmp_path / "kept", tmp_path / "reports" / "junit.xml"
    ran = run("solutions", "--keep", str(kept), "--junit", str(junit))
    assert (ran.status, ran.err) == (1, "")
    first, second, recorded = ran.out.splitlines()
    assert first.startswith("01_small_steps ")
    assert first.endswith(" s  full marks")
    assert second.startswith("02_small_finish ")
    assert second.endswith(" s  a cell fails: ZeroDivisionError: division by zero")
    assert recorded == "built solutions/runs.json"
    record = (course.root / "solutions" / "runs.json").read_text(encoding="utf-8")
    assert "small_steps" in record
    assert "small_finish" not in record
    executed = json.loads((kept / "01_small_steps.ipynb").read_text(encoding="utf-8"))
    assert any(cell.get("execution_count") for cell in executed["cells"])
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.find("failure") is not None for case in suite] == [False, True]


@pytest.mark.deep
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return x / 2\n", "return x / 3\n", "0 of 1: halved is failed"),
        ('check("halved")', 'check("nope")', "shows a card: No such exercise"),
        ('check("halved")', "while True:\n    pass", "a cell takes longer than 3 seconds"),
    ],
)
def test_a_solution_that_is_not_right_is_told_why(
    old: str, new: str, said: str, run: Run, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = course.root / "solutions" / "02_small_finish.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace(old, new)
    if "/ 3" in new:  # the answer is changed in what runs, not in what it is judged by
        right = read_solution(path)
        monkeypatch.setattr("spotlight.cli.solutions.read_solution", lambda _: right)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    timeout = ["--timeout", "3"] if "while" in new else []
    ran = run("solutions", "02", *timeout)
    assert (ran.status, ran.err) == (1, "")
    assert said in ran.out


@pytest.mark.parametrize("kind", ["trouble", "waiting"])
def test_a_solution_that_shows_a_card_of_trouble_is_told_why(
    kind: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = note_card(kind, "No such exercise", "It is not of this lesson.", tone="warn")

    def execute(self: NotebookClient, **_: object) -> None:
        shown = new_output("display_data", card._repr_mimebundle_())
        self.nb.cells[-1]["outputs"] = [shown]

    monkeypatch.setattr(NotebookClient, "execute", execute)
    ran = run("solutions", "02")
    assert (ran.status, ran.err) == (1, "")
    assert "shows a card: No such exercise" in ran.out


def test_a_solution_that_runs_and_is_graded_with_less_than_full_marks(
    run: Run, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the notebook shows plays no part in that, so it is not run here."""
    monkeypatch.setattr(NotebookClient, "execute", lambda self, **_: None)
    path = course.root / "solutions" / "02_small_finish.ipynb"
    right = read_solution(path)
    monkeypatch.setattr("spotlight.cli.solutions.read_solution", lambda _: right)
    change(path, "return x / 2\\n", "return x / 3\\n")
    ran = run("solutions", "02")
    assert (ran.status, ran.err) == (1, "")
    assert "0 of 1: halved is failed" in ran.out


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (CellTimeoutError("too long"), "a cell takes longer than 7 seconds"),
        (DeadKernelError("gone"), "the kernel died; verify.py doctor says what may be missing"),
    ],
)
def test_a_notebook_that_does_not_come_to_its_end_is_told_why(
    problem: Exception, said: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(self: NotebookClient, **_: object) -> None:
        raise problem

    monkeypatch.setattr(NotebookClient, "execute", execute)
    ran = run("solutions", "02", "--timeout", "7")
    assert (ran.status, ran.err) == (1, "")
    assert said in ran.out


# Doctor


def test_the_doctor_says_what_is_well_in_lines_to_paste(run: Run) -> None:
    ran = run("doctor")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    names = ["system", "Python", "packages", "Jupyter kernel", "course", "worker", "progress",
             "cache", "disk"]  # fmt: skip
    assert [line.split(":")[0] for line in lines] == [f"[ok] {name}" for name in names]
    assert any("2 lessons in" in line for line in lines)


def test_the_doctor_says_what_is_missing_and_goes_on(
    run: Run, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    solution = course.solution(course.lessons[0])
    solution.unlink()
    monkeypatch.setattr("spotlight.cli.doctor._PACKAGES", ("torch", "no-such-package"))
    ran = run("doctor")
    assert (ran.status, ran.err) == (1, "")
    lines = dict(line.split(": ", 1) for line in ran.out.splitlines())
    assert lines["[fail] packages"] == (
        "no-such-package is missing; run ./setup_venv.sh verify doctor"
    )
    assert lines["[fail] course"].startswith(f"{solution}: the solution notebook cannot be read")
    assert "[ok] worker" in lines

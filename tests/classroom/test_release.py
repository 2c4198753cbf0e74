"""What students get: it works like the course, by itself, and no solution is anywhere in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from own_environments import make_environment

from edited_notebooks import as_written, put, solved
from small_course import PAGE_WIDGETS, page_widgets_once
from spotlight.classroom.course_release import ReleaseError, release_course
from spotlight.cli import context, main
from spotlight.course.lesson import Lesson, solution_blocks
from spotlight.course.manifest import Course, LessonEntry, load_course
from spotlight.course.reading import read_lesson
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.grading.answer_key import cached_key
from spotlight.grading.grader import PUBLIC_SEED
from spotlight.sandbox.worker import Worker

COURSE = load_course(Path(__file__).parents[2])
PROJECT = "03_queries_and_keys"
IN_THE_FAST_TIER = ("00_orientation", PROJECT)
# Shorter lines, without their blanks, are anybody's: `return q @ k.T` is said in every text on
# attention, and `return scores` in every program.
SHORTEST_TELLING_LINE = 13
MODELS = Path("src/spotlight/model_utils")

# Whoever reaches for the network is stopped, in every process of the command.
NO_NETWORK = """
import socket

def refuse(*arguments, **options):
    raise OSError("there is no network")

class Offline(socket.socket):
    def connect(self, address):
        if self.family != getattr(socket, "AF_UNIX", None):
            refuse()
        return super().connect(address)

socket.socket = Offline
socket.getaddrinfo = socket.create_connection = refuse
"""


@pytest.fixture(scope="module", autouse=True)
def _widgets_are_made_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PAGE_WIDGETS, page_widgets_once)
        yield


@pytest.fixture(scope="session")
def key_of(worker: Worker, key_cache: Path) -> Any:
    return lambda lesson, exercise: cached_key(
        lesson, exercise, PUBLIC_SEED, worker.observe, key_cache
    )


@pytest.fixture(scope="session")
def entries(deep: bool) -> tuple[LessonEntry, ...]:
    """The lessons that are released: all of them, or two in the fast tier."""
    return tuple(e for e in COURSE.lessons if deep or e.file in IN_THE_FAST_TIER)


@pytest.fixture(scope="session")
def released(
    key_of: Any, entries: tuple[LessonEntry, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The lessons, as students get them; nobody may write to it."""
    folder = tmp_path_factory.mktemp("class") / "students"
    release_course(COURSE, entries, folder, key_of)
    return folder


@pytest.fixture(scope="module")
def student(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's own copy: one for all tests, since an environment takes long to make."""
    copy = tmp_path_factory.mktemp("student") / "copy"
    shutil.copytree(released, copy)
    make_environment(copy / ".venv", copy / "src", NO_NETWORK)
    return copy


@pytest.fixture
def copy(student: Path, released: Path) -> Path:
    """The student's copy before anything was done in it."""
    for folder in ("lessons", "progress"):
        shutil.rmtree(student / folder)
        shutil.copytree(released / folder, student / folder)
    return student


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(copy: Path, tmp_path: Path) -> Run:
    """Run the copy's own verify.py in an environment that has its package, and no network."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "100"}
    environment.pop("PYTHONPATH", None)

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [copy / ".venv" / "bin" / "python", "verify.py", *arguments],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return command


@pytest.fixture
def here(
    copy: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """Run a command in the copy, with this process's own package and worker: that costs little."""

    @contextmanager
    def warm() -> Iterator[Worker]:
        yield worker

    monkeypatch.setattr(context, "Worker", warm)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("COLUMNS", "100")

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["verify.py", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        code = left.value.code
        return subprocess.CompletedProcess(
            arguments, code if isinstance(code, int) else 0, *capfd.readouterr()
        )

    return command


def the_lesson(name: str) -> tuple[LessonEntry, Lesson]:
    entry = COURSE.find(name)
    assert entry is not None
    return entry, read_lesson(COURSE, entry)


def done(name: str) -> dict[str, Any]:
    """A lesson's notebook with everything right."""
    entry, lesson = the_lesson(name)
    blank = json.loads(COURSE.notebook(entry).read_text(encoding="utf-8"))
    return solved(blank, lesson)


def save(copy: Path, name: str, notebook: dict[str, Any]) -> Path:
    path = copy / "lessons" / f"{name}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


# Nothing of the solutions


def squeezed(text: str) -> str:
    """Text without blanks, line ends and the marks that JSON puts before quotes."""
    return re.sub(r"\s+", "", text.replace("\\n", "").replace("\\t", "").replace('\\"', '"'))


def telling_lines(source: str, stub: str) -> Iterator[str]:
    """The lines of a right or wrong answer that the blank does not show, as `squeezed`.

    A line that only opens what follows, such as `for step in range(steps):`, tells nothing.
    """
    shown = set(stub.splitlines())
    for line in source.splitlines():
        bare = squeezed(re.sub(r"\s#\s.*", "", line))
        opens = bare.endswith((":", "("))
        long = len(bare) >= SHORTEST_TELLING_LINE
        if line not in shown and long and not opens and bare[0] not in "#@":
            yield bare


def told(lesson: Lesson) -> str:
    """What the lesson says on purpose, in prose, hints and diagnoses, as `squeezed`."""
    prose = [cell.source for cell in lesson.cells if cell.role == "markdown"]
    for exercise in lesson.exercises:
        prose += [*exercise.hints, *(wrong.message for wrong in exercise.mistakes)]
    return squeezed("".join(prose))


Lines = dict[str, dict[str, str]]  # lesson's file → line → exercise that it is of


@cache
def solution_lines(course: Course) -> Lines:
    """Each line between the marks of a solution, but those that are told on purpose."""
    found: Lines = {entry.file: {} for entry in course.lessons}
    for entry in course.lessons:
        lesson = read_lesson(course, entry)
        prose = told(lesson)
        for exercise in lesson.exercises:
            for block in solution_blocks(exercise.solution):
                lines = telling_lines(block, exercise.stub)
                kept = (line for line in lines if line not in prose)
                found[entry.file] |= dict.fromkeys(kept, exercise.id)
    return found


@cache
def variant_lines(course: Course) -> Lines:
    """What a mistake or an alternative has in place of the solution: that but for a word."""
    found: Lines = {entry.file: {} for entry in course.lessons}
    for entry in course.lessons:
        lesson = read_lesson(course, entry)
        prose = told(lesson)
        for exercise in lesson.exercises:
            for variant in (*exercise.mistakes, *exercise.alternatives):
                blocks = (
                    solution_blocks(exercise.variant_source(variant))
                    if variant.edit is not None
                    else variant.source.splitlines()[1:]
                )
                lines = (line for b in blocks for line in telling_lines(b, exercise.stub))
                kept = (line for line in lines if line not in prose)
                found[entry.file] |= dict.fromkeys(kept, exercise.id)
    return found


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def given_away(folder: Path, lines: Lines) -> list[str]:
    """Where the lines stand in the files of a folder, text or not.

    A lesson's files are searched for its own lines: another lesson may use what it builds. What
    models are made of is left out: how a layer is written or trained is no secret, and an exercise
    withholds it from its answers.
    """
    found = []
    for path in files(folder):
        place = path.relative_to(folder)
        if place.is_relative_to(MODELS):
            continue
        own = {place.stem, *place.parts} & lines.keys()
        text = squeezed(path.read_bytes().decode("utf-8", "ignore"))
        beginnings = beginnings_in(text)
        for lesson in own or lines:
            found += [
                f"{path}: {lesson} {of}: {line}"
                for line, of in lines[lesson].items()
                if line[:SHORTEST_TELLING_LINE] in beginnings and line in text
            ]
    return found


def beginnings_in(text: str) -> set[str]:
    """All that a telling line in a text may begin with: what is not among it is soon told."""
    size = SHORTEST_TELLING_LINE
    return {text[place : place + size] for place in range(len(text) - size + 1)}


def test_no_line_of_a_solution_is_anywhere_in_it(released: Path) -> None:
    assert given_away(released, solution_lines(COURSE)) == []


def test_no_line_of_a_mistake_or_an_alternative_is_anywhere_in_it(released: Path) -> None:
    assert given_away(released, variant_lines(COURSE)) == []


@pytest.mark.parametrize(
    ("lines_of", "share"), [(solution_lines, 1.0), (variant_lines, 0.9)], ids=["right", "variants"]
)
def test_such_lines_would_be_found(
    lines_of: Callable[[Course], Lines], share: float, tmp_path: Path
) -> None:
    """The search that finds nothing above finds every exercise in the instructor's copy.

    Of mistakes, nearly every one: the line that an edit makes need not stand there as a whole.
    """
    lines = lines_of(COURSE)
    for entry in COURSE.lessons:
        shutil.copy(COURSE.solution(entry), tmp_path)
        shutil.copy(COURSE.master(entry), tmp_path)
    wanted = {(lesson, of) for lesson, own in lines.items() for of in own.values()}
    found = {tuple(place.split(": ")[1].split()) for place in given_away(tmp_path, lines)}
    assert found <= wanted
    assert len(found) >= share * len(wanted)


def test_no_prediction_is_answered_in_it(released: Path) -> None:
    answered = {
        entry.file: {
            squeezed(f'predict("{prediction.id}", {answer}'): prediction.id
            for prediction in read_lesson(COURSE, entry).predictions
            for answer in [repr(choice).replace("'", '"') for choice in prediction.choices or ()]
        }
        for entry in COURSE.lessons
    }
    assert any(answered.values())
    assert given_away(released, answered) == []


def test_there_are_no_masters_no_tests_and_no_progress(released: Path) -> None:
    assert sorted(path.name for path in released.iterdir()) == sorted(
        [
            *(".gitignore", "LICENSE", "README.md", "index.html", "keys", "lessons", "progress"),
            *("pyproject.toml", "requirements.txt", "setup_venv.py", "setup_venv.sh"),
            *("src", "verify.py"),
        ]
    )
    assert [path.name for path in files(released / "progress")] == [".gitignore", "README.md"]
    assert not list(released.rglob("__pycache__"))
    assert str(COURSE.root) not in "".join(
        path.read_bytes().decode("utf-8", "ignore") for path in files(released)
    )


# What is in it


def test_lessons_are_blank_whatever_lies_in_the_instructors_lessons_folder(
    released: Path, entries: tuple[LessonEntry, ...]
) -> None:
    for entry in entries:
        released_one = released / "lessons" / f"{entry.file}.ipynb"
        assert released_one.read_bytes() == COURSE.notebook(entry).read_bytes()


def test_only_the_chosen_lessons_are_in_it(key_of: Any, tmp_path: Path) -> None:
    entry, _ = the_lesson(PROJECT)
    release_course(COURSE, [entry], tmp_path / "one", key_of)

    course = load_course(tmp_path / "one")
    assert [e.id for e in course.lessons] == ["queries_and_keys"]
    assert [p.name for p in files(tmp_path / "one" / "lessons")] == [f"{PROJECT}.ipynb"]
    assert [p.name for p in (tmp_path / "one" / "keys").iterdir() if p.is_dir()] == [PROJECT]
    page = (tmp_path / "one" / "index.html").read_text(encoding="utf-8")
    assert f"lessons/{PROJECT}.ipynb" in page
    assert "00_orientation" not in page
    readme = (tmp_path / "one" / "README.md").read_text(encoding="utf-8")
    assert f"lessons/{PROJECT}.ipynb" in readme
    assert "verify grade 03" in readme
    assert "Orientation" not in readme


def test_its_readme_is_for_students(released: Path, entries: tuple[LessonEntry, ...]) -> None:
    readme = (released / "README.md").read_text(encoding="utf-8")
    for entry in entries:
        assert entry.title in readme
    assert "./setup_venv.sh lab" in readme
    for word in ("verify build", "verify solutions", "bench", "instructor,"):
        assert word not in readme


def test_its_scripts_can_be_run(released: Path) -> None:
    assert os.access(released / "setup_venv.sh", os.X_OK)
    assert os.access(released / "verify.py", os.X_OK)


# It works


def test_everything_right_earns_all_points_without_a_network(
    copy: Path, run: Run, entries: tuple[LessonEntry, ...]
) -> None:
    for entry in entries:
        save(copy, entry.file, done(entry.file))

    graded = run()

    assert (graded.returncode, graded.stderr) == (0, "")
    assert "All of it is done." in graded.stdout
    known = json.loads((copy / "progress" / "lesson_progress.json").read_text(encoding="utf-8"))
    assert set(known["lessons"]) == {entry.id for entry in entries}


def test_watch_without_a_terminal_grades_the_lesson(
    copy: Path, here: Run, entries: tuple[LessonEntry, ...]
) -> None:
    for entry in entries:
        save(copy, entry.file, done(entry.file))
    here()

    assert here("watch").stdout.startswith("Every lesson is complete.")


def test_blanks_are_an_invitation(here: Run) -> None:
    graded = here()
    assert graded.returncode == 1
    assert "Nothing is filled in yet." in graded.stdout


def test_a_known_mistake_is_named(copy: Path, here: Run) -> None:
    _, lesson = the_lesson(PROJECT)
    exercise = lesson.exercise("scaled_scores")
    assert exercise is not None
    notebook = done(PROJECT)
    put(notebook, exercise, as_written(exercise, exercise.mistakes[0]))
    save(copy, PROJECT, notebook)

    graded = here("grade", "03", "--json", "-")

    report = json.loads(graded.stdout)["submissions"][0]["lessons"][0]
    wrong = {e["exercise"]: e["diagnosis"] for e in report["exercises"] if e["diagnosis"]}
    assert graded.returncode == 1
    assert wrong == {"scaled_scores": "not-scaled"}


def test_what_uses_a_failed_exercise_says_so(copy: Path, here: Run) -> None:
    _, lesson = the_lesson(PROJECT)
    exercise = lesson.exercise("project")
    assert exercise is not None
    notebook = done(PROJECT)
    put(notebook, exercise, exercise.stub)
    save(copy, PROJECT, notebook)

    graded = here("grade", "03")

    assert "Your project does not pass yet; this exercise uses it." in " ".join(
        graded.stdout.split()
    )


def test_a_hint_and_a_reset_work(copy: Path, here: Run) -> None:
    path = save(copy, PROJECT, done(PROJECT))

    assert "Hint 1 of 3 for scaled_scores" in here("hint", "03", "scaled_scores").stdout
    assert here("reset", "03", "--yes").returncode == 0
    assert path.read_bytes() == COURSE.notebook(the_lesson(PROJECT)[0]).read_bytes()


@pytest.mark.deep
def test_it_is_the_copys_own_package_that_grades(copy: Path, run: Run) -> None:
    """This asks of these tests themselves what they run."""
    worker = copy / "src" / "spotlight" / "sandbox" / "counting.py"  # imported by workers alone
    own = worker.read_text(encoding="utf-8")
    worker.write_text("raise SystemExit(1)", encoding="utf-8")
    save(copy, PROJECT, done(PROJECT))
    try:
        assert run("grade", "03").returncode == 3
    finally:
        worker.write_text(own, encoding="utf-8")


def test_doctor_finds_the_copy_and_not_the_course(
    copy: Path, here: Run, entries: tuple[LessonEntry, ...]
) -> None:
    said = here("doctor").stdout
    assert f"[ok] course: {len(entries)} lessons in {copy}" in said
    assert "[fail] worker" not in said


@pytest.mark.parametrize(
    ("command", "what"),
    [(("solutions",), "run"), (("build",), "build"), (("build", "--check"), "build")],
)
def test_what_needs_the_masters_says_that_there_are_none(
    command: tuple[str, ...], what: str, here: Run
) -> None:
    refused = here(*command)
    assert refused.returncode == 2
    assert refused.stderr == (
        "This copy of the course has no masters and no solutions, so there is nothing to "
        f"{what}: the instructor keeps them.\n"
    )


def test_it_is_not_released_once_more(here: Run, tmp_path: Path) -> None:
    refused = here("release", str(tmp_path / "again"))
    assert refused.returncode == 2
    assert "nothing to release" in refused.stderr
    assert not (tmp_path / "again").exists()


# As a whole or not at all


def test_a_folder_in_use_is_left_alone(key_of: Any, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.txt").write_text("years of work", encoding="utf-8")

    with pytest.raises(ReleaseError, match="is not empty; name a folder that is not there yet"):
        release_course(COURSE, COURSE.lessons[:1], tmp_path / "kept", key_of)

    assert [p.name for p in tmp_path.rglob("*")] == ["kept", "thesis.txt"]


def test_a_file_is_no_folder(key_of: Any, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("years of work", encoding="utf-8")
    with pytest.raises(ReleaseError, match="is there already and is no folder"):
        release_course(COURSE, COURSE.lessons[:1], tmp_path / "kept", key_of)


def test_the_package_does_not_swallow_its_own_release(key_of: Any, tmp_path: Path) -> None:
    """Of a course elsewhere: a folder made in this one's package would disturb other tests."""
    inside = tmp_path / "src" / "spotlight" / "students"
    with pytest.raises(ReleaseError, match="lies in the package itself"):
        release_course(replace(COURSE, root=tmp_path), COURSE.lessons, inside, key_of)
    assert not inside.exists()


def test_an_empty_folder_is_filled(key_of: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    release_course(COURSE, COURSE.lessons[:1], tmp_path / "empty", key_of)
    assert (tmp_path / "empty" / "verify.py").is_file()


def test_a_key_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def none(lesson: object, exercise: object) -> ExerciseKey:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        release_course(COURSE, COURSE.lessons, tmp_path / "half", none)

    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_nothing_and_is_said(
    key_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)

    with pytest.raises(ReleaseError, match=r"half was not written \(No space left on device\)"):
        release_course(COURSE, COURSE.lessons[:1], tmp_path / "half", key_of)

    assert list(tmp_path.iterdir()) == []

"""Grading in a released copy: the same verdicts, by answer keys that came with the lesson."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from edited_notebooks import Notebook, as_written, put, solved, submitted, without_header
from small_course import solution_of
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import Exercise, Lesson, WithheldError
from spotlight.course.manifest import LessonEntry, load_course
from spotlight.course.reading import read_master
from spotlight.course.released import LESSON_FILE, read_released, released_text
from spotlight.grading.answer_key import AnswerKeyError, key_bytes, key_file
from spotlight.grading.grader import LessonGrader
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.job import Limits
from spotlight.sandbox.worker import Worker
from tiers import few_lessons
from tiny_lessons import HEAD

COURSE = load_course(Path(__file__).parents[2])
OTHER_WRONG_ANSWERS = (
    "return None",
    "pass",
    "return {first}",
    "print({first})",
    "return {first} + 1",
    "return 3 * {first}",
    "return a_name_that_nobody_defines",
    "return {first}.no_such_method()",
    "return ids",
    "return embeddings()",
)


def release(lesson: Lesson, grader: LessonGrader, folder: Path) -> Lesson:
    """The lesson as students get it, below `folder`."""
    folder.mkdir()
    (folder / LESSON_FILE).write_text(released_text(lesson), encoding="utf-8")
    for exercise in lesson.exercises:
        key_file(folder, exercise).write_bytes(key_bytes(grader.key(exercise)))
    return read_released(folder)


class Both:
    """The instructor's grader and the students', of one lesson."""

    def __init__(self, lesson: Lesson, worker: Worker, keys: Path, folder: Path) -> None:
        self.lesson = lesson
        self.whole = LessonGrader(lesson, worker.observe, key_cache=keys)
        self.released = LessonGrader(
            release(lesson, self.whole, folder), worker.observe, key_cache=folder / "unused"
        )
        self.blank: Notebook = json.loads(build_notebook(lesson, "student"))
        self.done = solved(self.blank, lesson)

    def verdicts(self, exercise: Exercise, source: str) -> tuple[Verdict, Verdict]:
        """Both graders' verdicts on one answer, all others being right."""
        notebook = json.loads(json.dumps(self.done))
        put(notebook, exercise, without_header(source))
        submission = submitted(notebook)
        (own,) = [e for e in self.released.lesson.exercises if e.id == exercise.id]
        return (
            self.whole.grade(submission, [exercise]).verdicts[0],
            self.released.grade(submission, [own]).verdicts[0],
        )


def said(verdict: Verdict) -> dict[str, Any]:
    """All that a verdict says but for the time that it took."""
    return {**verdict.report.model_dump(exclude={"cpu_seconds"}), "ground": verdict.ground}


@pytest.fixture(scope="session")
def both(
    worker: Worker, key_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Both]:
    @cache
    def of(name: str) -> Both:
        folder = tmp_path_factory.mktemp("released") / name
        return Both(solution_of(COURSE, name), worker, key_cache, folder)

    return of


@pytest.mark.parametrize("entry", few_lessons())
def test_blanks_and_right_answers_are_graded_alike(
    entry: LessonEntry, both: Callable[[str], Both]
) -> None:
    graders = both(entry.id)
    for notebook in (graders.blank, graders.done):
        whole = graders.whole.grade(submitted(notebook)).report
        own = graders.released.grade(submitted(notebook)).report
        assert own.points == whole.points == (whole.possible if notebook is graders.done else 0)
        without_time = {"exercises": {"__all__": {"cpu_seconds"}}}
        assert own.model_dump(exclude=without_time) == whole.model_dump(exclude=without_time)


# The fast tier asks every exercise once in each test; the deep tier asks all that there is.


@pytest.mark.parametrize("entry", few_lessons())
def test_every_alternative_passes(
    entry: LessonEntry, both: Callable[[str], Both], deep: bool
) -> None:
    graders = both(entry.id)
    for exercise in graders.lesson.exercises:
        for right in exercise.alternatives if deep else exercise.alternatives[:1]:
            _, own = graders.verdicts(exercise, as_written(exercise, right))
            assert own.report.status == "passed", right.name


@pytest.mark.parametrize("entry", few_lessons())
def test_every_mistake_is_told_alike(
    entry: LessonEntry, both: Callable[[str], Both], deep: bool
) -> None:
    graders = both(entry.id)
    for exercise in graders.lesson.exercises:
        for wrong in exercise.mistakes if deep else exercise.mistakes[:1]:
            whole, own = graders.verdicts(exercise, as_written(exercise, wrong))
            assert own.report.diagnosis == wrong.name
            assert said(own) == said(whole)


@pytest.mark.parametrize("entry", few_lessons())
def test_other_wrong_answers_are_told_alike(
    entry: LessonEntry, both: Callable[[str], Both], deep: bool
) -> None:
    graders = both(entry.id)
    for number, exercise in enumerate(graders.lesson.exercises):
        answers = list(_other_answers(exercise))
        turn = COURSE.lessons.index(entry) + number  # in the fast tier each is somebody's turn
        for source in answers if deep or not answers else [answers[turn % len(answers)]]:
            whole, own = graders.verdicts(exercise, source)
            assert said(own) == said(whole), source


def _other_answers(exercise: Exercise) -> Iterator[str]:
    stub = exercise.stub.splitlines()
    if stub[-1].lstrip().startswith("raise"):
        first = exercise.stub.split("(", 1)[1].split(":", 1)[0]
        for body in OTHER_WRONG_ANSWERS:
            yield "\n".join([*stub[:-1], "    " + body.format(first=first)])


@pytest.mark.parametrize("entry", few_lessons())
def test_the_keys_are_those_that_came_with_it(
    entry: LessonEntry, both: Callable[[str], Both], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever versions are installed: there is nothing here to build a key from."""
    monkeypatch.setattr("spotlight.grading.answer_key.version", lambda name: "of tomorrow")
    graders = both(entry.id)
    again = LessonGrader(graders.released.lesson, _nothing)
    for exercise in graders.lesson.exercises:
        assert key_bytes(again.key(exercise)) == key_bytes(graders.whole.key(exercise))


def _nothing(job: object) -> Any:
    raise AssertionError("nothing is to be observed")


# What only the instructor's copy can do


@pytest.fixture
def small(lesson: Lesson, worker: Worker, key_cache: Path, tmp_path: Path) -> Both:
    return Both(lesson, worker, key_cache, tmp_path / "small")


def _with(notebook: Notebook, lesson: Lesson, **sources: str) -> Notebook:
    changed: Notebook = json.loads(json.dumps(notebook))
    for name, source in sources.items():
        exercise = lesson.exercise(name)
        assert exercise is not None
        put(changed, exercise, source)
    return changed


WRONG = "def doubled(x):\n    return 3 * x + 1"
ENDLESS = "def doubled(x):\n    while True:\n        pass"


@pytest.mark.parametrize(
    "earlier",
    [WRONG, "def doubled(x):\n    return nothing_of_this_name", "def doubled(x:", "# gone"],
    ids=["wrong", "raises", "broken", "gone"],
)
def test_an_exercise_that_needs_one_that_fails_says_which(earlier: str, small: Both) -> None:
    report = small.released.grade(
        submitted(_with(small.done, small.lesson, doubled=earlier))
    ).report.exercises[2]

    assert (report.exercise, report.status, report.points) == ("doubled_then_shifted", "failed", 0)
    assert report.message == (
        "Your doubled does not pass yet; this exercise uses it. Begin with it."
    )
    assert report.diagnosis is None
    assert report.evidence is None
    assert not report.follow_through


def test_all_that_fail_are_named(small: Both) -> None:
    blank = {name: small.lesson.exercise(name).stub for name in ("doubled", "shifted")}  # type: ignore[union-attr]
    report = small.released.grade(submitted(_with(small.done, small.lesson, **blank))).report

    assert [e.status for e in report.exercises[:3]] == ["blank", "blank", "failed"]
    assert report.exercises[2].message == (
        "Your doubled and shifted do not pass yet; this exercise uses them. Begin with them."
    )


def test_a_check_of_one_exercise_finds_out_about_those_it_uses(small: Both) -> None:
    exercise = small.released.lesson.exercise("doubled_then_shifted")
    assert exercise is not None
    notebook = submitted(_with(small.done, small.lesson, doubled=WRONG))

    verdict = small.released.grade(notebook, [exercise]).verdicts[0]

    assert verdict.report.message.startswith("Your doubled does not pass yet")


def test_right_on_its_own_it_passes_whatever_became_of_the_earlier_one(small: Both) -> None:
    alone = "def doubled_then_shifted(x, by):\n    return 2 * x + by"
    notebook = _with(small.done, small.lesson, doubled=WRONG, doubled_then_shifted=alone)

    report = small.released.grade(submitted(notebook)).report

    assert [e.status for e in report.exercises[:3]] == ["failed", "passed", "passed"]


def test_what_went_over_its_budget_by_an_earlier_one_keeps_its_status(
    small: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotlight.grading.grader.limits_for", lambda key: Limits(cpu_seconds=1.0))
    (exercise,) = [e for e in small.released.lesson.exercises if e.id == "doubled_then_shifted"]
    notebook = submitted(_with(small.done, small.lesson, doubled=ENDLESS))

    report = small.released.grade(notebook, [exercise]).verdicts[0].report

    assert report.status == "timeout"
    assert report.message.startswith("Your doubled does not pass yet")


def test_only_the_public_seed_has_keys(small: Both, worker: Worker) -> None:
    with pytest.raises(WithheldError, match="answer keys for seed 0 alone"):
        LessonGrader(small.released.lesson, worker.observe, seed=1)


@pytest.mark.parametrize("spoiled", [None, b"", b"half a key", b"\x00" * 40])
def test_a_key_that_cannot_be_read_is_said_in_a_sentence(
    spoiled: bytes | None, small: Both, worker: Worker
) -> None:
    lesson = small.released.lesson
    assert lesson.keys is not None
    file = key_file(lesson.keys, lesson.exercises[0])
    file.unlink() if spoiled is None else file.write_bytes(spoiled)

    with pytest.raises(AnswerKeyError, match="the answer key of doubled cannot be read; copy"):
        LessonGrader(lesson, worker.observe).grade(submitted(small.done))


TWO_STEPS = (
    HEAD
    + '''
# %% [markdown]
# ## 1 · First

# %% exercise="first" points=1 minutes=1 difficulty=1
def first(x):
    """x: (n, d) → (n, d)"""
    # TODO: double.
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% tags=["probes"]
@probe
def few(first):
    "Two rows."
    return first(randn(2, 3))

@probe
def many(first):
    "Forty rows."
    return first(randn(40, 3))

# %% [markdown]
# ## 2 · Second

# %% exercise="second" points=1 minutes=1 difficulty=1
def second(x):
    """x: (n, d) → (n, d)"""
    # TODO: double and add one.
    ### BEGIN SOLUTION
    return first(x) + 1
    ### END SOLUTION

# %% tags=["probes"]
@probe
def few(second):
    "Two rows."
    return second(randn(2, 3))

@probe
def many(second):
    "Forty rows."
    return second(randn(40, 3))

without_loops(because="one operation does all rows.")
'''
)
LOOP = "def first(x):\n    return torch.stack([2 * row for row in x])"


OWN_LOOP = "def second(x):\n    y = first(x)\n    return torch.stack([row + 1 for row in y])"
HIDDEN = "def second(x):\n    return torch.stack(list(map(lambda row: row + 1, first(x))))"


@pytest.mark.parametrize(
    ("sources", "status"),
    [
        ({"first": LOOP}, "passed"),
        ({"second": OWN_LOOP}, "forbidden"),
        ({"first": LOOP, "second": OWN_LOOP}, "forbidden"),
        ({"second": HIDDEN}, "forbidden"),
    ],
    ids=["the earlier one's", "its own", "both", "hidden"],
)
def test_a_loop_counts_against_the_exercise_that_it_stands_in(
    sources: dict[str, str], status: str, worker: Worker, tmp_path: Path
) -> None:
    master = tmp_path / "01_tiny.py"
    master.write_text(TWO_STEPS, encoding="utf-8")
    graders = Both(read_master(master), worker, tmp_path / "keys", tmp_path / "released")
    notebook = submitted(_with(graders.done, graders.lesson, **sources))

    whole, own = (g.grade(notebook).report.exercises[1] for g in (graders.whole, graders.released))

    assert own.status == whole.status == status
    assert own.diagnosis == whole.diagnosis

"""Answer keys: built once, kept in a cache that is never trusted and never needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edited_notebooks import Notebook, submitted
from small_course import STEPS, lesson_of
from spotlight.course.lesson import Exercise, Lesson
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.diagnosis.known_mistakes import same_outcome
from spotlight.grading.answer_key import AnswerKeyError, cached_key, fingerprint
from spotlight.grading.grader import LessonGrader
from spotlight.sandbox.job import Job, Observation
from spotlight.sandbox.worker import Worker


def never(job: Job) -> Observation:
    raise AssertionError("the key was built again")


def same(one: ExerciseKey, other: ExerciseKey) -> bool:
    """Whether two keys say the same of the reference and of every mistake."""
    runs = [(one.reference, other.reference)]
    runs += [(one.mistakes[name], other.mistakes[name]) for name in one.mistakes]
    return one.mistakes.keys() == other.mistakes.keys() and all(
        same_outcome(a, b) and (a.name, a.drawn_shapes) == (b.name, b.drawn_shapes)
        for left, right in runs
        for a, b in zip(left, right, strict=True)
    )


@pytest.fixture
def exercise(lesson: Lesson) -> Exercise:
    return lesson.exercises[0]


@pytest.fixture
def key_of(lesson: Lesson, exercise: Exercise, worker: Worker) -> Callable[[Path], ExerciseKey]:
    return lambda folder: cached_key(lesson, exercise, 0, worker.observe, folder)


def test_a_key_holds_every_probe_of_the_reference_and_of_every_mistake(
    key_of: Callable[[Path], ExerciseKey], exercise: Exercise, tmp_path: Path
) -> None:
    key = key_of(tmp_path)
    probes = [probe.name for probe in exercise.probes]
    assert [outcome.name for outcome in key.reference] == probes
    assert list(key.mistakes) == [wrong.name for wrong in exercise.mistakes]
    assert all([o.name for o in seen] == probes for seen in key.mistakes.values())
    assert not any(same_outcome(key.reference[0], seen[0]) for seen in key.mistakes.values())


def test_a_key_is_built_once(
    key_of: Callable[[Path], ExerciseKey], lesson: Lesson, exercise: Exercise, tmp_path: Path
) -> None:
    built = key_of(tmp_path / "new" / "folder")
    assert same(built, cached_key(lesson, exercise, 0, never, tmp_path / "new" / "folder"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"\xff" * len(data),
        lambda data: bytes(reversed(data)),
        lambda data: data.replace(b"reference", b"elsewhere"),
        lambda data: data.replace(b'"float32"', b'"float99"'),
        lambda data: b"\x00\x00\x00\x02" + b"\x00" * 8 + b"{}",
    ],
    ids=["empty", "cut", "a byte short", "noise", "reversed", "renamed", "mistyped", "another"],
)
def test_a_spoilt_cache_is_rebuilt_without_a_word(
    spoil: Callable[[bytes], bytes],
    key_of: Callable[[Path], ExerciseKey],
    lesson: Lesson,
    exercise: Exercise,
    tmp_path: Path,
) -> None:
    built = key_of(tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(spoil(whole))
    assert same(built, key_of(tmp_path))
    assert same(built, cached_key(lesson, exercise, 0, never, tmp_path))


def test_a_cache_that_cannot_be_written_costs_only_time(
    lesson: Lesson, worker: Worker, tmp_path: Path, done: Notebook
) -> None:
    in_the_way = tmp_path / "keys"
    in_the_way.write_text("a file where the folder should be", encoding="utf-8")
    grader = LessonGrader(lesson, worker.observe, key_cache=in_the_way)
    report = grader.grade(submitted(done)).report
    assert report.points == report.possible
    assert in_the_way.read_text(encoding="utf-8") == "a file where the folder should be"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("doubled", "    return 2 * x\n", "    return +2 * x\n"),
        ("doubled", "doubled(randn(3))", "doubled(randn(4))"),
        ("doubled", "→ x * x\n", "→ x * x * x\n"),
        ("doubled", "half = x / 2", "half = x / 3"),
        ("row_sums", "torch.arange(6.0)", "torch.ones(6)"),
        ("doubled_then_shifted", "    return x + by\n", "    return +x + by\n"),
        ("doubled_then_shifted", "from torch import Tensor", "from torch import Tensor as Tensor"),
    ],
    ids=[
        "solution", "probe", "mistake by edit", "mistake by function", "given code",
        "an earlier solution", "an import",
    ],
)  # fmt: skip
def test_a_key_belongs_to_all_that_it_depends_on(
    name: str, old: str, new: str, tmp_path: Path
) -> None:
    assert STEPS.count(old) == 1
    lesson, changed = lesson_of(STEPS, tmp_path), lesson_of(STEPS.replace(old, new), tmp_path)
    before, after = lesson.exercise(name), changed.exercise(name)
    assert before is not None
    assert after is not None
    assert fingerprint(lesson, before, 0) == fingerprint(lesson, before, 0)
    assert fingerprint(lesson, before, 0) != fingerprint(changed, after, 0)


def test_words_alone_keep_a_key(exercise: Exercise, tmp_path: Path) -> None:
    lesson = lesson_of(STEPS, tmp_path)
    text = STEPS.replace("Six numbers in two rows.", "Half a dozen.").replace("Multiply by", "Try")
    text = text.replace("That is the square; double it.", "Square is not double.")
    changed = lesson_of(text, tmp_path)
    before, after = lesson.exercise(exercise.id), changed.exercise(exercise.id)
    assert before is not None
    assert after is not None
    assert fingerprint(lesson, before, 0) == fingerprint(changed, after, 0)


def test_another_seed_has_another_key_and_sees_other_numbers(
    lesson: Lesson, exercise: Exercise, worker: Worker, tmp_path: Path
) -> None:
    public = cached_key(lesson, exercise, 0, worker.observe, tmp_path)
    secret = cached_key(lesson, exercise, 1, worker.observe, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    for here, there in zip(public.reference, secret.reference, strict=True):
        assert here.drawn_shapes == there.drawn_shapes
        assert not same_outcome(here, there)


def test_remembered_outputs_earn_nothing_under_another_seed(
    lesson: Lesson, worker: Worker, key_cache: Path, done: Notebook
) -> None:
    public = LessonGrader(lesson, worker.observe, key_cache=key_cache)
    shifted = lesson.exercises[1]
    values = [outcome.value.data for outcome in public.key(shifted).reference]
    table = {tuple(value.shape): value.tolist() for value in values}
    cell = next(c for c in done["cells"] if c.get("id") == "exercise-shifted")
    cell["source"] = (
        f"import torch\nTABLE = {table!r}\n\n"
        "def shifted(x, by):\n    return torch.tensor(TABLE[tuple(x.shape)])"
    )
    assert public.grade(submitted(done), [shifted]).verdicts[0].report.status == "passed"
    secret = LessonGrader(lesson, worker.observe, seed=7, key_cache=key_cache)
    assert secret.grade(submitted(done), [shifted]).verdicts[0].report.status == "failed"


@pytest.mark.parametrize(
    ("solution", "why"),
    [
        ("return 2 * x + y", "NameError: name 'y' is not defined"),
        ("import os; os._exit(1); return 2 * x", "ended by crashed"),
    ],
)
def test_a_reference_that_fails_its_own_probes_is_the_courses_fault(
    solution: str, why: str, worker: Worker, tmp_path: Path
) -> None:
    lesson = lesson_of(STEPS.replace("return 2 * x", solution), tmp_path)
    broken = lesson.exercises[0]
    with pytest.raises(AnswerKeyError) as raised:
        cached_key(lesson, broken, 0, worker.observe, tmp_path)
    said = str(raised.value)
    assert said.endswith(f"the reference of doubled fails its own probes ({why}).")

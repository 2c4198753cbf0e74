"""A proof's key changes with all that the proof depends on, and with nothing else."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from sandbox.worker_jobs import returns, value
from small_course import STEPS, lesson_of
from spotlight.authoring import proof_keys
from spotlight.authoring.proof_keys import code_of_module, proof_key, proving_modules
from spotlight.course import lesson as lesson_module
from spotlight.python_source.normal_form import normal_form
from spotlight.sandbox.worker import Worker

KeyOf = Callable[..., str]
KNOWN_FORM = cache(normal_form)
"""Each text is brought to its normal form once: a change of one file leaves the others known."""


@pytest.fixture
def key_of(tmp_path: Path) -> KeyOf:
    """The key of an exercise of the small lesson, after changes of its master's text."""

    def one(*changes: tuple[str, str], exercise: int = 0) -> str:
        text = STEPS
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        lesson = lesson_of(text, tmp_path)
        return proof_key(lesson, lesson.exercises[exercise])

    return one


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's code, which keys are made from."""
    copy = tmp_path / "spotlight"
    for name in proving_modules():
        file = proof_keys._file_of(name)
        assert file is not None
        path = copy / file.relative_to(proof_keys._PACKAGE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.read_bytes())
    monkeypatch.setattr(proof_keys, "_PACKAGE", copy)
    monkeypatch.setattr(proof_keys, "normal_form", KNOWN_FORM)
    code_of_module.cache_clear()
    yield copy
    code_of_module.cache_clear()


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    code_of_module.cache_clear()


@pytest.mark.parametrize(
    "changed",
    [
        ("return 2 * x\n", "return 2 * x + 0\n"),
        ("→ x.mul_(2)", "→ x.mul_(2.0)"),
        ("half = x / 2", "half = x * 0.5"),
        ("→ x + x", "→ x + 1 * x"),
        ("row * 2 for row", "2 * row for row"),
        ("doubled(randn(3))", "doubled(randn(4))"),
        ('forbid("mul"', 'forbid("sum"'),
        ("import torch\n", "import torch  # nothing new\nTensor = torch.Tensor\n"),
    ],
    ids=["solution", "edit", "mistake", "rewrite", "alternative", "probe", "rule", "given cell"],
)
def test_what_an_exercise_says_is_in_its_key(changed: tuple[str, str], key_of: KeyOf) -> None:
    assert key_of(changed) != key_of()


@pytest.mark.parametrize(
    "changed",
    [
        ("Every entry twice.", "Twice every entry."),
        ("# TODO: return twice x.", "# TODO: return it twice."),
        ("What is twice three?", "What is twice four?"),
        ("A star needs no loop.", "No loop is needed."),
        ("That is the square; double it.", "You square it; double it."),
        ("half = x / 2", "half = x/2  # as it was"),
        ("Six numbers in two rows.", "Numbers."),
        ("return x + by\n", "return by + x\n"),
    ],
    ids=["docstring", "task", "hint", "why", "message", "layout", "prose", "another exercise"],
)
def test_what_proves_nothing_is_not_in_it(changed: tuple[str, str], key_of: KeyOf) -> None:
    assert key_of(changed) == key_of()


def test_an_earlier_exercise_is_in_the_key_of_one_that_uses_it(key_of: KeyOf) -> None:
    other = ("return x + by\n", "return by + x\n")
    assert key_of(other, exercise=2) != key_of(exercise=2)


def test_a_stub_that_is_the_solution_is_noticed(
    key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that makes the stub: what students find is in the key itself."""
    before = key_of()
    monkeypatch.setattr(lesson_module, "stub_of", lambda solution, targets, exercise: solution)
    assert key_of() != before


def test_the_code_that_proves_is_in_every_key_but_not_its_comments(
    key_of: KeyOf, package: Path
) -> None:
    known = key_of()
    change(package / "authoring" / "proving.py", '"""Prove an exercise', '"""Show an exercise')
    change(package / "grading" / "judge.py", "\ndef judge(", "\n\n# A comment.\ndef judge(")
    assert key_of() == known
    for file, old, new in (
        ("authoring/proving.py", "range(50)", "range(40)"),
        ("grading/judge.py", "def judge(", "def judge(ever=0, *, "),
        ("course/lesson.py", "def stub_of(", "def stub_of(ever=0, *, "),
        ("diagnosis/compare.py", "def difference(", "def difference(ever=0, *, "),
        ("python_source/reads.py", "def reads_of(", "def reads_of(ever=0, *, "),
        ("sandbox/kit.py", "def randn(", "def randn(ever=0, *, "),
    ):
        change(package / file, old, new)
        changed = key_of()
        assert changed != known, file
        known = changed


def test_versions_of_the_numeric_libraries_are_but_not_their_builds(
    key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_torch(number: str) -> str:
        monkeypatch.setattr(proof_keys, "version", lambda library: number)
        return key_of()

    assert with_torch("2.9.0+cpu") == with_torch("2.9.0") != with_torch("2.9.1")


def test_a_lower_room_is_where_a_program_imports_from_it(
    key_of: KeyOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = ("import torch\n", "import torch\nfrom spotlight.model_utils.gpt import GPT\n")
    uses = ("    half = x / 2\n", "    GPT\n    half = x / 2\n")
    before = key_of(), key_of(imports, uses)
    monkeypatch.setattr(proof_keys, "_room", lambda room: [f"{room} has changed"])
    after = key_of(), key_of(imports, uses)
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_no_module_that_proves_is_imported_by_a_name_made_up_at_run_time() -> None:
    for name in proving_modules():
        file = proof_keys._file_of(name)
        assert file is not None
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert not called.endswith(("import_module", "__import__")), name


def test_all_that_a_worker_has_imported_is_among_them(worker: Worker) -> None:
    asked = "sorted(name for name in sys.modules if name.startswith('spotlight.'))"
    loaded = value(worker, returns(asked))
    assert "spotlight.sandbox.program" in loaded
    assert set(loaded) <= proving_modules()


def test_an_exercise_that_breaks_its_own_rules_has_another_key(tmp_path: Path) -> None:
    """What a given cell may say depends on where it stands: that is in the key where it matters."""
    lesson = lesson_of(STEPS, tmp_path)
    exercise = lesson.exercises[0]
    without = replace(exercise, forbidden=())
    assert proof_key(lesson, without) != proof_key(lesson, exercise)

"""`mine`: which of the two it returns, and the line that says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spotlight.mine import mine, own_code

OWN = "def twice(x):\n    return x + x\n"
LISTED = '__all__ = ["twice"]\n'


def twice(x):
    """Stands in for a reference."""
    return 2 * x


class Layer:
    """Stands in for a reference that is a class."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the notebook's course keeps the student's own modules."""
    monkeypatch.setattr(own_code, "_own_modules", None)
    own_code.use_own_modules(tmp_path, {"small_steps": "lesson 01"})
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "small_steps.py").write_text(text, encoding="utf-8")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that was printed."""
    (line,) = capsys.readouterr().out.splitlines()
    return line


def test_what_has_passed_is_the_students_own(folder, capsys):
    write(folder, LISTED + OWN)
    own = mine("small_steps", twice)
    assert own is not twice
    assert own(3) == 6
    assert said(capsys) == "twice: yours, from lesson 01"


def test_a_class_is_taken_as_a_class(folder, capsys):
    write(folder, '__all__ = ["Layer"]\nclass Layer:\n    size = 3\n')
    assert mine("small_steps", Layer).size == 3
    assert said(capsys) == "Layer: yours, from lesson 01"


def test_the_reference_stands_in_for_what_has_not_passed(folder, capsys):
    assert mine("small_steps", twice) is twice
    expected = "twice: the reference stands in; yours from lesson 01 has not passed yet"
    assert said(capsys) == expected
    write(folder, '__all__ = ["other"]\n')
    assert mine("small_steps", twice) is twice
    assert said(capsys) == expected


def test_what_the_module_imports_is_not_taken_for_the_students(folder, capsys):
    write(folder, '__all__ = ["other"]\nfrom math import floor as twice\n')
    assert mine("small_steps", twice) is twice
    assert "has not passed yet" in said(capsys)


def test_what_passed_and_cannot_be_had_is_told_with_its_reason(folder, capsys):
    write(folder, '__all__ = []\n__left_out__ = {"twice": "it uses numbers"}\n')
    assert mine("small_steps", twice) is twice
    assert said(capsys).endswith("yours from lesson 01 passed, but it uses numbers")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("def twice(x:\n", "SyntaxError"),
        ("\0", ""),  # which exception it is depends on the version of Python
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("class Odd(BaseException):\n    pass\n\n\nraise Odd", "Odd"),
        (
            "class Mute(Exception):\n    def __str__(self):\n        raise self\n\n\nraise Mute",
            "Mute",
        ),
        ("def f():\n    f()\n\n\nf()", "RecursionError"),
        ("raise ValueError('long\\n' * 500)", "ValueError: long long"),
    ],
)
def test_a_module_that_does_not_load_costs_a_sentence(folder, capsys, text, named):
    write(folder, LISTED + text)
    assert mine("small_steps", twice) is twice
    line = said(capsys)
    assert line.startswith("twice: the reference stands in; your progress/mine/small_steps.py does")
    assert f"does not load ({named}" in line
    assert len(line) < 250


@pytest.mark.parametrize(
    "text",
    [
        "__all__ = 7",
        "__all__ = [[], 3, None]",
        "class All(list):\n    def __iter__(self):\n        raise ValueError\n\n\n__all__ = All()",
        "__left_out__ = [1]",
        '__left_out__ = {"twice": 3}',
        "def __getattr__(name):\n    raise ValueError",
    ],
)
def test_lists_that_are_none_are_taken_for_empty(folder, capsys, text):
    write(folder, text)
    assert mine("small_steps", twice) is twice
    assert "has not passed yet" in said(capsys)


@pytest.mark.parametrize("value", ["3", "None", "'twice'"])
def test_what_cannot_be_called_is_not_handed_on(folder, capsys, value):
    write(folder, f"{LISTED}twice = {value}")
    assert mine("small_steps", twice) is twice
    assert "is not a function" in said(capsys)


def test_bytes_and_folders_in_the_modules_place_cost_a_sentence(folder, capsys):
    (folder / "small_steps.py").write_bytes(b"\xff\xfe")
    assert mine("small_steps", twice) is twice
    assert "UnicodeDecodeError" in said(capsys)
    (folder / "small_steps.py").unlink()
    (folder / "small_steps.py").mkdir()
    assert mine("small_steps", twice) is twice
    assert "does not load" in said(capsys)


def test_what_a_module_prints_is_not_the_notebooks_to_show(folder, capsys):
    write(folder, LISTED + OWN + "print('hello')\nimport sys\nprint('there', file=sys.stderr)\n")
    mine("small_steps", twice)
    printed = capsys.readouterr()
    assert printed.out == "twice: yours, from lesson 01\n"
    assert printed.err == ""


def test_a_newer_pass_is_taken_without_a_restart(folder, capsys):
    write(folder, LISTED + OWN)
    first = mine("small_steps", twice)
    assert mine("small_steps", twice) is first
    write(folder, LISTED + "def twice(x):\n    return 'newer'\n")
    assert mine("small_steps", twice)(3) == "newer"


def test_nothing_is_written_beside_the_module(folder, capsys):
    write(folder, LISTED + OWN)
    mine("small_steps", twice)
    assert [file.name for file in folder.iterdir()] == ["small_steps.py"]


def test_a_plain_script_gets_the_reference_without_a_word(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "course.toml").write_text('title = "A course"\nparts = []\n')
    (tmp_path / "progress" / "mine").mkdir(parents=True)
    write(tmp_path / "progress" / "mine", '__all__ = ["sqrt"]\ndef sqrt(x):\n    return "own"\n')
    script = (
        "import math, sys\n"
        "from spotlight.mine import mine\n"
        "assert mine('small_steps', math.sqrt) is math.sqrt\n"
        "heavy = {'torch', 'IPython', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")

"""What holds for the code as a whole: style, types, the order of rooms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINTED = ("src", "tests", "bench", "solutions", "verify.py", "setup_venv.py")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", *LINTED),
        ("ruff", "format", "--check", "src", "tests", "bench", "verify.py", "setup_venv.py"),
        ("mypy",),
        ("mypy", "--strict", "setup_venv.py"),
    ],
    ids=["ruff check", "ruff format", "mypy", "mypy of the set-up"],
)
def test_the_checker_is_content(command):
    result = run(*command)
    assert result.returncode == 0, result.stdout + result.stderr


def test_imports_point_down_the_list_of_rooms():
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "KEPT" in result.stdout

"""Writes both requirements.txt anew from pyproject.toml: what `./setup_venv.sh pins` runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Compile the pins of the tests, and the course's out of them; return the exit status.

    Pins that still fit are kept. The arguments go to uv. Either both files are written or neither.
    """
    if shutil.which("uv") is None:
        print("Pins are compiled by uv. Install it: https://docs.astral.sh/uv/", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        everything, course = Path(folder, "everything.txt"), Path(folder, "course.txt")
        tests_file, course_file = ROOT / "tests" / "requirements.txt", ROOT / "requirements.txt"
        status = compile_pins(tests_file, everything, "--extra", "test", *arguments)
        # Both files agree, since the second may take nothing but what the first holds.
        only = ("--constraint", str(everything))
        status = status or compile_pins(course_file, course, *only, *arguments)
        if status == 0:
            tests_file.write_bytes(portable(everything.read_text(encoding="utf-8")).encode())
            course_file.write_bytes(portable(course.read_text(encoding="utf-8")).encode())
    return status


def compile_pins(former: Path, compiled: Path, *options: str) -> int:
    """Let uv write the pins for what the course, its set-up and the options name."""
    if former.exists():
        shutil.copy(former, compiled)
    command = ["uv", "pip", "compile", "pyproject.toml", "--extra", "setup", "--universal"]
    command += ["--python-version", "3.11", "--no-annotate", "--quiet", *options]
    env = dict(os.environ, UV_CUSTOM_COMPILE_COMMAND="./setup_venv.sh pins")
    return subprocess.call([*command, "--output-file", str(compiled)], cwd=ROOT, env=env)


def portable(text: str) -> str:
    """Drop what belongs to the plain Linux build of PyTorch alone, and builds' local versions."""
    lines = [line for line in text.splitlines() if not re.match(r"nvidia|cuda|triton", line)]
    return "\n".join(re.sub(r"(==[^+\s]+)\+\S+", r"\1", line) for line in lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A course of a few lines, set up by the real setup_venv.sh and setup_venv.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from stub_uv import RUNS_AS_MODULE
from tiny_wheel import write_wheel

PROJECT = Path(__file__).resolve().parents[2]
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)

# A build backend in a few lines, so that the real `pip install --editable` has one to call.
BACKEND = """
import os
from tiny_wheel import write_wheel

def build_editable(folder, config_settings=None, metadata_directory=None):
    content = {"spotlight.pth": os.path.join(os.getcwd(), "src")}
    return write_wheel(folder, "spotlight", "1.0", content)
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "spotlight"
version = "1.0"
"""
VERIFY = """
import json, os, sys
import leaf, spotlight
print(json.dumps({
    "arguments": sys.argv[1:], "folder": os.getcwd(), "environment": sys.prefix,
    "package": spotlight.__file__, "leaf": leaf.version,
}))
sys.exit(3)
"""

STUB_VENV = """
import sys
from pathlib import Path
from stub_uv import make_environment

[folder] = sys.argv[1:]
make_environment(Path(folder), sys.executable)
"""
# It installs where the Python is that runs it.
STUB_PIP = """
import sys
from stub_uv import main

assert sys.argv[1] == "install"
sys.exit(main(["pip", "install", "--python", sys.executable, *sys.argv[2:]], ""))
"""


class TinyCourse:
    """The course folder, and a machine of its own: a PATH, a home and a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.machine = folder
        self.root = folder / "course"
        self.environment = self.root / ".venv"
        self.bin = folder / "bin"
        self.temporary = folder / "tmp"
        for made in (self.root / "src" / "spotlight", self.root / "lessons", self.bin):
            made.mkdir(parents=True)
        for made in (self.temporary, folder / "home"):
            made.mkdir()
        (self.root / "tests").mkdir()
        for script in ("setup_venv.sh", "setup_venv.py", "tests/pins.py"):
            shutil.copy(PROJECT / script, self.root / script)
        self.pin("1.0")
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        (self.root / "backend.py").write_text(BACKEND)
        shutil.copy(Path(__file__).parent / "tiny_wheel.py", self.root)
        (self.root / "verify.py").write_text(VERIFY)
        (self.root / "src" / "spotlight" / "__init__.py").write_text("")
        (self.root / "lessons" / "00_orientation.ipynb").write_text("{}")
        for tool in ("sh", "dirname"):
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.env = {
            "PATH": str(self.bin),
            "HOME": str(folder / "home"),
            "TMPDIR": str(self.temporary),
            "PIP_CONFIG_FILE": os.devnull,
        }

    def pin(self, leaf: str) -> None:
        pins = f"torch==1.0\nleaf=={leaf}\n"
        (self.root / "requirements.txt").write_text(pins)
        (self.root / "tests" / "requirements.txt").write_text(f"{pins}tool==1.0\npytest==1.0\n")

    def with_python(self) -> TinyCourse:
        (self.bin / "python3").symlink_to(BASE_PYTHON)
        return self

    def with_wheels(self) -> TinyCourse:
        """Let the real pip find its packages in a folder, `self.supply`, and nowhere else."""
        wheels = self.supply = self.machine / "wheels"
        wheels.mkdir()
        for name in ("torch", "leaf", "tool"):
            write_wheel(str(wheels), name, "1.0", {f"{name}.py": "version = '1.0'\n"})
        write_wheel(str(wheels), "pytest", "1.0", {"pytest/__main__.py": RUNS_AS_MODULE})
        self.env.update(PIP_FIND_LINKS=str(wheels), PIP_NO_INDEX="1")
        return self

    def with_stub_pip(self) -> TinyCourse:
        """No uv, and stand-ins, in `self.supply`, for Python's venv and pip, which take seconds."""
        self.stub = self.machine / "stub"
        self.supply = self.machine / "stand-ins"
        for name, source in (("venv", STUB_VENV), ("pip", STUB_PIP)):
            (self.supply / name).mkdir(parents=True)
            (self.supply / name / "__init__.py").touch()
            (self.supply / name / "__main__.py").write_text(source)
        shutil.copy(Path(__file__).parent / "stub_uv.py", self.supply)
        self.stub.mkdir()
        self.env.update(STUB_UV=str(self.stub), PYTHONPATH=str(self.supply))
        return self

    def with_stub_uv(self, mode: str = "") -> TinyCourse:
        self.stub = self.machine / "stub"
        self.stub.mkdir()
        self.env["STUB_UV"] = str(self.stub)
        uv = self.bin / "uv"
        uv.write_text(f"#!{BASE_PYTHON}\n" + (Path(__file__).parent / "stub_uv.py").read_text())
        uv.chmod(0o755)
        self.mode(mode)
        return self

    def mode(self, mode: str) -> None:
        (self.stub / "mode").write_text(mode)

    def calls(self) -> list[str]:
        calls = self.stub / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def hanging(self) -> int | None:
        """The process of an installer that hangs, once there is one."""
        return next((int(call.split()[1]) for call in self.calls() if call[:4] == "hang"), None)

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "setup_venv.sh", *arguments],
            cwd=self.machine,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **env: str) -> Result:
        return finish(self.start(*arguments, **env))

    def packages(self) -> set[str]:
        """The modules and packages in the environment, the course's own left out."""
        [folder] = self.environment.glob("lib/python3*/site-packages")
        known = ("torch", "leaf", "tool", "pytest")
        return {path.stem for path in folder.iterdir() if path.stem in known}

    def left_over(self) -> list[Path]:
        """What stands in the temporary folder."""
        return list(self.temporary.iterdir())


class Result:
    """What a finished command said."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    def __repr__(self) -> str:
        return f"Result({self.status}, {self.out!r}, {self.err!r})"

    @property
    def report(self):
        """What verify.py, or a stand-in for Jupyter or pytest, printed."""
        return json.loads(self.out)


def finish(process: subprocess.Popen[str]) -> Result:
    out, err = process.communicate(timeout=120)
    return Result(process.returncode, out, err)


def wait_until(condition, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)

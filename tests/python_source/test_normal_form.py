"""One text for all sources of one meaning, the same under every Python."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from spotlight.python_source import normal_form as module
from spotlight.python_source.normal_form import normal_form

CODE = '''\
"""A module."""
LIMIT: int = 3


async def f(x, *rest, by: float = 1.5, **more):
    """What it does."""
    async with x as y, y:
        pass
    if (found := x[1:, ...]) is not None and 0 < found <= 1e3:
        return f"{x!r:>{LIMIT}} of {'a' + 'b'} {{}} {by=}" "tail"
    match rest:
        case [1, *_] | {"a": None}:
            return lambda: not x
    return [a @ b for a, b in more if a] or -2j or b"x" or (yield)


@f
class C(dict, metaclass=type):
    """A class."""

    def g(self, /, a, *, b): return {**a, "b": b}
'''


def test_comments_docstrings_and_layout_say_nothing() -> None:
    written = 'def f(x):\n    """Twice."""\n    # by a star\n    return (2 *\n            x)\n'
    assert normal_form(written) == normal_form("def f(x): return 2*x")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("f(x)", "f(x, y)"),
        ("x = 'a'", "x = b'a'"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a} b'", "x = f'{a}b'"),
        ("if a:\n    b\nc", "if a:\n    b\n    c"),
        ("return None", "return"),
        ("x = None", "x: None"),
        ("def f(a, /): pass", "def f(a): pass"),
        ("'a text that is used'[0]", "'another text'[0]"),
    ],
)
def test_what_says_something_else_has_another_form(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


def test_what_is_no_python_stays_as_it_is() -> None:
    assert normal_form("%%magic  # a comment") == "%%magic  # a comment"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_python_gives_the_same_form(python: str, tmp_path: Path) -> None:
    """Keys are committed, and compared on machines with another Python."""
    program = shutil.which(f"python{python}")
    # A shim may stand for a Python that is not installed: it cannot run anything at all.
    if program is None or subprocess.run([program, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"no Python {python} is here")
    source = Path(str(module.__file__)).parents[2]
    (tmp_path / "code.py").write_text(CODE, encoding="utf-8")
    script = (
        "import sys; from pathlib import Path\n"
        "from spotlight.python_source.normal_form import normal_form\n"
        "for file in sys.argv[1:]:\n"
        "    print(normal_form(Path(file).read_text(encoding='utf-8')))"
    )
    files = [tmp_path / "code.py", *sorted((source / "spotlight" / "grading").glob("*.py"))]
    ran = subprocess.run(
        [program, "-c", script, *files],
        env={"PYTHONPATH": str(source), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    here = [normal_form(file.read_text(encoding="utf-8")) for file in files]
    assert ran.stdout.splitlines() == here

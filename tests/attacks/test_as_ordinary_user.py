"""What holds for root's worker holds for an ordinary user's, who has no user to become."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ordinary_users import as_ordinary_user, can_run_python, environment

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
READABLE = [Path(sys.prefix), Path(sys.base_prefix), ROOT]
ATTEMPTS = {
    "reading": "nothing_is_read",
    "destroying": "nothing_is_destroyed",
    "escaping": "nothing_escapes",
    "exhausting": "nobody_goes_without and (bomb or file or folder or pipes or memory or signal)",
    "forging": "no_point_is_forged and (memory or solution or key or descriptor or frames)",
}

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(os.geteuid() != 0, reason="all of them run as one already"),
]


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("family", ATTEMPTS)
def test_no_harm_is_done_where_the_grader_is_an_ordinary_users(family: str, home: Path) -> None:
    (home / "first").mkdir()
    if why := can_run_python(READABLE, home / "first"):
        pytest.skip(f"an ordinary user cannot run this Python here: {why}")
    tests = [str(HERE / f"test_{family}.py"), "-k", ATTEMPTS[family]]
    options = ["-n0", "-p", "no:cacheprovider", "--tb=short", "-rf", f"--basetemp={home}/tests"]
    command = [sys.executable, "-m", "pytest", *tests, *options]
    ran = subprocess.run(
        as_ordinary_user(command, READABLE, home),
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-500:]
    assert " passed" in ran.stdout

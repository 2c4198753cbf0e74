"""What a graded class leaves on disk, read back."""

from __future__ import annotations

import csv
import re
from pathlib import Path

_TIMES = re.compile(r'"(graded_at|cpu_seconds|execution_time)": ?("[^"]*"|[\d.e-]+)')


def rows_of(out: Path) -> list[dict[str, str]]:
    """The gradebook's rows, by its headings."""
    text = (out / "gradebook.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def points_of(out: Path, lesson: str = "small_steps") -> dict[str, str]:
    """Each student's points of a lesson, by key."""
    return {row["key"]: row[f"{lesson}.points"] for row in rows_of(out)}


def everything_but_times(out: Path) -> dict[str, str]:
    """The text of each file, without when and how fast it was graded."""
    return {
        str(path.relative_to(out)): _TIMES.sub("", path.read_text(encoding="utf-8"))
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }

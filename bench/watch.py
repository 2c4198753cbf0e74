"""How long a student who watches a lesson waits for the verdict after a save.

Every lesson is watched by the command itself, in a pseudo-terminal (so not on Windows). Each of its
exercises is saved with a mistake, right and blank, as Jupyter saves: written beside the notebook,
then renamed over it. Times are wall seconds from the rename to the verdict's text in the terminal.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spotlight.course.lesson import Exercise
from spotlight.course.manifest import Course, LessonEntry, load_course
from spotlight.course.reading import read_solution
from spotlight.feedback.words import SAID

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
QUIET_SECONDS = 0.4  # no more is drawn once the terminal has been quiet for so long
LONGEST_SECONDS = 60
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def measure() -> dict[str, float]:
    """Seconds from a save to its verdict, by what was saved; and from the start to the screen."""
    times: dict[str, list[float]] = {"blank": [], "a mistake": [], "right": []}
    starts: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        course = _copied(Path(folder))
        for entry in course.lessons:
            with _Watched(course, entry) as watched:
                starts.append(watched.start_seconds)
                for exercise in read_solution(course.solution(entry)).exercises:
                    for _ in range(ROUNDS):
                        for what, source, words in _saves(exercise):
                            times[what].append(watched.save(exercise, source, words))
    figures = {"start to the first exercise, median": statistics.median(starts)}
    together = [seconds for each in times.values() for seconds in each]
    for what, seconds in {"all": together, **times}.items():
        median, slow = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
        figures[f"save to verdict, {what}, median"] = median
        figures[f"save to verdict, {what}, 95th percentile"] = slow
    return {**figures, "saves, count": float(len(together))}


def _copied(folder: Path) -> Course:
    for part in ("lessons", "solutions"):
        shutil.copytree(ROOT / part, folder / part)
    return load_course(folder)


def _saves(exercise: Exercise) -> Iterator[tuple[str, str, str]]:
    """What is saved, its source, and a pattern that the verdict's text matches."""
    title = re.escape(exercise.title)
    wrong = "|".join(said for status, said in SAID.items() if status not in ("passed", "blank"))
    mistake = exercise.variant_source(exercise.mistakes[0])
    yield "a mistake", mistake, rf"{title}: ({wrong})"
    yield "right", exercise.solution, f"Passed: {title}"
    yield "blank", exercise.stub, f"{title}: {SAID['blank']}"


class _Watched:
    """`verify.py watch` on one lesson, in a terminal of its own."""

    def __init__(self, course: Course, entry: LessonEntry) -> None:
        import pexpect

        self._path = course.notebook(entry)
        start = time.perf_counter()
        self._terminal: Any = pexpect.spawn(
            sys.executable,
            [str(ROOT / "verify.py"), "watch", entry.id],
            cwd=str(course.root),
            env={**os.environ, "TERM": "xterm-256color"},
            dimensions=(60, 200),
            encoding="utf-8",
            timeout=LONGEST_SECONDS,
        )
        self._wait_for(SAID["blank"])
        self.start_seconds = time.perf_counter() - start
        self._wait_until_quiet(2.0)  # keys are fetched, which nothing on the screen tells

    def save(self, exercise: Exercise, source: str, words: str) -> float:
        """Save the exercise with this source; seconds until the terminal shows the words."""
        notebook = json.loads(self._path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["id"] == f"exercise-{exercise.id}":
                header = "".join(cell["source"]).partition("\n")[0]
                cell["source"] = f"{header}\n{source}"
        beside = self._path.with_name(f".~{self._path.name}")
        beside.write_text(json.dumps(notebook), encoding="utf-8")
        start = time.perf_counter()
        os.replace(beside, self._path)
        self._wait_for(words)
        seconds = time.perf_counter() - start
        self._wait_until_quiet(QUIET_SECONDS)
        return seconds

    def _wait_for(self, words: str) -> None:
        shown = ""
        while re.search(words, _ESCAPES.sub("", shown)) is None:
            shown += self._terminal.read_nonblocking(2**16, timeout=LONGEST_SECONDS)

    def _wait_until_quiet(self, seconds: float) -> None:
        import pexpect

        try:
            while True:
                self._terminal.read_nonblocking(2**16, timeout=seconds)
        except pexpect.TIMEOUT:
            return

    def __enter__(self) -> _Watched:
        return self

    def __exit__(self, *exception: object) -> None:
        import pexpect

        self._terminal.send("q")
        self._terminal.expect(pexpect.EOF)
        self._terminal.close()

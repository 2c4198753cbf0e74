"""A class's notebooks, graded by Spotlight, nbgrader and Otter: what each takes, and what it gives.

The same four exercises are built in each system's own format, and the same answers (right, wrong
and blank) are put into each system's own notebooks. The systems take turns, round by round. A class
of one and one of `count` tell what a peer takes to start and what for each further submission, and
so what it would take for a class as large as Spotlight's. CPU seconds are user and system, of the
command and every process below it; a figure is the median of the rounds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.batch import Batch, Took
from bench.four_exercises import Student, a_class, write_course
from bench.four_in_spotlight import Spotlight
from bench.peer_environment import NoPeers, peer_python
from bench.peer_nbgrader import Nbgrader
from bench.peer_otter import Otter
from spotlight.course.manifest import Course
from spotlight.course.reading import read_solution

CLASS = 300  # students
ROUNDS = 3


class System(Protocol):
    """A grader, with the four exercises in its own format."""

    name: str

    def batch(self, folder: Path, students: Sequence[Student]) -> Batch:
        """The command that grades these students' work, written into `folder`."""


@dataclass(frozen=True)
class _Turn:
    """What is measured once a round; `name` is what figures call it."""

    name: str
    system: System
    students: Sequence[Student]


@dataclass
class _Measured:
    """What the rounds of one turn took, and how many exercises were given other points than due."""

    size: int
    took: list[Took] = field(default_factory=list)
    wrong: int = 0

    def seconds(self, clock: str) -> list[float]:
        """By round, for the whole class."""
        return [getattr(took, clock) for took in self.took]

    def each(self, clock: str) -> list[float]:
        """By round, per submission."""
        return [seconds / self.size for seconds in self.seconds(clock)]


def measure(count: int = 10) -> dict[str, float]:
    """Seconds, submissions a minute, ratios, and points given wrongly.

    A spread is the largest less the smallest of the rounds, by the median.
    """
    count = max(count, 2)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        course = write_course(root / "spotlight")
        turns = _turns(course, root, count)
        measured = {turn.name: _Measured(len(turn.students)) for turn in turns}
        for number in range(1, ROUNDS + 1):
            for turn in turns:
                one = _take(turn, measured[turn.name])
                said = f"{turn.name}: {one.cpu:.2f} CPU s, {one.wall:.2f} s"
                print(f"round {number} of {ROUNDS}, {said}", file=sys.stderr)
    return _figures(measured, count)


def _turns(course: Course, root: Path, count: int) -> list[_Turn]:
    lesson = read_solution(course.solution(course.lessons[0]))
    students = a_class(lesson, max(CLASS, count))
    one, two = Spotlight(course), Spotlight(course, jobs=2)
    turns = [
        _Turn("Spotlight", one, students[:CLASS]),
        _Turn("Spotlight, few", one, students[:count]),
        _Turn("Spotlight, 2 processes", two, students[:CLASS]),
    ]
    try:
        python = peer_python()
    except NoPeers as problem:
        print(problem, file=sys.stderr)
        return turns
    for peer in (
        Nbgrader(python, root / "nbgrader", lesson),
        Otter(python, root / "otter", lesson),
    ):
        turns += [
            _Turn(f"{peer.name}, few", peer, students[:count]),
            _Turn(f"{peer.name}, one", peer, students[:1]),
        ]
    return turns


def _take(turn: _Turn, measured: _Measured) -> Took:
    with tempfile.TemporaryDirectory() as folder:
        batch = turn.system.batch(Path(folder), turn.students)
        took = batch.run()
        points = batch.points()
    measured.took.append(took)
    measured.wrong += sum(
        points.get(student.name, {}).get(exercise) != due
        for student in turn.students
        for exercise, due in student.points.items()
    )
    return took


def _figures(measured: dict[str, _Measured], count: int) -> dict[str, float]:
    ours = measured["Spotlight"]
    peers = [name for name in (Nbgrader.name, Otter.name) if f"{name}, few" in measured]
    figures = _figure(f"CPU s each of {CLASS}, Spotlight", ours.each("cpu"))
    for peer in peers:
        cpu = _in_a_class(measured, peer, "cpu")
        figures |= _figure(f"CPU s each of {CLASS}, {peer}", cpu)
        figures |= _figure(f"CPU of {CLASS}, {peer} / Spotlight", _ratios(cpu, ours.each("cpu")))
    few = measured["Spotlight, few"].each("cpu")
    figures |= _figure(f"CPU s each of {count}, Spotlight", few)
    for peer in peers:
        cpu = measured[f"{peer}, few"].each("cpu")
        figures |= _figure(f"CPU s each of {count}, {peer}", cpu)
        figures |= _figure(f"CPU of {count}, {peer} / Spotlight", _ratios(cpu, few))
    pace = [60 / seconds for seconds in measured["Spotlight, 2 processes"].each("wall")]
    figures |= _figure("submissions a minute, Spotlight, 2 processes", pace)
    if Nbgrader.name in peers:
        theirs = [60 / seconds for seconds in _in_a_class(measured, Nbgrader.name, "wall")]
        figures |= _figure("submissions a minute, nbgrader", theirs)
        figures |= _figure("submissions a minute, Spotlight / nbgrader", _ratios(pace, theirs))
    for name, one in measured.items():
        figures[f"points not as due, {name}"] = float(one.wrong)
    return {**figures, "rounds": float(ROUNDS)}


def _in_a_class(measured: dict[str, _Measured], peer: str, clock: str) -> list[float]:
    """Seconds per submission in a class of `CLASS`, from what a class of one and of a few took."""
    few, one = measured[f"{peer}, few"], measured[f"{peer}, one"]
    by_round = zip(few.seconds(clock), one.seconds(clock), strict=True)
    return [
        (first + (CLASS - 1) * (whole - first) / (few.size - 1)) / CLASS
        for whole, first in by_round
    ]


def _ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]


def _figure(name: str, values: Sequence[float]) -> dict[str, float]:
    median = statistics.median(values)
    return {name: median, f"{name}, spread": (max(values) - min(values)) / median}

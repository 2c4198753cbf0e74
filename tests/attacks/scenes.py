"""What happens in a test: a hostile notebook is graded, an honest one after it, then one looks."""

from __future__ import annotations

import copy
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path

import hostile_worlds as worlds
from hostile_cells import Aims, Attack, attack_code, hostile_cell
from hostile_worlds import Listeners, Sibling, World

from edited_notebooks import Notebook, put, submitted, text
from spotlight.course.lesson import Lesson
from spotlight.grading.grader import LessonGrader
from spotlight.grading.report import ExerciseReport, LessonReport
from spotlight.sandbox.job import Job, Observation
from spotlight.sandbox.worker import Worker

DONE = "harm-done"
ROOM = 200 * 2**20
"""Bytes that the supervisor may take for reading what a job says, of 32 MB at most."""


@dataclass
class Graded:
    """What became of a hostile notebook, and of the honest one after it."""

    of_it: ExerciseReport
    others: tuple[ExerciseReport, ...]
    next_one: ExerciseReport
    observations: list[Observation]
    harm: list[str]


@dataclass
class Scene:
    """A world, and a grader in it with one worker for everybody's notebooks."""

    world: World
    aims: Aims
    sibling: Sibling
    listeners: Listeners
    signals: list[int]
    idle: Counter[str] = field(default_factory=Counter)
    _worker: Worker | None = None
    _lesson: Lesson | None = None
    _honest: Notebook = field(default_factory=dict)
    _graders: dict[int, LessonGrader] = field(default_factory=dict)
    _seen: list[Observation] = field(default_factory=list)
    _attack: Attack | None = None

    def move_in(self, worker: Worker, lesson: Lesson, honest: Notebook, keys: Path) -> None:
        """Let `worker` grade `honest` notebooks of `lesson`, with answer keys in the world."""
        self._worker, self._lesson, self._honest, self._keys = worker, lesson, honest, keys
        first = lesson.exercises[0]
        before = copy.deepcopy(honest)
        put(
            before,
            first,
            f"# {self.world.new_secret('an earlier student')}\n{self._source(first.id)}",
        )
        report = self.grader().grade(submitted(before)).report
        assert report.points == report.possible
        self.world.open_up()
        worlds.settled(lambda: "no fork waits for the next job yet", 0.5)
        self.idle = Counter(worlds.descendants().values())

    def _source(self, exercise: str) -> str:
        cell = next(c for c in self._honest["cells"] if c.get("id") == f"exercise-{exercise}")
        return text(cell).split("\n", 1)[1]

    @property
    def servers(self) -> list[int]:
        """The fork servers of its worker; none where it has no worker."""
        return worlds.servers(self._worker) if self._worker else []

    @property
    def lesson(self) -> Lesson:
        assert self._lesson is not None
        return self._lesson

    def grader(self, seed: int = 0) -> LessonGrader:
        if seed not in self._graders:
            self._graders[seed] = LessonGrader(
                self.lesson, self._observe, seed=seed, key_cache=self._keys
            )
        return self._graders[seed]

    def _observe(self, job: Job) -> Observation:
        assert self._worker is not None
        limits = self._attack.limits if self._attack else None
        seen = self._worker.observe(replace(job, limits=limits) if limits else job)
        self._seen.append(seen)
        return seen

    def warm_up(self, seed: int) -> None:
        """Have the answer keys of a seed built, which changes the folder that they are in."""
        self.grader(seed).grade(submitted(self._honest))

    def grade(self, attack: Attack, *, seed: int = 0) -> Graded:
        """Grade a notebook in which all is right but for the attack, then an honest one."""
        (server,) = self.servers
        hostile = copy.deepcopy(self._honest)
        exercise = self.lesson.exercise(attack.exercise)
        assert exercise is not None
        put(hostile, exercise, hostile_cell(attack, replace(self.aims, SERVER=server)))
        watch = Watch(self)
        self._attack, self._seen = attack, []
        try:
            report = self.grader(seed).grade(submitted(hostile)).report
        finally:
            self._attack = None
        observations = list(self._seen)
        harm = watch.harm()
        # The exercise that was attacked; what came after it in the hostile notebook has been seen.
        next_one = self.grader(seed).grade(submitted(self._honest), [exercise]).verdicts[0].report
        return Graded(
            of_it=next(e for e in report.exercises if e.exercise == attack.exercise),
            others=tuple(e for e in report.exercises if e.exercise != attack.exercise),
            next_one=next_one,
            observations=observations,
            harm=[*harm, *self._told(observations, report)],
        )

    def _told(self, observations: list[Observation], report: LessonReport) -> list[str]:
        """What left the worker and should not have."""
        everything = "\n".join([*texts_in(observations), report.model_dump_json()])
        told = re.findall(rf"{DONE}: .{{0,300}}", everything)
        told += [f"secret of {k}" for k, v in self.world.secrets.items() if v in everything]
        return told[:3]


def texts_in(value: object) -> Iterator[str]:
    """All text within data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts_in([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_in(part)
    elif is_dataclass(value):
        yield from texts_in(list(vars(value).values()))


class Watch:
    """Sees what changes in a scene between its making and the call of `harm`."""

    def __init__(self, scene: Scene, patience: float = 5.0) -> None:
        """`patience` is for how many seconds a process may still take to end."""
        self._scene = scene
        self._patience = patience
        self._files = scene.world.state()
        self._scratch = scene.world.scratch()
        self._processes = worlds.descendants()
        self._idle = scene.idle | Counter(self._processes.values())
        self._sibling = scene.sibling.state()
        scene.listeners.heard()
        scene.signals.clear()
        worlds.forget_peak_memory()
        self._memory = worlds.peak_memory()

    def harm(self) -> list[str]:
        """What was harmed, in words; whatever was left behind is taken away."""
        return [*self._strays(), *self._changed(), *self._left(), *self._touched()]

    def _strays(self) -> list[str]:
        """Processes beyond those that are there before a job, of which one may wait for it."""
        more = worlds.settled(
            lambda: Counter(worlds.descendants().values()) - self._idle, self._patience
        )
        if more:
            for pid in worlds.descendants().keys() - self._processes.keys():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return [f"process left behind: {line}" for line in more.elements()]

    def _changed(self) -> list[str]:
        world = self._scene.world
        now, scratch = world.state(), world.scratch()
        changed = [
            f"changed: {path}"
            for path in now.keys() | self._files.keys()
            if now.get(path) != self._files.get(path)
        ]
        left = set(scratch) - set(self._scratch) if self._scene.servers else set()
        return [
            *sorted(changed)[:5],
            *(f"left in the scratch folder: {x}" for x in sorted(left)[:5]),
        ]

    def _left(self) -> list[str]:
        aims = self._scene.aims
        files = worlds.left_elsewhere(aims.NAME)
        for path in files:
            if str(path).startswith(str(self._scene.world)):
                continue
            with suppress(OSError):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        memory = worlds.left_in_memory(aims.KEY, aims.NAME)
        worlds.forget_in_memory(aims.KEY)
        return [*(f"left: {path}" for path in files), *(f"left in memory: {x}" for x in memory)]

    def _touched(self) -> list[str]:
        scene, harm = self._scene, []
        if scene.sibling.state() != self._sibling:
            harm.append("the process beside the worker was touched")
        if words := scene.listeners.heard():
            harm.append(f"heard {words} times over a socket")
        if scene.signals:
            harm.append("the supervisor was signalled")
        if worlds.peak_memory() - self._memory > ROOM:
            harm.append("the supervisor's memory was filled")
        return harm


def run_alone(scene: Scene, attack: Attack) -> tuple[list[str], str]:
    """Run an attack in a process of its own that nothing confines: what it harms, what it says."""
    parent = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    watch = Watch(scene, patience=1.0)
    aims = replace(scene.aims, SERVER=parent.pid)
    code = f"{attack_code(attack, aims)}\nboast(attack())\n"
    with tempfile.TemporaryDirectory(dir=scene.world.tmp) as folder:
        ran = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            check=False,
            capture_output=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(Path(folder) / "said").open("wb"),
            timeout=60,
        )
        said = (Path(folder) / "said").read_text(encoding="utf-8", errors="replace")
    harm = watch.harm()
    parent.kill()
    parent.wait()
    told = DONE in said or any(value in said for value in scene.world.secrets.values())
    return [*harm, *(["told"] if told else [])], f"{ran.returncode}: {said[-500:]}"


def lacks(attack: Attack, aims: Aims) -> str:
    """Why an attack cannot be tried on this machine; empty if it can."""
    here = platform.machine()
    if attack.needs == "compiler" and not aims.LIBRARY:
        return "no compiler is here"
    if attack.needs in ("x86-64", "32-bit calls") and here != "x86_64":
        return f"it is written for x86-64, and this is {here}"
    return ""

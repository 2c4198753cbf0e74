"""Lessons of one exercise, made in a test for what it is about, and judged as any other."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from edited_notebooks import Notebook, put, submitted
from small_course import lesson_of
from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import Exercise
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.grading.grader import LessonGrader
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.worker import Worker

HEAD = """\
# %% [markdown]
# # 01 · Tiny

# %%
from spotlight.notebook import check, hint, predict, reveal, solution, start, verify

start("tiny")

# %% tags=["authoring"]
from spotlight.authoring import alternative, alternatives, case, entry, flops_within, forbid
from spotlight.authoring import hint, mistake, mistakes, naming_probe, probe, why, without_loops
from spotlight.sandbox.kit import formatted, gradients, randint, randn, uniform, whole_numbers

# %%
import math

import torch
from torch import Tensor

"""


def exercise(solution: str, *probes: str, given: str = "", options: str = "") -> str:
    """A master whose exercise `f` is `solution`, a marked cell, with the text of its probe cell."""
    return (
        f"{HEAD}{given}\n\n"
        "# %% [markdown]\n# ## 1 · The exercise\n\n"
        f'# %% exercise="f" points=1 minutes=1 difficulty=1 {options}\n{solution}\n\n'
        '# %% tags=["probes"]\n' + "\n\n\n".join(probes) + "\n"
    )


def function(body: str, parameters: str = "x", docstring: str = "x: (n, d) → (n, d)") -> str:
    """A solution that is one function, its body marked."""
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return (
        f'def f({parameters}):\n    """{docstring}"""\n    # TODO: write it.\n'
        f"    ### BEGIN SOLUTION\n{lines}\n    ### END SOLUTION"
    )


def probe(name: str, call: str, kind: str = "probe", targets: str = "f") -> str:
    """A probe that returns `call`; its case is called as it is, with blanks."""
    case = name.replace("_", " ").capitalize()
    return f'@{kind}\ndef {name}({targets}):\n    "{case}."\n    return {call}'


class TinyLesson:
    """One master's lesson, its blank notebook, and its grader."""

    def __init__(self, master: str, worker: Worker, folder: Path) -> None:
        self.lesson = lesson_of(master, folder)
        self.grader = LessonGrader(self.lesson, worker.observe, key_cache=folder / "keys")
        self._blank: Notebook = json.loads(build_notebook(self.lesson, "student"))

    @property
    def exercise(self) -> Exercise:
        return self.lesson.exercises[-1]

    @property
    def key(self) -> ExerciseKey:
        return self.grader.key(self.exercise)

    def judged(self, source: str) -> Verdict:
        """The verdict on a notebook whose last exercise is filled in with `source`."""
        notebook = copy.deepcopy(self._blank)
        put(notebook, self.exercise, source)
        return self.grader.grade(submitted(notebook), [self.exercise]).verdicts[0]

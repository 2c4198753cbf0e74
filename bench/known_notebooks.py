"""Notebooks whose verdicts are known: each exercise of a lesson filled in with a chosen answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any, Literal

from spotlight.course.lesson import (
    BEGIN,
    END,
    Edit,
    Exercise,
    Lesson,
    Variant,
    bare_exercise,
    edit_solution,
    solution_blocks,
)
from spotlight.course.manifest import Course, LessonEntry, load_course
from spotlight.course.reading import read_solution
from spotlight.python_source.dataflow import names_of

ROOT = Path(__file__).resolve().parent.parent
COURSE: Course = load_course(ROOT)
MIXES = 8

Kind = Literal[
    "solution",
    "alternative",
    "in parts",
    "with a helper",
    "mistaken",
    "blank",
    "raising",
    "unreadable",
    "forbidden",
]
RIGHT: tuple[Kind, ...] = ("solution", "alternative", "in parts", "with a helper")
_STATUS: dict[Kind, str] = dict.fromkeys(RIGHT, "passed") | {
    "mistaken": "failed",
    "blank": "blank",
    "raising": "error",
    "unreadable": "error",
    "forbidden": "forbidden",
}


@dataclass(frozen=True)
class Standing:
    """What a report says of one exercise, or of one prediction (its status is a word for it)."""

    status: str
    points: float
    diagnosis: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a student wrote into one exercise's cell, and into a cell of its own for a `helper`."""

    exercise: Exercise
    kind: Kind
    source: str
    mistake: str | None = None
    helper: str = ""

    @property
    def standing(self) -> Standing:
        """The verdict that it earns, by how it was made."""
        points = self.exercise.points if self.kind in RIGHT else 0.0
        return Standing(_STATUS[self.kind], points, self.mistake)


@dataclass(frozen=True)
class Known:
    """A notebook, as JSON text, with the answers in it and the verdict on each.

    Predictions are called by the ids of their cells, `predict-NAME`, here and in mutations.
    """

    name: str
    lesson: Lesson
    text: str
    answers: dict[str, Answer]
    standings: dict[str, Standing]

    @cached_property
    def course_names(self) -> frozenset[str]:
        """All names that the lesson itself defines: given ones and targets."""
        given = [names_of(cell.source) for cell in self.lesson.cells if cell.role == "given"]
        named = {name for names in given if names is not None for name in names.defines}
        return frozenset(named | {t for e in self.lesson.exercises for t in e.targets})

    def notebook(self) -> dict[str, Any]:
        """A copy that may be changed."""
        notebook: dict[str, Any] = json.loads(self.text)
        return notebook


@cache
def lessons() -> tuple[LessonEntry, ...]:
    """The lessons that are shipped."""
    return tuple(entry for entry in COURSE.lessons if COURSE.solution(entry).is_file())


@cache
def known_notebooks(lesson_id: str) -> tuple[Known, ...]:
    """The same few notebooks of one lesson each time: right in several ways, blank, and mixes."""
    entry = next(entry for entry in lessons() if entry.id == lesson_id)
    lesson = read_solution(COURSE.solution(entry))
    blank = COURSE.notebook(entry).read_text(encoding="utf-8")
    wanted: dict[str, Sequence[Kind]] = {
        "solution": ("solution",),
        "alternatives": ("alternative",),
        "in parts": ("in parts",),
        "with helpers": ("with a helper",),
        "blank": ("blank",),
        "mistaken": ("mistaken",),
        "right or blank": ("blank", "solution", "blank", "alternative", "with a helper"),
        **{f"mix {number}": tuple(_STATUS) for number in range(MIXES)},
    }
    return tuple(
        _filled_in(f"{lesson_id}, {name}", lesson, json.loads(blank), kinds)
        for name, kinds in wanted.items()
    )


def answers(exercise: Exercise) -> Iterator[Answer]:
    """Every answer to `exercise` whose verdict is known; the plain solution comes first."""
    solution = _unmarked(exercise.solution)
    yield Answer(exercise, "solution", solution)
    for right in exercise.alternatives:
        yield Answer(exercise, "alternative", as_written(exercise, right))
    yield from _in_parts(exercise)
    for wrong in exercise.mistakes:
        yield Answer(exercise, "mistaken", as_written(exercise, wrong), wrong.name)
    yield Answer(exercise, "blank", exercise.stub)
    yield Answer(exercise, "unreadable", f"{solution}\nfor else in :")
    block = solution_blocks(exercise.solution)[0]
    yield Answer(exercise, "raising", _with_block(exercise, block, "a_name_that_nobody_defines"))
    for rule in exercise.forbidden[:1]:
        used = _with_block(exercise, block, f"torch.{rule.names[0]}")
        yield Answer(exercise, "forbidden", used)


def as_written(exercise: Exercise, variant: Variant) -> str:
    """A mistake or an alternative as a student would type it."""
    if variant.edit is not None:
        return _unmarked(exercise.variant_source(variant))
    assert variant.function is not None
    return re.sub(rf"\b{variant.function}\b", exercise.targets[0], variant.source)


def in_cell(old: str, source: str) -> str:
    """The text of an exercise's cell, filled in: its first line stays."""
    return old.split("\n", 1)[0] + "\n" + source.rstrip()


def _filled_in(name: str, lesson: Lesson, notebook: dict[str, Any], kinds: Sequence[Kind]) -> Known:
    """The notebook with an answer of one of `kinds` in each exercise; names are dice."""
    rng = Random(name)
    chosen = _chosen(lesson, kinds, rng)
    standings = {exercise: answer.standing for exercise, answer in chosen.items()}
    cells: list[dict[str, Any]] = []
    predictions = {f"predict-{p.id}": p for p in lesson.predictions}
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        exercise = cell["metadata"].get("spotlight", {}).get("exercise")
        if exercise is not None:
            cell["source"] = in_cell(cell["source"], chosen[exercise].source)
            if chosen[exercise].helper:
                cells.append(_code(chosen[exercise].helper, f"helper-{exercise}"))
        elif cell["id"] in predictions:
            prediction = predictions[cell["id"]]
            made = "blank" not in kinds or rng.random() < 0.5
            cell["source"] = prediction.source if made else cell["source"]
            points = prediction.points if made else 0.0
            standings[cell["id"]] = Standing("answered" if made else "open", points)
        cells.append(cell)
    notebook["cells"] = cells
    return Known(name, lesson, json.dumps(notebook), chosen, standings)


def _chosen(lesson: Lesson, kinds: Sequence[Kind], rng: Random) -> dict[str, Answer]:
    chosen: dict[str, Answer] = {}
    for exercise in lesson.exercises:
        all_answers = tuple(answers(exercise))
        there = [kind for kind in kinds if any(answer.kind == kind for answer in all_answers)]
        kind = rng.choice(there or ["solution"])
        chosen[exercise.id] = rng.choice([a for a in all_answers if a.kind == kind])
    # A mistake is sure to be named where what it calls does and raises just what the course's does.
    for wrong in [answer for answer in chosen.values() if answer.kind == "mistaken"]:
        for name, called in chosen.items():
            is_called = re.search(rf"\b{called.exercise.targets[0]}\b", wrong.source) is not None
            if called is not wrong and is_called and called.kind in ("mistaken", *RIGHT):
                chosen[name] = next(answers(called.exercise))
    return chosen


def _code(source: str, cell_id: str) -> dict[str, Any]:
    bare: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
    }
    return {**bare, "id": cell_id, "source": source}


def _in_parts(exercise: Exercise) -> Iterator[Answer]:
    """The solution in more than one statement, in one cell or two."""
    target = exercise.targets[0]
    source = _unmarked(exercise.solution)
    if len(exercise.targets) > 1:
        return
    if f"def {target}(" not in source:
        steps = source.replace(f"{target} = ", f"{target} = 0\n{target} += ")
        yield Answer(exercise, "in parts", steps)
        return  # what is computed from given values is computed again for others, helpers are not
    helper = re.sub(rf"(?<!\.)\b{target}\b", f"{target}_by_hand", source)  # not model.train
    call = f"def {target}(*args, **kwargs):\n    return {target}_by_hand(*args, **kwargs)"
    yield Answer(exercise, "in parts", f"{helper}\n\n{call}")
    yield Answer(exercise, "in parts", f"{call}\n\n{helper}")
    yield Answer(exercise, "with a helper", call, helper=helper)


def _with_block(exercise: Exercise, block: str, expression: str) -> str:
    """The solution with one of its marked blocks replaced by one expression."""
    last = block.rstrip("\n").splitlines()[-1]
    indent = last[: len(last) - len(last.lstrip())]
    statement = "return" if indent else f"{exercise.targets[0]} ="
    edited = edit_solution(exercise.solution, Edit(block, f"{indent}{statement} {expression}\n"))
    return _unmarked(edited)


def _unmarked(solution: str) -> str:
    """A solution without the lines that mark it as one."""
    lines = solution.splitlines()
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


def without_header(source: str) -> str:
    """An exercise cell's text without the line that the build puts above it."""
    return bare_exercise(source)

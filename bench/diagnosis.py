"""What the grader says of every mistake, of right answers, and of mistakes made two at a time.

For each exercise of each lesson, under the public seed and five others: every mistake is judged,
and what it is named as is a row of a confusion matrix, which should have nothing beside its
diagonal; every alternative is judged in float32 and float64, and computing in float64 on float32
inputs; every pair of mistakes that can be composed is judged. A pair that does on all wide inputs
what the solution does (one mistake undoes the other) is no mistake, and what it does there like
another mistake may be named as that one.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bench.wide_inputs import Observe, WideTest
from spotlight.course.lesson import Exercise, Lesson
from spotlight.course.manifest import load_course
from spotlight.course.reading import read_solution
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.grading.answer_key import AnswerKeyError, build_key, variant_program
from spotlight.grading.judge import judge
from spotlight.grading.limits import limits_for
from spotlight.grading.mistake_pairs import Pair, pairs_of_mistakes
from spotlight.grading.programs import job_for
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.worker import Worker

ROOT = Path(__file__).resolve().parent.parent
SEEDS = (0, 11, 222, 3_333, 44_444, 555_555)
"""The public seed and five others."""

_IN_FLOAT64 = """

import torch as _torch

_given_{target} = {target}


def _wide(value):
    if isinstance(value, list | tuple):
        return type(value)(map(_wide, value))
    is_float = isinstance(value, _torch.Tensor) and value.is_floating_point()
    return value.double() if is_float else value


def _narrow(value):
    if isinstance(value, list | tuple):
        return type(value)(map(_narrow, value))
    is_wide = isinstance(value, _torch.Tensor) and value.dtype == _torch.float64
    return value.float() if is_wide else value


def {target}(*values):
    return _narrow(_given_{target}(*map(_wide, values)))
"""


@dataclass
class Tally:
    """Counts, and a line for each thing that should not be."""

    counts: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)

    def add(self, what: str, fine: bool, line: str = "") -> None:
        """Count one case, and whether it came out as it should."""
        self.counts[what] += 1
        self.counts[f"{what}, as it should"] += fine
        if not fine:
            self.trouble.append(f"{what}: {line}")


class Examination:
    """The judging of one exercise's variants."""

    def __init__(self, lesson: Lesson, exercise: Exercise, observe: Observe) -> None:
        self.lesson = lesson
        self.exercise = exercise
        self._observe = observe
        self._keys: dict[tuple[int, str], ExerciseKey] = {}

    def verdict(self, source: str, seed: int, dtype: str = "float32") -> Verdict:
        """What is said of the exercise's cell being `source`."""
        if (seed, dtype) not in self._keys:
            self._keys[seed, dtype] = build_key(
                self.lesson, self.exercise, seed, self._observe, dtype
            )
        key = self._keys[seed, dtype]
        program = variant_program(self.lesson, self.exercise, source)
        job = job_for(self.exercise, program, [seed], limits_for(key), dtype=dtype, again=True)
        return judge(self.exercise, key, self._observe(job), limits_for(key), program.steps)

    def mistakes(self, tally: Tally) -> Iterator[tuple[str, str]]:
        """What each mistake is named as; yields (mistake, named)."""
        for wrong in self.exercise.mistakes:
            for seed in SEEDS:
                report = self.verdict(self.exercise.variant_source(wrong), seed).report
                named = report.diagnosis or f"({report.status})"
                line = f"{self.exercise.id}: {wrong.name} is named {named} with seed {seed}"
                tally.add("mistakes named", named == wrong.name, line)
                yield wrong.name, named

    def right_answers(self, tally: Tally) -> None:
        """Whether the solution and every alternative pass."""
        variants = {"the solution": self.exercise.solution}
        variants |= {v.name: self.exercise.variant_source(v) for v in self.exercise.alternatives}
        tally.counts["exercises whose inputs are float32 alone"] += not self._takes_float64()
        for name, source in variants.items():
            for seed in SEEDS:
                for what, text, dtype in self._in_both_widths(source):
                    report = self.verdict(text, seed, dtype).report
                    line = f"{self.exercise.id}: {name} with seed {seed}: {report.message}"
                    tally.add(f"right answers accepted {what}", report.status == "passed", line)

    def _in_both_widths(self, source: str) -> Iterator[tuple[str, str, str]]:
        yield "in float32", source, "float32"
        if self._takes_float64():
            yield "in float64", source, "float64"
        target = self.exercise.targets[0]
        if f"def {target}(" in self.exercise.solution and len(self.exercise.targets) == 1:
            wide = source + _IN_FLOAT64.format(target=target)
            yield "in float64 of float32", wide, "float32"

    def _takes_float64(self) -> bool:
        """Whether the reference takes drawn numbers in float64 beside what a probe hands it."""
        try:
            self.verdict(self.exercise.solution, SEEDS[0], "float64")
        except AnswerKeyError:
            return False
        return True

    def pairs(self, tally: Tally) -> None:
        """What two mistakes at a time are named as."""
        wide = WideTest(self.lesson, self.exercise, self._observe)
        sources = {w.name: self.exercise.variant_source(w) for w in self.exercise.mistakes}
        for pair in pairs_of_mistakes(self.exercise):
            if wide.telling_input(pair.source) is None:
                tally.counts["pairs that undo each other"] += 1
                continue
            for seed in SEEDS:
                verdict = self.verdict(pair.source, seed)
                said = self._named_as(pair, verdict, sources, wide)
                line = f"{self.exercise.id}: {' and '.join(pair.names)} with seed {seed}: {said}"
                rejected = verdict.report.status != "passed"
                tally.add("pairs rejected", rejected, line)
                tally.add("pairs not named wrongly", said != "wrongly", line)
                tally.counts[f"pairs named as {said}"] += 1

    def _named_as(
        self, pair: Pair, verdict: Verdict, sources: dict[str, str], wide: WideTest
    ) -> str:
        named = verdict.report.diagnosis
        if named is None or verdict.ground not in ("mistake", "pair"):
            return "neither"
        if named == "+".join(pair.names):
            return "the pair"
        if named in pair.names:
            return "one true part"
        twin = {"+".join(p.names): p.source for p in pairs_of_mistakes(self.exercise)}
        source = (sources | twin)[named]
        return "what does the same" if wide.do_the_same(source, pair.source) else "wrongly"


def measure() -> dict[str, float]:
    """Counts over the whole course; the confusion matrix goes to the error stream."""
    tally = Tally()
    with Worker() as worker:
        observe: Observe = cache(worker.observe)
        course = load_course(ROOT)
        for entry in course.lessons:
            lesson = read_solution(course.solution(entry))
            for exercise in lesson.exercises:
                examination = Examination(lesson, exercise, observe)
                _print_matrix(exercise, Counter(examination.mistakes(tally)))
                examination.right_answers(tally)
                examination.pairs(tally)
    for line in tally.trouble:
        print(line, file=sys.stderr)
    return _figures(tally.counts)


def _figures(counts: Counter[str]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, count in counts.items():
        as_it_should = counts.get(f"{name}, as it should")
        if name.endswith(", as it should"):
            continue
        figures[name] = float(count if as_it_should is None else as_it_should)
        if as_it_should is not None:
            figures[f"{name}, of"] = float(count)
            figures[f"{name}, %"] = 100.0 * as_it_should / count
    told = counts["pairs named as the pair"] + counts["pairs named as one true part"]
    figures["pairs named as the pair or one true part, %"] = 100.0 * told / counts["pairs rejected"]
    return figures


def _print_matrix(exercise: Exercise, named: Counter[tuple[str, str]]) -> None:
    """One row per mistake: how often it was named as what, the diagonal marked by brackets."""
    columns = list(dict.fromkeys([*(w.name for w in exercise.mistakes), *(n for _, n in named)]))
    print(f"\n{exercise.id}: rows are mistakes, columns what they are named as", file=sys.stderr)
    for row in (wrong.name for wrong in exercise.mistakes):
        cells = (
            f"[{named[row, column]}]" if row == column else f" {named[row, column] or '·'} "
            for column in columns
        )
        print(f"  {row:<36} {' '.join(cells)}", file=sys.stderr)

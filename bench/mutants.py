"""Random edits of every solution: what the grader accepts, and how often it can say what is wrong.

Whether an edit changes what an exercise does is decided by a wide differential test, on inputs that
the probes do not use; the verdict is the grader's own, by its public seed. An edit that differs and
is accepted, or does the same and is rejected, is printed: there should be none.

`python -m bench.mutants` takes options: how many, which lessons, and --show for what was said.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.ast_mutator import Mutant, mutants_of
from bench.wide_inputs import Observe, WideTest
from spotlight.course.lesson import BEGIN, END, Exercise, Lesson
from spotlight.course.manifest import load_course
from spotlight.course.reading import read_solution
from spotlight.grading.grader import LessonGrader
from spotlight.grading.submission import Submission, SubmittedCell
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.worker import Worker

ROOT = Path(__file__).resolve().parent.parent
COUNT = 50
SEED = 0
UNSPECIFIC = "values"
"""The ground of a sentence that only says which value differs."""


@dataclass(frozen=True)
class Examined:
    """One mutant: the wide input on which it differs, if any, and the grader's verdict."""

    exercise: Exercise
    mutant: Mutant
    telling_input: str | None
    verdict: Verdict

    @property
    def accepted(self) -> bool:
        """Whether the grader gives full marks."""
        return self.verdict.report.status == "passed"

    @property
    def differs(self) -> bool:
        """Whether it does something else than the solution."""
        return self.telling_input is not None

    @property
    def ground(self) -> str:
        """On what ground the grader says what it says."""
        return ground_of(self.verdict)

    @property
    def is_wrongly_accepted(self) -> bool:
        """Whether a wrong answer passes."""
        return self.accepted and self.differs

    @property
    def is_wrongly_rejected(self) -> bool:
        """A right answer that is rejected, other than by a rule of the exercise."""
        rejected = self.verdict.report.status not in ("passed", "forbidden")
        return rejected and not self.differs

    def __str__(self) -> str:
        said = self.verdict.report.message or self.verdict.report.status
        lines = [f"{self.exercise.id} · {self.mutant.kind} · {self.mutant.change}"]
        lines += [f"    says [{self.ground}]: {said}"]
        lines += [f"    differs on {self.telling_input}"] if self.differs else []
        return "\n".join(lines)


def ground_of(verdict: Verdict) -> str:
    """What a verdict's sentence rests on; its status, where that says all."""
    return verdict.report.status if verdict.ground == "status" else verdict.ground


class Examiner:
    """Examines mutants of one lesson's solutions, each amid right answers to all others.

    `findings` are those of the wide tests.
    """

    def __init__(self, lesson: Lesson, observe: Observe, *, key_cache: Path | None = None) -> None:
        self.lesson = lesson
        self.findings: list[str] = []
        self._observe: Observe = cache(observe)  # a job's outcome depends on nothing else
        self._grader = LessonGrader(lesson, self._observe, key_cache=key_cache)
        self._wide: dict[str, WideTest] = {}

    def mutants(self, exercise: Exercise, count: int, seed: int) -> list[Mutant]:
        """Mutants of an exercise's solution, earlier exercises' functions at hand."""
        place = self.lesson.exercises.index(exercise)
        functions = [target for e in self.lesson.exercises[:place] for target in e.targets]
        return mutants_of(exercise.solution, count, seed, functions)

    def wide_test(self, exercise: Exercise) -> WideTest:
        """The wide differential test of an exercise, made once."""
        if exercise.id not in self._wide:
            wide = self._wide[exercise.id] = WideTest(self.lesson, exercise, self._observe)
            self.findings += [f"{exercise.id}: {finding}" for finding in wide.findings]
        return self._wide[exercise.id]

    def examine(self, exercise: Exercise, mutants: Iterable[Mutant]) -> Iterator[Examined]:
        """Test and judge mutants of `exercise`."""
        wide = self.wide_test(exercise)
        for mutant in mutants:
            verdict = self._grader.grade(self._submission(exercise, mutant), [exercise]).verdicts[0]
            yield Examined(exercise, mutant, wide.telling_input(mutant.source), verdict)

    def _submission(self, exercise: Exercise, mutant: Mutant) -> Submission:
        cells = (
            SubmittedCell(
                number=number,
                kind="code",
                source=_unmarked(mutant.source if other is exercise else other.solution),
                metadata={"spotlight": {"role": "exercise", "exercise": other.id}},
            )
            for number, other in enumerate(self.lesson.exercises, start=1)
        )
        return Submission("mutant.ipynb", tuple(cells), self.lesson.id)


def _unmarked(solution: str) -> str:
    lines = solution.split("\n")
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


def measure() -> dict[str, float]:
    """Counts over the whole course; what should not be is printed to the error stream."""
    examined, findings = _examine_course((), COUNT, SEED)
    for line in _trouble(examined, findings):
        print(line, file=sys.stderr)
    return _figures(examined)


def _examine_course(
    names: Sequence[str], count: int, seed: int
) -> tuple[list[Examined], list[str]]:
    course = load_course(ROOT)
    entries = [e for e in course.lessons if not names or e in map(course.find, names)]
    examined: list[Examined] = []
    findings: list[str] = []
    with Worker() as worker:
        for entry in entries:
            examiner = Examiner(read_solution(course.solution(entry)), worker.observe)
            for exercise in examiner.lesson.exercises:
                mutants = examiner.mutants(exercise, count, seed)
                examined += examiner.examine(exercise, mutants)
            findings += examiner.findings
    return examined, findings


def _figures(examined: Iterable[Examined]) -> dict[str, float]:
    examined = list(examined)
    rejected = [one for one in examined if not one.accepted and one.differs]
    specific = sum(one.ground != UNSPECIFIC for one in rejected)
    grounds = Counter(one.ground for one in rejected)
    return {
        "mutants": len(examined),
        "that do something else": sum(one.differs for one in examined),
        "accepted though they differ": sum(one.is_wrongly_accepted for one in examined),
        "rejected though they do the same": sum(one.is_wrongly_rejected for one in examined),
        "rejected with a specific sentence, %": 100 * specific / max(1, len(rejected)),
        **{f"said on the ground of: {name}": n for name, n in grounds.most_common()},
    }


def _trouble(examined: Iterable[Examined], findings: Iterable[str]) -> Iterator[str]:
    """What should not be."""
    for one in examined:
        if one.is_wrongly_accepted:
            yield f"ACCEPTED THOUGH IT DIFFERS: {one}"
        if one.is_wrongly_rejected:
            yield f"REJECTED THOUGH IT DOES THE SAME: {one}"
    for finding in findings:
        yield f"OUTSIDE OF WHAT IS ASKED, or a fault of the course: {finding}"


def _per_exercise(examined: Iterable[Examined]) -> Iterator[str]:
    by_exercise: dict[str, list[Examined]] = defaultdict(list)
    for one in examined:
        by_exercise[one.exercise.id].append(one)
    yield f"{'exercise':<24} mutants  differ  accepted  wrongly rejected  specific"
    for name, mutants in by_exercise.items():
        figures = list(_figures(mutants).values())
        yield "{:<24}{:>8.0f}{:>8.0f}{:>10.0f}{:>18.0f}{:>9.0f}%".format(name, *figures[:5])


def _said(examined: Iterable[Examined], ground: str) -> Iterator[str]:
    """What was said of the mutants that were rejected on one ground."""
    for one in examined:
        if one.differs and not one.accepted and one.ground == ground:
            yield str(one)


def main() -> None:
    """Run with options, and print a table beside the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument("lessons", nargs="*", help="lessons by id, file or number; all by default")
    parser.add_argument("--count", type=int, default=COUNT, help="mutants per exercise")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--show",
        nargs="?",
        const=UNSPECIFIC,
        metavar="GROUND",
        help=f"print what was said on one ground ({UNSPECIFIC} by default)",
    )
    asked = parser.parse_args()
    examined, findings = _examine_course(asked.lessons, asked.count, asked.seed)
    lines = [*_trouble(examined, findings), "", *_per_exercise(examined), ""]
    lines += [f"{name:<52} {value:10.1f}" for name, value in _figures(examined).items()]
    if asked.show:
        lines += ["", *_said(examined, asked.show)]
    print("\n".join(lines))


if __name__ == "__main__":
    main()

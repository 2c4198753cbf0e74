"""Answers that people wrote, with what each was meant to be: how the grader judges them.

`python -m bench answers FILE` reads a list of answers as JSON, each with `lesson`, `exercise`,
`kind` ("right" or "wrong"), `intent` and `code`, the whole cell; and, where somebody has judged
what was said of it, `message` and `verdict`. Every answer stands amid right answers to all others.
It prints the rates, and each answer that is not judged as it should be.

Whether a sentence is true, no program can say. A sentence that somebody has judged keeps that
judgement while its words stay the same; any other counts as specific where it says more than which
value differs.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.mutants import UNSPECIFIC, ground_of
from spotlight.course.manifest import load_course
from spotlight.course.reading import read_solution
from spotlight.grading.grader import LessonGrader
from spotlight.grading.submission import Submission, SubmittedCell
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.worker import Worker

ROOT = Path(__file__).resolve().parent.parent
UNDECIDED = ("grey", "ambiguous", "unspecified")
"""In a verdict: people do not agree whether the answer is right, so that it counts for nothing."""


@dataclass(frozen=True)
class Judged:
    """One answer, and what the grader says of it."""

    answer: dict[str, Any]
    verdict: Verdict

    @property
    def outcome(self) -> str:
        """What became of it, as it is counted."""
        report, right = self.verdict.report, self.answer["kind"] == "right"
        if any(word in self.answer.get("verdict", "") for word in UNDECIDED):
            return "undecided"
        if report.status == "passed":
            return "right accepted" if right else "wrong ACCEPTED"
        if right:
            return "right REJECTED"
        if report.message == self.answer.get("message"):
            said = self.answer.get("verdict", "")
            if "misleading" in said:
                return "misleading"
            if "generic" in said or "unnamed" in said or "banned" in said:
                return "general"
            return "specific"
        return "general" if ground_of(self.verdict) in (UNSPECIFIC, "forbidden") else "specific"

    def __str__(self) -> str:
        answer, report = self.answer, self.verdict.report
        lines = [f"{self.outcome}: {answer['exercise']} · {answer.get('label', '')}"]
        lines += [f"    meant: {answer['intent']}"]
        lines += [f"    says [{ground_of(self.verdict)}]: {report.message or report.status}"]
        return "\n".join(lines)


def measure(file: str) -> dict[str, float]:
    """Counts and rates; every answer that is not as it should be goes to the error stream."""
    answers = json.loads(Path(file).read_text(encoding="utf-8"))
    judged = list(judge_all(answers))
    counts = Counter(one.outcome for one in judged)
    for one in judged:
        if one.outcome not in ("right accepted", "specific", "undecided"):
            print(one, file=sys.stderr)
    rejected = sum(counts[name] for name in ("specific", "general", "misleading"))
    right = counts["right accepted"] + counts["right REJECTED"]
    wrong = counts["wrong ACCEPTED"] + rejected
    return {
        "right answers": right,
        "right rejected": counts["right REJECTED"],
        "wrong answers": wrong,
        "wrong accepted": counts["wrong ACCEPTED"],
        "of the rejected, misleading, %": 100 * counts["misleading"] / max(1, rejected),
        "of the rejected, specific, %": 100 * counts["specific"] / max(1, rejected),
        "left out, since undecided": counts["undecided"],
        "left out, since no longer asked": len(answers) - len(judged),
    }


def judge_all(answers: list[dict[str, Any]]) -> Iterator[Judged]:
    """The verdict on each answer to an exercise that the course still has, by the public seed."""
    course = load_course(ROOT)
    with Worker() as worker:

        @cache
        def grader(name: str) -> LessonGrader:
            entry = course.find(name)
            assert entry is not None, name
            return LessonGrader(read_solution(course.solution(entry)), worker.observe)

        for answer in answers:
            if grader(answer["lesson"]).lesson.exercise(answer["exercise"]) is not None:
                yield Judged(answer, _verdict(grader(answer["lesson"]), answer))


def _verdict(grader: LessonGrader, answer: dict[str, Any]) -> Verdict:
    exercise = grader.lesson.exercise(answer["exercise"])
    assert exercise is not None, answer["exercise"]
    cells = (
        SubmittedCell(
            number=number,
            kind="code",
            source=answer["code"] if other is exercise else other.solution,
            metadata={"spotlight": {"role": "exercise", "exercise": other.id}},
        )
        for number, other in enumerate(grader.lesson.exercises, start=1)
    )
    submission = Submission("answer.ipynb", tuple(cells), grader.lesson.id)
    return grader.grade(submission, [exercise]).verdicts[0]

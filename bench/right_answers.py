"""Whether a right answer is ever rejected: every exercise, proven over a thousand seeds.

The proof is the build's own, with more seeds: the solution and every alternative must pass, every
mistake must be rejected under its own name, the stub must not pass.
"""

from __future__ import annotations

import sys
from pathlib import Path

from spotlight.authoring.proving import prove
from spotlight.course.manifest import load_course
from spotlight.course.reading import read_solution
from spotlight.sandbox.worker import Worker

ROOT = Path(__file__).resolve().parent.parent
SEEDS = range(1_000)
SLICE = 100  # seeds per job, which bounds its memory


def measure() -> dict[str, float]:
    """Counts; each problem is printed to the error stream."""
    answers = exercises = 0
    problems: list[str] = []
    course = load_course(ROOT)
    with Worker() as worker:
        for entry in course.lessons:
            lesson = read_solution(course.solution(entry))
            for exercise in lesson.exercises:
                exercises += 1
                answers += 1 + len(exercise.alternatives)
                for start in range(0, len(SEEDS), SLICE):
                    seeds = SEEDS[start : start + SLICE]
                    problems += prove(lesson, exercise, worker.observe, seeds)
    for problem in problems:
        print(problem, file=sys.stderr)
    return {
        "exercises": float(exercises),
        "right answers (solutions and alternatives)": float(answers),
        "seeds": float(len(SEEDS)),
        "problems": float(len(problems)),
    }

"""Grade a submission: each exercise alone, with follow-through, in a worker of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from spotlight.course.lesson import Exercise, Lesson, WithheldError
from spotlight.diagnosis.exercise_key import ExerciseKey
from spotlight.grading.answer_key import cached_key
from spotlight.grading.costs import PYTHON_LOOP, loop_lines
from spotlight.grading.forbidden import forbidden_use, warns
from spotlight.grading.graded_lesson import GradedLesson
from spotlight.grading.judge import NOT_FILLED_IN, judge
from spotlight.grading.limits import limits_for
from spotlight.grading.listing import cells_listed, listed
from spotlight.grading.locate import Located, locate
from spotlight.grading.notes import Note
from spotlight.grading.one_slip import one_slip
from spotlight.grading.passed_code import passed_code
from spotlight.grading.programs import Program, build_program, in_place_of, job_for
from spotlight.grading.report import PredictionReport
from spotlight.grading.submission import Submission
from spotlight.grading.verdict import Verdict, verdict
from spotlight.printable_text import printable
from spotlight.sandbox.job import Job, Observation, Trouble

PUBLIC_SEED = 0
"""The seed whose evidence students may see."""

_SAYS_LITTLE = ("values", "shape", "property", "inside", "perhaps", "error", "relation")
"""Grounds of what is said without the cause being known."""
_SLOW_SECONDS = 2.0
OnVerdict = Callable[[Verdict], None]


class LessonGrader:
    """Grades submissions of one lesson; answer keys are kept for as long as it lives."""

    def __init__(
        self,
        lesson: Lesson,
        observe: Callable[[Job], Observation],
        *,
        seed: int = PUBLIC_SEED,
        key_cache: Path | None = None,
    ) -> None:
        """`observe` runs a job in a worker; `key_cache` is the folder of answer keys.

        Raises:
            WithheldError: a released lesson, whose keys are of the public seed, and another one.
        """
        if lesson.is_released and seed != PUBLIC_SEED:
            raise WithheldError(
                f"This copy of the course holds answer keys for seed {PUBLIC_SEED} alone; with "
                "another one, only the instructor's copy can grade."
            )
        self.lesson = lesson
        self._observe = observe
        self._seed = seed
        self._key_cache = key_cache
        self._keys: dict[str, ExerciseKey] = {}

    def grade(
        self,
        submission: Submission,
        exercises: Iterable[Exercise] | None = None,
        *,
        located: Located | None = None,
        on_verdict: OnVerdict | None = None,
    ) -> GradedLesson:
        """Grade the lesson, or only some `exercises` and those before them as far as
        follow-through asks.

        `located` are the submission's cells, where they are sorted already; `on_verdict` hears of
        each exercise as it comes, in the order in which they were given.
        """
        located = located or locate(self.lesson, submission)
        known: dict[str, Verdict] = {}
        asked: set[str] = set()
        for exercise in self.lesson.exercises if exercises is None else exercises:
            asked.add(exercise.id)
            if exercise.id not in known:
                known[exercise.id] = self._grade_one(exercise, located, known)
            if on_verdict is not None:
                on_verdict(known[exercise.id])
        graded = GradedLesson(
            lesson=self.lesson.id,
            title=self.lesson.title,
            path=submission.path,
            possible=self.lesson.possible,
            scope="exercises",
            located=located,
            verdicts=tuple(known[e.id] for e in self.lesson.exercises if e.id in asked),
        )
        if exercises is not None:
            return graded
        return replace(
            graded,
            scope="lesson",
            predictions=self._predictions(located),
            notes=(*located.notes, *self._idle_errors(located)),
        )

    def key(self, exercise: Exercise) -> ExerciseKey:
        """The answer key of one exercise."""
        if exercise.id not in self._keys:
            self._keys[exercise.id] = cached_key(
                self.lesson, exercise, self._seed, self._observe, self._key_cache
            )
        return self._keys[exercise.id]

    def _grade_one(
        self, exercise: Exercise, located: Located, known: dict[str, Verdict]
    ) -> Verdict:
        found = located.exercises.get(exercise.id)
        if found is None:
            return verdict(
                exercise,
                "missing",
                f"No cell defines {' and '.join(exercise.targets)}; "
                f"verify.py reset {self.lesson.id} {exercise.id} brings the blank cell back.",
            )
        if found.blank:
            return verdict(exercise, "blank", NOT_FILLED_IN)
        program = self._program(exercise, located, {})
        rules = (forbidden_use(self.lesson, exercise, step) for step in program.own_steps)
        rule = next(filter(None, rules), None)
        first = self._judge(exercise, program)
        if first.report.status != "passed" and program.earlier:
            if self.lesson.is_released:
                first = self._without_references(exercise, located, known, program, first)
            else:
                first = self._with_references(exercise, located, known, program, first)
        if first.report.status in ("failed", "error") and first.ground in _SAYS_LITTLE:
            first = self._with_one_slip(exercise, located, program, first)
        if rule is not None:
            first = _against(rule, exercise, first)
        if first.report.status == "passed":
            first = first.with_code(passed_code(self.lesson, exercise, program))
            if any(map(warns, program.own_steps)):
                first = first.with_remarks("It warns while it runs; that costs nothing.")
        return first.with_remarks(*found.notes)

    def _judge(
        self, exercise: Exercise, program: Program, references: Collection[str] = ()
    ) -> Verdict:
        """The verdict on a program in which some exercises are the course's own references."""
        key = self.key(exercise)
        job = job_for(exercise, program, [self._seed], limits_for(key), again=True)
        seen = _without_lines_of(references, self._observe(job))
        return judge(exercise, key, seen, limits_for(key), program.steps)

    def _with_one_slip(
        self, exercise: Exercise, located: Located, program: Program, first: Verdict
    ) -> Verdict:
        """The verdict with the one place named that keeps the answer from being right, if any.

        Not of an answer that is slow: hundreds of changes of it could not be tried.
        """
        if first.report.cpu_seconds > _SLOW_SECONDS + 10 * self.key(exercise).cpu_seconds:
            return first
        if not self.lesson.is_released and program.earlier:
            substitutes = self._references(located, program.earlier)
            program = self._program(exercise, located, substitutes)
        slip = one_slip(
            self.lesson, exercise, self.key(exercise), program, self._seed, self._observe
        )
        if slip is None:
            return first
        error = first.report.message if first.ground == "error" else ""
        stop = "." if error and error[-1] not in ".!?" else ""
        said = printable(f"{error}{stop} {slip.message}".strip())
        changed = {"message": said, "diagnosis": slip.name}
        return replace(first, report=first.report.model_copy(update=changed), ground="slip")

    def _without_references(
        self,
        exercise: Exercise,
        located: Located,
        known: dict[str, Verdict],
        program: Program,
        first: Verdict,
    ) -> Verdict:
        """The verdict where there is nothing to put in place of earlier exercises."""
        if first.report.diagnosis == PYTHON_LOOP and _only_earlier_cells_loop(program):
            # It is the earlier exercise's, which has rules of its own.
            costs = tuple(rule for rule in exercise.costs if rule.flops is not None)
            first = self._judge(replace(exercise, costs=costs), program)
        if first.report.status in ("passed", "forbidden"):
            return first
        failed = self._failed_earlier(located, known, program, {})
        if not failed:
            return first
        names = listed([earlier.id for earlier in failed])
        do, them = ("does", "it") if len(failed) == 1 else ("do", "them")
        return verdict(
            exercise,
            "failed" if first.report.status == "error" else first.report.status,
            f"Your {names} {do} not pass yet; this exercise uses {them}. Begin with {them}.",
            cpu_seconds=first.report.cpu_seconds,
        )

    def _with_references(
        self,
        exercise: Exercise,
        located: Located,
        known: dict[str, Verdict],
        program: Program,
        first: Verdict,
    ) -> Verdict:
        """The verdict with the course's own earlier exercises, where they make a difference."""
        if first.report.status == "forbidden":
            first = self._cost_of_its_own(exercise, located, program)
        if first.report.status != "passed":
            first = self._follow_through(exercise, located, known, program, first)
        if first.report.status in ("failed", "error") and not _is_named(first):
            first = self._named_with_references(exercise, located, first)
        return first

    def _cost_of_its_own(self, exercise: Exercise, located: Located, program: Program) -> Verdict:
        """Judge what costs too much without the cost of earlier exercises, which had their own
        rules."""
        substitutes = self._references(located, program.earlier)
        return self._judge(exercise, self._program(exercise, located, substitutes), substitutes)

    def _references(self, located: Located, names: Iterable[str]) -> dict[str, str]:
        """The course's own source of some exercises, with what else the student's cells define."""
        sources = {}
        for exercise in self.lesson.exercises:
            if exercise.id in names:
                found = located.exercises.get(exercise.id)
                source = found.source if found else ""
                sources[exercise.id] = in_place_of(source, exercise, self.lesson)
        return sources

    def _follow_through(
        self,
        exercise: Exercise,
        located: Located,
        known: dict[str, Verdict],
        program: Program,
        first: Verdict,
    ) -> Verdict:
        """Judge again with the reference in place of earlier exercises that did not pass."""
        substitutes: dict[str, str] = {}
        while failed := self._failed_earlier(located, known, program, substitutes):
            # The reference may use exercises that the student's own code did not.
            substitutes |= self._references(located, [earlier.id for earlier in failed])
            program = self._program(exercise, located, substitutes)
        if not substitutes:
            return first
        second = self._judge(exercise, program, substitutes)
        if second.report.status == "forbidden":
            second = self._cost_of_its_own(exercise, located, program)
        used = [name for name in program.earlier if name in substitutes] or list(substitutes)
        yours = "yours does" if len(used) == 1 else "yours do"
        report = second.report.model_copy(update={"follow_through": True})
        return replace(second, report=report).with_remarks(
            f"Judged with the course's {listed(used)}, because {yours} not pass yet."
        )

    def _named_with_references(
        self, exercise: Exercise, located: Located, first: Verdict
    ) -> Verdict:
        """The mistake's name, where the student's own earlier answers, right as they are, hide it.

        What an answer key knows was observed with the references, which may end in other errors.
        """
        program = self._program(exercise, located, {})
        if not program.earlier:
            return first
        substitutes = self._references(located, program.earlier)
        again = self._judge(exercise, self._program(exercise, located, substitutes), substitutes)
        return again if _is_named(again) else first

    def _failed_earlier(
        self,
        located: Located,
        known: dict[str, Verdict],
        program: Program,
        substitutes: dict[str, str],
    ) -> list[Exercise]:
        """The exercises that `program` uses, that did not pass and are not substituted yet."""
        failed: list[Exercise] = []
        for earlier in self.lesson.exercises:
            if earlier.id in program.earlier and earlier.id not in substitutes:
                if earlier.id not in known:
                    known[earlier.id] = self._grade_one(earlier, located, known)
                if known[earlier.id].report.status != "passed":
                    failed.append(earlier)
        return failed

    def _program(
        self, exercise: Exercise, located: Located, substitutes: dict[str, str]
    ) -> Program:
        sources = {**located.sources(self.lesson), **substitutes}
        return build_program(self.lesson, exercise, sources, located.added)

    def _idle_errors(self, located: Located) -> Iterator[Note]:
        """A note on the student's cells that raised and that nothing depends on."""
        raised = [cell for cell in located.added if cell.raised]
        if not raised:
            return
        programs = [
            self._program(exercise, located, {})
            for exercise in self.lesson.exercises
            if exercise.id in located.exercises
        ]
        needed = {step.name for program in programs for step in program.steps}
        idle = [cell for cell in raised if cell.name not in needed]
        if not idle:
            return
        cells = cells_listed(cell.number for cell in idle).capitalize()
        errors = " or ".join(sorted({cell.raised for cell in idle})[:2])
        was, it_costs = ("it was", "it, so it costs")
        if len(idle) > 1:
            was, it_costs = ("they were", "them, so they cost")
        yield Note(
            "idle-error",
            f"{cells} ended in {errors} when {was} last run; no exercise needs {it_costs} nothing.",
        )

    def _predictions(self, located: Located) -> tuple[PredictionReport, ...]:
        return tuple(
            PredictionReport(
                prediction=p.id,
                answered=(valid := p.accepts(located.predictions.get(p.id, ...))),
                points=p.points if valid else 0.0,
                possible=p.points,
            )
            for p in self.lesson.predictions
        )


def _only_earlier_cells_loop(program: Program) -> bool:
    earlier = (step for step in program.steps if step.name in program.earlier)
    return any(map(loop_lines, earlier)) and not any(map(loop_lines, program.own_steps))


def _against(rule: str, exercise: Exercise, found: Verdict) -> Verdict:
    """The verdict on what breaks a rule: that it does, and what else is wrong with it."""
    if found.report.status != "failed":
        return verdict(exercise, "forbidden", rule, cpu_seconds=found.report.cpu_seconds)
    both = {"status": "forbidden", "points": 0.0, "message": f"{rule} {found.report.message}"}
    return replace(found, report=found.report.model_copy(update=both))


def _without_lines_of(references: Collection[str], seen: Observation) -> Observation:
    """What was seen, its errors blamed on the student's lines, none of the course's answers.

    A reference stands where the student's own exercise did; what raises in it was called wrongly.
    """
    if not references:
        return seen

    def blamed(trouble: Trouble | None) -> Trouble | None:
        if trouble is None:
            return None
        frames = tuple(frame for frame in trouble.frames if frame.cell not in references)
        return replace(trouble, frames=frames)

    return replace(
        seen,
        steps=tuple(replace(step, trouble=blamed(step.trouble)) for step in seen.steps),
        probes=tuple(replace(probe, trouble=blamed(probe.trouble)) for probe in seen.probes),
    )


def _is_named(found: Verdict) -> bool:
    return found.ground in ("mistake", "pair")

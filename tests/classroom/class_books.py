"""Classes to write files about: small ones told out in full, and large ones drawn from a seed."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from spotlight.classroom.adjustments import AdjustedLesson, AdjustmentLine
from spotlight.classroom.gradebook import ClassBook, ExerciseColumn, LessonColumn, StudentRow
from spotlight.classroom.records import Attempt, GradedSubmission, Student
from spotlight.feedback.cards import exercise_card
from spotlight.grading.report import ExerciseReport, LessonReport, PredictionReport, Status
from spotlight.grading.verdict import Comparison, Verdict

CONFINEMENT = ("Every notebook ran confined by Landlock and seccomp.",)

STEPS = LessonColumn(
    "small_steps",
    "Small steps",
    4.0,
    (ExerciseColumn("doubled", "Double it", 1.0), ExerciseColumn("shifted", "Shift it", 2.0)),
)
FINISH = LessonColumn(
    "small_finish", "Small finish", 1.0, (ExerciseColumn("halved", "Halve it", 1.0),)
)


def line(exercise: str, change: float, comment: str = "", who: str = "") -> AdjustmentLine:
    """One change of an instructor's; none at all is a comment."""
    titles = {e.id: e.title for lesson in (STEPS, FINISH) for e in lesson.exercises}
    return AdjustmentLine(
        exercise=exercise,
        title=titles.get(exercise, exercise) or "Small steps",
        points=f"{change:+g}" if change else "",
        change=change,
        comment=comment,
        who=who,
    )


def adjusted(
    lesson: str,
    graded: float,
    points: float,
    possible: float,
    lines: tuple[AdjustmentLine, ...],
    **more: Any,
) -> AdjustedLesson:
    """One lesson with an instructor's changes."""
    details: dict[str, Any] = {"title": lesson, "graded_possible": possible, "marks": (), **more}
    return AdjustedLesson(
        lesson=lesson, graded=graded, points=points, possible=possible, lines=lines, **details
    )


def student(key: str = "ada", name: str = "Lovelace, Ada", **more: Any) -> Student:
    return Student(key, name, **more)


def exercise(column: ExerciseColumn, status: Status = "passed", **more: Any) -> ExerciseReport:
    details: dict[str, Any] = {"points": column.possible if status == "passed" else 0.0}
    details |= {"title": column.title, "possible": column.possible, "cpu_seconds": 0.01}
    return ExerciseReport(exercise=column.id, status=status, **{**details, **more})


def graded(
    who: str,
    lesson: LessonColumn,
    *verdicts: ExerciseReport,
    notes: tuple[str, ...] = (),
    **more: Any,
) -> GradedSubmission:
    """A notebook with these verdicts; what is not named passed; each has its card."""
    said = {verdict.exercise: verdict for verdict in verdicts}
    exercises = tuple(said.get(column.id, exercise(column)) for column in lesson.exercises)
    left = lesson.possible - sum(e.possible for e in lesson.exercises)
    predictions = tuple(
        PredictionReport(prediction="order_matters", answered=True, points=left, possible=left)
        for _ in range(left > 0)
    )
    report = LessonReport(
        lesson=lesson.id,
        title=lesson.title,
        path=f"submitted/{who}/{lesson.id}.ipynb",
        points=sum(part.points for part in (*exercises, *predictions)),
        possible=lesson.possible,
        notes=notes,
        predictions=predictions,
        exercises=exercises,
    )
    cards = {verdict.exercise: exercise_card(Verdict(verdict)) for verdict in exercises}
    details: dict[str, Any] = {"cards": cards, **more}
    return GradedSubmission(student=who, path=report.path, report=report, **details)


def refused(who: str, sentence: str = "It is no notebook.") -> GradedSubmission:
    return GradedSubmission(student=who, path=f"submitted/{who}/week1.pdf", refused=sentence)


def row(who: Student, *lessons: GradedSubmission, **more: Any) -> StudentRow:
    return StudentRow(who, lessons, **more)


def book(
    *rows: StudentRow, lessons: tuple[LessonColumn, ...] = (STEPS, FINISH), **more: Any
) -> ClassBook:
    details: dict[str, Any] = {"confinement": CONFINEMENT, **more}
    return ClassBook("Spotlight", lessons, rows, **details)


def with_prints(n: int, *prints: dict[str, str]) -> ClassBook:
    """A class in which the i-th student has the i-th fingerprints, the others some of their own."""
    names = sorted({name for given in prints for name in given})
    lesson = LessonColumn(
        "long", "Long", float(len(names)), tuple(ExerciseColumn(e, e.title(), 1.0) for e in names)
    )
    rows = []
    for i in range(n):
        own = {name: f"{name}-by-{i}" for name in names}
        given = prints[i] if i < len(prints) else own
        who = student(f"s{i:03}", f"Student {i:03}")
        rows.append(row(who, graded(who.key, lesson, fingerprints=given)))
    return book(*rows, lessons=(lesson,))


HOSTILE_NAMES = (
    "<script>alert('x')</script>",
    '=HYPERLINK("http://evil.example","click")',
    "\u202eeht daer uoy, droW",
    "محمد علي، الخوارزمي",
    '"><img src=x onerror=alert(1)>',
    "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschaferswessenschafe, H.",
    "{{ 7 * 7 }} {% raw %}",
    "Nul\x00Byte\x1b[31m, \ud800",
)
STATUSES: tuple[Status, ...] = (
    "passed", "passed", "passed", "passed", "failed", "failed", "error", "blank", "missing",
    "forbidden", "timeout", "memory", "crashed",
)  # fmt: skip
SENTENCES = {
    "not-scaled": "The scores are right but grow with d_k: divide them by `√d_k`.",
    "keys-against-queries": "Row i should belong to query i: you scored keys against queries.",
    "softmax-of-columns": "Each column sums to one; each row should: use `dim=-1`.",
}


def large_book(n: int = 60, seed: int = 0) -> ClassBook:
    """A class of `n` with every status, hostile names, adjustments, copies and refusals."""
    draw = random.Random(seed)
    titles = ("Project the queries", "Score every pair", "Scale the scores", "Rows that sum to one",
              "Weigh the values", "Put the head together")  # fmt: skip
    lessons = tuple(
        LessonColumn(
            f"lesson_{k}",
            f"{name}",
            7.0,
            tuple(ExerciseColumn(f"e{i}", title, 1.0) for i, title in enumerate(titles)),
        )
        for k, name in enumerate(("Words as vectors", "Queries and keys", "Attention as a lookup"))
    )
    rows = []
    for i in range(n):
        hostile = HOSTILE_NAMES[i] if i < len(HOSTILE_NAMES) else ""
        who = student(f"s{i:03}", hostile or f"Person{i:03}, Given", section=f"Section {i % 3 + 1}")
        taken = [lesson for lesson in lessons if draw.random() < 0.9]
        work = [_drawn(draw, who.key, lesson) for lesson in taken]
        if i % 17 == 3:
            work.append(refused(who.key, "`week1.pdf` is a PDF; hand in the notebook itself."))
        changes: tuple[AdjustedLesson, ...] = ()
        if i % 13 == 2 and work and (report := work[0].report) is not None:
            change = line("e1", 0.5, "Right idea, written down.\n<b>Well</b> argued.", "Dr. B")
            points = report.points + 0.5
            changes = (adjusted(report.lesson, report.points, points, 7.0, (change,)),)
        rows.append(row(who, *work, adjusted=changes))
    away = tuple(student(f"away{i}", f"Absent{i}, Mx") for i in range(3))
    return book(*rows, lessons=lessons, absent=away)


def _drawn(draw: random.Random, who: str, lesson: LessonColumn) -> GradedSubmission:
    verdicts, cards, prints = [], {}, {}
    for column in lesson.exercises:
        status = draw.choice(STATUSES) if draw.random() < 0.5 else "passed"
        named = draw.choice([*SENTENCES, None]) if status == "failed" else None
        message = (
            SENTENCES[named]
            if named
            else {"passed": "", "blank": ""}.get(
                status, "It was so: `x = [1] * n` <i>took</i> all."
            )
        )
        verdict = exercise(column, status, diagnosis=named, message=message)
        target = np.round(np.random.default_rng(draw.randrange(99)).normal(size=(3, 5)), 2)
        case = Comparison("p", "Three queries against five keys", target, target * 2.83, (0, 0))
        verdicts.append(verdict)
        cards[column.id] = exercise_card(Verdict(verdict, case if status == "failed" else None))
        prints[column.id] = draw.choice("aaaaabbbc") + column.id if draw.random() < 0.8 else who
    if who in ("s020", "s021", "s022"):
        prints = {column.id: f"copied-{column.id}" for column in lesson.exercises}
    attempts = (
        (
            Attempt(
                exercise="e2",
                cell=7,
                line=3,
                text="open('/etc/shadow')  # <script>",
                why="It opens a file outside the notebook's folder.",
            ),
        )
        if draw.random() < 0.03
        else ()
    )
    notes = (
        ("Written on version 3 of this lesson; exercise `e2` has a new docstring since.",)
        if draw.random() < 0.1
        else ()
    )
    return graded(
        who, lesson, *verdicts, cards=cards, fingerprints=prints, attempts=attempts, notes=notes
    )

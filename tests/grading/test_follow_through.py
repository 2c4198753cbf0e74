"""An exercise that uses an earlier one is judged for itself, whatever became of the earlier one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edited_notebooks import Notebook, exercise_cell, place, put, solved, submitted
from small_course import STEPS, lesson_of
from spotlight.course.lesson import Lesson
from spotlight.grading.grader import LessonGrader
from spotlight.grading.report import ExerciseReport, LessonReport
from spotlight.sandbox.job import Job, Observation
from spotlight.sandbox.worker import Worker

Grade = Callable[[Notebook], LessonReport]
LATER = "doubled_then_shifted"


def put_source(notebook: Notebook, lesson: Lesson, name: str, source: str) -> None:
    exercise = lesson.exercise(name)
    assert exercise is not None
    put(notebook, exercise, source)


def report_on(report: LessonReport, name: str) -> ExerciseReport:
    return next(e for e in report.exercises if e.exercise == name)


WRONG = "def doubled(x):\n    return x * x"
LOOPS = "def doubled(x):\n    while True:\n        pass"
SHADOWED = "import os as doubled\nimport os as shifted\nraise SystemExit"
RAISES = "def doubled(x):\n    raise ValueError('no')"
BROKEN = "def doubled(x)\n    return 2 * x"


@pytest.mark.parametrize(
    "earlier", [WRONG, RAISES, BROKEN, SHADOWED], ids=["wrong", "raises", "broken", "shadowed"]
)
def test_an_exercise_passes_although_the_one_it_uses_does_not(
    earlier: str, done: Notebook, lesson: Lesson, grade: Grade
) -> None:
    put_source(done, lesson, "doubled", earlier)
    report = grade(done)
    assert report_on(report, "doubled").status in ("failed", "error")
    later = report_on(report, LATER)
    assert (later.status, later.points, later.follow_through) == ("passed", 1, True)
    assert later.remarks == ("Judged with the course's doubled, because yours does not pass yet.",)
    assert report.points == report.possible - 1


def test_an_exercise_passes_although_the_ones_it_uses_are_blank_or_missing(
    done: Notebook, blank: Notebook, grade: Grade
) -> None:
    done["cells"][place(done, "exercise-shifted")] = exercise_cell(blank, "shifted")
    del done["cells"][place(done, "exercise-doubled")]
    report = grade(done)
    statuses = [e.status for e in report.exercises]
    assert statuses == ["missing", "blank", "passed", "passed", "passed"]
    assert report_on(report, LATER).remarks == (
        "Judged with the course's doubled and shifted, because yours do not pass yet.",
    )


def test_a_helper_in_the_cell_of_a_failed_exercise_stays_at_hand(
    done: Notebook, lesson: Lesson, grade: Grade
) -> None:
    helper = "import math\n\ndef plus(x, by):\n    return x + math.floor(by) + by % 1"
    put_source(done, lesson, "doubled", f"{helper}\n\n{WRONG}")
    put_source(
        done, lesson, LATER, "def doubled_then_shifted(x, by):\n    return plus(doubled(x), by)"
    )
    later = report_on(grade(done), LATER)
    assert (later.status, later.follow_through) == ("passed", True)


def test_its_own_mistake_is_named_from_the_second_run(
    done: Notebook, lesson: Lesson, grade: Grade
) -> None:
    put_source(done, lesson, "doubled", WRONG)
    put_source(
        done, lesson, LATER, "def doubled_then_shifted(x, by):\n    return doubled(shifted(x, by))"
    )
    later = report_on(grade(done), LATER)
    assert (later.status, later.diagnosis) == ("failed", "shifted-first")
    assert later.follow_through


def test_an_exercise_right_on_its_own_needs_no_reference(
    done: Notebook, lesson: Lesson, grade: Grade
) -> None:
    """It does not call the function that failed."""
    put_source(done, lesson, "doubled", WRONG)
    put_source(
        done, lesson, LATER, "def doubled_then_shifted(x, by):\n    return shifted(x + x, by)"
    )
    later = report_on(grade(done), LATER)
    assert (later.status, later.follow_through, later.remarks) == ("passed", False, ())


def test_an_exercise_may_have_made_up_for_the_error_of_the_one_it_uses(
    done: Notebook, lesson: Lesson, grade: Grade
) -> None:
    """Either run may pass: this one is right with the student's own doubled, and only with it."""
    put_source(done, lesson, "doubled", "def doubled(x):\n    return x")
    put_source(
        done, lesson, LATER,
        "def doubled_then_shifted(x, by):\n    return shifted(doubled(x) + doubled(x), by)",
    )  # fmt: skip
    later = report_on(grade(done), LATER)
    assert (later.status, later.follow_through) == ("passed", False)


def test_a_failed_exercise_that_uses_no_earlier_one_is_not_judged_twice(
    done: Notebook, lesson: Lesson, worker: Worker, key_cache: Path
) -> None:
    jobs: list[Job] = []

    def observe(job: Job) -> Observation:
        jobs.append(job)
        return worker.observe(job)

    grader = LessonGrader(lesson, observe, key_cache=key_cache)
    exercise = lesson.exercise("shifted")
    assert exercise is not None
    grader.key(exercise)
    jobs.clear()
    put_source(done, lesson, "doubled", WRONG)
    put_source(done, lesson, "shifted", "def shifted(x, by):\n    return x")
    grader.grade(submitted(done), [exercise]).verdicts[0]
    assert len(jobs) == 1


def test_checking_one_exercise_finds_out_about_those_it_uses(
    done: Notebook, lesson: Lesson, grade_one: Callable[[Notebook, str], ExerciseReport]
) -> None:
    put_source(done, lesson, "doubled", LOOPS.replace("while True", "while False"))
    later = grade_one(done, LATER)
    assert (later.status, later.follow_through) == ("passed", True)


CHAIN = '''
# %% [markdown]
# ## 6 · And again

# %% exercise="twice_over" points=1 minutes=1 difficulty=2
def twice_over(x: Tensor, by: float) -> Tensor:
    """Doubled and shifted, twice.

    x: any shape → the same shape
    """
    # TODO: use what you have.
    ### BEGIN SOLUTION
    return doubled_then_shifted(doubled_then_shifted(x, by), by)
    ### END SOLUTION


# %% tags=["probes"]
@probe
def three_numbers(twice_over):
    "Three numbers, by two."
    return twice_over(randn(3), 2.0)


mistakes("""
once: doubled_then_shifted(doubled_then_shifted(x, by), by) → doubled_then_shifted(x, by)
    Once more.
""")
'''


def test_the_reference_of_a_failed_exercise_may_need_more_than_the_students_did(
    worker: Worker, tmp_path: Path, blank: Notebook
) -> None:
    """The course's third exercise calls the first two; the student's blank one calls nothing."""
    lesson = lesson_of(STEPS + CHAIN, tmp_path)
    grader = LessonGrader(lesson, worker.observe, key_cache=tmp_path)
    last = lesson.exercise("twice_over")
    assert last is not None
    header = "# Exercise twice_over · 1 point\n"
    blank["cells"].append({"cell_type": "code", "source": header, "metadata": {}, "outputs": []})
    once = "doubled_then_shifted(x, by)"
    twice = f"doubled_then_shifted({once}, by)"
    verdicts = {}
    for body in (once, twice):
        blank["cells"][-1]["source"] = f"{header}def twice_over(x, by):\n    return {body}"
        verdicts[body] = grader.grade(submitted(blank), [last]).verdicts[0].report
    assert verdicts[once].diagnosis == "once"
    assert verdicts[twice].status == "passed"
    assert verdicts[twice].remarks == (
        "Judged with the course's doubled, shifted and doubled_then_shifted, "
        "because yours do not pass yet.",
    )


def test_an_error_in_the_courses_answer_is_shown_at_the_students_line(
    done: Notebook, blank: Notebook, lesson: Lesson, grade: Grade
) -> None:
    """What a stand-in is called with is the student's doing; what is in it, they are to find."""
    done["cells"][place(done, "exercise-doubled")] = exercise_cell(blank, "doubled")
    put_source(done, lesson, LATER, f"def {LATER}(x, by):\n    return shifted(doubled(None), by)")
    report = report_on(grade(done), LATER)
    assert report.status == "error"
    assert "`return shifted(doubled(None), by)`" in report.message
    assert "2 * x" not in report.model_dump_json()


def test_a_notebook_with_every_exercise_wrong_has_every_mistake_named(
    blank: Notebook, lesson: Lesson, grade: Grade
) -> None:
    from edited_notebooks import as_written

    notebook = solved(blank, lesson)
    wrong = {exercise.id: exercise.mistakes[0] for exercise in lesson.exercises}
    for exercise in lesson.exercises:
        put(notebook, exercise, as_written(exercise, wrong[exercise.id]))
    assert {e.exercise: e.diagnosis for e in grade(notebook).exercises} == {
        name: variant.name for name, variant in wrong.items()
    }


def test_a_mistake_is_named_although_an_earlier_right_answer_fails_in_other_words(
    done: Notebook, worker: Worker, tmp_path: Path
) -> None:
    """The key knows the error that the reference of the earlier exercise ends in."""
    first = "not-doubled: shifted(doubled"
    assert first in STEPS
    both = "both-to-doubled: doubled(x) → doubled(x, by)\n    Shift outside.\n"
    lesson = lesson_of(STEPS.replace(first, both + first), tmp_path)
    grader = LessonGrader(lesson, worker.observe, key_cache=tmp_path)
    wrong = "def doubled_then_shifted(x, by):\n    return shifted(doubled(x, by), by)"
    put_source(done, lesson, LATER, wrong)
    put_source(done, lesson, "doubled", "doubled = lambda x: 2 * x")
    report = grader.grade(submitted(done)).report
    assert report_on(report, "doubled").status == "passed"
    assert report_on(report, LATER).diagnosis == "both-to-doubled"

"""What is said of an exercise: its status, the sentence, the evidence, and which comes first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edited_notebooks import (
    Notebook,
    code,
    edit_cell,
    exercise_cell,
    exercise_cells,
    insert,
    number_of,
    place,
    put,
    submitted,
    text,
)
from small_course import STEPS, lesson_of
from spotlight.course.lesson import Lesson
from spotlight.grading.grader import LessonGrader
from spotlight.grading.limits import limits_for
from spotlight.grading.report import Evidence, ExerciseReport
from spotlight.grading.verdict import Verdict
from spotlight.sandbox.worker import Worker

One = Callable[[Notebook, str], ExerciseReport]
Judged = Callable[..., Verdict]


def shifted(body: str) -> str:
    return f"def shifted(x, by):\n    {body}"


# Missing, blank, forbidden


def test_missing_says_how_to_bring_the_cell_back(done: Notebook, grade_one: One) -> None:
    del done["cells"][place(done, "exercise-shifted")]
    report = grade_one(done, "shifted")
    assert (report.status, report.points) == ("missing", 0)
    assert report.message == (
        "No cell defines shifted; verify.py reset small_steps shifted brings the blank cell back."
    )


def test_blank_is_no_failure(blank: Notebook, grade_one: One) -> None:
    report = grade_one(blank, "shifted")
    assert (report.status, report.points, report.possible) == ("blank", 0, 2)
    assert report.message == (
        "Replace the marked line of the exercise, run its cell, and check again."
    )
    assert report.diagnosis is None


@pytest.mark.parametrize(
    "source",
    [
        'raise NotImplementedError("shifted is not done yet")  # replace this line',
        "print(x)\n    raise NotImplementedError('shifted is not done yet')",
        "raise NotImplementedError('shifted is not done yet')\n    return x + by",
    ],
    ids=["the stub", "with a print before it", "with an answer below the line left in"],
)
def test_an_exercise_is_blank_while_it_raises_as_the_stub_does(source: str, judged: Judged) -> None:
    assert judged("shifted", shifted(source)).report.status == "blank"


def test_a_variable_is_blank_while_it_is_the_dots(judged: Judged) -> None:
    assert judged("row_sums", "row_sums = ...\nprint(row_sums)").report.status == "blank"
    assert judged("row_sums", "").report.status == "failed"


def test_an_emptied_cell_is_blank(done: Notebook, grade_one: One) -> None:
    exercise_cell(done, "shifted")["source"] = "   \n"
    assert grade_one(done, "shifted").status == "blank"


RULE = "Line 4 uses cumsum, which this exercise does without: nothing adds up here."


def test_forbidden_names_the_line_and_the_reason(judged: Judged) -> None:
    report = judged("shifted", shifted("y = x\n    y.cumsum(0)\n    return y + by")).report
    assert (report.status, report.points) == ("forbidden", 0)
    assert report.message == RULE


def test_what_is_forbidden_is_judged_all_the_same(judged: Judged) -> None:
    report = judged("shifted", shifted("y = x\n    y.cumsum(0)\n    return y - by")).report
    assert (report.status, report.points) == ("forbidden", 0)
    assert report.diagnosis == "subtracted"
    assert report.message == f"{RULE} You subtract; add."


@pytest.mark.parametrize(
    "line",
    [
        "from torch import cumsum",
        "from torch import cumsum as c",
        "import torch.cumsum as c",
        "torch.cumsum(x, 0)",
        "c = cumsum",
    ],
)
def test_forbidden_however_it_is_written(line: str, judged: Judged) -> None:
    source = shifted(f"{line}\n    return x + by")
    assert judged("shifted", source).report.status == "forbidden"


def test_a_name_of_ones_own_is_not_forbidden(judged: Judged) -> None:
    source = shifted("cumsum = x + by\n    return cumsum")
    assert judged("shifted", source).report.status == "passed"


def test_ones_own_function_may_be_called_in_its_cell_though_another_of_its_name_is_forbidden(
    judged: Judged,
) -> None:
    source = shifted("return cumsum(x, by)") + "\n\ndef cumsum(x, by):\n    return x + by\n"
    assert judged("shifted", source).report.status == "passed"


def test_forbidden_in_a_helper_that_the_exercise_relies_on(done: Notebook, grade_one: One) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("x + by", "plus(x, by)"))
    helper = "def plus(a, b):\n    a.cumsum(0)\n    return a + b"
    insert(done, code(helper), at="exercise-shifted")
    number = number_of(done, "shifted") - 1
    report = grade_one(done, "shifted")
    assert report.status == "forbidden"
    assert report.message.startswith(f"Line 2 of cell {number} uses cumsum,")


def test_forbidden_in_a_cell_that_the_exercise_does_not_rely_on_costs_nothing(
    done: Notebook, grade_one: One
) -> None:
    insert(done, code("numbers.cumsum(0)"), at="exercise-shifted")
    assert grade_one(done, "shifted").status == "passed"


# Named mistakes


def test_a_named_mistake_comes_with_its_sentence_and_evidence(judged: Judged) -> None:
    verdict = judged("shifted", shifted("return x - by"))
    report = verdict.report
    assert (report.status, report.diagnosis) == ("failed", "subtracted")
    assert report.message == "You subtract; add."
    assert report.evidence == Evidence(
        probe="by_three", expected_shape=(4,), shape=(4,), max_abs_diff=6.0
    )
    assert verdict.comparison is not None
    assert verdict.comparison.description == "Four numbers, by three"


def test_a_mistake_that_raises_is_named_rather_than_told_as_an_error(
    worker: Worker, tmp_path: Path, done: Notebook
) -> None:
    first = STEPS.index("subtracted: x + by")
    calls = "called: x + by → x(by)\n    You call x; add to it.\n"
    lesson = lesson_of(STEPS[:first] + calls + STEPS[first:], tmp_path)
    exercise = lesson.exercise("shifted")
    assert exercise is not None
    grader = LessonGrader(lesson, worker.observe, key_cache=tmp_path)
    put(done, exercise, shifted("return x(by)"))
    report = grader.grade(submitted(done), [exercise]).verdicts[0].report
    assert (report.status, report.diagnosis) == ("failed", "called")
    put(done, exercise, shifted("return by(x)"))
    report = grader.grade(submitted(done), [exercise]).verdicts[0].report
    assert (report.status, report.diagnosis) == ("error", None)


def test_numbers_typed_in_are_found_out_by_other_numbers(judged: Judged) -> None:
    report = judged("row_sums", "row_sums = torch.tensor([3.0, 12.0])").report
    assert (report.status, report.diagnosis) == ("failed", "typed-in")


def test_a_changed_input_is_a_named_mistake_where_the_author_knows_it(judged: Judged) -> None:
    report = judged("doubled", "def doubled(x):\n    return x.mul_(2)").report
    assert (report.status, report.diagnosis) == ("failed", "in-place")


BY_ZERO = """
@probe
def by_zero(shifted):
    "Three numbers, by zero."
    return shifted(randn(3), 0.0)
"""


def test_a_mistake_equalled_only_where_it_differs_from_what_is_right_is_offered_as_perhaps(
    worker: Worker, tmp_path: Path, done: Notebook
) -> None:
    """By zero, subtracting is no mistake: who errs there does so in another way."""
    probe = STEPS.index("@probe\ndef by_three")
    lesson = lesson_of(STEPS[:probe] + BY_ZERO + STEPS[probe:], tmp_path)
    exercise = lesson.exercise("shifted")
    assert exercise is not None
    grader = LessonGrader(lesson, worker.observe, key_cache=tmp_path)
    put(done, exercise, shifted("return x - by if by else x + 100"))
    report = grader.grade(submitted(done), [exercise]).verdicts[0].report
    assert (report.status, report.diagnosis) == ("failed", None)
    assert report.message == "Perhaps: You subtract; add."
    put(done, exercise, shifted("return x - by if by > 1 else x + 100"))
    report = grader.grade(submitted(done), [exercise]).verdicts[0].report
    assert not report.message.startswith("Perhaps")


# Errors


def test_an_error_names_the_students_own_line(judged: Judged) -> None:
    verdict = judged("shifted", shifted("y = x.unknown\n    return y + by"))
    assert verdict.report.status == "error"
    assert verdict.report.message == (
        "AttributeError: 'Tensor' object has no attribute 'unknown' in line 3: `y = x.unknown`"
    )
    assert verdict.trouble is not None
    assert [frame.line for frame in verdict.trouble.frames] == [3]


def test_lines_are_counted_from_the_top_of_the_cell_as_jupyter_shows_it(
    done: Notebook, grade_one: One
) -> None:
    edit_cell(done, "shifted", lambda s: "%%time\n" + s.replace("x + by", "x.unknown"))
    source = text(exercise_cell(done, "shifted")).splitlines()
    line = next(number for number, row in enumerate(source, 1) if "x.unknown" in row)
    assert f"in line {line}: `return x.unknown`" in grade_one(done, "shifted").message


@pytest.mark.usefixtures("no_changes_tried")
def test_a_name_that_no_cell_defines(judged: Judged) -> None:
    report = judged("shifted", shifted("return x + leftover")).report
    assert report.status == "error"
    assert report.message == (
        "Line 3 uses `leftover`, which no cell defines: `return x + leftover`"
    )


def test_a_name_that_only_a_later_exercise_defines_is_no_better(judged: Judged) -> None:
    report = judged("shifted", shifted("return row_sums + by")).report
    assert report.message.startswith("Line 3 uses `row_sums`, which no cell defines")


def test_a_cell_that_does_not_parse(judged: Judged) -> None:
    report = judged("shifted", "def shifted(x, by)\n    return x + by").report
    assert report.status == "error"
    assert report.message == "SyntaxError: expected ':' in line 2: `def shifted(x, by)`"


@pytest.mark.usefixtures("no_changes_tried")
def test_a_cell_that_raises_before_it_defines_anything(judged: Judged) -> None:
    report = judged("shifted", "1 / 0\n" + shifted("return x + by")).report
    assert report.message == "ZeroDivisionError: division by zero in line 2: `1 / 0`"


def test_a_cell_that_runs_and_defines_nothing(judged: Judged) -> None:
    report = judged("shifted", "def moved(x, by):\n    return x + by").report
    assert report.status == "failed"
    assert report.message == "The cell runs, but does not define shifted."


def test_a_wrong_number_of_parameters_is_told_as_what_it_is(judged: Judged) -> None:
    report = judged("shifted", "def shifted(x):\n    return x").report
    assert report.status == "failed"
    assert report.message == (
        "In the case “Four numbers, by three”, it cannot be called as its docstring says "
        "(TypeError: shifted() takes 1 positional argument but 2 were given)."
    )


def test_a_helper_that_did_not_run_is_the_cause_that_is_told(
    done: Notebook, grade_one: One
) -> None:
    edit_cell(done, "shifted", lambda s: s.replace("x + by", "plus(x, by)"))
    helper = "1 / 0\n\ndef plus(a, b):\n    return a + b"
    insert(done, code(helper), at="exercise-shifted")
    number = number_of(done, "shifted") - 1
    report = grade_one(done, "shifted")
    assert report.message == (
        f"ZeroDivisionError: division by zero in line 1 of cell {number}: `1 / 0`"
    )


def test_an_error_in_one_case_only_is_a_failure_with_the_case_named(judged: Judged) -> None:
    report = judged("shifted", shifted("return x + by if x.ndim == 1 else x.no")).report
    assert report.status == "failed"
    assert report.message.startswith(
        "In the case “Two rows of five, by a half”: AttributeError: 'Tensor' object has no "
    )


def test_a_long_message_of_many_lines_is_cut(judged: Judged) -> None:
    lines = "text = 'a' * 5000 + '\\nsecond line'\n    raise ValueError(text)"
    report = judged("shifted", shifted(lines)).report
    assert report.message.startswith("ValueError: aaaa")
    assert len(report.message) < 400
    assert "second line" not in report.message


def test_control_characters_and_broken_unicode_do_not_come_through(judged: Judged) -> None:
    source = shifted("raise ValueError('\\x1b[2J\\ud800 still here')")
    verdict = judged("shifted", source)
    assert "still here" in verdict.report.message
    assert "\x1b" not in verdict.report.message
    verdict.report.model_dump_json().encode()
    assert verdict.trouble is not None
    verdict.trouble.message.encode()


# First difference


@pytest.mark.usefixtures("no_changes_tried")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 'x'", "it is the text 'x' where a tensor of shape (4,) is wanted."),
        ("return {'a': 1}", "it is a dict of a where a tensor of shape (4,) is wanted."),
        ("return (x + by, 1)", "it is a tuple of 2 where a tensor of shape (4,) is wanted."),
        ("return shifted",
         "it is a value of type function where a tensor of shape (4,) is wanted."),
        ("return x + by > 0", "it holds True and False where numbers are wanted."),
        ("return x + by + 0.5 * x * x", "the value at [0] is 2.851 where 2.838 is wanted."),
    ],
)  # fmt: skip
def test_the_first_difference_in_a_sentence(body: str, said: str, judged: Judged) -> None:
    report = judged("shifted", shifted(body)).report
    assert (report.status, report.points, report.diagnosis) == ("failed", 0, None)
    assert report.message == f"In the case “Four numbers, by three”, {said}"


@pytest.mark.usefixtures("no_changes_tried")
def test_the_first_failing_case_is_told_not_the_first_case(judged: Judged) -> None:
    report = judged("shifted", shifted("return x + by if x.ndim == 1 else x[0] + by")).report
    assert report.message == (
        "In the case “Two rows of five, by a half”, you return shape (5,) where (2, 5) is wanted."
    )
    assert report.evidence == Evidence(
        probe="by_a_half", expected_shape=(2, 5), shape=(5,), max_abs_diff=None
    )


def test_a_part_of_what_is_returned_is_named(done: Notebook, judged: Judged) -> None:
    source = text(exercise_cell(done, "extremes")).split("\n", 1)[1]
    report = judged("extremes", source.replace("x.max(dim=1).values", "x.max()")).report
    assert report.message == (
        "In the case “Two rows of three”, part ['high'], the shape is () where (2,) is wanted."
    )


def test_one_of_two_targets_left_as_it_was(blank: Notebook, done: Notebook, judged: Judged) -> None:
    half = text(exercise_cell(blank, "extremes")).split("\n", 1)[1]
    half = half.replace('raise NotImplementedError("extremes is not done yet")',
                        "return x.min(dim=1).values", 1)  # fmt: skip
    report = judged("extremes", half).report
    assert (report.status, report.points) == ("blank", 0)


# Right answers that are unusual


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("return x.double() + by", "its numbers are float64 where float32 is wanted."),
        ("return (x + by).half()", "its numbers are float16 where float32 is wanted."),
        ("return (x + by).tolist()", "it is a list where a tensor is wanted ("),
        ("return (x + by).numpy()", "it is a NumPy array where a tensor is wanted ("),
    ],
)
def test_right_numbers_of_another_type_are_told_so(body: str, what: str, judged: Judged) -> None:
    report = judged("shifted", shifted(body)).report
    assert (report.status, report.points, report.diagnosis) == ("failed", 0, "wrong-type")
    said = f"The numbers are right, but the next cells cannot use them: {what}"
    assert report.message.startswith(said)


def test_a_tensor_that_hangs_in_a_graph_is_as_good(judged: Judged) -> None:
    source = shifted("return x.clone().requires_grad_() + by")
    report = judged("shifted", source).report
    assert (report.status, report.remarks) == ("passed", ())


def test_numbers_that_are_not_finite_equal_each_other(lesson: Lesson, grader: LessonGrader) -> None:
    from dataclasses import replace

    import numpy as np

    from spotlight.grading.judge import judge
    from spotlight.sandbox.job import Observation, ProbeOutcome
    from spotlight.sandbox.wire import Array

    exercise = lesson.exercise("shifted")
    assert exercise is not None
    key = grader.key(exercise)

    def seen(number: float) -> tuple[ProbeOutcome, ...]:
        value = Array(np.array([1.0, number], dtype=np.float32), "tensor", "float32")
        return tuple(ProbeOutcome(probe.name, value, None) for probe in exercise.probes)

    infinite = replace(key, reference=seen(np.inf))
    for number, status in ((np.nan, "passed"), (-np.inf, "passed"), (1e30, "failed")):
        observation = Observation((), seen(number), "finished", 0.0)
        assert judge(exercise, infinite, observation, limits_for(key)).report.status == status


# Points


def test_points_are_those_of_the_exercise_and_partial_reports_add_up(
    done: Notebook, lesson: Lesson, grader: LessonGrader
) -> None:
    exercise = lesson.exercise("shifted")
    assert exercise is not None
    graded = grader.grade(submitted(done), [exercise])
    (verdict,) = graded.verdicts
    assert (verdict.report.points, verdict.report.possible) == (2, 2)
    assert (graded.scope, graded.predictions, graded.notes) == ("exercises", (), ())
    assert (graded.report.points, graded.report.possible) == (2, lesson.possible)
    assert not graded.report.complete


def test_exercises_are_heard_of_as_they_were_asked_for_and_stand_in_the_lessons_order(
    done: Notebook, lesson: Lesson, grader: LessonGrader
) -> None:
    first, second, *_ = lesson.exercises
    heard: list[str] = []
    graded = grader.grade(
        submitted(done),
        [second, first],
        on_verdict=lambda verdict: heard.append(verdict.report.exercise),
    )
    assert heard == [second.id, first.id]
    assert [verdict.report.exercise for verdict in graded.verdicts] == [first.id, second.id]


def test_every_verdict_is_heard_of_as_it_comes(
    done: Notebook, lesson: Lesson, grader: LessonGrader
) -> None:
    heard: list[str] = []
    grader.grade(submitted(done), on_verdict=lambda verdict: heard.append(verdict.report.exercise))
    assert heard == [exercise.id for exercise in lesson.exercises]
    assert heard == [c["metadata"]["spotlight"]["exercise"] for c in exercise_cells(done)]


@pytest.mark.parametrize(
    ("switch", "what"),
    [
        ("torch.set_grad_enabled(False)", "gradients"),
        ("torch.set_default_dtype(torch.float64)", "default dtype"),
    ],
)
def test_what_is_left_switched_for_all_that_follows_is_told(
    switch: str, what: str, judged: Judged
) -> None:
    report = judged("shifted", shifted(f"{switch}\n    return x + by")).report
    assert (report.status, report.points, report.diagnosis) == ("failed", 0, "left-switched")
    assert f"it leaves torch's {what} switched for everything that comes after" in report.message


def test_what_is_put_back_is_nothing_to_remark_on(judged: Judged) -> None:
    body = "with torch.no_grad():\n        y = x + by\n    return y"
    assert judged("shifted", shifted(body)).report.status == "passed"

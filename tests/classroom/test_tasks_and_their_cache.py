"""What one notebook's grading is called, kept and told of."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edited_notebooks import Notebook, edit_cell
from small_course import notebook_of, solution_of
from spotlight.classroom.attempts import attempts_in
from spotlight.classroom.cache import GradedCache
from spotlight.classroom.engines import MAX_LOSSES, TaskQueue
from spotlight.classroom.grading_task import Task
from spotlight.classroom.older_versions import changes_since
from spotlight.classroom.records import GradedSubmission, Source
from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, load_course
from spotlight.feedback.cards import exercise_card
from spotlight.feedback.heat_tables import HeatCell, HeatTable
from spotlight.grading.report import ExerciseReport, LessonReport, Status
from spotlight.grading.submission import Submission, parse_submission
from spotlight.grading.verdict import Verdict


@pytest.fixture(scope="module")
def lesson(course: Course) -> Lesson:
    return solution_of(course, "small_steps")


@pytest.fixture
def blank(course: Course) -> Notebook:
    return copy.deepcopy(notebook_of(course, "small_steps"))


def read(notebook: Notebook) -> Submission:
    return parse_submission(json.dumps(notebook).encode(), "n.ipynb")


# The cache


@pytest.fixture
def name(lesson: Lesson, tmp_path: Path) -> Callable[[Notebook], str]:
    cache = GradedCache(0, tmp_path)
    return lambda notebook: cache.name(lesson, "v", read(notebook))


def test_outputs_and_counts_of_runs_are_not_part_of_the_name(
    blank: Notebook, name: Callable[[Notebook], str]
) -> None:
    before = name(blank)
    for cell in blank["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 1_000}]
    assert name(blank) == before


def test_any_change_of_code_is_part_of_the_name(
    blank: Notebook, name: Callable[[Notebook], str]
) -> None:
    before = name(blank)
    edit_cell(blank, "shifted", lambda source: source + "\n# thought about it")
    assert name(blank) != before


def test_lesson_seed_and_version_are_part_of_the_name(
    lesson: Lesson, course: Course, blank: Notebook, tmp_path: Path
) -> None:
    submission = read(blank)
    names = {
        GradedCache(0, tmp_path).name(lesson, "v", submission),
        GradedCache(1, tmp_path).name(lesson, "v", submission),
        GradedCache(0, tmp_path).name(lesson, "w", submission),
        GradedCache(0, tmp_path).name(solution_of(course, "small_finish"), "v", submission),
    }
    assert len(names) == 4


def graded(status: Status) -> GradedSubmission:
    exercise = ExerciseReport(exercise="f", title="F", points=0, possible=1, status=status)
    report = LessonReport(
        lesson="l", title="L", path="p", points=0, possible=1, exercises=(exercise,)
    )
    table = HeatTable("yours", ((HeatCell("1.00", "#000000", "#ffffff", True),),), "one number")
    card = replace(exercise_card(Verdict(exercise), ["A remark."], "A hint."), tables=(table,))
    return GradedSubmission(student="ann", path="p", report=report, cards={"f": card})


@pytest.mark.parametrize("status", ["passed", "failed", "blank", "forbidden", "error"])
def test_what_would_be_the_same_again_is_kept(status: Status, tmp_path: Path) -> None:
    cache = GradedCache(0, tmp_path / "cache")
    cache.keep("a", graded(status))
    assert cache.find("a") == graded(status)
    assert cache.find("b") is None


@pytest.mark.parametrize("status", ["timeout", "memory", "crashed"])
def test_what_may_have_been_the_machines_doing_is_not(status: Status, tmp_path: Path) -> None:
    cache = GradedCache(0, tmp_path)
    cache.keep("a", graded(status))
    assert cache.find("a") is None


def test_a_damaged_entry_is_as_good_as_none(tmp_path: Path) -> None:
    cache = GradedCache(0, tmp_path)
    cache.keep("a", graded("passed"))
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(entry.read_bytes()[:-9])
    assert cache.find("a") is None


def test_a_cache_that_cannot_be_written_costs_no_grading(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = GradedCache(0, tmp_path / "file" / "below")
    cache.keep("a", graded("passed"))
    assert cache.find("a") is None


# Tasks whose process is lost


def tasks(count: int) -> list[Task]:
    return [Task(n, "ann", Source(Path(f"{n}.ipynb"))) for n in range(count)]


def test_so_many_tasks_run_at_a_time() -> None:
    queue = TaskQueue(tasks(3), most=2)
    assert [queue.next(0) is None, queue.next(1) is None, queue.next(2) is None] == [
        False,
        False,
        True,
    ]


def test_tasks_that_were_lost_together_run_alone_and_one_is_given_up_in_the_end() -> None:
    queue = TaskQueue(tasks(2), most=2)
    first, second = queue.next(0), queue.next(1)
    assert first is not None
    assert second is not None
    assert not queue.gives_up(first)
    assert not queue.gives_up(second)
    assert queue.next(running=1) is None
    again = queue.next(running=0)
    assert again == first
    for _ in range(MAX_LOSSES - 1):
        assert not queue.gives_up(first)
    assert queue.gives_up(first)
    assert queue.next(running=0) == second


# Lines that reach for more


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("import ctypes", "calls machine code"),
        ("from gc import get_objects", "looks through the process's objects"),
        ("import spotlight.sandbox.wire", "reaches into the grader"),
        ("torch.allclose = lambda *a: True", "puts something else in place"),
        ("torch.testing.assert_close = print", "puts something else in place"),
        ("setattr(builtins, 'len', print)", "changes a library"),
        ("open('/etc/shadow').read()", "opens a file by its full path"),
        ("os._exit(0)", "ends the process that is graded"),
        ("frame = sys._getframe(1)", "looks into other code's frames"),
        ("secret = os.environ['TOKEN']", "reads the environment"),
        ("__import__('os')", "imports by name"),
    ],
)
def test_a_line_that_reaches_for_more_is_evidence(line: str, why: str) -> None:
    (attempt,) = attempts_in("f", 9, f"def f(x):\n    return x\n\n{line}")
    assert (attempt.exercise, attempt.cell, attempt.line, attempt.text) == ("f", 9, 4, line)
    assert attempt.why.startswith(why)


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nimport math\nimport numpy as np",
        "def f(x):\n    y = x.clone()\n    y[0] = 1\n    return y.sum()",
        "self.weight = torch.nn.Parameter(torch.zeros(3))",
        "open('notes.txt', 'w').write('mine')",
        "def broken(",
    ],
)
def test_what_lessons_need_is_none(source: str) -> None:
    assert list(attempts_in("f", 1, source)) == []


def test_no_shipped_solution_looks_like_an_attempt() -> None:
    shipped = load_course(Path(__file__).parents[2])
    for entry in shipped.lessons:
        for exercise in solution_of(shipped, entry.id).exercises:
            sources = [exercise.solution, *map(exercise.variant_source, exercise.alternatives)]
            assert [a for text in sources for a in attempts_in(exercise.id, 1, text)] == []


# Older versions


def test_the_current_version_and_none_are_not_remarked_on(lesson: Lesson, blank: Notebook) -> None:
    submission = read(blank)
    assert submission.version is not None
    assert changes_since(lesson, submission.version, submission) == ""
    del blank["metadata"]["spotlight"]["version"]
    assert changes_since(lesson, "v", read(blank)) == ""


def test_a_version_that_differs_in_other_cells_says_so(lesson: Lesson, blank: Notebook) -> None:
    assert changes_since(lesson, "v", read(blank)) == (
        "This notebook was begun on another version of the lesson. Its exercises are the same."
    )


def test_given_code_that_read_otherwise_is_counted(lesson: Lesson, blank: Notebook) -> None:
    given = next(c for c in blank["cells"] if "numbers = " in "".join(c["source"]))
    given["source"] = "numbers = torch.zeros(2, 3)"
    assert changes_since(lesson, "v", read(blank)) == (
        "This notebook was begun on another version of the lesson. "
        "Since then 1 given cell read otherwise."
    )

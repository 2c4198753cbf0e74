"""Every lesson of the course, as it is shipped: blanks, solutions, mistakes, alternatives.

That each exercise is judged as it should be is proved in `tests/lessons/test_proofs.py`. Here it is
asked whether a notebook gets it there, which is the same of every lesson: of few in the fast tier.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from edited_notebooks import (
    Notebook,
    as_written,
    failed,
    place,
    put,
    solved,
    submitted,
    text,
    unmarked,
    without_header,
)
from small_course import notebook_of, solution_of
from spotlight.course.lesson import Exercise, Lesson, Prediction
from spotlight.course.manifest import LessonEntry, load_course
from spotlight.grading.grader import LessonGrader
from spotlight.grading.submission import read_submission
from spotlight.sandbox.worker import Worker
from tiers import FEW, few_lessons

COURSE = load_course(Path(__file__).parents[2])
PUBLIC, OTHER = 0, 20260131
LESSONS = [pytest.param(entry, id=entry.file) for entry in COURSE.lessons]


@cache
def the_lesson(name: str) -> Lesson:
    return solution_of(COURSE, name)


@cache
def _blank(name: str) -> str:
    return json.dumps(notebook_of(COURSE, name))


def blank(name: str) -> Notebook:
    notebook: Notebook = json.loads(_blank(name))
    return notebook


def few_exercises() -> Iterator[object]:
    """Every exercise, those of all but a few lessons for the deep tier."""
    for entry in COURSE.lessons:
        for exercise in the_lesson(entry.id).exercises:
            marks = () if entry.id in FEW else pytest.mark.deep
            yield pytest.param(entry.id, exercise, id=f"{entry.file}-{exercise.id}", marks=marks)


def predictions() -> Iterator[object]:
    """Every prediction, those of all but a few lessons for the deep tier."""
    for entry in COURSE.lessons:
        marks = () if entry.id in FEW else pytest.mark.deep
        for prediction in the_lesson(entry.id).predictions:
            yield pytest.param(
                entry.id, prediction, id=f"{entry.file}-{prediction.id}", marks=marks
            )


@pytest.fixture(scope="session")
def graders(worker: Worker, key_cache: Path):
    """A grader per lesson and seed, made once."""

    @cache
    def grader(name: str, seed: int = PUBLIC) -> LessonGrader:
        return LessonGrader(the_lesson(name), worker.observe, seed=seed, key_cache=key_cache)

    return grader


@pytest.mark.parametrize("entry", LESSONS)
def test_is_built(entry: LessonEntry) -> None:
    assert COURSE.solution(entry).is_file()
    assert COURSE.notebook(entry).is_file()


@pytest.mark.parametrize("entry", LESSONS)
def test_unsolved_scores_nothing_and_every_exercise_is_blank(entry: LessonEntry, graders) -> None:
    report = graders(entry.id).grade(read_submission(COURSE.notebook(entry))).report
    assert report.points == 0
    assert report.possible > 0
    assert {e.status for e in report.exercises} == {"blank"}
    assert not any(p.answered for p in report.predictions)
    assert report.notes == ()
    assert not any(e.remarks for e in report.exercises)


@pytest.mark.parametrize("entry", few_lessons())
def test_solution_notebook_scores_full(entry: LessonEntry, graders) -> None:
    report = graders(entry.id).grade(read_submission(COURSE.solution(entry))).report
    assert report.points == report.possible
    assert not any(e.follow_through for e in report.exercises)


@pytest.mark.parametrize("entry", few_lessons())
def test_student_notebook_filled_in_scores_full_without_a_remark(
    entry: LessonEntry, graders
) -> None:
    notebook = solved(blank(entry.id), the_lesson(entry.id))
    report = graders(entry.id).grade(submitted(notebook)).report
    assert report.points == report.possible
    assert report.notes == ()
    assert not any(e.remarks or e.follow_through for e in report.exercises)


@pytest.mark.parametrize(("name", "exercise"), list(few_exercises()))
def test_stub_is_blank_however_little_is_changed(name: str, exercise: Exercise, graders) -> None:
    notebook = blank(name)
    put(notebook, exercise, f"{exercise.stub}\n# a comment is no answer\nprint('nor is this')")
    assert graders(name).grade(submitted(notebook), [exercise]).verdicts[0].report.status == "blank"


def surroundings(name: str, deep: bool) -> list[tuple[int, Notebook]]:
    """Notebooks for an answer, and seeds: one else blank; one beside right answers, too."""
    if not deep:
        return [(PUBLIC, blank(name))]
    return [(PUBLIC, solved(blank(name), the_lesson(name))), (OTHER, blank(name))]


@pytest.mark.parametrize(("name", "exercise"), list(few_exercises()))
def test_mistakes_are_rejected_under_their_own_names(
    name: str, exercise: Exercise, graders, deep: bool
) -> None:
    named = {}
    mistakes = exercise.mistakes if deep else exercise.mistakes[:1]
    around = surroundings(name, deep)
    for seed, notebook in around:
        for wrong in mistakes:
            put(notebook, exercise, as_written(exercise, wrong))
            report = graders(name, seed).grade(submitted(notebook), [exercise]).verdicts[0].report
            named[seed, wrong.name] = (report.status, report.diagnosis, report.message)
    assert named == {
        (seed, wrong.name): ("failed", wrong.name, wrong.message)
        for seed, _ in around
        for wrong in mistakes
    }


def solution_lines(name: str, answer: str) -> set[str]:
    """The lines of a lesson's solutions that say something, but for those of `answer` itself."""
    lines = {line.strip() for e in the_lesson(name).exercises for line in e.solution.splitlines()}
    given = {line.strip() for e in the_lesson(name).exercises for line in e.stub.splitlines()}
    return {line for line in lines - given if len(line) > 12 and line not in answer}


@pytest.mark.parametrize(("name", "exercise"), list(few_exercises()))
def test_no_line_of_a_solution_is_shown(name: str, exercise: Exercise, graders, deep: bool) -> None:
    """Not where a mistake is told, nor where the course's own answer stands in and is misused."""
    lesson = the_lesson(name)
    before = lesson.exercises[: lesson.exercises.index(exercise)]
    calls = [target for e in before for target in e.targets if f"def {target}(" in e.stub]
    misuses = [f"    {call}(None, None, None)" for call in calls] + [
        f"    {call}(None)" for call in calls
    ]
    head = exercise.stub.split(":\n", 1)[0] + ":\n"
    answers = [as_written(exercise, wrong) for wrong in exercise.mistakes if deep]
    if exercise.stub.startswith("def "):
        answers += [head + line for line in misuses[: None if deep else 1]]
    for answer in answers:
        notebook = blank(name)
        put(notebook, exercise, answer)
        verdict = graders(name).grade(submitted(notebook), [exercise]).verdicts[0]
        frames = verdict.trouble.frames if verdict.trouble else ()
        by_the_author = verdict.ground in ("mistake", "pair")
        message = "" if by_the_author else verdict.report.message
        said = [message, verdict.report.explanation, *(f.text for f in frames)]
        shown = [line for line in solution_lines(name, answer) if any(line in s for s in said)]
        assert shown == [], answer


@pytest.mark.parametrize(("name", "exercise"), list(few_exercises()))
def test_alternatives_pass(name: str, exercise: Exercise, graders, deep: bool) -> None:
    statuses = {}
    for seed, notebook in surroundings(name, deep):
        for right in exercise.alternatives if deep else exercise.alternatives[:1]:
            put(notebook, exercise, as_written(exercise, right))
            verdict = graders(name, seed).grade(submitted(notebook), [exercise]).verdicts[0]
            statuses[seed, right.name] = (verdict.report.status, verdict.report.message)
    assert set(statuses.values()) == {("passed", "")}, statuses


def test_a_loop_in_an_earlier_exercise_is_no_loop_of_a_later_one(graders) -> None:
    """Projecting row by row is accepted; the attention weights that use it are not to loop."""
    lesson = the_lesson("queries_and_keys")
    notebook = solved(blank(lesson.id), lesson)
    project, weights = lesson.exercise("project"), lesson.exercise("attention_weights")
    assert project is not None
    assert weights is not None
    row_by_row = next(right for right in project.alternatives if right.name == "row-by-row")
    put(notebook, project, project.variant_source(row_by_row))
    report = graders(lesson.id).grade(submitted(notebook), [weights]).verdicts[0].report
    assert (report.status, report.points) == ("passed", weights.points)


@pytest.mark.parametrize(("name", "prediction"), list(predictions()))
def test_prediction_earns_its_point_for_any_valid_answer_and_for_no_other(
    name: str, prediction: Prediction, graders
) -> None:
    if prediction.choices is not None:
        valid, invalid = prediction.choices, ("none of these", None)
    else:
        assert prediction.between is not None
        valid = prediction.between
        invalid = (prediction.between[0] - 1, prediction.between[1] + 1, "much")
    points = {}
    for answer in (*valid, *invalid, ...):
        notebook = blank(name)
        cell = notebook["cells"][place(notebook, f"predict-{prediction.id}")]
        shown = "..." if answer is ... else repr(answer)
        assert "..." in text(cell)
        cell["source"] = text(cell).replace("...", shown, 1)
        report = graders(name).grade(submitted(notebook)).report
        found = next(p for p in report.predictions if p.prediction == prediction.id)
        points[shown] = (found.answered, found.points)
    assert points == {repr(answer): (True, prediction.points) for answer in valid} | {
        "..." if answer is ... else repr(answer): (False, 0) for answer in (*invalid, ...)
    }


def _strip_metadata(lesson: Lesson, notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    notebook["metadata"] = {}


def _reverse(lesson: Lesson, notebook: Notebook) -> None:
    where = [place(notebook, f"exercise-{e.id}") for e in lesson.exercises]
    cells = [notebook["cells"][index] for index in where]
    for index, cell in zip(where, reversed(cells), strict=True):
        notebook["cells"][index] = cell


def _to_markdown(lesson: Lesson, notebook: Notebook) -> None:
    for exercise in lesson.exercises:
        notebook["cells"][place(notebook, f"exercise-{exercise.id}")]["cell_type"] = "markdown"


def _copy_all(lesson: Lesson, notebook: Notebook) -> None:
    notebook["cells"] = [dict(cell) for cell in notebook["cells"] for _ in range(2)]


def _delete_course_cells(lesson: Lesson, notebook: Notebook) -> None:
    mine = ("exercise", "prediction")
    notebook["cells"] = [
        c for c in notebook["cells"] if c["metadata"].get("spotlight", {}).get("role") in mine
    ]


def _raise_everywhere(lesson: Lesson, notebook: Notebook) -> None:
    notebook["cells"] = [
        c for cell in notebook["cells"] for c in (failed("1 / 0", "ZeroDivisionError"), cell)
    ]


def _print_and_warn(lesson: Lesson, notebook: Notebook) -> None:
    for exercise in lesson.exercises:
        lines = without_header(unmarked(exercise.solution)).splitlines()
        noisy = []
        for line in lines:
            indent = line[: len(line) - len(line.lstrip())]
            if line.strip().startswith("return "):
                noisy.append(f"{indent}import warnings; warnings.warn('noise'); print('noise')")
            noisy.append(line)
        put(notebook, exercise, "\n".join(noisy))


ACCIDENTS = [
    pytest.param(change, id=change.__name__.strip("_"))
    for change in (
        _strip_metadata,
        _reverse,
        _to_markdown,
        _copy_all,
        _delete_course_cells,
        _raise_everywhere,
        _print_and_warn,
    )
]


@pytest.mark.parametrize("accident", ACCIDENTS)
@pytest.mark.parametrize("entry", few_lessons())
def test_honest_accidents_cost_no_mark_and_get_a_sentence(
    entry: LessonEntry, accident, graders
) -> None:
    notebook = solved(blank(entry.id), the_lesson(entry.id))
    accident(the_lesson(entry.id), notebook)
    report = graders(entry.id).grade(submitted(notebook)).report
    assert report.points == report.possible
    said = [*report.notes, *(remark for e in report.exercises for remark in e.remarks)]
    assert said
    assert all(sentence.endswith(".") for sentence in said)

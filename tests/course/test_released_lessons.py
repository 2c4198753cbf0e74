"""A lesson as students get it: all that working and grading need, and nothing of its solutions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spotlight.authoring.notebooks import build_notebook
from spotlight.course.lesson import (
    AuthoringError,
    Lesson,
    Prediction,
    WithheldError,
    literal,
    prediction_call,
)
from spotlight.course.manifest import (
    RELEASED_MANIFEST,
    Course,
    LessonEntry,
    Part,
    find_course_root,
    load_course,
    manifest_text,
)
from spotlight.course.reading import read_lesson
from spotlight.course.released import (
    LESSON_FILE,
    read_released,
    released_text,
    without_solutions,
)
from spotlight.python_source.signature import signature_of

ENTRY = LessonEntry("sums", "07_sums", 'Sums, "quoted" \\ and so on', 5, "Übersicht: Σ.")


def released(lesson: Lesson, folder: Path) -> Lesson:
    """The lesson, written and read again."""
    (folder / LESSON_FILE).write_text(released_text(lesson), encoding="utf-8")
    return read_released(folder)


def test_what_is_read_is_what_was_written(any_lesson: Lesson, tmp_path: Path) -> None:
    read = released(any_lesson, tmp_path)

    assert read.keys == tmp_path
    assert read.where == str(tmp_path / LESSON_FILE)
    assert replace(read, keys=None, where="") == without_solutions(any_lesson)


def test_the_students_notebook_is_the_same_byte_for_byte(
    any_lesson: Lesson, tmp_path: Path
) -> None:
    read = released(any_lesson, tmp_path)

    assert build_notebook(read, "student") == build_notebook(any_lesson, "student")


def test_what_students_are_told_and_judged_by_is_the_same(
    any_lesson: Lesson, tmp_path: Path
) -> None:
    read = released(any_lesson, tmp_path)

    assert (read.id, read.title, read.possible) == (
        any_lesson.id,
        any_lesson.title,
        any_lesson.possible,
    )
    for own, other in zip(read.exercises, any_lesson.exercises, strict=True):
        for name in ("id", "title", "targets", "points", "minutes", "difficulty", "partial"):
            assert getattr(own, name) == getattr(other, name)
        for name in ("stub", "reads", "probes", "helpers", "hints", "forbidden", "costs"):
            assert getattr(own, name) == getattr(other, name)
        assert signature_of(own.stub, own.targets[0]) == signature_of(
            other.solution, other.targets[0]
        )
        assert [(m.name, m.message) for m in own.mistakes] == [
            (m.name, m.message) for m in other.mistakes
        ]


def test_predictions_take_what_they_took_and_hold_no_answer(
    any_lesson: Lesson, tmp_path: Path
) -> None:
    read = released(any_lesson, tmp_path)

    for own, other in zip(read.predictions, any_lesson.predictions, strict=True):
        assert (own.id, own.points, own.choices, own.between) == (
            other.id,
            other.points,
            other.choices,
            other.between,
        )
        assert [type(c) for c in own.choices or ()] == [type(c) for c in other.choices or ()]
        call = prediction_call(own.source)
        assert call is not None
        assert literal(call.args[1]) is ...
        assert own.stub == own.source == other.stub


def test_choices_keep_their_types(small_lesson: Lesson, tmp_path: Path) -> None:
    choices = (True, False, 0, 1, 1.0, 1.5, "1", "True")
    source = f"predict('p', 1.5, choices={list(choices)})"
    prediction = Prediction("p", 1.0, choices, None, source, "here")
    lesson = replace(small_lesson, predictions=(prediction,), cells=())

    (read,) = released(lesson, tmp_path).predictions

    assert read.choices is not None
    assert [(type(c), c) for c in read.choices] == [(type(c), c) for c in choices]


def test_nothing_that_shows_a_solution_is_in_the_file(any_lesson: Lesson) -> None:
    bare = without_solutions(any_lesson)
    assert {cell.role for cell in bare.cells} <= {"markdown", "given", "exercise", "prediction"}
    for own, other in zip(bare.exercises, any_lesson.exercises, strict=True):
        assert (own.alternatives, own.entry, own.why) == ((), "", "")
        assert not any(m.edit or m.function or m.source for m in own.mistakes)
        assert other.solution not in released_text(any_lesson)
    shown = [cell.source for cell in bare.cells if cell.role in ("exercise", "prediction")]
    blanks = {e.stub for e in any_lesson.exercises} | {p.stub for p in any_lesson.predictions}
    assert set(shown) == blanks


def test_nobody_can_ask_it_for_a_solution(small_lesson: Lesson) -> None:
    exercise = without_solutions(small_lesson).exercises[0]

    with pytest.raises(WithheldError, match="holds no solution of row_sums: the instructor"):
        _ = exercise.solution
    with pytest.raises(WithheldError):
        _ = exercise.reference


def test_a_right_argument_is_told_from_one_that_nobody_needs(small_lesson: Lesson) -> None:
    exercise = replace(
        small_lesson.exercises[0],
        targets=("f",),
        cell="def f(a, b, c):\n    ### BEGIN SOLUTION\n    return a + g(c) + len(T)\n"
        "    ### END SOLUTION",
    )

    reads = without_solutions(replace(small_lesson, exercises=(exercise,), cells=()))

    assert reads.exercises[0].reads.arguments == (True, False, True)
    assert reads.exercises[0].reads.outside == ("g", "T")


@pytest.mark.parametrize(
    "spoiled",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"schema": 2, "lesson": {}}',
        b'{"schema": 1, "lesson": {"id": 3}}',
    ],
)
def test_a_file_that_is_no_lesson_is_said_in_a_sentence(spoiled: bytes, tmp_path: Path) -> None:
    (tmp_path / LESSON_FILE).write_bytes(spoiled)

    with pytest.raises(AuthoringError, match="not the lesson as it was released"):
        read_released(tmp_path)


def test_a_file_that_is_gone_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match="the lesson cannot be read"):
        read_released(tmp_path)


def test_the_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    course = Course(tmp_path, 'A "course"\twith \\', (Part("Only", (ENTRY,)),))
    (tmp_path / "keys").mkdir()
    (tmp_path / RELEASED_MANIFEST).write_text(manifest_text(course), encoding="utf-8")

    assert load_course(tmp_path) == course
    assert course.is_released


def test_a_released_course_is_found_from_below_and_its_lessons_are_read(
    tmp_path: Path, small_lesson: Lesson
) -> None:
    course = Course(tmp_path, "A course", (Part("Only", (ENTRY,)),))
    keys = course.keys(ENTRY)
    keys.mkdir(parents=True)
    (tmp_path / RELEASED_MANIFEST).write_text(manifest_text(course), encoding="utf-8")
    released(small_lesson, keys)

    assert find_course_root(keys) == tmp_path.resolve()
    assert read_lesson(course, ENTRY).is_released


def test_where_the_solutions_are_the_whole_lesson_is_read(course: Course) -> None:
    entry = course.lessons[0]

    assert not course.is_released
    assert not read_lesson(course, entry).is_released

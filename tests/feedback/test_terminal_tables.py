"""Verdicts in a terminal of eighty columns, and in pipes."""

from __future__ import annotations

import io

import pytest
from feedback_verdicts import exercise, lesson, prediction
from rich.console import Console

from spotlight.course.manifest import LessonEntry
from spotlight.feedback.tables import print_invitation, print_lessons, print_next
from spotlight.feedback.words import duration, points, sentence, short_name

ENTRY = LessonEntry("queries_and_keys", "03_queries_and_keys", "Queries and keys", 60, "Two.")
LONG = "The scores are right but grow with d_k: divide them by √d_k. " * 3


def console(**more: object) -> Console:
    return Console(file=io.StringIO(), width=80, highlight=False, **more)  # type: ignore[arg-type]


def printed(at: Console) -> str:
    assert isinstance(at.file, io.StringIO)
    return at.file.getvalue()


def lines(*reports: object) -> list[str]:
    at = console()
    print_lessons(at, reports)  # type: ignore[arg-type]
    return [line.rstrip() for line in printed(at).splitlines()]


def test_a_lesson_is_a_bar_with_its_points() -> None:
    (line,) = lines(lesson(exercise("a", "passed"), exercise("b", "passed")))
    assert line.startswith("Queries and keys ")
    assert line.endswith("2 of 2")
    assert "━" in line


def test_a_failed_exercise_is_one_line_with_its_diagnosis() -> None:
    report = lesson(
        exercise("scaled_scores", message="Divide them."),
        exercise("asymmetry", "timeout", message="it was stopped"),
    )
    assert lines(report)[1:] == [
        "  scaled_scores  Divide them.",
        "  asymmetry      It was stopped.",
    ]


def test_what_is_not_done_is_listed_and_cut() -> None:
    names = [f"exercise_{letter}" for letter in "abcdef"]
    report = lesson(
        *(exercise(name, "blank", message="Fill in.") for name in names),
        predictions=(prediction("symmetric", False),),
    )
    assert lines(report)[1] == (
        "  not done yet: exercise_a, exercise_b, exercise_c, exercise_d and 3 more"
    )


def test_remarks_and_notes_are_there_for_passes_too() -> None:
    prints = exercise("a", "passed", remarks=("It prints.",))
    report = lesson(prints, notes=("You changed cell 3.",))
    assert lines(report)[1:] == ["  a  It prints.", "  You changed cell 3."]


def test_nothing_is_wider_than_the_terminal_or_cut_short() -> None:
    report = lesson(
        exercise("a_rather_long_name_of_an_exercise", message=LONG.strip(), remarks=(LONG,)),
        notes=(LONG,),
        title="A lesson whose title is rather longer than most of them are",
    )
    shown = lines(report)
    assert max(map(len, shown)) <= 80
    assert " ".join(" ".join(shown).split()).count("divide them by √d_k.") == 9


def test_text_of_a_students_making_is_no_markup() -> None:
    report = lesson(exercise("a", message="[bold red]x[/] [link=file:///]"), notes=("[b]n[/b]",))
    assert "[bold red]x[/] [link=file:///]." in lines(report)[1]
    assert "[b]n[/b]" in lines(report)[2]


@pytest.mark.parametrize("more", [{}, {"force_terminal": True, "no_color": True}])
def test_no_colour_in_pipes_or_where_none_is_wanted(more: dict[str, bool]) -> None:
    at = console(**more)
    print_lessons(at, [lesson(exercise("a", message="No."), exercise("b", "passed"))])
    assert "\x1b[3" not in printed(at)
    assert "\x1b[9" not in printed(at)


def test_what_is_next_is_the_first_thing_that_is_not_right() -> None:
    report = lesson(exercise("a", "passed"), exercise("b"), exercise("c", "blank"))
    at = console()
    print_next(at, [report], report, ENTRY)
    assert printed(at) == (
        "\n1 of 3 points.\n"
        "Next: b in lessons/03_queries_and_keys.ipynb\n"
        "A hint: verify.py hint 03 b\n"
    )


def test_what_is_next_may_be_a_prediction_or_nothing() -> None:
    report = lesson(exercise("a", "passed"), predictions=(prediction("symmetric", False),))
    at = console()
    print_next(at, [report], report.model_copy(update={"path": "my [b]work[/b].ipynb"}), ENTRY)
    assert "Next: commit to symmetric in my [b]work[/b].ipynb.\n" in printed(at)
    at = console()
    print_next(at, [lesson(exercise("a", "passed"))], None, None)
    assert printed(at) == "\n1 of 1 point.\nAll of it is done.\n"


def test_a_fresh_course_invites() -> None:
    other = LessonEntry("express", "express", "Express [lane]", 90, "All of it.")
    a, b, c = (exercise(name, "blank") for name in "abc")
    reports = [lesson(a), lesson(b, c)]
    at = console()
    print_invitation(at, "Spotlight", [ENTRY, other], reports)
    shown = [line.rstrip() for line in printed(at).splitlines()]
    assert shown[0] == "Spotlight: 2 lessons, 3 points, about 2.5 hours."
    assert "  03       Queries and keys     1 hour   1 point" in shown
    assert "  express  Express [lane]    1.5 hours  2 points" in shown
    assert any("Start with Queries and keys: " in line for line in shown)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(5, "5 min"), (59, "59 min"), (60, "1 hour"), (115, "2 hours"), (135, "2.25 hours")],
)
def test_durations_in_words(minutes: int, said: str) -> None:
    assert duration(minutes) == said


def test_points_in_words() -> None:
    assert [points(n) for n in (0, 1, 1.5, 2)] == ["0 points", "1 point", "1.5 points", "2 points"]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("it was stopped", "It was stopped."),
        ("Is it?", "Is it?"),
        ("Done.", "Done."),
        ("error in line 3: `x`", "Error in line 3: `x`"),
        ("  ", ""),
    ],
)
def test_a_message_is_shown_as_a_sentence(message: str, said: str) -> None:
    assert sentence(exercise(message=message)) == said


def test_a_lesson_is_called_by_its_number_or_its_id() -> None:
    assert short_name(ENTRY) == "03"
    assert short_name(LessonEntry("express", "express_head", "E", 5, "E")) == "express"

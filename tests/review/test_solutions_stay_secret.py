"""Nothing of a solution's text is shown to a student who has not passed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from review.conftest import Grade, Graded, Review
from review.stand_in import Body, StandIn, answer, reference_in
from spotlight.course.lesson import Exercise, Lesson, solution_blocks
from spotlight.course.manifest import LessonEntry, load_course
from spotlight.course.reading import read_solution
from spotlight.course.released import without_solutions
from spotlight.review.leaks import fragments_of, gives_away, has_code_of_its_own

COURSE = load_course(Path(__file__).resolve().parents[2])
Retell = Callable[[str], str]


def reformatted(code: str) -> str:
    """The same code with other spaces, brackets and line ends."""
    spaced = re.sub(r"([@*/+,=()-])", r" \1 ", code)
    return "(\n    " + re.sub(r" +", "\n    ", spaced.removeprefix("return").strip()) + "\n)"


RETOLD: dict[str, Retell] = {
    "verbatim": lambda code: code,
    "in a block": lambda code: f"Try this:\n```python\n{code}\n```",
    "reformatted": reformatted,
    "in a sentence": lambda code: f"You could say `{code.removeprefix('return ')}`, for instance.",
    "without backticks": lambda code: f"Write {code.removeprefix('return ')} and you are there.",
    "shouted": str.upper,
    "in full width": lambda code: "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in code
    ),
    "with hidden characters": lambda code: "\u200b".join(code),
    "in brackets": lambda code: f"(({code.removeprefix('return ')}))",
}
retold = pytest.mark.parametrize("retell", RETOLD.values(), ids=RETOLD.keys())


def lines_of(exercise: Exercise) -> Iterator[str]:
    """The lines of a solution that the student is to write, less comments.

    A line that only opens or closes a bracket tells nothing.
    """
    for block in solution_blocks(exercise.solution):
        for line in re.sub(r"#[^\n]*", "", block).splitlines():
            line = line.strip()
            if re.search(r"[^\w\s:]", line) and not re.fullmatch(r"\W+|[^=]+= *\(", line):
                yield line


@retold
def test_a_model_that_tells_the_solution_is_not_quoted(
    retell: Retell, partly_wrong: Graded, review: Review, stand_in: StandIn
) -> None:
    def model(body: Body) -> str:
        lines = reference_in(body).splitlines()
        return answer(improvement=retell(lines[-1].strip()))

    stand_in.says = model
    found = review(partly_wrong.alone("shifted"))
    assert found.exercises == ()
    assert found.notes[0].startswith("Shift it: no review, since the model's answer ")


def test_it_is_asked_once_more_and_then_quoted_if_it_keeps_the_secret(
    partly_wrong: Graded, review: Review, stand_in: StandIn
) -> None:
    told = answer(improvement="Write `x + by`.")
    stand_in.says = lambda body: told if len(body["messages"]) == 2 else answer()
    assert len(review(partly_wrong).exercises) == 5


def test_the_solution_of_one_exercise_is_not_told_in_the_review_of_another(
    partly_wrong: Graded, review: Review, stand_in: StandIn
) -> None:
    stand_in.says = lambda body: answer(question="By the way, shifted returns x + by, does it not?")
    found = review(partly_wrong)
    assert found.exercises == ()


def test_who_has_passed_may_be_shown_code(grade: Grade, review: Review, stand_in: StandIn) -> None:
    stand_in.says = lambda body: answer(improvement="`x + by` and `by + x` are the same here.")
    assert len(review(grade()).exercises) == 5


def test_ones_own_code_may_be_quoted(
    partly_wrong: Graded, review: Review, stand_in: StandIn
) -> None:
    stand_in.says = lambda body: answer(summary="You return `x - by`.")
    assert review(partly_wrong).exercises[0].exercise == "doubled"
    assert "shifted" in [e.exercise for e in review(partly_wrong).exercises]


@cache
def solved(entry: LessonEntry) -> Lesson:
    return read_solution(COURSE.solution(entry))


@pytest.mark.parametrize("entry", COURSE.lessons, ids=lambda entry: entry.id)
def test_every_line_of_every_solution_of_the_course_is_recognised(entry: LessonEntry) -> None:
    missed = []
    for exercise in solved(entry).exercises:
        secrets = fragments_of(exercise)
        missed += [
            (exercise.id, way, line)
            for line in lines_of(exercise)
            for way, retell in RETOLD.items()
            if not gives_away(retell(line), secrets, exercise.stub)
        ]
    assert missed == []


@pytest.mark.parametrize(
    "said",
    [
        "Write `a @ b.T` there.",
        "Return `torch.softmax(z, dim=0)`.",
        "queries @ keys.T is what you want.",
        "return z * 3",
        "Use ```\nz = a + b\n```",
        "lambda z: z + 1 would do",
    ],
)
def test_code_under_other_names_is_recognised_as_code(said: str) -> None:
    assert has_code_of_its_own(said, "def f(x):\n    return x")


@pytest.mark.parametrize(
    "said",
    [
        "Look at `x` again.",
        "What does `dim=-1` mean here?",
        "The shape should be `(n, d_k)`.",
        "You return x as it is.",
        "Divide by √d_k; the scores grow with d_k.",
        "Your `f(x)` is short - and that is good.",
    ],
)
def test_words_and_names_are_no_code(said: str) -> None:
    assert not has_code_of_its_own(said, "def f(x):\n    return x")


def test_a_released_lesson_has_no_secrets_and_its_model_still_may_not_write_code(
    lesson: Lesson, partly_wrong: Graded, review: Review, stand_in: StandIn
) -> None:
    released = without_solutions(lesson)
    assert {fragment for e in released.exercises for fragment in fragments_of(e)} == set()
    stand_in.says = lambda body: answer(improvement="Write `x + by`.")
    graded = Graded(released, partly_wrong.submission, partly_wrong.report)
    found = review(graded)
    assert "shifted" not in [e.exercise for e in found.exercises]
    assert all(reference_in(body) == "" for body in stand_in.requests)

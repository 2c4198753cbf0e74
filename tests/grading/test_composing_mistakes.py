"""Two mistakes at once: what pairs of a master's mistakes come to, as text."""

from __future__ import annotations

import ast
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_masters import read_text
from spotlight.course.lesson import BEGIN, END, Edit, Exercise, Variant, edit_solution
from spotlight.course.manifest import LessonEntry
from spotlight.course.reading import read_master
from spotlight.grading.mistake_pairs import MAX_PAIRS, Pair, pairs_of_mistakes
from tiers import COURSE, few_lessons


def exercise_of(solution: str, *mistakes: Variant, targets: tuple[str, ...] = ("f",)) -> Exercise:
    return Exercise("f", "F", targets, 1, 1, 1, solution, "here", mistakes=mistakes)


def function(*lines: str, head: str = "def f(a, b):") -> str:
    """A solution, marked as such."""
    body = textwrap.indent("\n".join(lines), "    ")
    return f'{head}\n    """Something."""\n    {BEGIN}\n{body}\n    {END}\n'


def edit(name: str, old: str, new: str) -> Variant:
    return Variant(name, f"{name}.", Edit(old, new))


def written_out(name: str, source: str, target: str = "f") -> Variant:
    """A mistake as a function of its own."""
    return Variant(name, f"{name}.", None, f"{target}__{name}", textwrap.dedent(source).strip())


def pairs(exercise: Exercise) -> dict[tuple[str, str], str]:
    return {pair.names: pair.source for pair in pairs_of_mistakes(exercise)}


def results(source: str, *arguments: Any) -> Any:
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    return namespace["f"](*arguments)


TWO_STEPS = function("total = a + 1  # with one", "return total * b")


# Edits


def test_both_changes_are_made() -> None:
    exercise = exercise_of(TWO_STEPS, edit("less", "+ 1", "- 1"), edit("over", "* b", "/ b"))
    (pair,) = pairs_of_mistakes(exercise)
    both = TWO_STEPS.replace("+ 1", "- 1").replace("* b", "/ b")
    assert pair == Pair(("less", "over"), both)
    assert results(pair.source, 10, 2) == 4.5


def test_every_two_that_fit_are_paired_in_the_order_of_the_master() -> None:
    solution = function("one = a + b", "two = a * b", "return one - two")
    exercise = exercise_of(
        solution, edit("x", "+", "-"), edit("y", "*", "/"), edit("z", "one - two", "two - one")
    )
    assert list(pairs(exercise)) == [("x", "y"), ("x", "z"), ("y", "z")]


def test_of_many_mistakes_each_is_in_as_many_pairs_as_any_other() -> None:
    count = 24
    steps = [f"x{i} = a + {i}" for i in range(count)]
    edits = [edit(f"m{i}", f"a + {i}\n", f"a - {i}\n") for i in range(count)]
    made = pairs(exercise_of(function(*steps, "return b"), *edits))
    assert len(made) == MAX_PAIRS
    shares = Counter(name for names in made for name in names)
    assert len(shares) == count
    assert max(shares.values()) - min(shares.values()) <= 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("+ 1", "- 1"), ("+ 1", "+ 2")),
        (("a + 1", "a"), ("+ 1", "- 1")),
        (("total * b", "total"), ("total * b", "b")),
        (("+", "-"), ("1", "2")),
    ],
    ids=["the same place", "one within the other", "the same words", "side by side"],
)
def test_changes_that_touch_are_not_merged(first: tuple[str, str], second: tuple[str, str]) -> None:
    solution = TWO_STEPS.replace("+ 1", "+1")
    first, second = ((old.replace("+ 1", "+1"), new) for old, new in (first, second))
    assert not pairs(exercise_of(solution, edit("one", *first), edit("two", *second)))


def test_a_pair_that_is_one_of_the_two_or_the_solution_is_none() -> None:
    """Three edits that come to the same text: making two of them is making one."""
    solution = function("c = a", "return c + b")
    same = exercise_of(solution, edit("one", "c + b", "c - b"), edit("two", "+", "-"))
    assert not pairs(same)


def test_two_blocks_of_one_exercise_are_changed_together() -> None:
    solution = function("return a + b") + "\n\n" + function("return a - b", head="def g(a, b):")
    exercise = exercise_of(
        solution, edit("one", "a + b", "a * b"), edit("two", "a - b", "a / b"), targets=("f", "g")
    )
    (source,) = pairs(exercise).values()
    assert "return a * b" in source
    assert "return a / b" in source


def test_a_variable_has_pairs_like_a_function() -> None:
    solution = f"{BEGIN}\nf = 1 + 2 * 3\n{END}\n"
    exercise = exercise_of(solution, edit("one", "1 +", "1 -"), edit("two", "* 3", "* 4"))
    (source,) = pairs(exercise).values()
    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse("f = 1 - 2 * 4"))


def test_a_class_has_pairs_like_a_function() -> None:
    solution = (
        "class f:\n    def __init__(self, a):\n        self.a = a\n\n    def twice(self):\n"
        f"        {BEGIN}\n        two = 1 + 1\n        return two * self.a\n        {END}\n"
    )
    exercise = exercise_of(solution, edit("one", "1 + 1", "1 - 1"), edit("two", "two *", "two /"))
    ((names, source),) = pairs(exercise).items()
    assert names == ("one", "two")
    assert "two = 1 - 1" in source
    assert "two / self.a" in source


# Functions


def test_functions_are_merged_line_by_line() -> None:
    exercise = exercise_of(
        TWO_STEPS,
        written_out(
            "over", "def f__over(a, b):\n    total = a + 1  # with one\n    return total / b"
        ),
        edit("less", "+ 1", "- 1"),
    )
    (source,) = pairs(exercise).values()
    assert results(source, 10, 2) == 4.5


def test_two_functions_may_be_merged() -> None:
    exercise = exercise_of(
        TWO_STEPS,
        written_out(
            "over", "def f__over(a, b):\n    total = a + 1  # with one\n    return total / b"
        ),
        written_out(
            "less", "def f__less(a, b):\n    total = a - 1  # with one\n    return total * b"
        ),
    )
    sources = [s for s in pairs(exercise).values() if "total / b" in s]
    assert [results(source, 10, 2) for source in sources] == [4.5]


def test_a_function_with_other_parameters_is_left_out() -> None:
    exercise = exercise_of(
        TWO_STEPS,
        written_out("over", "def f__over(x, y):\n    total = x + 1\n    return total / y"),
        edit("less", "+ 1", "- 1"),
        edit("more", "* b", "* b * b"),
    )
    assert list(pairs(exercise)) == [("less", "more")]


def test_functions_are_left_out_where_a_solution_has_two_blocks() -> None:
    solution = function("c = a + b", "return c") + "\n\n" + function("return a", head="def g(a):")
    exercise = exercise_of(
        solution,
        written_out("over", "def f__over(a, b):\n    c = a + b\n    return -c"),
        edit("less", "a + b", "a - b"),
        targets=("f", "g"),
    )
    assert not pairs(exercise)


@pytest.mark.parametrize(
    "source",
    [
        "def f__over(a, b): return (a + 1) / b",
        "def f__over(\n    a,\n    b,\n):\n    return (a + 1) / b",
        'def f__over(a, b):\n    """Wrong."""\n    return (a + 1) / b',
        "def f__over(a, b):\n    # a remark\n\n    return (a + 1) / b",
        "def f__over(a, b):\n        return (a + 1) / b",
        "def f__over(a: int, b: int = 1) -> float:\n    return (a + 1) / b",
    ],
    ids=["one line", "parameters below each other", "docstring", "comment", "indent", "types"],
)
def test_only_the_body_of_a_function_is_taken(source: str) -> None:
    """However it is laid out, the pair computes; it never defines one function within another."""
    solution = function("half = a / 2", "return (a + 1) * b")
    exercise = exercise_of(solution, written_out("over", source), edit("less", "a + 1", "a - 1"))
    for merged in pairs(exercise).values():
        assert "f__over" not in merged
        assert results(merged, 10, 2) in (4.5, 9 / 2)


# Text


@pytest.mark.parametrize(
    "comment",
    [
        "# größer als 1 · √d_k",
        "# 日本語",
        "# \U0001f600",
        "# a\u2028b",
        "# a\x0cb",
        "# a\x85b",
        "#",
    ],
)
def test_whatever_stands_in_comments_the_changes_are_the_same(comment: str) -> None:
    solution = function(f"total = a + 1  {comment}", comment, "return total * b")
    exercise = exercise_of(solution, edit("less", "+ 1", "- 1"), edit("over", "* b", "/ b"))
    assert pairs(exercise) == {
        ("less", "over"): solution.replace("+ 1", "- 1").replace("* b", "/ b")
    }


def test_what_stands_around_the_solution_stays_as_it_is() -> None:
    around = f"# head: é\nX = 'ü'\n\n\n{TWO_STEPS}\n\nY = f(1, 2)  # tail\n"
    exercise = exercise_of(around, edit("less", "+ 1", "- 1"), edit("over", "* b", "/ b"))
    (source,) = pairs(exercise).values()
    assert source == around.replace("+ 1", "- 1").replace("* b", "/ b")


PLACES = {
    "+ 1": ["- 1", "+ 2", "", "+ 1 + 1"],
    "a * 2": ["a / 2", "a", "2", "a * 2 * 2"],
    "one - two": ["two - one", "one", "one - two - 1"],
    "max(": ["min(", "sum(", "abs("],
    "three[0]": ["three[1]", "three[-1]", "three"],
    "return last": ["return -last", "last"],
}
LONG = function(
    "one = a + 1",
    "two = a * 2",
    "three = [one - two, b]",
    "last = max(three) + three[0]  # last",
    "return last",
)


@st.composite
def some_edits(draw: st.DrawFn) -> list[Variant]:
    chosen = draw(
        st.lists(
            st.sampled_from([(o, n) for o in PLACES for n in PLACES[o]]), max_size=6, unique=True
        )
    )
    return [edit(f"m{i}", old, new) for i, (old, new) in enumerate(chosen)]


def tree(source: str) -> str:
    return ast.dump(ast.parse(source))


@settings(deadline=None, max_examples=60)
@given(mistakes=some_edits())
def test_a_pair_is_both_edits_and_neither_alone(mistakes: list[Variant]) -> None:
    exercise = exercise_of(LONG, *mistakes)
    found = pairs(exercise)
    by_name = {wrong.name: wrong for wrong in mistakes}
    alone = {tree(LONG), *(tree(exercise.variant_source(wrong)) for wrong in mistakes)}
    for names, source in found.items():
        one, two = (by_name[name].edit for name in names)
        assert one is not None
        assert two is not None
        assert tree(source) not in alone
        if one.old != two.old:
            assert source == edit_solution(edit_solution(LONG, one), two)


@settings(deadline=None, max_examples=40)
@given(mistakes=some_edits())
def test_it_does_not_matter_which_mistake_comes_first(mistakes: list[Variant]) -> None:
    def unordered(wrong: list[Variant]) -> set[tuple[frozenset[str], str]]:
        return {(frozenset(names), s) for names, s in pairs(exercise_of(LONG, *wrong)).items()}

    assert unordered(mistakes) == unordered(mistakes[::-1])


def test_an_exercise_with_fewer_than_two_mistakes_has_no_pair() -> None:
    assert not pairs(exercise_of(TWO_STEPS))
    assert not pairs(exercise_of(TWO_STEPS, edit("less", "+ 1", "- 1")))


@pytest.mark.parametrize("entry", few_lessons())
def test_every_pair_of_the_courses_own_masters_parses_and_is_new(entry: LessonEntry) -> None:
    for exercise in read_master(COURSE.master(entry)).exercises:
        alone = {tree(exercise.solution)}
        alone |= {tree(exercise.variant_source(wrong)) for wrong in exercise.mistakes}
        for pair in pairs_of_mistakes(exercise):
            assert tree(pair.source) not in alone


def test_pairs_are_made_of_a_master_as_it_is_read(tmp_path: Path) -> None:
    from small_masters import SMALL

    exercise = read_text(tmp_path, SMALL).exercise("row_sums")
    assert exercise is not None
    assert list(pairs(exercise)) == [("columns-instead", "average-instead")]

"""What the cells that judge an exercise say, and what is said where they say it wrongly."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from masters_read_twice import function_cell, judging, read_twice, refusal

from spotlight import authoring
from spotlight.course.lesson import Exercise, Forbidden, Probe

SCORES = function_cell(
    "scores", "return q @ k.T + by", "q, k, by", "q: (n, 2), k: (m, 2), by: () → (n, m)"
)
PLAIN = function_cell("plain", "return x", "x", "As it came.")
MASKED = function_cell("masked", "return x * mask", "x, mask", "x: (n, d) → (n, d)")
PLACE = "made_up.py, cell 3: line 1: "


def judged(folder: Path, *lines: str, exercise: str = SCORES) -> Exercise:
    """The one exercise of a lesson, with what these lines say of it."""
    return read_twice(folder, exercise, judging(*lines)).exercises[0]


def case_of(folder: Path, line: str, exercise: str = SCORES) -> Probe:
    (probe,) = judged(folder, line, exercise=exercise).probes
    return probe


def call_of(probe: Probe) -> str:
    """What a probe returns, as text."""
    head, returned = probe.source.split("\n    return ", 1)
    assert head == f"def {probe.name}({', '.join(probe.parameters)}):"
    return returned


# A case in a line


def test_a_case_draws_every_argument_in_the_shape_of_the_docstring(tmp_path: Path) -> None:
    probe = case_of(tmp_path, 'case("few", "Two against three.", n=2, m=3)')
    assert (probe.name, probe.description) == ("few", "Two against three.")
    assert probe.parameters == ("scores",)
    assert not probe.naming_only
    assert call_of(probe) == "scores(randn(2, 2), randn(3, 2), randn())"


def test_a_case_is_a_function_that_can_be_called(tmp_path: Path) -> None:
    probe = case_of(tmp_path, 'case("few", "Few.", whole_numbers(low=1), n=2, m=3, by=0)')
    names: dict[str, Any] = {"whole_numbers": lambda *sizes, low: (sizes, low)}
    exec(probe.source, names)
    assert names["few"](lambda *given: given) == (((2, 2), 1), ((3, 2), 1), 0)


@pytest.mark.parametrize(
    ("rest", "call"),
    [
        ("n=2, m=3, by=1.5", "scores(randn(2, 2), randn(3, 2), 1.5)"),
        ("m=3, q=4 * randn(7, 2)", "scores(4 * randn(7, 2), randn(3, 2), randn())"),
        ("n=1 + 1, m=len(WORDS)", "scores(randn(1 + 1, 2), randn(len(WORDS), 2), randn())"),
        ("uniform, n=2, m=3", "scores(uniform(2, 2), uniform(3, 2), uniform())"),
        ("uniform(low=1, high=SIZE), q=q, by=by, m=3",
         "scores(q, uniform(3, 2, low=1, high=SIZE), by)"),
        ("draw=whole_numbers(low=1), n=2, m=3",
         "scores(whole_numbers(2, 2, low=1), whole_numbers(3, 2, low=1), whole_numbers(low=1))"),
        ("lambda scores: scores(*pair(3))", "scores(*pair(3))"),
        ("draw=lambda scores: 2", "2"),
        ("lambda scores, rerun: rerun(n=2)(scores)", "rerun(n=2)(scores)"),
        ("lambda scores: (\n    scores(1)\n    + 2\n)", "(scores(1)\n    + 2)"),
    ],
    ids=["a parameter handed over", "several letters gone with it", "sizes computed", "drawn whole",
         "drawn with options", "drawn by name", "a lambda", "a lambda by name", "rerun",
         "a lambda over lines"],
)  # fmt: skip
def test_a_case_says_what_it_draws_in_other_ways(rest: str, call: str, tmp_path: Path) -> None:
    probe = case_of(tmp_path, f'case("few", "Few.", {rest})')
    assert call_of(probe) == call


def test_a_letter_that_is_a_parameter_too_is_both(tmp_path: Path) -> None:
    exercise = function_cell("f", "return x[:d]", "x, d", "x: (n, d) → (n, d)")
    probe = case_of(tmp_path, 'case("few", "Few.", n=3, d=4)', exercise)
    assert call_of(probe) == "f(randn(3, 4), 4)"


def test_of_several_targets_a_case_calls_the_first(tmp_path: Path) -> None:
    two = SCORES.replace('"scores"', '"scores" targets=["scores", "other"]', 1)
    probe = case_of(tmp_path, 'case("few", "Few.", n=2, m=3)', two)
    assert probe.parameters == ("scores",)


def test_nobody_fails_by_a_case_that_only_helps_to_name_mistakes(tmp_path: Path) -> None:
    drawn = case_of(tmp_path, 'case("few", "Few.", n=2, m=3, naming_only=True)')
    written = case_of(tmp_path, 'case("few", "Few.", lambda scores: 2, naming_only=True)')
    assert (drawn.naming_only, written.naming_only) == (True, True)
    assert not case_of(tmp_path, 'case("few", "Few.", n=2, m=3, naming_only=False)').naming_only


def test_cases_and_probes_come_in_the_order_of_the_cell(tmp_path: Path) -> None:
    exercise = judged(
        tmp_path,
        'case("one", "One.", n=2, m=3)',
        '@probe\ndef two(scores):\n    "Two."\n    return scores(1, 2, 3)',
        'case("three", "Three.", n=4, m=5)',
    )
    assert [probe.name for probe in exercise.probes] == ["one", "two", "three"]


NO_CASE = {
    "an unknown letter": ("n=2, d=3, m=4", "scores has no d; its docstring has n, m, q, k, by."),
    "a size that is missing": ("n=2", "no size for m, in the shape of k."),
    "a size of nothing": ("n=2, m=3, q=x", "n=2 is the size of nothing that is drawn"),
    "sizes for a lambda": ("lambda scores: 1, n=2", "a case with a lambda takes no sizes."),
    "sizes without names": ("uniform(2), m=2, n=3", "uniform(2) draws nothing; a case is drawn"),
    "something else to draw by": ("'uniform', m=2, n=3", "'uniform' draws nothing; a case is"),
    "a maybe": ("m=2, n=3, naming_only=MAYBE", "case(...): naming_only is neither True nor False."),
    "too much": ("whole_numbers, 2, 3", "case(...): too many positional arguments."),
}  # fmt: skip


@pytest.mark.parametrize(("rest", "said"), NO_CASE.values(), ids=NO_CASE)
def test_what_cannot_be_drawn_is_refused(rest: str, said: str, tmp_path: Path) -> None:
    message = refusal(tmp_path, SCORES, judging(f'case("few", "Few.", {rest})'))
    assert message.startswith(PLACE + said)
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('case("two words", "Few.", m=2, n=3)', "'two words' cannot be the name of a case."),
        ('case("class", "Few.", m=2, n=3)', "'class' cannot be the name of a case."),
        ('case("few", m=2, n=3)', "case(...): missing a required argument: 'description'."),
        ('case("few", " ", m=2, n=3)', "case(...) says nothing."),
        ('case("few", TEXT, m=2, n=3)', "case(...) takes literal text only."),
    ],
)
def test_a_case_has_a_name_and_a_sentence(line: str, said: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, SCORES, judging(line)) == PLACE + said


def test_where_the_docstring_gives_no_shapes_a_case_is_a_lambda(tmp_path: Path) -> None:
    message = refusal(tmp_path, PLAIN, judging('case("few", "Few.", n=2)'))
    assert message == f"{PLACE}the docstring of plain gives no shapes; write a lambda."
    probe = case_of(tmp_path, 'case("few", "Few.", lambda plain: plain(randn(2)))', PLAIN)
    assert call_of(probe) == "plain(randn(2))"


def test_a_parameter_without_a_shape_is_handed_over(tmp_path: Path) -> None:
    message = refusal(tmp_path, MASKED, judging('case("few", "Few.", n=2, d=3)'))
    assert message == f"{PLACE}the docstring gives mask no shape; hand it over as mask=..."
    probe = case_of(tmp_path, 'case("few", "Few.", n=2, d=3, mask=causal(3))', MASKED)
    assert call_of(probe) == "masked(randn(2, 3), causal(3))"


# How an entry comes about


@pytest.mark.parametrize(
    "line",
    [
        'entry(lambda i, j, q, k: f"{q[i]} · {k[j]}")',
        'entry(function=lambda i, j, q, k: f"{q[i]} · {k[j]}")',
        '@entry\ndef scores__entry(i, j, q, k):\n    return f"{q[i]} · {k[j]}"',
    ],
    ids=["a lambda", "a lambda by name", "a function"],
)
def test_an_entry_is_a_lambda_or_a_function(line: str, tmp_path: Path) -> None:
    assert judged(tmp_path, line).entry == (
        'def scores__entry(i, j, q, k):\n    return f"{q[i]} · {k[j]}"'
    )


def test_an_entry_may_run_over_lines(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec(judged(tmp_path, 'entry(\n    lambda i, q: f"{i}"\n    f" of {q}"\n)').entry, names)
    assert names["scores__entry"](2, "q") == "2 of q"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["entry(text)"], "line 1: entry(...) takes a lambda."),
        (['entry("text")'], "line 1: entry(...) takes a lambda."),
        (["entry()"], "line 1: entry(...): missing a required argument: 'function'."),
        (["entry(lambda i: 1)", "entry(lambda i: 2)"], "line 2: a second entry for scores."),
        (["@entry", "def other(i): ..."], "line 2: other is not called scores__entry."),
    ],
)
def test_an_exercise_has_one_entry(lines: list[str], said: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, SCORES, judging(*lines)) == f"made_up.py, cell 3: {said}"


# Where a judging cell stands


def test_probes_belong_to_the_exercise_above_whatever_stands_between(tmp_path: Path) -> None:
    between = "# %% [markdown]\n# Well done.", "# %%\nx = 1"
    lesson = read_twice(tmp_path, PLAIN, SCORES, *between, judging('hint("H.")'))
    assert [len(exercise.hints) for exercise in lesson.exercises] == [0, 1]


def test_a_cell_names_the_exercise_that_it_judges_wherever_it_stands_below(tmp_path: Path) -> None:
    lesson = read_twice(
        tmp_path,
        PLAIN,
        SCORES,
        judging('hint("Of scores.")'),
        "# %% [markdown]\n# The end.",
        judging('hint("Of plain.")', first='judges="plain"'),
        judging('hint("Of scores too.")', first='judges="scores"'),
    )
    plain, scores = lesson.exercises
    assert plain.hints == ("Of plain.",)
    assert scores.hints == ("Of scores.", "Of scores too.")


def test_cells_that_judge_one_exercise_add_up(tmp_path: Path) -> None:
    lesson = read_twice(
        tmp_path,
        SCORES,
        judging("import math", 'case("one", "One.", n=2, m=3)', "why('So.')"),
        judging("SIZE = 3", 'case("two", "Two.", n=4, m=3)', 'hint("H.")', first='judges="scores"'),
    )
    (exercise,) = lesson.exercises
    assert [probe.name for probe in exercise.probes] == ["one", "two"]
    assert exercise.helpers == "import math\n\nSIZE = 3"
    assert (exercise.why, exercise.hints) == ("So.", ("H.",))
    message = refusal(tmp_path, SCORES, judging("why('So.')"), judging("why('No.')"))
    assert message == "made_up.py, cell 4: line 1: a second why for scores."


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            (PLAIN, SCORES, judging(first='judges="score"')),
            "cell 4: judges='score', and no exercise above is called that. It has: plain, scores.",
        ),
        (
            (PLAIN, judging(first='judges="scores"'), SCORES),
            "cell 3: judges='scores', and no exercise above is called that. It has: plain.",
        ),
        (
            (judging(first='judges="plain"'), PLAIN),
            "cell 2: judges='plain', and no exercise above is called that.",
        ),
        ((judging(), PLAIN), "cell 2: probes stand before the first exercise."),
    ],
    ids=["misspelt", "further down", "above them all", "probes above them all"],
)
def test_a_cell_judges_an_exercise_that_stands_above(
    cells: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    assert refusal(tmp_path, *cells) == f"made_up.py, {said}"


# For all exercises

FOR_ALL = judging(
    "from spotlight.authoring import forbid",
    'forbid("model_utils", "mine", because="it is yours to write.")',
    first='tags=["authoring"]',
)


def test_what_is_forbidden_in_the_authoring_cell_is_so_in_every_exercise(tmp_path: Path) -> None:
    own = judging('forbid("einsum", because="it hides the sum.")')
    for cells in ((FOR_ALL, PLAIN, SCORES, own), (PLAIN, FOR_ALL, SCORES, own)):
        plain, scores = read_twice(tmp_path, *cells).exercises
        everywhere = Forbidden(("model_utils", "mine"), "it is yours to write.")
        assert plain.forbidden == (everywhere,)
        assert scores.forbidden == (Forbidden(("einsum",), "it hides the sum."), everywhere)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('hint("Look.")', "hint('Look.')"),
        ('forbidd("x", because="y.")', "forbidd('x', because='y.')"),
        ('mistakes("""\na: b → c\n    So.\n""")', "mistakes("),
        ("@probe\ndef few(scores):\n    return scores(1)", "@probe"),
        ("SIZE = 3", "SIZE = 3"),
    ],
    ids=["a hint", "a misspelt word", "mistakes", "a probe", "a helper"],
)
def test_nothing_else_holds_for_all_exercises(line: str, what: str, tmp_path: Path) -> None:
    cell = judging("import math", line, first='tags=["authoring"]')
    message = refusal(tmp_path, cell, SCORES)
    assert message.startswith(f"made_up.py, cell 2: line {2 + line.startswith('@')}: “{what}")
    assert "belongs to an exercise: put it into a cell # %% judges=" in message
    assert message.endswith("For all exercises there is forbid(...) alone.")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('forbid("x")', "forbid(...): missing a required argument: 'because'."),
        ('forbid(because="y.")', "forbid(...) says nothing."),
        ('forbid("", because="y.")', "forbid(...) says nothing."),
        ('forbid(NAME, because="y.")', "forbid(...) takes literal text only."),
        ('forbid("x", because="y."', "is not Python: '(' was never closed."),
    ],
)
def test_what_is_forbidden_is_named_with_its_reason(line: str, said: str, tmp_path: Path) -> None:
    for cells in (
        (judging(line, first='tags=["authoring"]'), SCORES),
        (SCORES, judging(line)),
    ):
        message = refusal(tmp_path, *cells)
        assert " line 1" in message
        assert message.endswith(said)


# Words


def test_every_word_can_be_imported_from_one_place() -> None:
    from spotlight.course import vocabulary

    words = {
        name
        for name, value in vars(vocabulary).items()
        if inspect.isfunction(value) and value.__module__ == vocabulary.__name__
    }
    assert words == set(authoring.__all__)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('mistake("""\na: b → c\n""")', "did you mean mistakes(...)?"),
        ('misstakes("""\na: b → c\n""")',
         "misstakes(...) is no word of a master; did you mean mistakes(...)?"),
        ('alternative("""\na: b → c\n""")', "did you mean alternatives(...)?"),
        ('without_loop(because="So.")', "did you mean without_loops(...)?"),
        ('casse("few", "Few.")', "did you mean case(...)?"),
        ("probe(few)", "probe(...) stands above a function, as @probe."),
        ("edit('a', 'b', 'c')", "edit(...) is no word of a master. Words to call are: case, "),
    ],
    ids=["singular", "misspelt", "another singular", "shortened", "doubled", "a mark", "unknown"],
)  # fmt: skip
def test_a_word_that_is_none_is_named_with_the_one_that_was_meant(
    line: str, said: str, tmp_path: Path
) -> None:
    message = refusal(tmp_path, SCORES, judging(line))
    assert message.startswith(PLACE)
    assert said in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("@prob", "@prob is no word; did you mean @probe?"),
        ("@mistakes('a', 'b')", "mistakes(...) stands by itself, and marks nothing."),
        ("@alternativ", "@alternativ is no word; did you mean @alternative?"),
        ("@naming_probes", "@naming_probes is no word; did you mean @naming_probe?"),
        ("@case('few', 'Few.')", "case(...) stands by itself, and marks nothing."),
    ],
)
def test_a_mark_that_is_none_is_named_with_the_one_that_was_meant(
    mark: str, said: str, tmp_path: Path
) -> None:
    message = refusal(tmp_path, SCORES, judging(f"{mark}\ndef few(scores):\n    return 1"))
    assert message == PLACE + said


def test_a_decorator_of_a_helpers_own_is_no_mark(tmp_path: Path) -> None:
    helper = "@functools.cache\ndef sizes():\n    return 2, 3"
    assert judged(tmp_path, helper).helpers == helper


@pytest.mark.parametrize(
    "statement",
    [
        'for n in (2, 3):\n    case("few", "Few.", n=n, m=3)',
        'WORDS = case("few", "Few.", n=2, m=3)',
        'case("few", "Few.", n=2, m=3),',
    ],
    ids=["in a loop", "assigned", "in a tuple"],
)
def test_a_word_within_another_statement_would_be_read_by_nobody(
    statement: str, tmp_path: Path
) -> None:
    message = refusal(tmp_path, SCORES, judging(statement))
    assert "case(...) stands within another statement, where nothing reads it" in message
    assert message.endswith("it is a statement by itself.")


def test_the_imports_of_words_are_no_helpers(tmp_path: Path) -> None:
    exercise = judged(
        tmp_path,
        "import math",
        "from spotlight.authoring import case",
        "from spotlight.sandbox.kit import randn",
    )
    assert exercise.helpers == "import math"


# Marks of a solution

MISSPELT = [
    "## BEGIN SOLUTION",
    "#### END SOLUTION",
    "### begin solution",
    "###BEGIN SOLUTION",
    "### END  SOLUTION",
    "### BEGIN_SOLUTION",
    "y = 1  ### END SOLUTION",
    "### BEGIN SOLUTION ###",
]


@pytest.mark.parametrize("mark", ["### BEGIN SOLUTION", *MISSPELT])
@pytest.mark.parametrize("first", ["", ' tags=["authoring"]', ' tags=["probes"]', " [markdown]"])
def test_a_mark_of_a_solution_stands_in_an_exercise_alone(
    mark: str, first: str, tmp_path: Path
) -> None:
    line = f"# {mark}" if "markdown" in first else mark
    if "authoring" in first:
        line = line.removeprefix("y = 1  ")
    message = refusal(tmp_path, PLAIN, f"# %%{first}\n{line}")
    assert message.startswith("made_up.py, cell 3: “")
    assert message.endswith(
        'stands outside of an exercise; mark its cell with # %% exercise="name".'
    )


@pytest.mark.parametrize("mark", MISSPELT)
def test_a_misspelt_mark_in_an_exercise_is_refused_beside_good_ones(
    mark: str, tmp_path: Path
) -> None:
    """Its solution would stand in the students' notebook."""
    message = refusal(tmp_path, f"{PLAIN}\n\n\ndef other(x):\n    {mark}\n    return x")
    assert message == (
        "made_up.py, cell 2 (plain): exercise plain lacks '### BEGIN SOLUTION' and "
        "'### END SOLUTION' in pairs, each on a line of its own."
    )


@pytest.mark.parametrize(
    "line", ["# In the end, solution and text agree.", "# Append solutions here.", "the_end = 1"]
)
def test_words_alike_are_no_marks(line: str, tmp_path: Path) -> None:
    read_twice(tmp_path, PLAIN, f"# %%\n{line}", f"# %% [markdown]\n# {line}")


def test_a_lesson_has_an_exercise(tmp_path: Path) -> None:
    message = refusal(tmp_path, "# %% [markdown]\n# # Only prose")
    assert message.endswith(
        'made_up.py: the lesson has no exercise; mark the first one with # %% exercise="name".'
    )

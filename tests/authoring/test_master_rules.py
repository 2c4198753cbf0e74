"""An incomplete master is refused, by a sentence that names its file and its cell."""

from __future__ import annotations

import re

import pytest

from small_masters import (
    SMALL,
    START,
    alternatives,
    exercise_text,
    markdown_text,
    read_text,
    spoilt,
)
from spotlight.authoring.rules import MAX_WORDS, broken_rules
from spotlight.course.lesson import AuthoringError

ROWS = "cell 6 (row_sums)"
ROW_PROBES = "cell 7"
GUESS = "cell 11 (grand_total)"
TOTAL = "cell 13 (total)"
ENDS = "cell 17 (ends)"

MISTAKE = '@mistake("first-entry", "You return the first entry of each row; add up all of them.")'
FORBID = 'forbid("einsum", because="it hides the sum that you are to write.")'
TARGETS = 'targets=["smallest", "largest"]'
TODO = "    # TODO: add up over the columns.\n"
AVERAGE = "average-instead: x.sum( → x.mean("
HINT = 'hint("Which numbers go into entry i?")'

# name: the place that is named, what is said of it, and what is changed in the small master
UNREADABLE = {
    "no start": ("", "no given cell opens the lesson", ('start("small_sums")', "")),
    "no end mark": (ROWS, "'### END SOLUTION' in pairs", ("    ### END SOLUTION\n", "")),
    "no begin mark": (ROWS, "in pairs", ("    ### BEGIN SOLUTION\n", "")),
    "two end marks": (
        ROWS,
        "in pairs",
        ("    ### END SOLUTION\n", "    ### END SOLUTION\n    ### END SOLUTION\n"),
    ),
    "no identifier": ("cell 6", "'RowSums'", ('exercise="row_sums"', 'exercise="RowSums"')),
    "identifier too long": (
        "cell 6",
        "at most 48 letters",
        ('"row_sums"', f'"{"r" * 49}"'),
    ),
    "same exercise twice": (
        "cell 13 (row_sums)",
        "a second exercise is called row_sums",
        ('exercise="total"', 'exercise="row_sums"'),
    ),
    "unreadable first line": ("cell 6", "first line cannot be", (" points=2", " points=two")),
    "points as text": (ROWS, "points='2' is not a number", ("points=2", 'points="2"')),
    "points below zero": (ROWS, "points=-2 is not a number", ("points=2", "points=-2")),
    "endless points": (ROWS, "points=inf is not a number", ("points=2", "points=1e999")),
    "minutes as text": (ROWS, "minutes='3' is not a number", ("minutes=3", 'minutes="3"')),
    "one target as text": (
        ENDS,
        "targets='smallest' is not a list of names",
        (TARGETS, 'targets="smallest"'),
    ),
    "no targets": (ENDS, "targets=[]", (TARGETS, "targets=[]")),
    "targets that are no names": (ENDS, "is not a list of names", (TARGETS, 'targets=["a b"]')),
    "probes before any exercise": (
        "cell 3",
        "probes stand before the first exercise",
        ('tags=["authoring"]', 'tags=["probes"]'),
    ),
    "probes that do not parse": (
        ROW_PROBES,
        "line 10 is not Python",
        ("def two_rows(row_sums):", "def two_rows(row_sums:"),
    ),
    "same prediction twice": (
        GUESS,
        "prediction grand_total stands here twice",
        (
            "# %%\nprint(table)",
            ('# %% prediction="grand_total"\npredict("grand_total", 1, between=(0, 2))'),
        ),
    ),
    "prediction without a call": (
        GUESS,
        "is a call predict(",
        ('predict("grand_total", 15', 'say("grand_total", 15'),
    ),
    "prediction of another name": (
        GUESS,
        "is a call predict(",
        ('predict("grand_total"', 'predict("other"'),
    ),
    "prediction in broken Python": (GUESS, "is a call predict(", ("(0, 100))", "(0, 100)")),
    "prediction that is no identifier": (
        "cell 11",
        "'Grand total'",
        ('prediction="grand_total"', 'prediction="Grand total"'),
    ),
    "prediction without choices": (
        GUESS,
        "takes choices=[...] or between",
        (", between=(0, 100)", ""),
    ),
    "prediction with both": (GUESS, "takes choices", ("between=", "choices=[15, 2], between=")),
    "choices from elsewhere": (GUESS, "takes choices", ("between=(0, 100)", "choices=CHOICES")),
    "choices in one text": (GUESS, "takes choices", ("between=(0, 100)", 'choices="ab"')),
    "only one choice": (GUESS, "takes choices", ("between=(0, 100)", "choices=[15]")),
    "bounds turned around": (GUESS, "takes choices", ("(0, 100)", "(100, 0)")),
    "one bound": (GUESS, "takes choices", ("(0, 100)", "(0,)")),
    "bounds as text": (GUESS, "takes choices", ("(0, 100)", '("a", "b")')),
    "answer out of bounds": (GUESS, "the answer given to", ("15, between", "150, between")),
    "answer that is no choice": (
        GUESS,
        "the answer given to",
        ("between=(0, 100)", 'choices=["14", "15"]'),
    ),
    "answer that is computed": (GUESS, "the answer given to", ("15, between", "14 + 1, between")),
    "prediction with endless points": (
        GUESS,
        "points=inf",
        ('"grand_total" points=1', '"grand_total" points=1e999'),
    ),
    "mistake of no target": (
        ROW_PROBES,
        "rows__first_entry is not called row_sums__something",
        ("def row_sums__first_entry", "def rows__first_entry"),
    ),
    "mistake called as its target": (
        ROW_PROBES,
        "row_sums is not called row_sums__something",
        ("def row_sums__first_entry", "def row_sums"),
    ),
    "alternative of no target": (
        ROW_PROBES,
        "one_by_one is not called row_sums__something",
        ("def row_sums__one_by_one", "def one_by_one"),
    ),
    "mistake without a name": (
        ROW_PROBES,
        "@mistake takes a name and a message",
        (MISTAKE, "@mistake"),
    ),
    "mistake without a message": (
        ROW_PROBES,
        "missing a required argument: 'message'",
        (MISTAKE, '@mistake("first-entry")'),
    ),
    "edit without its new text": (
        ROW_PROBES,
        "“columns-instead: dim=-1” is not one edit",
        (" → dim=0", ""),
    ),
    "edits from elsewhere": (
        ROW_PROBES,
        "mistakes(...) takes literal text only",
        ('mistakes("""', 'mistakes(f"""'),
    ),
    "edits with an unknown word": (
        ROW_PROBES,
        "mistakes(...): got an unexpected keyword argument 'of'",
        ('mistakes("""', 'mistakes(of="x", text="""'),
    ),
    "hint without text": (ROW_PROBES, "hint(...)", (HINT, "hint()")),
    "empty hint": (ROW_PROBES, "hint(...) says nothing", (HINT, 'hint("")')),
    "forbidding without a reason": (
        ROW_PROBES,
        "missing a required argument: 'because'",
        (FORBID, 'forbid("einsum")'),
    ),
    "forbidding nothing": (
        ROW_PROBES,
        "forbid(...) says nothing",
        ('forbid("einsum", because="it hides', 'forbid(because="it hides'),
    ),
    "probe under a second decorator": (
        ROW_PROBES,
        "each stand alone above a function",
        ("@probe\ndef two_rows", "@probe\n@torch.no_grad()\ndef two_rows"),
    ),
    "mistake that is a class": (
        ROW_PROBES,
        "each stand alone above a function",
        (
            "def row_sums__first_entry(x):\n    return x[:, 0]",
            "class row_sums__first_entry:\n    pass",
        ),
    ),
}

BREACHES = {
    "one probe": (
        ROWS,
        "probes: 1, where at least 2",
        (
            (
                "@probe\n"
                "def three_rows(row_sums):\n"
                '    "Three rows of five."\n'
                "    return row_sums(randn(3, 5))"
            ),
            "",
        ),
    ),
    "two mistakes": (
        ROWS,
        "mistakes: 2, where at least 3",
        (f"{AVERAGE}\n    That is the average; add up.\n", ""),
    ),
    "one alternative": (
        ROWS,
        "alternatives: 1, where at least 2",
        (alternatives("by-product: x.sum(dim=-1) → x @ torch.ones(x.shape[1])"), ""),
    ),
    "one hint": (ROWS, "hints: 1, where at least 2", (HINT, "")),
    "nothing forbidden": (ROWS, "forbid(...) lines: 0, where at least 1", (FORBID, "")),
    "no minutes": (ROWS, "minutes: 0, where at least 1", (" minutes=3", "")),
    "no line to edit": (ROWS, "no '# TODO: ...' line", (TODO, "")),
    "line to edit below the solution": (
        ROWS,
        "no '# TODO: ...' line",
        (TODO, ""),
        ("    return total_of_rows\n", "    # TODO: done\n    return total_of_rows\n"),
    ),
    "too difficult": (ROWS, "difficulty 4 is not 1, 2 or 3", ("difficulty=1", "difficulty=4")),
    "not difficult": (ROWS, "difficulty 0 is not 1, 2 or 3", ("difficulty=1", "difficulty=0")),
    "a long solution": (
        ROWS,
        "the solution has 11 lines; 10 at most",
        ("    total_of_rows =", "    x = x + 0\n" * 9 + "    total_of_rows ="),
    ),
    "no docstring": (
        ROWS,
        "row_sums has no docstring",
        ('    """The sum of every row.\n\n    x: (n, m) → (n,)\n    """\n', ""),
    ),
    "no docstring of a second target": (
        ENDS,
        "largest has no docstring",
        ('    """The largest entry of x, which has any shape."""\n', ""),
    ),
    "a target that is not there": (
        ENDS,
        "does not define its target middle",
        (TARGETS, 'targets=["smallest", "largest", "middle"]'),
    ),
    "a stub that does not parse": (
        ENDS,
        "the stub does not parse",
        ("    # TODO: return it.\n", "    # TODO: return it.\n    if x\n"),
    ),
    "a stub that raises when its cell runs": (
        TOTAL,
        "the stub raises as soon as its cell runs",
        (
            "### BEGIN SOLUTION\ntotal = table.sum().item()\n### END SOLUTION",
            "total = ...\n"
            "if True:\n"
            "    ### BEGIN SOLUTION\n"
            "    total = table.sum().item()\n"
            "    ### END SOLUTION",
        ),
    ),
    "an edit of text that stands twice": (
        ENDS,
        "smallest-twice: the text 'return' stands 2 times between the solution marks",
        ("x.max() → x.min()", "return → pass"),
    ),
    "an edit of text that stands nowhere": (
        ROWS,
        "columns-instead: the text 'dim=-7' stands nowhere",
        ("dim=-1 → dim=0", "dim=-7 → dim=0"),
    ),
    "an edit of text that stands in the docstring only": (
        ROWS,
        "stands nowhere between the solution marks",
        ("dim=-1 → dim=0", "sum of every row → dim=0"),
    ),
    "an alternative to text that stands nowhere": (
        ROWS,
        "by-product: the text 'y.sum(dim=-1)' stands nowhere",
        ("by-product: x.sum(dim=-1)", "by-product: y.sum(dim=-1)"),
    ),
    "an edit to something that is not Python": (
        ROWS,
        "columns-instead does not parse",
        ("dim=-1 → dim=0", "dim=-1 → dim="),
    ),
    "two mistakes of one name": (
        ROWS,
        "2 mistakes or alternatives are called columns-instead",
        (AVERAGE, AVERAGE.replace("average-instead", "columns-instead")),
    ),
    "a mistake called as an alternative": (
        ROWS,
        "2 mistakes or alternatives are called one-by-one",
        (AVERAGE, AVERAGE.replace("average-instead", "one-by-one")),
    ),
    "a mistake in capitals": (
        ROWS,
        "'Average instead' is not a name in lower-case-with-dashes",
        (AVERAGE, AVERAGE.replace("average-instead", "Average instead")),
    ),
    "a message that is no sentence": (
        ROWS,
        "the message of mistake average-instead is not a sentence",
        ("That is the average; add up.", "the average"),
    ),
    "no message": (
        ROWS,
        "the message of mistake average-instead is not a sentence",
        ("    That is the average; add up.\n", ""),
    ),
    "a probe of what is no target": (
        ROWS,
        "probe two_rows asks for ['column_sums'], which are no targets",
        ("def two_rows(row_sums):", "def two_rows(row_sums, column_sums):"),
    ),
    "a probe called as its target": (
        ROWS,
        "a probe is called row_sums, as its target is",
        ("def two_rows(row_sums):", "def row_sums(row_sums):"),
    ),
    "a probe without a docstring": (
        ROWS,
        "probe two_rows has no docstring",
        ('    "Two rows of four."\n', ""),
    ),
    "a dtype that no student is told of": (
        ROWS,
        "probe two_rows uses float64, of which the exercise says nothing",
        ("randn(*_widths())", "randn(*_widths(), dtype=torch.float64)"),
    ),
    "two probes of one name": (
        ROWS,
        "2 probes are called three_rows",
        ("def two_rows(", "def three_rows("),
    ),
    "a given cell that is not Python": (
        "cell 10",
        "the given cell is not plain Python",
        ("# %%\nprint(table)", "# %%\nprint(table"),
    ),
    "probes in a cell without the tag": (
        "cell 14",
        'mark theirs with # %% judges="name"',
        ('# %% tags=["probes"]\n@probe\ndef the_table', "# %% probes\n@probe\ndef the_table"),
    ),
}


def test_a_good_master_breaks_no_rule(any_lesson):
    assert broken_rules(any_lesson) == []


@pytest.mark.parametrize("case", UNREADABLE.values(), ids=UNREADABLE)
def test_a_master_that_cannot_be_read_is_refused(tmp_path, case):
    place, said, *changes = case
    with pytest.raises(AuthoringError) as refused:
        read_text(tmp_path, spoilt(*changes))
    message = str(refused.value)
    assert "07_small_sums.py" in message
    assert place in message
    assert said in message


@pytest.mark.parametrize("case", BREACHES.values(), ids=BREACHES)
def test_a_master_that_breaks_a_rule_is_told_which(tmp_path, case):
    place, said, *changes = case
    problems = broken_rules(read_text(tmp_path, spoilt(*changes)))
    telling = [problem for problem in problems if said in problem]
    assert len(telling) == 1, problems
    assert telling[0].startswith(f"07_small_sums.py, {place}")
    assert telling[0].endswith(".")


@pytest.mark.parametrize("name", sorted(set(BREACHES) - {"probes in a cell without the tag"}))
def test_one_breach_is_one_sentence(tmp_path, name):
    _, _, *changes = BREACHES[name]
    problems = broken_rules(read_text(tmp_path, spoilt(*changes)))
    shares = "parse" in name or "not Python" in name or "called as" in name
    assert len(problems) == 1 or shares, problems


def test_every_breach_is_told_at_once(tmp_path):
    changes = [BREACHES[name][2] for name in ("one hint", "no minutes", "one probe")]
    problems = broken_rules(read_text(tmp_path, spoilt(*changes)))
    assert len(problems) == 3


def test_an_exercise_under_no_heading_at_all_has_no_title(tmp_path):
    lesson = read_text(tmp_path, re.sub(r"^# #.*$", "#", SMALL, flags=re.MULTILINE))
    problems = [p for p in broken_rules(lesson) if "no heading stands above" in p]
    assert [p.partition(":")[0] for p in problems] == [
        f"07_small_sums.py, {place}" for place in (ROWS, TOTAL, ENDS)
    ]


# Prose


def words(count: int) -> str:
    return " ".join(["word"] * count)


def told(tmp_path, *cells: str) -> list[str]:
    text = "\n".join([START, *cells, exercise_text("the_last")])
    return [said for said in broken_rules(read_text(tmp_path, text)) if " of prose " in said]


def test_prose_may_have_as_many_words_as_the_rule_says_and_not_one_more(tmp_path):
    assert told(tmp_path, markdown_text(words(MAX_WORDS))) == []
    (problem,) = told(tmp_path, markdown_text(words(MAX_WORDS), "one"))
    assert problem.startswith(f"07_small_sums.py, cell 2: {MAX_WORDS + 1} words of prose")


def test_prose_is_counted_over_cells_until_the_student_does_something(tmp_path):
    half = markdown_text(words(MAX_WORDS // 2 + 1))
    (problem,) = told(tmp_path, half, half)
    assert "cell 3" in problem
    assert told(tmp_path, half, "# %%\nx = 1\n", half) == []
    assert len(told(tmp_path, half, '# %% tags=["authoring"]\nimport re\n', half)) == 1


@pytest.mark.parametrize("thing", ["$\\frac{a b c}{d}$", "`one two three`"])
def test_a_formula_or_a_piece_of_code_counts_as_one_word(tmp_path, thing):
    assert told(tmp_path, markdown_text(" ".join([thing] * MAX_WORDS))) == []
    assert len(told(tmp_path, markdown_text(" ".join([thing] * (MAX_WORDS + 1))))) == 1

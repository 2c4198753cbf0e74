"""Mistakes and alternatives in a block: edits of the solution, each with its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from masters_read_twice import function_cell, judging, read_twice, refusal

from spotlight.authoring.rules import broken_rules
from spotlight.course.lesson import Exercise

BODY = """\
weights = q @ k.T / 2
for row in weights:
    row -= row.max(dim=0)

    row.exp_()
return weights"""


def block(text: str, word: str = "mistakes") -> str:
    """A judging cell that holds one block; line 2 of the cell is the first of `text`."""
    return judging(f'{word}("""\n{text}\n""")')


def exercise_with(folder: Path, text: str, body: str = BODY, word: str = "mistakes") -> Exercise:
    lesson = read_twice(folder, function_cell("f", body, "q, k"), block(text, word))
    return lesson.exercises[0]


def edited(folder: Path, text: str, body: str = BODY) -> str:
    """The solution's body as the one mistake in the block would have it."""
    exercise = exercise_with(folder, text, body)
    (wrong,) = exercise.mistakes
    return body_of(exercise.variant_source(wrong))


def body_of(source: str) -> str:
    inner = source.split("    ### BEGIN SOLUTION\n")[1].split("    ### END SOLUTION")[0]
    return "\n".join(line[4:] for line in inner.splitlines())


# Of a part of a line


def test_a_mistake_is_a_name_an_edit_and_a_sentence(tmp_path: Path) -> None:
    exercise = exercise_with(tmp_path, "keys-first: q @ k.T → k @ q.T\n    You swapped them.")
    (wrong,) = exercise.mistakes
    assert (wrong.name, wrong.message) == ("keys-first", "You swapped them.")
    assert body_of(exercise.variant_source(wrong)) == BODY.replace("q @ k.T", "k @ q.T")


def test_an_alternative_is_a_name_and_an_edit(tmp_path: Path) -> None:
    exercise = exercise_with(tmp_path, "half: / 2 → * 0.5\nt: k.T → k.t()", word="alternatives")
    assert [right.name for right in exercise.alternatives] == ["half", "t"]
    assert exercise.mistakes == ()


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        ("dim=0 → dim=1", "x.sum(dim=0)", "x.sum(dim=1)"),
        ("x[1:] → x[:-1]", "x[1:] + 1", "x[:-1] + 1"),
        ("a → b → c", "f(a)", "f(b → c)"),
        ("# one → # two", "x  # one", "x  # two"),
        ("+ by →", "x + by", "x"),
        ("+ by →", "(x + by) * 2", "(x) * 2"),
        (", dim=0 →", "x.sum(y, dim=0)", "x.sum(y)"),
        ("- →", "-x", "x"),
    ],
)
def test_text_becomes_other_text_and_where_nothing_follows_the_arrow_it_goes_with_its_space(
    edit: str, before: str, after: str, tmp_path: Path
) -> None:
    assert (
        edited(tmp_path, f"name: {edit}\n    A sentence.", f"y = 1\n{before}") == f"y = 1\n{after}"
    )


# Of whole lines


@pytest.mark.parametrize(
    ("lines", "old", "new"),
    [
        ("- return weights\n+ return weights.T", "return weights", "return weights.T"),
        (
            "- for row in weights:\n-     row -= row.max(dim=0)\n-\n-     row.exp_()\n"
            "+ weights = weights.exp()",
            "for row in weights:\n    row -= row.max(dim=0)\n\n    row.exp_()",
            "weights = weights.exp()",
        ),
        ("- row.exp_()\n+ row.exp_()\n+\n+ row += 1", "    row.exp_()",
         "    row.exp_()\n\n    row += 1"),
        ("-     row.exp_()\n- return weights\n+ return weights.exp()",
         "    row.exp_()\nreturn weights", "return weights.exp()"),
        ("- row.exp_()\n+ if row.any():\n+     row.exp_()", "    row.exp_()",
         "    if row.any():\n        row.exp_()"),
        ("- row -= row.max(dim=0)\n-", "    row -= row.max(dim=0)\n\n", ""),
        ("-\n- row.exp_()\n+ row.sin_()", "\n    row.exp_()", "    row.sin_()"),
    ],
    ids=["one", "several", "more", "outwards", "inwards", "deleted", "blank first"],
)  # fmt: skip
def test_lines_become_other_lines_as_deep_as_they_stand(
    lines: str, old: str, new: str, tmp_path: Path
) -> None:
    assert old in BODY
    text = "name:\n" + "".join(f"    {line}\n" for line in lines.split("\n")) + "    A sentence."
    assert edited(tmp_path, text) == BODY.replace(old, new)


def test_only_a_whole_line_is_a_line(tmp_path: Path) -> None:
    body = "total = x\ny = total = x\n(y, total = x)"
    assert edited(tmp_path, "name:\n    - total = x\n    + total = 1", body).startswith(
        "total = 1\n"
    )


def test_the_marks_may_be_indented_more_than_the_sentence(tmp_path: Path) -> None:
    exercise = exercise_with(
        tmp_path, "name:\n        - row.exp_()\n          + row.sin_()\n    A sentence."
    )
    (wrong,) = exercise.mistakes
    assert wrong.message == "A sentence."
    assert "    row.sin_()\n" in exercise.variant_source(wrong)


# The rest of a block


def test_a_sentence_may_run_over_lines_and_comments_and_blank_lines_say_nothing(
    tmp_path: Path,
) -> None:
    exercise = exercise_with(
        tmp_path,
        "# Of the first line.\n"
        "one: / 2 →\n"
        "    The scores are halved,\n"
        "    # or so.\n"
        "    -1 times and more.\n"
        "\n"
        "two:\n"
        "    # As in the book.\n"
        "    - return weights\n"
        "\n"
        "    + return q\n"
        "    Return the weights.",
    )
    assert [(wrong.name, wrong.message) for wrong in exercise.mistakes] == [
        ("one", "The scores are halved, -1 times and more."),
        ("two", "Return the weights."),
    ]


def test_the_block_as_a_whole_may_be_indented(tmp_path: Path) -> None:
    text = "    one: / 2 →\n        One.\n    two:\n        - return weights\n        + return q"
    assert [wrong.name for wrong in exercise_with(tmp_path, text).mistakes] == ["one", "two"]


def test_blocks_and_functions_add_up_in_the_order_of_the_cell(tmp_path: Path) -> None:
    lesson = read_twice(
        tmp_path,
        function_cell("f", BODY, "q, k"),
        judging(
            'mistakes("""\none: / 2 → / 3\n    One.\n""")',
            '@mistake("two", "Two.")\ndef f__two(q, k):\n    return q',
            'mistakes("""\nthree: / 2 → / 4\n    Three.\n""")',
        ),
    )
    assert [wrong.name for wrong in lesson.exercises[0].mistakes] == ["one", "two", "three"]


# What is refused

NO_BLOCK = {
    "no space after the colon": ("a:b → c", 2, "“a:b → c” is neither “name: old → new” nor"),
    "no name": (": b → c", 2, "“: b → c” is neither “name: old → new” nor “name:”"),
    "a sentence at the margin": ("a: b → c\nOne is asked for.", 3, "“One is asked for.” is"),
    "no arrow": ("a: b", 2, "“a: b” is not one edit: write “name: old → new”"),
    "an arrow of two letters": ("a: b -> c", 2, "“a: b -> c” is not one edit"),
    "nothing to replace": ("a: → c", 2, "“a: → c” is not one edit"),
    "no space before the arrow": ("a: b→ c", 2, "“a: b→ c” is not one edit"),
    "no space after the arrow": ("a: b →c", 2, "“a: b →c” is not one edit"),
    "a name alone": ("a:\n    A sentence.", 2, "“a:” has neither old → new nor lines with - and +"),
    "two edits of one name": ("a: b → c\n    - b", 2, "“- b” below it is a second one"),
    "new lines only": ("a:\n    + b", 2, "“a:” has no line with -, which says what is replaced"),
    "blank lines only": ("a:\n    -\n    + b", 2, "“a:” has no line with -"),
    "no space after a minus": ("a:\n    -b\n    + c", 3, "“-b” has no space after its -"),
    "no space after a plus": ("a:\n    - b\n    +c", 4, "“+c” has no space after its +"),
    "an indented beginning": ("    Well.\na: b → c", 2, "“Well.” stands before the first name"),
    "a later item": ("a: b → c\n    So.\n\n# More.\nb: c", 6, "“b: c” is not one edit"),
    "comments only": ("# a: b → c", 1, "the block says nothing"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "said"), NO_BLOCK.values(), ids=NO_BLOCK)
def test_what_is_no_edit_is_refused_by_its_line(
    text: str, line: int, said: str, tmp_path: Path
) -> None:
    for word in ("mistakes", "alternatives"):
        message = refusal(tmp_path, function_cell("f", BODY), block(text, word))
        assert message.startswith(f"made_up.py, cell 3: line {line}: {word}(...): ")
        assert said in message
        assert message.endswith(".")


def test_a_block_without_text_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, function_cell("f", BODY), block(""))
    assert message == "made_up.py, cell 3: line 1: mistakes(...) says nothing."


def test_an_alternative_with_a_sentence_is_refused(tmp_path: Path) -> None:
    text = "half: / 2 → * 0.5\nother: q → k\n    Swap them."
    message = refusal(tmp_path, function_cell("f", BODY), block(text, "alternatives"))
    assert message == (
        "made_up.py, cell 3: line 3: alternatives(...): “other” is right, so that nobody would "
        "read “Swap them.”."
    )


def test_a_block_that_is_written_in_one_line_is_refused_by_that_line(tmp_path: Path) -> None:
    message = refusal(
        tmp_path, function_cell("f", BODY), judging("x = 1", 'mistakes("# So.\\n\\na: b")')
    )
    assert message.startswith("made_up.py, cell 3: line 2: mistakes(...): “a: b” is not one edit")


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("a: q @ q.T → q", "nowhere"),
        ("a: weights → q", "3 times"),
        ("a:\n    - row\n    + q", "nowhere"),
        ("a:\n    - for row in weights:\n    - row.exp_()", "nowhere"),
    ],
    ids=["text", "text thrice", "part of a line", "lines apart"],
)
def test_an_edit_needs_what_stands_in_the_solution_exactly_once(
    text: str, times: str, tmp_path: Path
) -> None:
    lesson = read_twice(tmp_path, function_cell("f", BODY, "q, k"), block(text))
    (said,) = (x for x in broken_rules(lesson) if "between the solution marks" in x)
    assert said.startswith("made_up.py, cell 2 (f): a: the text ")
    assert f" stands {times} between" in said


def test_a_whole_line_that_stands_twice_is_not_one_place(tmp_path: Path) -> None:
    body = "if q:\n    return k\nreturn k"
    lesson = read_twice(tmp_path, function_cell("f", body), block("a:\n    - return k\n    + 1"))
    assert any("stands 2 times between" in said for said in broken_rules(lesson))


def test_lines_at_the_margin_have_no_place_for_lines_less_deep(tmp_path: Path) -> None:
    cell = '# %% exercise="total"\n### BEGIN SOLUTION\ntotal = 1\n### END SOLUTION'
    text = block("a:\n    -     total = 1\n    + total = 2")
    lesson = read_twice(tmp_path, cell, text)
    assert any("stands nowhere between" in said for said in broken_rules(lesson))


# Any edit


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[str], int, int, list[str]]:
    """Lines no two of which are alike; from where to where they change; and to what."""
    count = draw(st.integers(1, 7))
    depths = st.integers(0, 3)
    blank = st.integers(0, 4).map(lambda number: number == 0)
    lines = ["" if draw(blank) else "    " * draw(depths) + f"old_{i}" for i in range(count)]
    start = draw(st.integers(0, count - 1))
    end = draw(st.integers(start + 1, count))
    new = [
        "" if draw(blank) else "    " * draw(depths) + f"new_{i}"
        for i in range(draw(st.integers(0, 4)))
    ]
    return lines, start, end, new


@settings(max_examples=60, deadline=None)
@given(change=changes(), margin=st.integers(0, 9))
def test_any_lines_that_become_any_others_can_be_written_as_a_block(
    change: tuple[list[str], int, int, list[str]],
    margin: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lines, start, end, new = change
    assume(any(lines[start:end]))
    assume(new == [] or any(new))
    marked = [f"- {' ' * margin}{line}".rstrip() for line in lines[start:end]]
    marked += [f"+ {' ' * margin}{line}".rstrip() for line in new]
    text = "any:\n" + "".join(f"    {line}\n" for line in marked) + "    A sentence."
    folder = tmp_path_factory.mktemp("block")
    expected = "\n".join([*lines[:start], *new, *lines[end:]])
    assert edited(folder, text, "\n".join(lines)) == expected


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(
        st.from_regex(r"[a-z:=#+-][a-z:=(), →-]{0,5}[a-z:=]", fullmatch=True), min_size=2
    ),
    data=st.data(),
)
def test_any_words_that_become_any_others_can_be_written_in_a_line(
    words: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    numbered = [f"{word}{i}." for i, word in enumerate(words)]
    start = data.draw(st.integers(1, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    new = data.draw(st.lists(st.sampled_from(["one", "-", ":", "→", "two"])))
    old = " ".join(numbered[start:end])
    line = " ".join(numbered)
    assume(line.count(old) == 1 and " → " not in f" {old} ")
    folder = tmp_path_factory.mktemp("line")
    expected = " ".join([*numbered[:start], *new, *numbered[end:]])
    text = f"any: {old} → {' '.join(new)}".rstrip() + "\n    A sentence."
    assert edited(folder, text, line) == expected

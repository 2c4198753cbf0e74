"""Of a given cell, a program runs what makes or changes what the exercise needs, and no more."""

from __future__ import annotations

import pytest

from spotlight.grading.given_cells import only_these, parts_of


def program(source: str, *needed: str) -> str:
    """The part of `source` that defines or changes what is needed, and what that needs itself."""
    parts, names = parts_of(source), set(needed)
    for _ in parts:
        names |= {
            n for part, _ in parts if names & (part.defines | part.changes) for n in part.needs
        }
    kept = [n for part, nodes in parts if names & (part.defines | part.changes) for n in nodes]
    return only_these(source, kept, names)


def test_what_shows_or_makes_something_else_is_left_out() -> None:
    source = "x = [1, 2]\nshow_heatmap(x)\nprint(x)\nlarge = corpus(x)\ny = x + x\n"
    assert program(source, "y") == "x = [1, 2]\n\n\n\ny = x + x\n"


@pytest.mark.parametrize(
    "change",
    ["x[0] = 5", "x.append(5)", "x += [5]", "fill(x)", "for i in x:\n    x[i] = 5", "fill(into=x)"],
)
def test_what_changes_it_is_kept(change: str) -> None:
    source = f"x = [1, 2]\n{change}\n"
    assert program(source, "x") == source


def test_who_gets_a_new_thing_changes_nothing_that_is_needed() -> None:
    assert program("n = 3\ncheck(list(range(n)))\n", "n") == "n = 3\n"


def test_random_numbers_come_as_they_do_in_the_notebook() -> None:
    source = "torch.manual_seed(0)\nx = torch.randn(3)\ny = torch.randn(3)\n"
    assert program(source + "show_heatmap(x)\n", "y", "torch") == source


def test_of_an_import_only_what_is_used_is_left() -> None:
    source = "from drawing import show, words\nimport torch, slow\n\nx = torch.tensor(words())\n"
    assert program(source, "x") == (
        "from drawing import words\nimport torch\n\nx = torch.tensor(words())\n"
    )


def test_every_line_keeps_its_number() -> None:
    source = "'''Text.'''\n\nunused = 1\n\n\n@cached\ndef f(\n    x,\n):\n    return x\n"
    assert program(source, "f").splitlines()[5:] == source.splitlines()[5:]
    assert not program(source, "f").splitlines()[2]


def test_a_cell_that_is_no_python_has_no_parts() -> None:
    assert parts_of("x = (") == ()

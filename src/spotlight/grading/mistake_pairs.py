"""Two mistakes at once: the changes of both, made to one solution.

Each variant is taken as changes of the solution's text, token by token; where no two changes touch,
both are made (a three-way merge with the solution as the common ancestor).
"""

from __future__ import annotations

import ast
import io
import itertools
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from spotlight.course.lesson import Exercise, Variant, edit_solution, with_solution
from spotlight.python_source.syntax import parsed

MAX_PAIRS = 64
"""Of one exercise: what its answer key can afford, whatever the machine."""


@dataclass(frozen=True)
class Pair:
    """Two mistakes made together, as the source of the whole cell."""

    names: tuple[str, str]
    source: str


def pairs_of_mistakes(exercise: Exercise) -> tuple[Pair, ...]:
    """Two mistakes that can be made together and are more than one of them alone.

    There are `MAX_PAIRS` at most. Neighbours come first, then those two apart, and so on round the
    ring of the exercise's mistakes, so that every mistake is in about as many pairs as any other.
    """
    return tuple(itertools.islice(_composed(exercise), MAX_PAIRS))


def _composed(exercise: Exercise) -> Iterator[Pair]:
    base = _tokens(exercise.solution)
    changed = {
        wrong.name: _tokens(text)
        for wrong in exercise.mistakes
        if (text := _as_changed_solution(exercise, wrong)) is not None
    }
    alone = {_tree("".join(tokens)) for tokens in (base, *changed.values())}
    ring = len(changed)
    numbered = itertools.combinations(enumerate(changed.items()), 2)
    by_distance = sorted(numbered, key=lambda pair: _distance(pair[0][0], pair[1][0], ring))
    for (_, (one, first)), (_, (two, second)) in by_distance:
        merged = _merge(base, first, second)
        if merged is None:
            continue
        tree = _tree(merged)
        if tree is not None and tree not in alone:
            yield Pair((one, two), merged)


def _distance(one: int, two: int, ring: int) -> int:
    """From the one place to the other on a ring of so many."""
    return min(two - one, ring - (two - one))


def _as_changed_solution(exercise: Exercise, variant: Variant) -> str | None:
    """The cell with `variant` written into the solution; None where it does not fit there."""
    if variant.edit is not None:
        return edit_solution(exercise.solution, variant.edit)
    function = ast.parse(variant.source).body[0]
    assert isinstance(function, ast.FunctionDef)
    if _parameters(exercise.solution, exercise.targets[0]) != _names(function):
        return None
    first = function.body[0]
    lines = variant.source.splitlines()[first.lineno - 1 :]
    if first.lineno == function.lineno:  # the whole function stands in one line
        lines[0] = ast.get_source_segment(variant.source, first) or ""
    return with_solution(exercise.solution, textwrap.dedent("\n".join(lines)) + "\n")


def _parameters(source: str, target: str) -> list[str]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == target:
            return _names(node)
    return []


def _names(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args]


def _tokens(source: str) -> list[str]:
    """The source in pieces that, put together again, are the source."""
    lines = source.splitlines(keepends=True)
    starts = list(itertools.accumulate(map(len, lines), initial=0))
    cuts = {0, len(source)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        for row, column in (token.start, token.end):
            cuts.add(min(starts[min(row, len(lines) + 1) - 1] + column, len(source)))
    return [source[a:b] for a, b in itertools.pairwise(sorted(cuts))]


def _merge(base: list[str], first: list[str], second: list[str]) -> str | None:
    """`base` with the changes of both; None where they touch."""
    changes = sorted([*_changes(base, first), *_changes(base, second)])
    merged: list[str] = []
    at = 0
    for index, (start, end, new) in enumerate(changes):
        if index and start <= changes[index - 1][1]:
            return None
        merged += [*base[at:start], *new]
        at = end
    return "".join([*merged, *base[at:]])


def _changes(base: list[str], other: list[str]) -> Iterator[tuple[int, int, list[str]]]:
    """What to replace in `base`, from and to which token, to have `other`."""
    matcher = SequenceMatcher(None, base, other, autojunk=False)
    for tag, start, end, low, high in matcher.get_opcodes():
        if tag != "equal":
            yield start, end, other[low:high]


def _tree(source: str) -> str | None:
    tree = parsed(source)
    return ast.dump(tree) if tree is not None else None

"""A lesson as data: what a master, or the solution notebook built from it, says.

`spotlight.course.parsing` reads it from cells.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from spotlight.python_source.reads import Reads, reads_of
from spotlight.python_source.syntax import parsed

Role = Literal["markdown", "given", "exercise", "prediction", "probes", "authoring"]

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
SOLUTION_MARK = re.compile(
    r"^(?:.*#)?[^\w\n]*(?:BEGIN|END)[ \t_-]*SOLUTION.*$", re.MULTILINE | re.IGNORECASE
)
"""A line that is a solution's mark, or was meant to be one."""
GIVEN_MARK = "# given"
_GIVEN_HEAD = re.compile(rf"\A(%%needs [^\n]*\n)?({GIVEN_MARK}\n)?")
MARKER = re.compile(r"^# Exercise (?P<id>[a-z][a-z0-9_]*)(?= ·|[ \t]*$)", re.MULTILINE)
_BLOCK = re.compile(
    rf"^(?P<indent>[ \t]*){BEGIN}[ \t]*\n(?P<body>.*?)^[ \t]*{END}[ \t]*$", re.MULTILINE | re.DOTALL
)
RULE = "# Rule: "
"""Begins a line above an exercise that says what it does without; the next lines are indented."""
EXERCISE_HEAD = re.compile(
    rf"\A# Exercise [a-z][a-z0-9_]* · [^\n]*\n(?:{RULE}[^\n]*\n(?:#   [^\n]*\n)*)*"
)
_NUMBER = re.compile(r"^[\d.]+\s*·\s*")
_SCAFFOLD = re.compile(rf"[ \t]*({BEGIN}|{END}|# TODO: )")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


class AuthoringError(Exception):
    """A master or the manifest cannot be used; the message names file, cell and mend."""


class WithheldError(AuthoringError):
    """A released copy of the course was asked for what only the instructor's has."""


@dataclass(frozen=True)
class Cell:
    """One cell; `place` says where it stands, for messages to the author."""

    role: Role
    source: str
    place: str
    metadata: dict[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True)
class Edit:
    """A replacement inside the solution's text: of a part of a line, or of `whole_lines`.

    Whole lines are at the left margin here; in the solution they may be indented, all alike.
    """

    old: str
    new: str
    whole_lines: bool = False


@dataclass(frozen=True)
class Variant:
    """A mistake or an alternative: an edit of the solution, or a function of its own."""

    name: str
    message: str = ""
    edit: Edit | None = None
    function: str | None = None
    source: str = ""


@dataclass(frozen=True)
class Probe:
    """A function handed targets by name; `source` carries no decorator."""

    name: str
    description: str
    parameters: tuple[str, ...]
    source: str
    naming_only: bool = False


@dataclass(frozen=True)
class Forbidden:
    """Names that an exercise withholds, and why."""

    names: tuple[str, ...]
    because: str

    def __str__(self) -> str:
        *others, last = (f"`{name}`" for name in self.names)
        names = f"{', '.join(others)} or {last}" if others else last
        return f"without {names}: {self.because}"


@dataclass(frozen=True)
class CostRule:
    """What an exercise may cost, and why: no Python loop (`flops` is None), or at most `flops`
    times the solution's floating-point operations."""

    flops: float | None
    because: str

    def __str__(self) -> str:
        if self.flops is None:
            return f"without a Python loop: {self.because}"
        return f"at most {self.flops:g} times the arithmetic that it takes: {self.because}"


@dataclass(frozen=True)
class Withheld:
    """What a released lesson has in place of a solution: what students see of its cell, and what
    judging asks of its source."""

    stub: str
    reads: Reads


@dataclass(frozen=True)
class Exercise:
    """One cell to fill in, with all that is known about right and wrong ways to do it.

    `cell` is the cell as its author wrote it, with the solution between marks. `entry` is the
    source of the function that explains one entry of the result; `partial` whether each probe
    passed earns its share of the points.
    """

    id: str
    title: str
    targets: tuple[str, ...]
    points: float
    minutes: int
    difficulty: int
    cell: str | Withheld
    place: str
    probes: tuple[Probe, ...] = ()
    helpers: str = ""
    mistakes: tuple[Variant, ...] = ()
    alternatives: tuple[Variant, ...] = ()
    hints: tuple[str, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    costs: tuple[CostRule, ...] = ()
    entry: str = ""
    why: str = ""
    partial: bool = False

    @property
    def solution(self) -> str:
        """The cell with its solution.

        Raises:
            WithheldError: the lesson is a released one, which has none.
        """
        if isinstance(self.cell, Withheld):
            raise WithheldError(
                f"This copy of the course holds no solution of {self.id}: the instructor keeps it."
            )
        return self.cell

    @property
    def stub(self) -> str:
        """What the student finds: the cell without its solution, raising only when called."""
        if isinstance(self.cell, Withheld):
            return self.cell.stub
        return stub_of(self.cell, self.targets, self.id)

    @property
    def reads(self) -> Reads:
        """What the solution reads, if it is a function."""
        if isinstance(self.cell, Withheld):
            return self.cell.reads
        return reads_of(self.cell, self.targets[0])

    @property
    def reference(self) -> str:
        """The solution as it is read: its code, without marks and what says what to do."""
        kept = [x for x in self.solution.splitlines() if not _SCAFFOLD.match(x)]
        return without_docstrings("\n".join(kept))

    def variant_source(self, variant: Variant) -> str:
        """The cell as `variant` would have it."""
        if variant.edit is not None:
            return edit_solution(self.solution, variant.edit)
        target, _, _ = str(variant.function).partition("__")
        source = f"{variant.source}\n\n{target} = {variant.function}\n"
        # The function stands for one target; others are as the solution has them.
        return source if len(self.targets) == 1 else f"{self.solution}\n\n\n{source}"


@dataclass(frozen=True)
class Prediction:
    """A commitment: one of `choices`, or a number `between` two bounds (inclusive)."""

    id: str
    points: float
    choices: tuple[str | bool | int | float, ...] | None
    between: tuple[float, float] | None
    source: str
    place: str

    @property
    def stub(self) -> str:
        """The cell with the answer replaced by `...`."""
        return self.committed("...")

    def committed(self, answer: str) -> str:
        """The cell with another answer, a piece of source."""
        call = prediction_call(self.source)
        assert call is not None
        start, end = _offsets(self.source, call.args[1])
        return f"{self.source[:start]}{answer}{self.source[end:]}"

    def accepts(self, answer: object) -> bool:
        """Whether `answer` is a valid commitment."""
        if self.choices is not None:
            return any(type(answer) is type(choice) and answer == choice for choice in self.choices)
        if self.between is None or isinstance(answer, bool) or not isinstance(answer, int | float):
            return False
        low, high = self.between
        return low <= answer <= high


@dataclass(frozen=True)
class Lesson:
    """A whole lesson, in order.

    `keys` is the folder of the answer keys that came with a released lesson. That one holds no
    solutions to observe; where it is None, the solutions are there.
    """

    id: str
    title: str
    where: str
    cells: tuple[Cell, ...]
    exercises: tuple[Exercise, ...]
    predictions: tuple[Prediction, ...]
    keys: Path | None = None

    @property
    def is_released(self) -> bool:
        """Whether this is a lesson as students get it, without its solutions."""
        return self.keys is not None

    @property
    def possible(self) -> float:
        """All points that the lesson offers."""
        return sum(e.points for e in self.exercises) + sum(p.points for p in self.predictions)

    def exercise(self, name: str) -> Exercise | None:
        """The exercise called `name`, by its id or by one of its targets."""
        by_id = (exercise for exercise in self.exercises if exercise.id == name)
        by_target = (exercise for exercise in self.exercises if name in exercise.targets)
        return next(by_id, None) or next(by_target, None)


def bare_given(source: str) -> str:
    """A given cell's own source, without the lines that the build puts above it."""
    return _GIVEN_HEAD.sub("", source)


def bare_exercise(source: str) -> str:
    """An exercise cell's own source, without the lines that the build puts above it."""
    return EXERCISE_HEAD.sub("", source)


def headings(markdown: str) -> list[str]:
    """The headings of a Markdown cell, down to level three, without their numbers."""
    found = re.findall(r"^#{1,3} +(.+)$", _FENCED.sub("", markdown), re.MULTILINE)
    return [_NUMBER.sub("", heading.strip()) for heading in found]


def not_done(exercise: str) -> str:
    """The sentence by which a stub is known."""
    return f"{exercise} is not done yet"


def stub_of(solution: str, targets: Sequence[str], exercise: str) -> str:
    """`solution` with every marked block replaced by what says that it is not done yet."""

    def blank(block: re.Match[str]) -> str:
        indent = block["indent"]
        if indent:
            return f'{indent}raise NotImplementedError("{not_done(exercise)}")  # replace this line'
        return "\n".join(f"{target} = ...  # replace the dots" for target in targets)

    return _BLOCK.sub(blank, solution)


def solution_blocks(solution: str) -> list[str]:
    """The text between each pair of solution marks."""
    return [block["body"] for block in _BLOCK.finditer(solution)]


def without_docstrings(source: str) -> str:
    """`source` without the docstrings of its functions and classes; as it is if it is no Python."""
    tree = parsed(source)
    if tree is None:
        return source
    nodes = list(ast.walk(tree))
    dropped: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            said = node.body[0]
            assert said.end_lineno is not None
            if len(node.body) > 1:
                dropped |= set(range(said.lineno, said.end_lineno + 1))
    lines = enumerate(source.splitlines(), start=1)
    return "\n".join(line for number, line in lines if number not in dropped)


def with_solution(solution: str, body: str) -> str | None:
    """`solution` with `body`, at the left margin, between its marks; None if it has two blocks."""
    blocks = list(_BLOCK.finditer(solution))
    if len(blocks) != 1:
        return None
    (block,) = blocks
    indented = textwrap.indent(body, block["indent"])
    return f"{solution[: block.start('body')]}{indented}{solution[block.end('body') :]}"


def marks_are_paired(solution: str) -> bool:
    """Whether `solution` holds a marked block, and no mark outside of one, misspelt or not."""
    blocks = len(_BLOCK.findall(solution))
    return blocks > 0 and len(SOLUTION_MARK.findall(solution)) == 2 * blocks


def edit_solution(solution: str, edit: Edit) -> str:
    """`solution` with `edit` applied between its marks, where `edit.old` stands exactly once.

    With an empty `new`, the space before `old` goes too.

    Raises:
        AuthoringError: it stands there never, or more than once.
    """
    find = _lines_found if edit.whole_lines else _text_found
    spots = [spot for block in _BLOCK.finditer(solution) for spot in find(block, edit)]
    if len(spots) != 1:
        times = "nowhere" if not spots else f"{len(spots)} times"
        raise AuthoringError(
            f"the text {edit.old!r} stands {times} between the solution marks; "
            "an edit needs text that stands there exactly once"
        )
    start, end, new = spots[0]
    return solution[:start] + new + solution[end:]


def _text_found(block: re.Match[str], edit: Edit) -> Iterator[tuple[int, int, str]]:
    """From where to where the text stands in the block, and what replaces it there."""
    for match in re.finditer(re.escape(edit.old), block["body"]):
        start = block.start("body") + match.start()
        before = block["body"][: match.start()]
        drops_space = (
            not edit.new and before.endswith(" ") and bool(before.rsplit("\n", 1)[-1].strip())
        )
        yield start - drops_space, start + len(edit.old), edit.new


def _lines_found(block: re.Match[str], edit: Edit) -> Iterator[tuple[int, int, str]]:
    """From where to where the lines stand in the block, and what replaces them there."""
    lines = block["body"].splitlines(keepends=True)
    wanted = textwrap.dedent(edit.old).split("\n")
    depth = _depth(edit.old)
    start = block.start("body")
    for place in range(len(lines) - len(wanted) + 1):
        there = "".join(lines[place : place + len(wanted)])
        indent = _depth(there) - depth
        if indent >= 0 and textwrap.dedent(there).splitlines() == wanted:
            new = f"{textwrap.indent(edit.new, ' ' * indent)}\n" if edit.new else ""
            yield start, start + len(there), new
        start += len(lines[place])


def _depth(lines: str) -> int:
    """How far the first line that is not blank is indented."""
    first = next(filter(str.strip, lines.splitlines()), "")
    return len(first) - len(first.lstrip())


def prediction_call(source: str) -> ast.Call | None:
    """The `predict(name, answer, ...)` call of a cell, if it holds one."""
    tree = parsed(source) if "predict" in source else None
    if tree is None:
        return None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "predict"
            and len(node.args) >= 2
        ):
            return node
    return None


def literal(node: ast.expr) -> Any:
    """The value of a literal expression; `...` for anything else."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ...


def started_lesson(source: str) -> str:
    """The id of the lesson that a cell opens by `start("...")`; empty if it opens none."""
    found = re.search(r"^start\(\"([a-z][a-z0-9_]*)\"\)", source, re.MULTILINE)
    return found[1] if found else ""


def _offsets(source: str, node: ast.expr) -> tuple[int, int]:
    """Character offsets of `node` in `source` (the syntax tree counts UTF-8 bytes)."""
    lines = [f"{line}\n" for line in source.split("\n")]

    def offset(line: int, column: int) -> int:
        before = sum(len(text) for text in lines[: line - 1])
        return before + len(lines[line - 1].encode()[:column].decode())

    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)

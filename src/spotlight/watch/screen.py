"""What somebody who watches a lesson sees: a screen in a terminal, single lines in a pipe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.markdown import Markdown
from rich.progress_bar import ProgressBar
from rich.segment import ControlType, Segment, Segments
from rich.table import Table
from rich.text import Text

from spotlight.course.lesson import Exercise
from spotlight.feedback.cards import exercise_card
from spotlight.feedback.words import SAID, TONE, points, sentence
from spotlight.grading.listing import listed
from spotlight.grading.report import ExerciseReport
from spotlight.grading.verdict import Verdict

_KEYS = (("h", "hint"), ("n", "next"), ("r", "reset"), ("q", "quit"))
_ANSWERS = (("y", "yes"), ("n", "no"))
_STYLE = {"good": "green", "bad": "red", "warn": "yellow", "calm": "cyan"}
_BAR_WIDTH = 10, 24  # in a narrow window, and in one of 60 columns or more
_CODE = re.compile(r"`[^`\n]+`")
_ERASE_LINE = Control((ControlType.ERASE_IN_LINE, 2)).segment


@dataclass(frozen=True)
class Hint:
    """A hint that was asked for; `text` is Markdown."""

    head: str
    text: str


@dataclass(frozen=True)
class View:
    """All there is to see of a lesson at one moment.

    `news` are the verdicts, as they come, on what the save with this number changed; `is_graded`
    says that the other exercises were looked at too, `is_known` that they ever were. `exercise` is
    the current one, if any.
    """

    title: str
    path: str
    points: float
    possible: float
    is_known: bool
    is_graded: bool
    save: int
    news: tuple[ExerciseReport, ...] = ()
    trouble: tuple[str, ...] = ()
    all_passed: tuple[str, ...] = ()
    exercise: Exercise | None = None
    verdict: Verdict | None = None
    checked_at: str = ""
    hint: Hint | None = None
    said: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    waiting: str = ""
    question: str = ""


class Display(Protocol):
    """Where views are shown."""

    def show(self, view: View) -> None:
        """Show what is new in `view`; where nothing is, leave all as it is."""

    def leave(self, farewell: str) -> None:
        """End, with a last sentence if there is one."""


class Screen:
    """A terminal: drawn over on every change, where the terminal can; else written below.

    What stood in the terminal before, and what is too long for its window, is in its scrollback.
    """

    def __init__(self, console: Console) -> None:
        """Nothing is drawn yet."""
        self._console = console
        self._draws_over = not (console.is_dumb_terminal or console.legacy_windows)
        self._view: View | None = None
        self._drawn: object = None
        self._fits = False

    def show(self, view: View) -> None:
        """Draw `view`, if anything in it or the window's size has changed."""
        self._view = view
        lines = self._lines(_bar(view, self._console.width), *_body(view), _keys(view))
        if self._draws_over:
            now: object = lines, self._console.size
            if now != self._drawn:
                self._draw_over(lines)
        else:
            # A change of the bar alone is not worth writing everything again.
            now = self._lines(*_body(view), _keys(view))
            if now != self._drawn:
                self._write(_joined([*lines, [], []]))
        self._drawn = now

    def leave(self, farewell: str) -> None:
        """Leave the last state where it stands and write below it."""
        with suppress(OSError):  # the terminal itself may be what has gone
            if farewell and self._view is not None and self._draws_over:
                width = self._console.width
                self._draw_over(self._lines(_bar(self._view, width), *_body(self._view)))
            self._console.print("\n" if self._draws_over else "")
            if farewell:
                self._console.print(farewell, markup=False)

    def _lines(self, *blocks: RenderableType) -> list[list[Segment]]:
        """The lines of all blocks, with an empty one between two."""
        lines: list[list[Segment]] = []
        for block in blocks:
            lines += [[]] if lines else []
            lines += self._console.render_lines(block, pad=False)
        return lines

    def _draw_over(self, lines: list[list[Segment]]) -> None:
        width, height = self._console.size
        segments: list[Segment] = []
        if not self._fits:  # nothing of ours is there yet, or more of it than the window holds
            segments.append(Segment("\n" * height))
        self._fits = len(lines) <= height
        rows = lines + [[]] * (height - len(lines))
        segments.append(Control.home().segment)
        # A line is erased before it is written: erased after, a full one loses its last character.
        segments += _joined([[_ERASE_LINE, *row] for row in rows])
        if self._fits:
            column = sum(segment.cell_length for segment in lines[-1])
            segments.append(Control.move_to(min(column, width - 1), len(lines) - 1).segment)
        self._write(segments)

    def _write(self, segments: Iterable[Segment]) -> None:
        self._console.print(Segments(segments), end="", crop=False)


class Lines:
    """No terminal: a line for each verdict, and for what else there is to say."""

    def __init__(self, console: Console) -> None:
        """Nothing is written yet."""
        self._console = console
        self._last: View | None = None
        self._standing = ""

    def show(self, view: View) -> None:
        """Write what was not yet said of `view`."""
        last, self._last = self._last, view
        if last is None:
            self._print(
                f"Watching {view.path}. This is no terminal, so there are no keys; Ctrl+C ends it."
            )
            return
        told = len(last.news) if last.save == view.save else 0
        for report in view.news[told:]:
            said = "" if report.status in ("passed", "blank") else sentence(report)
            self._print(f"{report.exercise}: {SAID[report.status]}. {said}".rstrip())
        for one in (*view.trouble, *view.notes):
            if one not in (*last.trouble, *last.notes):
                self._print(one)
        standing = f"{view.title}: {view.points:g} of {points(view.possible)}."
        if view.is_graded and standing != self._standing:
            self._standing = standing
            following = f" Next: {view.exercise.id}." if view.exercise else ""
            self._print(standing + following)

    def leave(self, farewell: str) -> None:
        """Write the last line."""
        if farewell:
            self._print(farewell)

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


def _joined(rows: Iterable[list[Segment]]) -> list[Segment]:
    """The rows' segments with line ends between the rows."""
    joined: list[Segment] = []
    for row in rows:
        joined += [Segment.line(), *row] if joined else row
    return joined


def _bar(view: View, width: int) -> RenderableType:
    """The lesson's title, a bar and the points, in one line of any window."""
    bar_width = _BAR_WIDTH[width >= 60]
    standing = Text(f"{view.points:g} of {view.possible:g}" if view.is_known else "")
    title = Text(view.title, style="bold")
    title.truncate(max(1, width - bar_width - len(standing) - 4), overflow="ellipsis")
    row = Table.grid(padding=(0, 2))
    for _ in range(3):
        row.add_column(no_wrap=True)
    style = "green" if view.is_known and view.points >= view.possible else "cyan"
    bar = ProgressBar(view.possible or 1, view.points, bar_width, complete_style=style)
    row.add_row(title, bar, standing)
    return row


def _body(view: View) -> Iterator[RenderableType]:
    """What stands between the bar and the keys, block by block."""
    if view.trouble:
        yield _paragraphs(view.trouble, "yellow")
    passed = [report.title for report in view.news if report.status == "passed"]
    if passed:
        yield Text(f"Passed: {listed(passed)}", style="green")
    if view.all_passed:
        yield _paragraphs(view.all_passed)
    if view.exercise is not None and view.verdict is not None:
        yield Group(*_exercise(view, view.exercise, view.verdict))
    if view.hint is not None:
        yield Group(Text(view.hint.head, style="bold"), Markdown(view.hint.text))
    if view.said:
        yield _paragraphs(view.said, "cyan")
    if view.notes:
        yield _paragraphs(view.notes, "dim")
    if view.waiting:
        yield Text(view.waiting, style="dim")


def _exercise(view: View, exercise: Exercise, verdict: Verdict) -> Iterator[Text]:
    """The current exercise: its verdict in full, or what it asks for while it is blank."""
    report = verdict.report
    card = exercise_card(verdict)
    yield Text.assemble(
        (card.head, f"bold {_STYLE[TONE[report.status]]}"), "  ", (exercise.id, "dim")
    )
    if report.status == "blank":
        yield from map(_marked, _asked(exercise))
        targets = " and ".join(f"`{target}`" for target in exercise.targets)
        yield _marked(f"\nFill in {targets} in {view.path}, and save.")
        return
    yield from map(_marked, "\n".join(card.paragraphs).splitlines())
    case = verdict.comparison.description if verdict.comparison else ""
    if case and case not in report.message:
        yield Text(f"Seen in the case “{case}”.", style="dim")
    if view.checked_at:
        yield Text(f"Checked at {view.checked_at}.", style="dim")


def _asked(exercise: Exercise) -> Iterator[str]:
    """What an exercise asks for, as its stub says it: purpose and shapes of every target."""
    documented = [
        (node.name, doc.splitlines())
        for node in ast.parse(exercise.stub).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in exercise.targets
        if (doc := ast.get_docstring(node))
    ]
    for name, (purpose, *more) in documented:
        yield f"`{name}`: {purpose}" if len(documented) > 1 else purpose
        yield from (line for line in more if "→" in line)
    if not documented:
        comments = (line for line in exercise.stub.splitlines() if line.startswith("# "))
        yield from (line.removeprefix("# ").removeprefix("TODO: ") for line in comments)


def _keys(view: View) -> RenderableType:
    keys = Text("  ").join(
        Text.assemble((key, "bold cyan"), f" {what}")
        for key, what in (_ANSWERS if view.question else _KEYS)
    )
    return Group(Text(view.question, style="bold"), keys) if view.question else keys


def _paragraphs(sentences: Iterable[str], style: str = "") -> RenderableType:
    return Group(*(Text(sentence, style=style) for sentence in sentences))


def _marked(line: str) -> Text:
    """A line with its code, between backticks, in a style of its own."""
    text = Text(line)
    text.highlight_regex(_CODE, "cyan")
    return text

"""A module as boxes in the order in which they run, with the shapes of a real forward pass."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from torch import nn

from spotlight.visualizations import palette
from spotlight.visualizations.canvas import Canvas, letters, role_of
from spotlight.visualizations.figure import Picture, style
from spotlight.visualizations.forward_record import Flow, Step, record_forward
from spotlight.visualizations.layered_layout import Layout, layered

_LINE: Final = 0.17  # inches
_PADDING: Final = 0.1
_DOT: Final = 0.07
_SUM: Final = 0.24
_MOST_LETTERS: Final = 34
_MOST_OPERATIONS: Final = 6
_STREAM: Final = palette.role_colour("stream")
_FAINT: Final = palette.FAINT_INK["light"]
_FILLS: Final = ("#f4f5f8", "#ffffff")


@dataclass
class _Box:
    """A step with the room that it takes, and the boxes inside it."""

    step: Step
    lines: list[str]
    width: float
    height: float
    layout: Layout | None = None
    edges: list[tuple[int, int]] = field(default_factory=list)
    parts: list[_Box] = field(default_factory=list)


def show_module(
    module: nn.Module, example_input: Any, *, depth: int = 2, title: str, caption: str
) -> Picture:
    """Boxes for the submodules that run, each with the shape of what comes out of it.

    The module runs once, in evaluation mode, and is left as it was. Nothing is drawn that was not
    seen: a plus stands where a tensor was measured to be the sum of those that lead to it, and a
    dashed box for code of `forward` that is no module, with the operations that autograd noted.
    Modules in a row that did exactly the same are drawn once.

    Args:
        module: any module, with submodules of any names.
        example_input: a tensor, a tuple of positional arguments or a mapping of keyword arguments.
        depth: how many levels of submodules to open.
        title: what the figure shows.
        caption: one sentence on what to see in it.

    Raises:
        ValueError: this is no module, it cannot run on the input, or the depth is below 1.
    """
    if not isinstance(module, nn.Module):
        raise ValueError(f"show_module needs an nn.Module, not {type(module).__name__}.")
    if depth < 1:
        raise ValueError(f"depth counts the levels to open, from 1; it cannot be {depth}.")
    root = _measure(record_forward(module, example_input, depth))
    notes = "\n".join(_notes(root))
    with style():
        canvas = Canvas(
            max(root.width, letters(notes, 7.5)),
            root.height + 0.1 + _LINE * len(notes.split("\n")),
            title=title,
            caption=caption,
        )
        _draw(canvas, root, 0.0, 0.02, level=0)
        canvas.text(0, root.height + 0.12, notes, ha="left", va="top", size=7.5, color=_FAINT)
    return canvas.picture


def _measure(step: Step) -> _Box:
    if step.part in ("input", "output"):
        return _Box(step, [], _DOT, _DOT)
    if step.part == "sum":
        return _Box(step, [], _SUM, _SUM)
    lines = _words(step)
    width = max(letters(line, 8.7) for line in lines) + 2 * _PADDING
    height = _LINE * len(lines) + 2 * 0.07
    if step.inside is None:
        return _Box(step, lines, width, height)
    flow = _folded(step.inside)
    parts = [_measure(part) for part in flow.steps]
    layout = layered({i: (p.width, p.height) for i, p in enumerate(parts)}, flow.edges)
    return _Box(
        step,
        lines,
        max(width, layout.width + 4 * _PADDING),
        height + layout.height + 0.26,
        layout,
        flow.edges,
        parts,
    )


def _words(step: Step) -> list[str]:
    shapes = ", ".join(map(str, step.shapes[:2])) + (", …" if len(step.shapes) > 2 else "")
    if step.part == "code":
        return [*textwrap.wrap(_operations(step.operations), _MOST_LETTERS), shapes]
    named = f"{step.name}  {step.kind}".strip()
    return [named, shapes] if step.inside is None else [f"{named}  {shapes}"]


def _operations(operations: Sequence[str]) -> str:
    if len(operations) <= _MOST_OPERATIONS:
        return " · ".join(operations)
    counts = Counter(operations).most_common(_MOST_OPERATIONS)
    return " · ".join(name if count == 1 else f"{count} × {name}" for name, count in counts)


def _folded(flow: Flow) -> Flow:
    """The same flow with every row of modules that did the same as one step after its first."""
    goes_to: dict[int, set[int]] = {i: set() for i in range(len(flow.steps))}
    comes_from: dict[int, set[int]] = {i: set() for i in range(len(flow.steps))}
    for start, end in flow.edges:
        goes_to[start].add(end)
        comes_from[end].add(start)
    follows = {
        end: start
        for start, end in flow.edges
        if goes_to[start] == {end}
        and flow.steps[start].part == flow.steps[end].part == "module"
        and _does(flow.steps[start]) == _does(flow.steps[end])
        and len(comes_from[end]) == len(comes_from[start])
    }
    home: dict[int, int] = {}  # step → the step that stands for it
    rows: dict[int, list[int]] = {}
    for i in range(len(flow.steps)):
        first = home[follows[i]] if i in follows else i
        home[i] = first
        rows.setdefault(first, []).append(i)
    new: dict[int, int] = {}
    steps: list[Step] = []
    edges: list[tuple[int, int]] = []
    for first, row in rows.items():
        steps.append(flow.steps[first])
        new[first] = len(steps) - 1
        if len(row) > 1:
            edges.append((len(steps) - 1, len(steps)))
            steps.append(_again([flow.steps[i] for i in row]))
            new |= dict.fromkeys(row[1:], len(steps) - 1)
    edges += [
        (new[start], new[end])
        for start, end in flow.edges
        if new[start] != new[end] and home[start] != home[end]
    ]
    return Flow(steps, edges)


def _again(row: Sequence[Step]) -> Step:
    rest = row[1:]
    name = rest[0].name if len(rest) == 1 else f"{rest[0].name} to {rest[-1].name}"
    times = "again" if len(rest) == 1 else f"{len(rest)} times again"
    if all(step.module is row[0].module for step in rest):
        return Step("module", row[0].name, f"the very same module {times}", rest[-1].shapes)
    return Step("module", name, f"the same {times}", rest[-1].shapes)


def _does(step: Step) -> tuple[Any, ...]:
    """All that a diagram tells of a step but its name."""
    inside = step.inside
    parts = None if inside is None else ([_does(part) for part in inside.steps], inside.edges)
    return step.part, step.kind, step.shapes, step.operations, parts


def _draw(canvas: Canvas, box: _Box, x: float, y: float, level: int) -> None:
    order = 2.0 + level
    step = box.step
    middle = (x + box.width / 2, y + box.height / 2)
    if step.part in ("input", "output"):
        canvas.axes.plot(*middle, "o", color=_STREAM, markersize=4, zorder=order)
        if step.part == "input":
            shape = ", ".join(map(str, step.shapes))
            canvas.text(
                x + box.width + 0.06,
                middle[1],
                shape,
                ha="left",
                size=7.5,
                color=_FAINT,
                zorder=order,
            )
        return
    if step.part == "sum":
        canvas.axes.plot(
            *middle, "o", markersize=_SUM * 72, color="#ffffff", mec=_STREAM, mew=1.6, zorder=order
        )
        canvas.text(*middle, "+", size=13, color=_STREAM, weight="bold", zorder=order + 0.1)
        return
    canvas.box(
        x,
        y,
        box.width,
        box.height,
        order=order,
        facecolor=_FILLS[level % 2] if box.layout else "#ffffff",
        edgecolor=role_of(step.name) or (_FAINT if box.layout else palette.INK["light"]),
        linewidth=1.0,
        linestyle=(0, (3, 2)) if step.part == "code" else "-",
    )
    _write(canvas, box, x, y, order + 0.1)
    if box.layout is None:
        return
    left = x + (box.width - box.layout.width) / 2
    top = y + _LINE * len(box.lines) + 0.2
    for edge, points in box.layout.routes.items():
        is_stream = _carries_the_stream(box, *edge)
        canvas.arrow(
            [(left + px, top + py) for px, py in points],
            head=box.parts[edge[1]].step.part != "output",
            color=_STREAM if is_stream else _FAINT,
            linewidth=1.9 if is_stream else 1.0,
            zorder=order + 0.5,
        )
    for i, part in enumerate(box.parts):
        px, py = box.layout.centres[i]
        _draw(canvas, part, left + px - part.width / 2, top + py - part.height / 2, level + 1)


def _carries_the_stream(box: _Box, start: int, end: int) -> bool:
    """Whether an edge leads past a branch to the sum that adds it, or from such a sum out."""
    first, last = box.parts[start].step.part, box.parts[end].step.part
    passes_others = box.layout is not None and len(box.layout.routes[start, end]) > 2
    return (last == "sum" and passes_others) or (first == "sum" and last == "output")


def _write(canvas: Canvas, box: _Box, x: float, y: float, order: float) -> None:
    """The words of a box: a name in bold with its kind, then the shape."""
    step = box.step
    if step.part == "code" or not step.name:
        for i, line in enumerate(box.lines):
            canvas.text(
                x + box.width / 2,
                y + 0.07 + _LINE * (i + 0.5),
                line,
                size=8,
                weight="normal" if step.part == "code" else "bold",
                color=_FAINT if step.part == "code" else palette.INK["light"],
                zorder=order,
            )
        return
    baseline = y + 0.07 + _LINE / 2
    rest = f"{step.kind}" if step.inside is None else box.lines[0].removeprefix(step.name).strip()
    canvas.text(
        x + _PADDING,
        baseline,
        step.name,
        ha="left",
        size=8.5,
        weight="bold",
        color=role_of(step.name) or palette.INK["light"],
        zorder=order,
    )
    canvas.text(
        x + box.width - _PADDING, baseline, rest, ha="right", size=8, color=_FAINT, zorder=order
    )
    for i, line in enumerate(box.lines[1:], start=1):
        canvas.text(x + _PADDING, baseline + _LINE * i, line, ha="left", size=8.5, zorder=order)


def _notes(root: _Box) -> Iterator[str]:
    kinds = {box.step.part for box in _all(root)}
    yield "Shapes are those of what comes out."
    if "sum" in kinds:
        yield "+  measured: what leaves is the sum of what arrives."
    if "code" in kinds:
        yield "Dashed: code of forward() that is no module."


def _all(box: _Box) -> Iterator[_Box]:
    return itertools.chain([box], *map(_all, box.parts))

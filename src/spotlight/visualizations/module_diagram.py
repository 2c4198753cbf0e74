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
from spotlight.visualizations.forward_record import Step, record_forward
from spotlight.visualizations.layered_layout import Layout, layered
from spotlight.visualizations.repeated_steps import folded

_LINE: Final = 0.17  # inches
_PADDING: Final = 0.1
_DOT: Final = 0.07
_SUM: Final = 0.24
_MOST_LETTERS: Final = 34
_MOST_OPERATIONS: Final = 6
_STREAM: Final = palette.role_colour("stream")
_FAINT: Final = palette.FAINT_INK["light"]
_FILLS: Final = ("#f4f5f8", "#ffffff")
_MARKED: Final = "#ffe9a8"


@dataclass
class Box:
    """A step with the room that it takes, and the boxes inside it."""

    step: Step
    lines: list[str]
    width: float
    height: float
    layout: Layout | None = None
    parts: list[Box] = field(default_factory=list)
    is_marked: bool = False


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
    root = measure(record_forward(module, example_input, depth))
    notes = "\n".join(notes_on(root))
    with style():
        canvas = Canvas(
            max(root.width, letters(notes, 7.5)),
            root.height + 0.1 + _LINE * len(notes.split("\n")),
            title=title,
            caption=caption,
        )
        draw(canvas, root, 0.0, 0.02, level=2)
        canvas.text(0, root.height + 0.12, notes, ha="left", va="top", size=7.5, color=_FAINT)
    return canvas.picture


def measure(step: Step) -> Box:
    """The box of a step, with those of the steps inside it."""
    if step.part in ("input", "output"):
        return Box(step, [], _DOT, _DOT)
    if step.part == "sum":
        return Box(step, [], _SUM, _SUM)
    lines = _words(step)
    width = max(letters(line, 8.7) for line in lines) + 2 * _PADDING
    height = _LINE * len(lines) + 2 * 0.07
    if step.inside is None:
        return Box(step, lines, width, height)
    flow = folded(step.inside)
    parts = [measure(part) for part in flow.steps]
    layout = layered({i: (p.width, p.height) for i, p in enumerate(parts)}, flow.edges)
    return Box(
        step,
        lines,
        max(width, layout.width + 4 * _PADDING),
        height + layout.height + 0.26,
        layout,
        parts,
    )


def _words(step: Step) -> list[str]:
    if step.part == "code":
        return [*textwrap.wrap(_operations(step.operations), _MOST_LETTERS), _shapes(step)]
    named = f"{step.name}  {step.kind}".strip()
    return [named, _shapes(step)] if step.inside is None else [f"{named}  {_shapes(step)}"]


def _shapes(step: Step) -> str:
    return ", ".join(map(str, step.shapes[:2])) + (", …" if len(step.shapes) > 2 else "")


def _operations(operations: Sequence[str]) -> str:
    if len(operations) <= _MOST_OPERATIONS:
        return " · ".join(operations)
    counts = Counter(operations).most_common(_MOST_OPERATIONS)
    return " · ".join(name if count == 1 else f"{count} × {name}" for name, count in counts)


def draw(canvas: Canvas, box: Box, x: float, y: float, level: int) -> None:
    """Draw a box and all inside it, its upper left corner here; even levels are shaded."""
    if box.step.part in ("input", "output"):
        _draw_end(canvas, box, x, y, level)
    elif box.step.part == "sum":
        middle = (x + _SUM / 2, y + _SUM / 2)
        white, diameter = palette.BACKGROUND["light"], _SUM * 72
        canvas.axes.plot(
            *middle, "o", markersize=diameter, color=white, mec=_STREAM, mew=1.6, zorder=level
        )
        canvas.text(*middle, "+", size=13, color=_STREAM, weight="bold", zorder=level + 0.1)
    else:
        _draw_box(canvas, box, x, y, level)


def _draw_end(canvas: Canvas, box: Box, x: float, y: float, level: int) -> None:
    """The dot at which a tensor enters a module, or leaves it."""
    middle = y + _DOT / 2
    canvas.axes.plot(x + _DOT / 2, middle, "o", color=_STREAM, markersize=4, zorder=level)
    if box.step.part == "input":
        shape = _shapes(box.step)
        canvas.text(x + 0.13, middle, shape, ha="left", size=7.5, color=_FAINT, zorder=level)


def _draw_box(canvas: Canvas, box: Box, x: float, y: float, level: int) -> None:
    is_open = box.layout is not None
    canvas.box(
        x,
        y,
        box.width,
        box.height,
        order=level,
        facecolor=_fill(box, level),
        edgecolor=role_of(box.step.name) or (_FAINT if is_open else palette.INK["light"]),
        linewidth=1.0,
        linestyle=(0, (3, 2)) if box.step.part == "code" else "-",
    )
    _write(canvas, box, x, y, level + 0.1)
    if box.layout is None:
        return
    left, top = corner_inside(box, x, y)
    for edge, points in box.layout.routes.items():
        is_stream = _carries_the_stream(box, *edge)
        canvas.arrow(
            [(left + px, top + py) for px, py in points],
            head=box.parts[edge[1]].step.part != "output",
            color=_STREAM if is_stream else _FAINT,
            linewidth=1.9 if is_stream else 1.0,
            zorder=level + 0.5,
        )
    for i, part in enumerate(box.parts):
        px, py = box.layout.centres[i]
        draw(canvas, part, left + px - part.width / 2, top + py - part.height / 2, level + 1)


def corner_inside(box: Box, x: float, y: float) -> tuple[float, float]:
    """The upper left corner of what is laid out inside an open box whose own is here."""
    assert box.layout is not None
    return x + (box.width - box.layout.width) / 2, y + _LINE * len(box.lines) + 0.2


def _fill(box: Box, level: int) -> str:
    if box.is_marked:
        return _MARKED
    return palette.BACKGROUND["light"] if box.layout is None else _FILLS[level % 2]


def _carries_the_stream(box: Box, start: int, end: int) -> bool:
    """Whether an edge leads past a branch to the sum that adds it, or from such a sum out."""
    first, last = box.parts[start].step.part, box.parts[end].step.part
    passes_others = box.layout is not None and len(box.layout.routes[start, end]) > 2
    return (last == "sum" and passes_others) or (first == "sum" and last == "output")


def _write(canvas: Canvas, box: Box, x: float, y: float, order: float) -> None:
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
    rest = step.kind if step.inside is None else f"{step.kind}  {_shapes(step)}"
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


def notes_on(root: Box) -> Iterator[str]:
    """What the signs mean that occur in a box."""
    kinds = {box.step.part for box in _all(root)}
    yield "Shapes are those of what comes out."
    if "sum" in kinds:
        yield "+  measured: what leaves is the sum of what arrives."
    if "code" in kinds:
        yield "Dashed: code of forward() that is no module."


def _all(box: Box) -> Iterator[Box]:
    return itertools.chain([box], *map(_all, box.parts))

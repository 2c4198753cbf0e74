"""One attention computation, step by step, every matrix with its numbers and its shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers, same_length
from spotlight.visualizations.canvas import Canvas, key_room, letters
from spotlight.visualizations.cells import Scale, scale_for
from spotlight.visualizations.figure import Picture, style, visible

_WIDEST: Final = 10.0  # inches
_CELL: Final = 0.46
_GAP: Final = 0.45
_HEAD: Final = 0.46
_BETWEEN: Final = 0.22


@dataclass(frozen=True)
class _Step:
    """A matrix on its way: what it is, how it came about, and which tokens stand beside it."""

    name: str
    formula: str
    array: Array
    scale: Scale
    role: str | None = None
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    arrow: bool = True
    below: int = 0
    """How many rows under the others of its line it starts."""


def show_attention_steps(
    x: Numbers,
    w_q: Numbers,
    w_k: Numbers,
    w_v: Numbers,
    tokens: Sequence[str] | None = None,
    *,
    title: str,
    caption: str,
    causal: bool = False,
    query: int | None = None,
) -> Picture:
    """From x to the output of one attention head, computed here and drawn matrix by matrix.

    Args:
        x: (T, C), one row per token.
        w_q: (C, d_k), so that Q = x @ w_q.
        w_k: (C, d_k).
        w_v: (C, d_v).
        tokens: T tokens; left out, they are numbered from 0.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        causal: leave out future tokens, as a step of its own.
        query: follow the row of this token alone, counted from 0; negative counts from the end.

    Raises:
        ValueError: the shapes do not fit, or there is no token `query`.
    """
    inputs = numbers(x, "x", 2, "(tokens, width)")
    labels = same_length(tokens, len(inputs), "token") or [str(i) for i in range(len(inputs))]
    if query is not None and not -len(labels) <= query < len(labels):
        raise ValueError(f"query={query} names none of {len(labels)} tokens, counted from 0.")
    row = None if query is None else query % len(labels)
    q, k, v = _projected(inputs, {"w_q": w_q, "w_k": w_k, "w_v": w_v})
    lines = _lines(inputs, q, k, v, tuple(map(visible, labels)), causal, row)
    with style():
        return _draw(lines, row, title, caption)


def _projected(x: Array, matrices: dict[str, Numbers]) -> list[Array]:
    weights = {name: numbers(w, name, 2, "(width, head width)") for name, w in matrices.items()}
    for name, weight in weights.items():
        if weight.shape[0] != x.shape[1]:
            raise ValueError(
                f"x {x.shape} @ {name} {weight.shape} does not work: x has {x.shape[1]} columns, "
                f"so {name} needs {x.shape[1]} rows."
            )
    if weights["w_q"].shape != weights["w_k"].shape:
        raise ValueError(
            f"A query and a key are multiplied number by number, so w_q and w_k need one shape, "
            f"not {weights['w_q'].shape} and {weights['w_k'].shape}."
        )
    return [x @ weight for weight in weights.values()]


def _lines(
    x: Array, q: Array, k: Array, v: Array, tokens: tuple[str, ...], causal: bool, row: int | None
) -> list[list[_Step]]:
    chosen = slice(None) if row is None else slice(row, row + 1)
    asking = tokens[chosen]
    q = q[chosen]
    scores = torch.from_numpy(q @ k.T)
    scaled = scores / math.sqrt(k.shape[1])
    future = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)[chosen]
    masked = scaled.masked_fill(future, -math.inf) if causal else scaled
    weights = masked.softmax(dim=-1).numpy()
    output = weights @ v

    vectors = scale_for("scores", [q, k, v, output])
    matching = scale_for("scores", [scores.numpy(), scaled.numpy()])
    root = f"√{k.shape[1]}"
    first = [
        _Step("x", "", x, scale_for("scores", [x]), "stream", rows=tokens),
        _Step(
            "Q" if row is None else f"Q of {tokens[row]}",
            "x @ W_Q",
            q,
            vectors,
            "query",
            below=row or 0,
        ),
        _Step("K", "x @ W_K", k, vectors, "key", rows=tokens, arrow=False),
        _Step("V", "x @ W_V", v, vectors, "value", rows=tokens, arrow=False),
    ]
    second = [
        _Step("scores", "Q @ Kᵀ", scores.numpy(), matching, rows=asking, columns=tokens),
        _Step("scaled", f"scores / {root}", scaled.numpy(), matching, columns=tokens),
    ]
    if causal:
        second.append(_Step("masked", "future → −∞", masked.numpy(), matching, columns=tokens))
    third = [
        _Step(
            "weights",
            "softmax of each row",
            weights,
            scale_for("weights", [weights]),
            rows=asking,
            columns=tokens,
        ),
        _Step("output", "weights @ V", output, vectors, "value"),
    ]
    return [first, second, third]


def _width(line: Sequence[_Step], cell: float) -> float:
    return sum(_margin(step) + _body(step, cell) for step in line) + _GAP * (len(line) - 1)


def _body(step: _Step, cell: float) -> float:
    said = letters(f"{step.name} = {step.formula}", 8.5)
    return float(max(step.array.shape[1] * cell, said, letters(str(step.array.shape), 8)))


def _margin(step: _Step) -> float:
    return max((letters(token, 8) + 0.08 for token in step.rows), default=0.0)


def _draw(lines: Sequence[Sequence[_Step]], row: int | None, title: str, caption: str) -> Picture:
    cell = _CELL
    while cell > 0.02 and max(_width(line, cell) for line in lines) > _WIDEST:
        cell *= 0.95
    heights = [
        max(len(step.array) * cell + key_room(step.array, cell) for step in line) for line in lines
    ]
    above = [
        max((letters(token, 8) for step in line for token in step.columns), default=0.0) * 0.75
        for line in lines
    ]
    canvas = Canvas(
        max(_width(line, cell) for line in lines),
        sum(heights) + sum(above) + (_HEAD + _BETWEEN) * len(lines),
        title=title,
        caption=caption,
    )
    y = 0.0
    for line, height, words in zip(lines, heights, above, strict=True):
        y += _HEAD + words
        _draw_line(canvas, line, y, words, cell)
        if row is not None and line is lines[0]:
            _frame(canvas, _margin(line[0]), y + row * cell, line[0].array.shape[1], cell)
        y += height + _BETWEEN
    return canvas.picture


def _draw_line(
    canvas: Canvas, line: Sequence[_Step], upper: float, words: float, cell: float
) -> None:
    x = 0.0
    for i, step in enumerate(line):
        y = upper + step.below * cell
        if step.arrow and i:
            middle = y + len(step.array) * cell / 2
            canvas.text(x - _GAP / 2, middle, "→", size=13, color=palette.FAINT_INK["light"])
        x += _margin(step)
        edge = None if step.role is None else palette.role_colour(step.role)
        canvas.matrix(x, y, step.array, step.scale, cell, edge=edge)
        canvas.row_tokens(x, y, step.rows, cell)
        canvas.column_tokens(x, y, step.columns, cell)
        top = y - words * bool(step.columns)
        colour = edge or palette.INK["light"]
        name = canvas.text(x, top - 0.28, step.name, ha="left", weight="bold", color=colour)
        if step.formula:
            canvas.text_after(name, f"  = {step.formula}", size=8.5)
        canvas.text(
            x,
            top - 0.11,
            str(step.array.shape),
            ha="left",
            size=8,
            color=palette.FAINT_INK["light"],
        )
        x += _body(step, cell) + _GAP


def _frame(canvas: Canvas, x: float, y: float, columns: int, cell: float) -> None:
    canvas.box(
        x - 0.03,
        y - 0.02,
        columns * cell + 0.06,
        cell + 0.04,
        facecolor="none",
        edgecolor=palette.role_colour("query"),
        linewidth=2.2,
        order=4,
    )

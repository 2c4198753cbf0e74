"""Matrices in a row with their numbers, their shapes and what is done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers, same_length
from spotlight.visualizations.canvas import Canvas, key_room, letters, role_of
from spotlight.visualizations.cells import Kind, scale_for
from spotlight.visualizations.figure import Picture, style, visible

Labels = Mapping[str, Sequence[str]]

_WIDEST: Final = 10.0  # inches
_TALLEST: Final = 4.0
_CELL: Final = 0.44
_SIGN: Final = 0.5  # room for an operator
_HEAD: Final = 0.42  # room for a name and a shape


def show_product(
    a: Numbers,
    b: Numbers,
    *,
    title: str,
    caption: str,
    names: tuple[str, str, str] = ("A", "B", "A @ B"),
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> Picture:
    """Two matrices and their product: A @ B = C, each with its shape.

    Args:
        a: (n, m).
        b: (m, k).
        title: what the figure shows.
        caption: one sentence on what to see in it.
        names: what the two and their product are called; Q, K, V, x and W_Q, W_K, W_V bring
            their colours.
        rows: n tokens, for the rows of a and of the product.
        columns: k tokens, for the columns of b and of the product.

    Raises:
        ValueError: one is no matrix, or the two cannot be multiplied.
    """
    left = numbers(a, f"The matrix {names[0]!r}", 2, "(rows, columns)")
    right = numbers(b, f"The matrix {names[1]!r}", 2, "(rows, columns)")
    if left.shape[1] != right.shape[0]:
        raise ValueError(
            f"{names[0]} {left.shape} @ {names[1]} {right.shape} does not work: as many columns "
            f"are needed on the left as rows on the right, not {left.shape[1]} and "
            f"{right.shape[0]}."
        )
    return show_matrices(
        dict(zip(names, (left, right, left @ right), strict=True)),
        ("@", "="),
        title=title,
        caption=caption,
        rows={} if rows is None else {names[0]: rows, names[2]: rows},
        columns={} if columns is None else {names[1]: columns, names[2]: columns},
    )


def show_matrices(
    matrices: Mapping[str, Numbers],
    operators: Sequence[str] = (),
    *,
    title: str,
    caption: str,
    kind: Kind = "scores",
    rows: Labels | None = None,
    columns: Labels | None = None,
) -> Picture:
    """Matrices in a row, each under its name and its shape.

    The cells hold their numbers while those can be read, and all colours are on one scale. After
    that colours have to do: each matrix has a scale of its own, with a key.

    Args:
        matrices: name → (rows, columns). Q, K, V, x and W_Q, W_K, W_V bring their colours.
        operators: what stands between one matrix and the next, for example ("@", "="); left out,
            nothing does.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        kind: "scores" for signed numbers, "weights" for numbers from 0 to 1.
        rows: name of a matrix → one token per row.
        columns: name of a matrix → one token per column.

    Raises:
        ValueError: there is no matrix, one is none, or operators or labels do not fit.
    """
    if not matrices:
        raise ValueError("show_matrices needs at least one matrix.")
    arrays = {
        name: numbers(matrix, f"The matrix {name!r}", 2, "(rows, columns)")
        for name, matrix in matrices.items()
    }
    if operators and len(operators) != len(arrays) - 1:
        raise ValueError(
            f"{len(arrays)} matrices have {len(arrays) - 1} places for an operator between them, "
            f"but there are {len(operators)} operators."
        )
    row_labels = _checked(rows, arrays, 0)
    column_labels = _checked(columns, arrays, 1)
    with style():
        return _draw(arrays, operators, kind, row_labels, column_labels, title, caption)


def _draw(
    arrays: Mapping[str, Array],
    operators: Sequence[str],
    kind: Kind,
    rows: Labels,
    columns: Labels,
    title: str,
    caption: str,
) -> Picture:
    margins = {name: _word(rows.get(name)) for name in arrays}
    above = max(_word(tokens) for tokens in (None, *columns.values())) * 0.75
    spare = _WIDEST - sum(margins.values()) - _SIGN * len(arrays)
    tallest = max(len(array) for array in arrays.values())
    cell = min(_CELL, spare / sum(array.shape[1] for array in arrays.values()), _TALLEST / tallest)
    widths = [
        margins[name] + max(array.shape[1] * cell, _heading(name, array))
        for name, array in arrays.items()
    ]
    shared = scale_for(kind, list(arrays.values()))
    middle = _HEAD + above + tallest * cell / 2
    canvas = Canvas(
        sum(widths) + _SIGN * (len(arrays) - 1),
        middle + tallest * cell / 2 + max(key_room(array, cell) for array in arrays.values()) + 0.1,
        title=title,
        caption=caption,
    )
    x = 0.0
    for i, (name, array) in enumerate(arrays.items()):
        left, top = x + margins[name], middle - len(array) * cell / 2
        scale = scale_for(kind, [array]) if key_room(array, cell) else shared
        canvas.matrix(left, top, array, scale, cell, edge=role_of(name))
        canvas.row_tokens(left, top, rows.get(name, ()), cell)
        canvas.column_tokens(left, top, columns.get(name, ()), cell)
        _entitle(canvas, left, top - (above if name in columns else 0.0), name, array)
        x += widths[i]
        if i < len(operators):
            canvas.text(x + _SIGN / 2, middle, operators[i], size=13, weight="bold")
        x += _SIGN
    return canvas.picture


def _entitle(canvas: Canvas, x: float, y: float, name: str, array: Array) -> None:
    """A matrix's name and shape, above its upper left corner."""
    colour = role_of(name) or palette.INK["light"]
    canvas.text(x, y - 0.27, name, ha="left", weight="bold", color=colour)
    canvas.text(x, y - 0.11, str(array.shape), ha="left", size=8, color=palette.FAINT_INK["light"])


def _heading(name: str, array: Array) -> float:
    return max(letters(name, 9.5), letters(str(array.shape), 8))


def _word(tokens: Sequence[str] | None) -> float:
    return max((letters(visible(token), 8) + 0.1 for token in tokens or ()), default=0.0)


def _checked(labels: Labels | None, arrays: Mapping[str, Array], axis: int) -> Labels:
    """The labels, once it is certain that each belongs to a matrix and fits it."""
    what = ("row", "column")[axis]
    for name in labels or {}:
        if name not in arrays:
            raise ValueError(
                f"There are {what} labels for {name!r}, but the matrices are {', '.join(arrays)}."
            )
    return {
        name: same_length(tokens, arrays[name].shape[axis], what) or []
        for name, tokens in (labels or {}).items()
    }

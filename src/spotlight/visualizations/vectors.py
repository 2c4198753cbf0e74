"""Vectors as arrows in the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers
from spotlight.visualizations.figure import Picture, quiet, style

_GEOMETRIES: dict[str, tuple[Sequence[float], Sequence[float]]] = {
    "similar direction": ((2.0, 1.0), (1.5, 1.5)),
    "perpendicular": ((2.0, 1.0), (-1.0, 2.0)),
    "opposite": ((2.0, 1.0), (-1.6, -0.8)),
}


def show_vectors(
    vectors: Mapping[str, Numbers],
    *,
    title: str,
    caption: str,
    components: tuple[int, int] = (0, 1),
    component_names: Sequence[str] | None = None,
) -> Picture:
    """Vectors as arrows from the origin, each with its name at the tip.

    Args:
        vectors: name → (d,). The names "query", "key", "value" and "stream" bring their colours.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        components: which two of the d numbers are drawn, counted from 0.
        component_names: what each of the d numbers stands for; left out, x[0], x[1], ...

    Raises:
        ValueError: there is no vector, or they differ in length or lack these components.
    """
    if not vectors:
        raise ValueError("show_vectors needs at least one vector.")
    arrays = {name: numbers(v, f"The vector {name!r}", 1, "(d,)") for name, v in vectors.items()}
    lengths = {name: len(v) for name, v in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise ValueError(f"Vectors in one plane need equally many components: {told}.")
    names = _component_names(component_names, components, next(iter(lengths.values())))
    with style():
        picture = Picture(5.6, 5.0, title=title, caption=caption)
        axes = picture.subplots()
        points = {name: array[list(components)] for name, array in arrays.items()}
        _plane(axes, list(points.values()), names)
        _arrows(axes, points, _colours(points))
    return picture


def show_dot_products(
    pairs: Mapping[str, tuple[Numbers, Numbers]] | None = None,
    *,
    title: str,
    caption: str,
    names: tuple[str, str] = ("a", "b"),
) -> Picture:
    """Pairs of vectors in the plane, side by side, each with its dot product and its cosine.

    Args:
        pairs: panel title → two vectors (2,). Left out: similar direction, perpendicular,
            opposite.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        names: what the two vectors of a pair are called.

    Raises:
        ValueError: there is no pair, or a vector does not have two components.
    """
    drawn = _GEOMETRIES if pairs is None else pairs
    if not drawn:
        raise ValueError("show_dot_products needs at least one pair of vectors.")
    arrays = {
        panel: [numbers(v, f"A vector of {panel!r}", 1, "(2,)") for v in pair]
        for panel, pair in drawn.items()
    }
    for panel, pair in arrays.items():
        if [len(v) for v in pair] != [2, 2]:
            raise ValueError(f"{panel!r} needs a pair of vectors with two components each.")
    with style():
        picture = Picture(3.1 * len(arrays) + 0.4, 4.3, title=title, caption=caption)
        panels = picture.subplots(1, len(arrays), sharex=True, sharey=True, squeeze=False)
        everything = [v for pair in arrays.values() for v in pair]
        for axes, (panel, (a, b)) in zip(panels.flat, arrays.items(), strict=True):
            _plane(axes, everything, ("x[0]", "x[1]"))
            _arrows(axes, {names[0]: a, names[1]: b}, palette.SERIES[:2])
            dot, lengths = float(a @ b), float(np.linalg.norm(a) * np.linalg.norm(b))
            cosine = f"{dot / lengths:.2f}" if lengths else "not defined"
            axes.set_title(
                f"{panel}\n{names[0]} · {names[1]} = {dot:.2f}\ncosine = {cosine}".replace(
                    "-", "−"
                ),
                loc="left",
            )
            axes.label_outer()
    return picture


def show_projection(
    x: Numbers,
    matrices: Mapping[str, Numbers],
    *,
    title: str,
    caption: str,
    name: str = "embedding",
    components: tuple[int, int] = (0, 1),
) -> Picture:
    """One vector and where each matrix sends it: the arrows x and x @ W in one plane.

    Args:
        x: (d,), one token's embedding.
        matrices: name → (d, d_k), for example {"query": W_Q, "key": W_K}; rows multiply x.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        name: what x is called.
        components: which two numbers of each vector are drawn, counted from 0.

    Raises:
        ValueError: x and a matrix do not fit, or a vector lacks these components.
    """
    vector = numbers(x, f"The {name}", 1, "(d,)")
    sent: dict[str, Array] = {}
    for role, matrix in matrices.items():
        weight = numbers(matrix, f"The matrix for {role!r}", 2, "(d, d_k)")
        if weight.shape[0] != len(vector):
            raise ValueError(
                f"The {name} has {len(vector)} components, but the matrix for {role!r} has "
                f"{weight.shape[0]} rows: x @ W needs as many rows as x has components."
            )
        sent[role] = vector @ weight
    for array in (vector, *sent.values()):
        _component_names(None, components, len(array))
    with style():
        picture = Picture(6.0, 5.0, title=title, caption=caption)
        axes = picture.subplots()
        chosen = list(components)
        start = vector[chosen]
        points = {role: array[chosen] for role, array in sent.items()}
        _plane(axes, [start, *points.values()], _component_names(None, components, len(vector)))
        for point, colour in zip(points.values(), _colours(points), strict=True):
            axes.plot(*np.stack([start, point]).T, color=colour, linestyle=(0, (2, 3)), linewidth=1)
        _arrows(
            axes,
            {name: start, **points},
            [palette.role_colour("stream"), *_colours(points)],
        )
    return picture


def _component_names(
    given: Sequence[str] | None, components: tuple[int, int], length: int
) -> tuple[str, str]:
    if len(components) != 2 or not all(0 <= c < length for c in components):
        raise ValueError(
            f"components={components} does not name two of {length} components: "
            f"they are numbered from 0 to {length - 1}."
        )
    if given is not None and len(given) != length:
        raise ValueError(f"There are {len(given)} component names for {length} components.")
    first, second = (f"x[{c}]" if given is None else str(given[c]) for c in components)
    return first, second


def _plane(axes: Axes, points: Sequence[Array], names: tuple[str, str]) -> None:
    quiet(axes)
    axes.axhline(0, color=palette.FAINT_INK["light"], linewidth=0.8)
    axes.axvline(0, color=palette.FAINT_INK["light"], linewidth=0.8)
    every = np.vstack([np.zeros(2), *points])
    every = np.where(np.isfinite(every), every, 0.0)
    low, high = every.min(axis=0), every.max(axis=0)
    side = max(float((high - low).max()), 1.0) * 1.35
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - side / 2, middle[0] + side / 2)
    axes.set_ylim(middle[1] - side / 2, middle[1] + side / 2)
    axes.set_aspect("equal")
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])


def _arrows(axes: Axes, points: Mapping[str, Array], colours: Sequence[str]) -> None:
    """Arrows that end at one point are nested, the first the widest, and their names stacked."""
    ends = [tuple(point.round(6)) for point in points.values()]
    for i, ((name, point), colour) in enumerate(zip(points.items(), colours, strict=True)):
        if np.isfinite(point).all():  # a NaN has no place in the plane
            width = 2.0 + 2.5 * ends[i + 1 :].count(ends[i])
            _arrow(axes, point, colour, width)
            _name(axes, point, name, colour, place=ends[:i].count(ends[i]))


def _arrow(axes: Axes, point: Array, colour: str, width: float) -> None:
    if np.any(point):
        axes.annotate(
            "",
            xy=(float(point[0]), float(point[1])),
            xytext=(0, 0),
            arrowprops={
                "arrowstyle": "-|>",
                "color": colour,
                "linewidth": width,
                "shrinkA": 0,
                "shrinkB": 0,
                "mutation_scale": 11 + width,
            },
        )
    else:
        axes.plot(0, 0, "o", color=colour)


def _name(axes: Axes, point: Array, name: str, colour: str, place: int) -> None:
    """Write a name beyond the tip; of several names at one tip, at this `place` in the stack."""
    away = point / (np.linalg.norm(point) or 1.0)
    axes.annotate(
        name,
        xy=(float(point[0]), float(point[1])),
        xytext=(
            9 * float(away[0]),
            9 * float(away[1]) + 14 * place * (-1 if away[1] < -0.3 else 1),
        ),
        textcoords="offset points",
        ha="left" if away[0] > 0.3 else "right" if away[0] < -0.3 else "center",
        va="bottom" if away[1] > 0.3 else "top" if away[1] < -0.3 else "center",
        color=colour,
        weight="bold",
        parse_math=False,
    )


def _colours(named: Mapping[str, object]) -> list[str]:
    """A role's own colour where the name is a role, else the next of the series."""
    return [
        palette.role_colour(name) if name in palette.ROLES else palette.SERIES[i % 6]
        for i, name in enumerate(named)
    ]

"""The attention of many heads at once, as small heatmaps on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes

from spotlight.visualizations import palette
from spotlight.visualizations.arrays import Array, Numbers, numbers, same_length
from spotlight.visualizations.canvas import letters
from spotlight.visualizations.cells import Scale, colours_of, scale_for
from spotlight.visualizations.figure import Picture, style, visible

Place = tuple[int, ...]
"""(head,), or (layer, head)."""

_MARK: Final = palette.SERIES[1]
_WIDEST: Final = 10.0  # inches
_SMALLEST_LABEL: Final = 4.5  # points
_LARGEST_LABEL: Final = 8.0


def show_heads(
    weights: Numbers,
    tokens: Sequence[str],
    *,
    title: str,
    caption: str,
    names: Mapping[int, str] | None = None,
) -> Picture:
    """Every head of one layer, each a small heatmap of its weights.

    Args:
        weights: (H, T, T): head, token that is updated, token attended to.
        tokens: T tokens, written at the outer edges only.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        names: head → what to call it, for example {3: "previous token"}; it gets a frame.

    Raises:
        ValueError: the weights have another shape, or tokens or names do not fit them.
    """
    heads = _square(numbers(weights, "The weights of a layer", 3, "(heads, tokens, tokens)"))
    panels: dict[Place, Array] = {(head,): array for head, array in enumerate(heads)}
    framed: dict[Place, str] = {(head,): name for head, name in (names or {}).items()}
    across = min(len(heads), 4) if len(heads) != 6 else 3
    return _multiples(panels, tokens, framed, across, title=title, caption=caption)


def show_layers(
    weights: Numbers,
    tokens: Sequence[str],
    *,
    title: str,
    caption: str,
    names: Mapping[tuple[int, int], str] | None = None,
) -> Picture:
    """Every head of every layer, one row of small heatmaps for each layer.

    Args:
        weights: (L, H, T, T): layer, head, token that is updated, token attended to.
        tokens: T tokens, written at the outer edges only.
        title: what the figure shows.
        caption: one sentence on what to see in it.
        names: (layer, head) → what to call it, for example {(2, 3): "referent"}; it gets a frame.

    Raises:
        ValueError: the weights have another shape, or tokens or names do not fit them.
    """
    array = numbers(weights, "The weights of all layers", 4, "(layers, heads, tokens, tokens)")
    panels: dict[Place, Array] = {
        (layer, head): matrix
        for layer, heads in enumerate(array)
        for head, matrix in enumerate(_square(heads))
    }
    framed: dict[Place, str] = {
        (layer, head): name for (layer, head), name in (names or {}).items()
    }
    return _multiples(panels, tokens, framed, array.shape[1], title=title, caption=caption)


def _multiples(
    panels: Mapping[Place, Array],
    tokens: Sequence[str],
    names: Mapping[Place, str],
    across: int,
    *,
    title: str,
    caption: str,
) -> Picture:
    unknown = [place for place in names if place not in panels]
    if unknown:
        raise ValueError(
            f"There is no {_called(unknown[0])} to name: the last is {_called(max(panels))}."
        )
    arrays = list(panels.values())
    labels = same_length(tokens, len(arrays[0]), "token")
    scale = scale_for("weights", arrays)
    down = -(-len(panels) // across)
    word = max(letters(visible(label), _LARGEST_LABEL) for label in labels or [""])
    edges = word + 1.1  # tokens and what they are on one side, the colour bar on the other
    side = min(2.3, (_WIDEST - edges) / across - 0.12)
    with style():
        picture = Picture(
            max(across * (side + 0.12) + edges, 4.2),
            down * (side + (0.4 if names else 0.28)) + word + 0.75,
            title=title,
            caption=caption,
        )
        grid = picture.subplots(down, across, squeeze=False)
        for axes, (place, array) in zip(grid.flat, panels.items(), strict=False):
            _draw(axes, array, scale)
            _entitle(axes, _called(place), names.get(place))
            _label(axes, "x", labels if axes in grid[0] else [], side)
            _label(axes, "y", labels if axes in grid[:, 0] else [], side)
        for axes in grid[0]:  # said once; an unseen one above the others keeps the titles level
            axes.set_xlabel(
                "attended to", color=palette.INK["light"] if axes is grid[0, 0] else "none"
            )
            axes.xaxis.set_label_position("top")
        grid[0, 0].set_ylabel("this token is updated")
        for axes in list(grid.flat)[len(panels) :]:
            axes.remove()
        used: Any = list(grid.flat)[: len(panels)]
        picture.colorbar(
            used[0].images[0], ax=used, label="weight", shrink=0.7, aspect=22, extend=scale.extend
        ).outline.set_visible(False)
    return picture


def _draw(axes: Axes, array: Array, scale: Scale) -> None:
    axes.imshow(colours_of(array, scale), cmap=scale.colormap, vmin=scale.low, vmax=scale.high)
    axes.spines[:].set_color(palette.RULE["light"])
    axes.tick_params(length=0, pad=1.5)
    axes.xaxis.tick_top()


def _entitle(axes: Axes, place: str, name: str | None) -> None:
    if name is None:
        axes.set_title(place, loc="left", size=7.5, pad=3)
        return
    axes.set_title(
        f"{place}\n{name}", loc="left", size=7.5, pad=3, weight="bold", color=_MARK
    ).set_parse_math(False)
    axes.spines[:].set_color(_MARK)
    axes.spines[:].set_linewidth(2.2)


def _label(axes: Axes, axis: str, tokens: Sequence[str] | None, side: float) -> None:
    """Tokens along one axis, as large as their cells let them be; too small ones are left out."""
    size = min(_LARGEST_LABEL, 0.8 * 72 * side / max(len(tokens or ()), 1))
    if size < _SMALLEST_LABEL:
        tokens = []
    target = axes.xaxis if axis == "x" else axes.yaxis
    target.set_ticks(
        range(len(tokens or ())),
        [visible(token) for token in tokens or ()],
        parse_math=False,
        size=size,
        rotation=90 if axis == "x" else 0,
    )


def _square(heads: Array) -> Array:
    if heads.shape[-1] != heads.shape[-2]:
        raise ValueError(
            f"A head's weights are square, one row and one column for each token, "
            f"but these are {heads.shape[-2]} × {heads.shape[-1]}."
        )
    return heads


def _called(place: Place) -> str:
    kinds = ("layer", "head")[-len(place) :]
    return ", ".join(f"{kind} {i}" for kind, i in zip(kinds, place, strict=True))

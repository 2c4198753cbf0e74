"""Where the boxes of a diagram stand: in layers from top to bottom, edges always going down.

Sugiyama's scheme in its simplest form. A box stands one layer below the lowest that leads to it;
an edge that passes a layer holds a place in it, so it never runs through a box.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

Edge = tuple[int, int]
Point = tuple[float, float]

_PASSING: Final = 0.16  # inches that an edge takes up in a layer it passes
_SWEEPS: Final = 9  # odd, so that the last goes down: what follows a box stands below it
_STRAIGHTENING: Final = 3


@dataclass(frozen=True)
class Layout:
    """Boxes' centres and edges' ways in inches, the origin in the upper left corner."""

    width: float
    height: float
    centres: dict[int, Point]
    routes: dict[Edge, list[Point]]


@dataclass
class _Slot:
    """What holds a place in a layer: a box, or an edge passing."""

    width: float
    x: float = 0.0
    edge: Edge | None = None

    @property
    def weight(self) -> float:
        """How much it resists being pushed aside, and how much it draws its neighbours."""
        return 0.002 if self.edge else 1.0


def layered(
    sizes: Mapping[int, tuple[float, float]],
    edges: Sequence[Edge],
    *,
    across: float = 0.28,
    down: float = 0.26,
) -> Layout:
    """Place boxes of these sizes.

    Args:
        sizes: box → (width, height), in an order in which no edge leads back.
        edges: from box to box.
        across: the gap between neighbours, in inches.
        down: the gap between layers, in inches.
    """
    edges = list(dict.fromkeys(edges))
    depth = _depths(list(sizes), edges)
    layers, chains = _slots(sizes, edges, depth)
    above, below = _neighbours(chains)
    _order(layers, above, below)
    _place(layers, above, below, chains, across)
    left = min(slot.x - slot.width / 2 for layer in layers for slot in layer.values())
    right = max(slot.x + slot.width / 2 for layer in layers for slot in layer.values())
    tops, height = [], 0.0
    heights = [
        max((sizes[key][1] for key in layer if isinstance(key, int)), default=0.0)
        for layer in layers
    ]
    for tall in heights:
        tops.append(height)
        height += tall + down
    at = {key: slot.x - left for layer in layers for key, slot in layer.items()}
    centres = {node: (at[node], tops[depth[node]] + heights[depth[node]] / 2) for node in sizes}
    routes = _routes(chains, at, tops, heights, depth, sizes, centres)
    return Layout(right - left, height - down, centres, routes)


_Key = int | tuple[Edge, int]
_Beside = defaultdict[int | tuple[Edge, int], list[int | tuple[Edge, int]]]


def _depths(nodes: Sequence[int], edges: Sequence[Edge]) -> dict[int, int]:
    """A box's layer: one below the lowest that leads to it; sources stand next to their use."""
    depth = dict.fromkeys(nodes, 0)
    for node in nodes:
        for start, end in edges:
            if end == node:
                depth[node] = max(depth[node], depth[start] + 1)
    targets = {end for _, end in edges}
    for node in nodes:
        uses = [depth[end] for start, end in edges if start == node]
        if node not in targets and uses:
            depth[node] = min(uses) - 1
    return depth


def _slots(
    sizes: Mapping[int, tuple[float, float]], edges: Sequence[Edge], depth: Mapping[int, int]
) -> tuple[list[dict[_Key, _Slot]], dict[Edge, list[_Key]]]:
    layers: list[dict[_Key, _Slot]] = [{} for _ in range(max(depth.values()) + 1)]
    for node, (width, _) in sizes.items():
        layers[depth[node]][node] = _Slot(width)
    chains: dict[Edge, list[_Key]] = {}
    for start, end in edges:
        passed = range(depth[start] + 1, depth[end])
        for layer in passed:
            layers[layer][(start, end), layer] = _Slot(_PASSING, edge=(start, end))
        chains[start, end] = [start, *(((start, end), layer) for layer in passed), end]
    return layers, chains


def _neighbours(chains: Mapping[Edge, Sequence[_Key]]) -> tuple[_Beside, _Beside]:
    """What each slot is joined to in the layer above and in the one below."""
    above: _Beside = defaultdict(list)
    below: _Beside = defaultdict(list)
    for chain in chains.values():
        for upper, lower in itertools.pairwise(chain):
            below[upper].append(lower)
            above[lower].append(upper)
    return above, below


def _order(layers: list[dict[_Key, _Slot]], above: _Beside, below: _Beside) -> None:
    """Order each layer by where its neighbours stand in the one before, to and fro."""
    for sweep in range(4):
        ranks: dict[_Key, float] = {}
        downwards = sweep % 2 == 0
        for i in range(len(layers)) if downwards else reversed(range(len(layers))):
            layer, beside = layers[i], above if downwards else below
            wanted = {
                key: _mean_rank(ranks, beside[key], (place + 0.5) / len(layer))
                for place, key in enumerate(layer)
            }
            layers[i] = {key: layer[key] for key in sorted(layer, key=wanted.__getitem__)}
            ranks |= {key: (place + 0.5) / len(layer) for place, key in enumerate(layers[i])}


def _mean_rank(ranks: Mapping[_Key, float], keys: Sequence[_Key], default: float) -> float:
    known = [ranks[key] for key in keys if key in ranks]
    return sum(known) / len(known) if known else default


def _place(
    layers: Sequence[dict[_Key, _Slot]],
    above: _Beside,
    below: _Beside,
    chains: Mapping[Edge, Sequence[_Key]],
    across: float,
) -> None:
    """Draw every slot towards its neighbours, to and fro, then pull the long edges straight."""
    slots = {key: slot for layer in layers for key, slot in layer.items()}
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for layer in layers if downwards else reversed(layers):
            _settle(layer, above if downwards else below, slots, {}, across)
    for _ in range(_STRAIGHTENING):
        straight = {edge: _line(edge, chain, slots) for edge, chain in chains.items()}
        for layer in layers:
            _settle(layer, above, slots, straight, across)


def _settle(
    layer: Mapping[_Key, _Slot],
    beside: _Beside,
    slots: Mapping[_Key, _Slot],
    straight: Mapping[Edge, float],
    across: float,
) -> None:
    wanted = []
    for key, slot in layer.items():
        others = [slots[other] for other in beside[key]]
        if slot.edge is not None and slot.edge in straight:
            wanted.append(straight[slot.edge])
        elif others:
            weights = [other.weight for other in others]
            wanted.append(float(np.average([other.x for other in others], weights=weights)))
        else:
            wanted.append(slot.x)
    _spread(list(layer.values()), wanted, across)


def _line(edge: Edge, chain: Sequence[_Key], slots: Mapping[_Key, _Slot]) -> float:
    """Where a long edge can run straight down: as far out as boxes have pushed it anywhere."""
    ends = (slots[edge[0]].x + slots[edge[1]].x) / 2
    passing = [slots[key].x for key in chain[1:-1]] or [ends]
    return max(passing) if sum(passing) / len(passing) >= ends else min(passing)


def _spread(layer: Sequence[_Slot], wanted: Sequence[float], across: float) -> None:
    """Put slots as near as can be to where they want to be, without overlaps.

    Least squares under "each at least so far right of the one before", by pooling neighbours that
    want to be nearer than that.
    """
    offsets = np.cumsum(
        [0.0] + [(a.width + b.width) / 2 + across for a, b in itertools.pairwise(layer)]
    )
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for slot, want, offset in zip(layer, wanted, offsets, strict=True):
        mean, weight, count = want - float(offset), slot.weight, 1
        while pools and pools[-1][0] > mean:
            before, before_weight, before_count = pools.pop()
            mean = (before * before_weight + mean * weight) / (before_weight + weight)
            weight, count = before_weight + weight, before_count + count
        pools.append((mean, weight, count))
    places = [mean for mean, _, count in pools for _ in range(count)]
    for slot, place, offset in zip(layer, places, offsets, strict=True):
        slot.x = place + float(offset)


def _routes(
    chains: Mapping[Edge, Sequence[_Key]],
    at: Mapping[_Key, float],
    tops: Sequence[float],
    heights: Sequence[float],
    depth: Mapping[int, int],
    sizes: Mapping[int, tuple[float, float]],
    centres: Mapping[int, Point],
) -> dict[Edge, list[Point]]:
    arriving: dict[int, list[Edge]] = defaultdict(list)
    for edge in sorted(chains, key=lambda edge: at[chains[edge][-2]]):
        arriving[edge[1]].append(edge)
    routes: dict[Edge, list[Point]] = {}
    for edge, chain in chains.items():
        start, end = edge
        points = [(centres[start][0], centres[start][1] + sizes[start][1] / 2)]
        for key in chain[1:-1]:
            layer = depth[start] + len(points) // 2 + 1
            points.append((at[key], tops[layer]))
            points.append((at[key], tops[layer] + heights[layer]))
        beside = arriving[end]
        step = min(0.3, sizes[end][0] / (len(beside) + 1))
        aside = (beside.index(edge) - (len(beside) - 1) / 2) * step
        points.append((centres[end][0] + aside, centres[end][1] - sizes[end][1] / 2))
        routes[edge] = points
    return routes

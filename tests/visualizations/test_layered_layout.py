"""Where boxes stand: any graph, any sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotlight.visualizations.layered_layout import layered


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 14))
    sides = st.floats(0.05, 2.0)
    sizes = {i: (draw(sides), draw(sides)) for i in range(count)}
    pairs = [(i, j) for j in range(count) for i in range(j)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    return sizes, edges


def borders(layout, sizes, node):
    (x, y), (width, height) = layout.centres[node], sizes[node]
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


@given(graphs())
def test_no_two_boxes_overlap_and_all_are_inside(graph):
    sizes, edges = graph
    layout = layered(sizes, edges)
    boxes = [borders(layout, sizes, node) for node in sizes]
    slack = 1e-6
    for left, top, right, bottom in boxes:
        assert left >= -slack
        assert top >= -slack
        assert right <= layout.width + slack
        assert bottom <= layout.height + slack
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = (
                one[2] <= other[0] + slack
                or other[2] <= one[0] + slack
                or one[3] <= other[1] + slack
                or other[3] <= one[1] + slack
            )
            assert apart


@given(graphs())
def test_every_edge_leads_down_from_box_to_box_and_through_none(graph):
    sizes, edges = graph
    layout = layered(sizes, edges)
    assert set(layout.routes) == set(edges)
    for (start, end), points in layout.routes.items():
        heights = [y for _, y in points]
        assert heights == sorted(heights)
        assert points[0][1] == pytest.approx(borders(layout, sizes, start)[3])
        assert points[-1][1] == pytest.approx(borders(layout, sizes, end)[1])
        for x, y in points[1:-1]:
            for node in sizes:
                left, top, right, bottom = borders(layout, sizes, node)
                assert not (left < x < right and top < y < bottom)


def test_a_chain_stands_in_one_line_and_a_shortcut_runs_straight_beside_it():
    sizes = {0: (0.1, 0.1), 1: (1.0, 0.4), 2: (2.0, 0.4), 3: (0.3, 0.3)}
    layout = layered(sizes, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert [x for x, _ in layout.centres.values()] == pytest.approx([1.0] * 4, abs=0.02)
    passing = [x for x, _ in layout.routes[0, 3][1:-1]]
    assert passing == pytest.approx([passing[0]] * 4, abs=1e-6)
    assert passing[0] > 2.0


def test_branches_stand_side_by_side_in_their_order():
    sizes = dict.fromkeys(range(5), (1.0, 0.4))
    layout = layered(sizes, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)])
    (x1, y1), (x2, y2), (x3, y3) = (layout.centres[i] for i in (1, 2, 3))
    assert y1 == y2 == y3
    assert x1 < x2 < x3
    assert layout.centres[0][0] == pytest.approx(x2)

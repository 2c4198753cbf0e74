"""Figures and widgets, one line each in a lesson.

Every `show_...` takes tensors, arrays or lists and returns a `Picture` or a widget, which a
notebook shows where it is the last line of a cell. Nothing is imported before its first use, so
importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spotlight.visualizations.attention_flow import show_attention_flow
    from spotlight.visualizations.attention_matrix import AttentionMatrix, show_attention_matrix
    from spotlight.visualizations.attention_steps import show_attention_steps
    from spotlight.visualizations.charts import show_bars, show_curves
    from spotlight.visualizations.computation_graph import show_computation_graph
    from spotlight.visualizations.depth import show_depth
    from spotlight.visualizations.figure import Picture
    from spotlight.visualizations.head_browser import HeadBrowser, heads_of, show_head_browser
    from spotlight.visualizations.head_strips import show_head_strips
    from spotlight.visualizations.heads import show_heads, show_layers
    from spotlight.visualizations.heatmaps import show_heatmap, show_heatmaps
    from spotlight.visualizations.live_curves import LiveCurves
    from spotlight.visualizations.mask_painter import MaskPainter, show_mask_painter
    from spotlight.visualizations.matrix_products import show_matrices, show_product
    from spotlight.visualizations.model_map import show_map
    from spotlight.visualizations.module_diagram import show_module
    from spotlight.visualizations.next_token import NextToken, next_words_of, show_next_token
    from spotlight.visualizations.position_explorer import PositionExplorer, show_position_explorer
    from spotlight.visualizations.positions import (
        show_position_matrix,
        show_position_products,
        show_position_waves,
    )
    from spotlight.visualizations.vectors import show_dot_products, show_projection, show_vectors

__all__ = [
    "AttentionMatrix",
    "HeadBrowser",
    "LiveCurves",
    "MaskPainter",
    "NextToken",
    "Picture",
    "PositionExplorer",
    "heads_of",
    "next_words_of",
    "show_attention_flow",
    "show_attention_matrix",
    "show_attention_steps",
    "show_bars",
    "show_computation_graph",
    "show_curves",
    "show_depth",
    "show_dot_products",
    "show_head_browser",
    "show_head_strips",
    "show_heads",
    "show_heatmap",
    "show_heatmaps",
    "show_layers",
    "show_map",
    "show_mask_painter",
    "show_matrices",
    "show_module",
    "show_next_token",
    "show_position_explorer",
    "show_position_matrix",
    "show_position_products",
    "show_position_waves",
    "show_product",
    "show_projection",
    "show_vectors",
]

_HOMES = {
    "AttentionMatrix": "attention_matrix",
    "show_attention_matrix": "attention_matrix",
    "Picture": "figure",
    "show_bars": "charts",
    "show_curves": "charts",
    "show_heatmap": "heatmaps",
    "show_heatmaps": "heatmaps",
    "show_dot_products": "vectors",
    "show_projection": "vectors",
    "show_vectors": "vectors",
    "show_head_strips": "head_strips",
    "show_heads": "heads",
    "show_layers": "heads",
    "show_attention_flow": "attention_flow",
    "show_matrices": "matrix_products",
    "show_product": "matrix_products",
    "show_attention_steps": "attention_steps",
    "show_position_waves": "positions",
    "show_position_matrix": "positions",
    "show_position_products": "positions",
    "show_depth": "depth",
    "LiveCurves": "live_curves",
    "show_map": "model_map",
    "show_module": "module_diagram",
    "show_computation_graph": "computation_graph",
    "HeadBrowser": "head_browser",
    "heads_of": "head_browser",
    "show_head_browser": "head_browser",
    "MaskPainter": "mask_painter",
    "show_mask_painter": "mask_painter",
    "NextToken": "next_token",
    "next_words_of": "next_token",
    "show_next_token": "next_token",
    "PositionExplorer": "position_explorer",
    "show_position_explorer": "position_explorer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__

"""From whatever a probe returned to what can travel: arrays, numbers, text, trees of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from spotlight.sandbox.wire import MAX_DEPTH, MAX_TEXT, Array, Opaque


def portable(value: Any, depth: int = 0) -> Any:
    """`value` as the wire carries it.

    Nested lists of numbers, and lists of equally shaped tensors, become one array of the form
    "list". What has no portable form becomes `Opaque`, by its type's name.
    """
    if depth > MAX_DEPTH:
        return Opaque("a structure nested too deeply")
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, str):
        return str(value)[:MAX_TEXT]
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biufc":
            return Opaque(f"ndarray of {value.dtype}")
        return Array(value, "ndarray", str(value.dtype))
    if isinstance(value, np.generic):
        return portable(value.item(), depth + 1)
    if isinstance(value, torch.Size):
        return tuple(int(n) for n in value)
    if isinstance(value, list | tuple):
        return _sequence(value, depth)
    if isinstance(value, Mapping):
        return {str(key): portable(item, depth + 1) for key, item in value.items()}
    return Opaque(type(value).__name__)


def _tensor(value: torch.Tensor) -> Any:
    dtype = str(value.dtype).removeprefix("torch.")
    dense = value.detach().to("cpu")
    if dense.layout != torch.strided or dense.is_quantized:
        return Opaque(f"tensor of layout {dense.layout}")
    if dtype == "bfloat16":
        dense = dense.float()
    return Array(dense.resolve_conj().numpy(), "tensor", dtype, value.requires_grad)


def _sequence(value: list[Any] | tuple[Any, ...], depth: int) -> Any:
    items = [portable(item, depth + 1) for item in value]
    if items and all(isinstance(item, int | float) for item in items):
        return Array(np.array(items), "list", "list")
    if items and all(isinstance(item, Array) for item in items):
        arrays = [item.data for item in items]
        if len({array.shape for array in arrays}) == 1:
            return Array(np.stack(arrays), "list", items[0].dtype)
    return tuple(items) if isinstance(value, tuple) else items

"""From whatever a probe returned to what can travel: arrays, numbers, text, trees of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from spotlight.sandbox.wire import DTYPES, MAX_DEPTH, MAX_NODES, MAX_TEXT, Array, Opaque

# What carries a value over the wire takes some levels and parts of its own.
_MAX_DEPTH = MAX_DEPTH - 8
_MAX_PARTS = MAX_NODES // 4


def portable(value: Any) -> Any:
    """`value` as the wire carries it.

    Nested lists of numbers, and lists of equally shaped tensors, become one array of the form
    "list", except that True and False are not mixed with numbers. What has no portable form becomes
    `Opaque`, by its type's name.
    """
    try:
        return _Converter().convert(value, 0)
    except _TooLargeError as error:
        return Opaque(str(error))


class _TooLargeError(Exception):
    """The value has more levels or parts than travel."""


class _Converter:
    def __init__(self) -> None:
        self._parts = 0

    def convert(self, value: Any, depth: int) -> Any:
        self._parts += 1
        if depth > _MAX_DEPTH:
            raise _TooLargeError("a structure nested too deeply")
        if self._parts > _MAX_PARTS:
            raise _TooLargeError("a structure of too many parts")
        if value is None or type(value) in (bool, int, float):
            return value
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, torch.Tensor):
            return _tensor(value)
        if isinstance(value, np.ndarray):
            return _array(value, "ndarray", str(value.dtype))
        if isinstance(value, np.generic):
            # `item` of a number wider than Python's own would be that number again.
            item = float(value) if value.dtype.kind == "f" else value.item()
            return self.convert(item, depth + 1)
        if isinstance(value, list | tuple):  # a torch.Size is a tuple
            return self._sequence(value, depth)
        if isinstance(value, Mapping):
            return {_text(str(key)): self.convert(item, depth + 1) for key, item in value.items()}
        return Opaque(type(value).__name__)

    def _sequence(self, value: list[Any] | tuple[Any, ...], depth: int) -> Any:
        items = list(value)
        if not items:
            return value
        if not _are_numbers(items):
            items = [self.convert(item, depth + 1) for item in items]
        if _are_numbers(items) and (numbers := _numbers(items)) is not None:
            return numbers
        if all(isinstance(item, Array) for item in items):
            arrays = [item.data for item in items]
            if len({(array.shape, array.dtype.kind == "b") for array in arrays}) == 1:
                return _array(np.stack(arrays), "list", items[0].dtype)
        return tuple(items) if isinstance(value, tuple) else items


def _are_numbers(items: list[Any]) -> bool:
    return all(type(item) in (bool, int, float) for item in items)


def _numbers(items: list[bool | int | float]) -> Array | None:
    """The numbers as one array; None where no type of array holds them as they are."""
    if len({type(item) is bool for item in items}) > 1:
        return None
    try:
        array = np.array(items)
    except OverflowError:
        return None
    return Array(array, "list", "list") if str(array.dtype) in DTYPES else None


def _text(value: str) -> str:
    """The first characters, as text of no type but Python's own."""
    return str.__str__(value)[:MAX_TEXT]


def _tensor(value: torch.Tensor) -> Array | Opaque:
    dtype = str(value.dtype).removeprefix("torch.")
    if value.layout != torch.strided or value.is_quantized or value.is_nested or value.is_meta:
        return Opaque(f"tensor of a kind without plain numbers ({dtype})")
    dense = value.detach().to("cpu").resolve_conj().resolve_neg()
    try:
        data = dense.numpy()
    except TypeError:  # a type that NumPy lacks, such as bfloat16
        if not (dense.is_floating_point() or dense.is_complex()):
            return Opaque(f"tensor of {dtype}")
        data = dense.to(torch.complex64 if dense.is_complex() else torch.float32).numpy()
    return _array(data, "tensor", dtype, bool(value.requires_grad))


def _array(data: Any, form: str, dtype: str, requires_grad: bool = False) -> Array | Opaque:
    plain = np.asarray(data)
    if plain.dtype.kind not in "biufc":
        return Opaque(f"{form} of {plain.dtype}")
    native = plain.dtype.newbyteorder("=")
    if str(native) not in DTYPES:  # wider than the wire knows, such as float128
        native = np.dtype(np.complex128 if plain.dtype.kind == "c" else np.float64)
    return Array(plain.astype(native, copy=False), form, dtype, requires_grad)

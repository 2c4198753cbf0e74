"""Whatever holds numbers, as a float64 array of the shape that a figure needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Numbers = Any
"""A torch tensor (on any device, with or without gradient), a NumPy array, or nested lists."""


def numbers(values: Numbers, what: str, dimensions: int, axes: str) -> Array:
    """Convert `values` for a figure.

    Args:
        what: how a message calls the values, for example "the matrix".
        dimensions: how many dimensions the figure needs.
        axes: the needed shape in words, for example "(rows, columns)".

    Raises:
        ValueError: these are no numbers, or they have another number of dimensions.
    """
    array = _array(values, what)
    if array.ndim != dimensions:
        hint = ", so pick one, for example values[0]" if array.ndim > dimensions else ""
        raise ValueError(
            f"{what} needs the shape {axes}, but this has the shape {tuple(array.shape)}{hint}."
        )
    if array.size == 0:
        raise ValueError(f"{what} is empty: there is nothing to draw.")
    return array


def flat_numbers(values: Numbers, what: str) -> Array:
    """All numbers of `values` in one row, whatever their shape.

    Raises:
        ValueError: these are no numbers.
    """
    return _array(values, what).reshape(-1)


def same_length(labels: Sequence[str] | None, length: int, what: str) -> list[str] | None:
    """The labels as a list, once it is certain that there is one for each.

    Raises:
        ValueError: there are more or fewer labels than things to label.
    """
    if labels is None:
        return None
    if isinstance(labels, str):
        raise ValueError(f"The {what} labels are one string; a list of {length} tokens is needed.")
    if len(labels) != length:
        raise ValueError(f"There are {len(labels)} {what} labels for {length} {what}s.")
    return [str(label) for label in labels]


def _array(values: Numbers, what: str) -> Array:
    if hasattr(values, "detach"):  # a tensor, recognised without importing torch
        values = values.detach().cpu().double().numpy()
    elif isinstance(values, list | tuple) and any(hasattr(row, "detach") for row in values):
        values = [_array(row, what) for row in values]
    try:
        if values is None:
            raise TypeError("None would become NaN")
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} needs numbers in a tensor, an array or lists of equal length, "
            f"but this is {_kind(values)}."
        ) from error


def _kind(values: object) -> str:
    if isinstance(values, list | tuple):
        return f"a {type(values).__name__} that is not one"
    return f"of type {type(values).__name__}"

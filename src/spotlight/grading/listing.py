"""Names and numbers of cells, listed in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MAX_NAMES = 3
_MAX_CELLS = 6


def listed(names: Sequence[str]) -> str:
    """Exercises by their names: "a", or "a, b and c", or "5 exercises"."""
    if len(names) > _MAX_NAMES:
        return f"{len(names)} exercises"
    return _joined(names)


def cells_listed(numbers: Iterable[int]) -> str:
    """Cells by their numbers: "cell 3", or "cells 3, 5 and 8", or "cells 3, 5, 8 and 12 more"."""
    distinct = [str(number) for number in dict.fromkeys(numbers)]
    if len(distinct) == 1:
        return f"cell {distinct[0]}"
    if len(distinct) > _MAX_CELLS:
        distinct = [*distinct[: _MAX_CELLS - 1], f"{len(distinct) - _MAX_CELLS + 1} more"]
    return f"cells {_joined(distinct)}"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

"""What a call costs, counted and never timed: tensor operations, FLOPs, and lines of Python."""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from spotlight.sandbox.job import Cost

_aten = torch.ops.aten
# Views in all but their name: they read the same numbers in another shape.
_VIEWS = (_aten._unsafe_view, _aten.squeeze_, _aten.unsqueeze_, _aten.transpose_, _aten.t_)
_OF_VECTORS = (_aten.mv, _aten.dot)


class Counter(AbstractContextManager["Counter"]):
    """Counts what is done inside its block.

    Operations are those that the framework dispatches, views left out. A matrix product counts
    2·n·m·k FLOPs, any other operation one for each number that it makes. Lines are those run in
    the files called `filenames`, each turn of a loop anew.
    """

    def __init__(self, filenames: Collection[str]) -> None:
        self.operations = 0
        self.flops = 0
        self.lines = 0
        self._filenames = filenames
        self._mode = _Dispatch(self)
        self._outer_trace: Any = None
        self._depth = 0

    def __enter__(self) -> Counter:
        self._depth += 1
        if self._depth > 1:  # within itself, as where a probe hands one target to another
            return self
        self._outer_trace = sys.gettrace()
        self._mode.__enter__()  # type: ignore[no-untyped-call]
        sys.settrace(self._trace)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth:
            return
        sys.settrace(self._outer_trace)
        self._mode.__exit__(kind, error, trace)  # type: ignore[no-untyped-call]

    @property
    def cost(self) -> Cost:
        """The counts."""
        return Cost(self.operations, self.flops, self.lines)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in self._filenames:
            return None
        if event == "line":
            self.lines += 1
        return self._trace


class _Dispatch(TorchDispatchMode):
    def __init__(self, counter: Counter) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._counter = counter

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled here; without this, the first use imports the compiler (1 s)."""
        return False

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        is_view = function.is_view or function.overloadpacket in _VIEWS
        if not is_view and isinstance(result, torch.Tensor | tuple | list):
            self._counter.operations += 1
            self._counter.flops += _flops(function, args, kwargs or {}, result)
        return result


def _flops(function: Any, args: Any, kwargs: Any, result: Any) -> int:
    if function.overloadpacket in _OF_VECTORS:
        return 2 * int(args[0].numel())
    formula = flop_registry.get(function.overloadpacket)
    of_shapes = getattr(formula, "__wrapped__", None)  # quicker: the wrapper walks through all
    if of_shapes is not None and isinstance(result, torch.Tensor):
        shapes = [part.shape if isinstance(part, torch.Tensor) else part for part in args]
        return int(of_shapes(*shapes, **kwargs, out_shape=result.shape))
    if formula is not None:
        return int(formula(*args, **kwargs, out_val=result))
    made = [result] if isinstance(result, torch.Tensor) else result
    return sum(part.numel() for part in made if isinstance(part, torch.Tensor))

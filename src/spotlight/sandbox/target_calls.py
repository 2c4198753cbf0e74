"""The calls of targets by a probe: what they were called with, what they cost and returned.

Arguments and explanations are for answer keys alone, where the code that runs is the course's own.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch

from spotlight.sandbox.counting import Counter
from spotlight.sandbox.job import TargetCall
from spotlight.sandbox.portable import portable

_MAX_SHOWN = 256  # numbers of an argument that travel with a key
_MAX_ENTRIES = 64


class TargetCalls:
    """Watches the targets that one probe is handed."""

    def __init__(
        self, counter: Counter | None, records: bool, explain: Callable[..., str] | None
    ) -> None:
        """`counter` counts while a target runs; with `records` the arguments are kept, and
        `explain` puts one entry of a result in words."""
        self._counter = counter
        self._records = records
        self._explain = explain
        self._calls: list[tuple[str, dict[str, Any], Any]] = []

    def watched(self, name: str, target: Any) -> Any:
        """`target`, to be called as ever; what cannot be called stays as it is.

        Of a class, such as a module's, it is the calls of its instances that are counted.
        """
        idle = self._counter is None and not self._records
        if idle or not callable(target):
            return target
        if isinstance(target, type):
            return target if self._counter is None else _counted(target, self._counter)

        @functools.wraps(target)
        def call(*arguments: Any, **options: Any) -> Any:
            before = self._bound(target, arguments, options) if self._records else {}
            with self._counter or nullcontext():
                result = target(*arguments, **options)
            self._calls.append((name, before, result))
            return result

        return call

    @staticmethod
    def _bound(target: Any, arguments: Any, options: Any) -> dict[str, Any]:
        bound = inspect.signature(target).bind(*arguments, **options).arguments
        return {name: _copy(value) for name, value in bound.items()}

    @property
    def recorded(self) -> tuple[TargetCall, ...]:
        """The calls as data: shapes of all arguments, and the values of small ones."""
        return tuple(
            TargetCall(
                target,
                {k: tuple(v.shape) for k, v in arguments.items() if _is_tensor(v)},
                {
                    k: portable(v)
                    for k, v in arguments.items()
                    if not _is_tensor(v) or v.numel() <= _MAX_SHOWN
                },
            )
            for target, arguments, _ in self._calls
            if self._records
        )

    def entries(self, value: Any) -> list[str]:
        """Each entry of `value` in words, where it is what the only call returned, and small."""
        if self._explain is None or len(self._calls) != 1:
            return []
        _, arguments, result = self._calls[0]
        if value is not result or not _is_tensor(value) or value.numel() > _MAX_ENTRIES:
            return []
        wanted = list(inspect.signature(self._explain).parameters)[value.ndim :]
        given = {name: arguments[name] for name in wanted if name in arguments}
        places = itertools.product(*map(range, value.shape))
        return [self._explain(*place, **given) for place in places]


def _counted(target: type, counter: Counter) -> type:
    """`target` under its own name, but that its instances count while they are called."""
    if not any("__call__" in vars(base) for base in target.__mro__):
        return target
    called: Any = target.__call__

    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        with counter:
            return called(self, *arguments, **options)

    named = {name: getattr(target, name) for name in ("__doc__", "__module__", "__qualname__")}
    return type(target)(target.__name__, (target,), {**named, "__call__": call})


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)


def _copy(value: Any) -> Any:
    return value.detach().clone() if _is_tensor(value) else value

"""What probes draw their inputs with: seeded, the same on every platform.

The worker opens a private generator per probe, keyed by the run's seed and the probe's name, so
that neither the student's own draws nor another probe's can shift it. NumPy's PCG64 gives the same
stream everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spotlight.sandbox.job import GRADIENT, INSIDE

_equal = torch.equal  # taken now, so that nothing that is run later can put another in its place


@dataclass
class _Draws:
    generator: np.random.Generator
    dtype: torch.dtype = torch.float32
    drawn: list[tuple[Tensor, Tensor]] = field(default_factory=list)  # (handed out, copy)

    def hand_out(self, array: np.ndarray, dtype: torch.dtype | None) -> Tensor:
        tensor = torch.from_numpy(np.asarray(array)).to(dtype or self.dtype)
        self.drawn.append((tensor, tensor.clone()))
        return tensor

    def changed_inputs(self) -> list[int]:
        """Indices of the inputs that were modified since they were handed out."""
        return [
            index
            for index, (now, before) in enumerate(self.drawn)
            if not _is_as_before(now, before)
        ]


def _is_as_before(now: Tensor, before: Tensor) -> bool:
    if now.shape != before.shape or now.dtype != before.dtype or now.layout != before.layout:
        return False
    return _equal(now.detach(), before)


def _generator(seed: int, name: str) -> np.random.Generator:
    key = hashlib.sha256(f"{seed}:{name}".encode()).digest()[:16]
    return np.random.Generator(np.random.PCG64(int.from_bytes(key, "little")))


_draws = _Draws(_generator(0, "interactive"))


@contextmanager
def fresh_draws(seed: int, name: str, dtype: torch.dtype = torch.float32) -> Iterator[_Draws]:
    """Draw from the generator of (`seed`, `name`) inside the block, as `dtype` by default."""
    global _draws
    outer, _draws = _draws, _Draws(_generator(seed, name), dtype)
    try:
        yield _draws
    finally:
        _draws = outer


def randn(*shape: int, dtype: torch.dtype | None = None) -> Tensor:
    """Standard normal draws of the given shape."""
    return _draws.hand_out(_draws.generator.standard_normal(shape), dtype)


def uniform(
    *shape: int, low: float = 0.0, high: float = 1.0, dtype: torch.dtype | None = None
) -> Tensor:
    """Uniform draws from [low, high) of the given shape."""
    return _draws.hand_out(_draws.generator.uniform(low, high, shape), dtype)


def whole_numbers(
    *shape: int, low: int = -3, high: int = 4, dtype: torch.dtype | None = None
) -> Tensor:
    """Whole numbers from [low, high) as floats: small enough to check a result by hand."""
    return _draws.hand_out(_draws.generator.integers(low, high, shape), dtype)


def randint(low: int, high: int, shape: tuple[int, ...]) -> Tensor:
    """Integers from [low, high), of the given shape, as int64."""
    return _draws.hand_out(_draws.generator.integers(low, high, shape), torch.int64)


def gradients(function: Callable[..., Tensor], **inputs: Tensor) -> dict[str, Tensor | None]:
    """The gradient that comes back to each of `inputs` through `function(*inputs)`.

    The upstream gradient is random, of the shape of the result: a plain sum would hide much (the
    rows of a softmax add up to 1 whatever goes in). None where no gradient comes back.
    """
    leaves = [value.detach().clone().requires_grad_() for value in inputs.values()]
    result = function(*leaves)
    names = [GRADIENT + name for name in inputs]
    if not isinstance(result, Tensor) or not result.requires_grad:
        return dict.fromkeys(names)
    upstream = torch.from_numpy(_draws.generator.standard_normal(tuple(result.shape)))
    # The same as handing `upstream` to grad, which would import sympy for it (0.3 s).
    weighted = (result * upstream.to(result.dtype)).sum()
    found = torch.autograd.grad(weighted, leaves, allow_unused=True)
    return dict(zip(names, found, strict=True))


def inside(module: nn.Module, *arguments: Tensor) -> dict[str, Tensor]:
    """What each part of a module is given and gives, in the order of the calls, and the result.

    Its parts are its submodules and the functions that are attributes of one, such as `attend`.
    For naming probes: a right module may call its parts in another order.
    """
    seen: dict[str, Tensor] = {}

    def note(what: str, value: Any) -> None:
        if isinstance(value, Tensor):
            calls = sum(name == what or name.startswith(f"{what}, call ") for name in seen)
            seen[f"{what}, call {calls + 1}" if calls else what] = value.detach()

    def note_given(name: str, given: tuple[Any, ...]) -> None:
        for number, value in enumerate(given, start=1):
            place = f" as argument {number}" if len(given) > 1 else ""
            note(f"{INSIDE}what `{name}` is given{place}", value)

    def watched(name: str, function: FunctionType) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            note_given(name, given)
            result = function(*given, **named)
            note(f"{INSIDE}what `{name}` gives", result)
            return result

        return call

    def is_given(name: str) -> Callable[..., None]:
        return lambda _, given: note_given(name, given)

    def gives(name: str) -> Callable[..., None]:
        return lambda _, given, result: note(f"{INSIDE}what `{name}` gives", result)

    with ExitStack() as undone:
        for name, part in module.named_modules():
            if name:
                undone.callback(part.register_forward_pre_hook(is_given(name)).remove)
                undone.callback(part.register_forward_hook(gives(name)).remove)
            for attribute, value in list(vars(part).items()):
                if isinstance(value, FunctionType):
                    setattr(part, attribute, watched(f"{name}.{attribute}".lstrip("."), value))
                    undone.callback(setattr, part, attribute, value)
        note(f"{INSIDE}the result", module(*arguments))
    return seen


def formatted(value: Tensor | float) -> str:
    """A number, or a vector of them, as it is written in a sentence: three decimals at most."""
    if isinstance(value, Tensor) and value.ndim:
        return f"({', '.join(formatted(part) for part in value.flatten().tolist())})"
    text = f"{float(value):.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")

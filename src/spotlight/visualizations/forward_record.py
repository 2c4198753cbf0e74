"""What a module does on one real forward pass, found out by watching it.

Hooks note which submodule is called when, with which tensors, and what comes out. Where a tensor
that goes into a submodule comes from is then measured, never guessed from names:

- it is what another submodule gave, if it is that very tensor;
- it is a sum, if its numbers are the sum of what autograd says it was made from;
- else it was made by code of `forward` that is no module. Autograd tells which operations that
  code used and what it read; where autograd was off, it stays "made by code".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn

Part = Literal["input", "module", "sum", "code", "output"]

# What only rearranges numbers, as autograd calls it.
_RESHAPING: Final = {
    *("view", "unsafeview", "reshape", "reshapealias", "alias", "asstrided", "clone", "contiguous"),
    *("transpose", "t", "permute", "expand", "unsqueeze", "squeeze", "select", "slice", "tocopy"),
    *("split", "splitwithsizes", "unsafesplit", "chunk", "unbind", "stack", "cat", "copyslices"),
    "accumulategrad",
}
_OPERATIONS: Final = {
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "addmm": "linear",
    "nativelayernorm": "layer norm",
    "scaleddotproductflashattentionforcpu": "scaled dot product attention",
    "scaleddotproductattentionmath": "scaled dot product attention",
}


@dataclass
class Step:
    """One thing that happens inside a module.

    `shapes` are those of the tensors that come out of it. `operations` says what a code step
    does, as far as autograd tells.
    """

    part: Part
    name: str = ""
    kind: str = ""
    shapes: tuple[tuple[int, ...], ...] = ()
    operations: tuple[str, ...] = ()
    inside: Flow | None = None
    module: nn.Module | None = field(default=None, repr=False)


@dataclass
class Flow:
    """The steps inside one module in the order in which they happen, and what goes where."""

    steps: list[Step] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class _Seen:
    """A tensor as it was when seen: code may change it in place afterwards."""

    tensor: Tensor
    version: int
    made_by: Any
    output_number: int
    numbers: Tensor

    @classmethod
    def now(cls, tensor: Tensor) -> _Seen:
        return cls(
            tensor,
            tensor._version,
            tensor.grad_fn,
            tensor.output_nr,
            tensor.detach().clone(),
        )

    def is_same(self, other: _Seen) -> bool:
        if self.tensor is other.tensor and self.version == other.version:
            return True
        return (
            self.made_by is not None
            and self.made_by is other.made_by
            and self.output_number == other.output_number
        )


class _Scope:
    """What has been seen inside one call of one module."""

    def __init__(self, step: Step, path: str, inputs: Sequence[Tensor]) -> None:
        self.step, self.path = step, path
        self.flow = Flow()
        self.seen: list[tuple[_Seen, int]] = []
        for tensor in inputs:
            self.note(Step("input", shapes=(tuple(tensor.shape),)), [tensor])

    def note(self, step: Step, outputs: Sequence[Tensor], sources: Sequence[int] = ()) -> int:
        """Add a step with what it gives and where it reads from; say its number."""
        self.flow.steps.append(step)
        number = len(self.flow.steps) - 1
        self.flow.edges += [(source, number) for source in dict.fromkeys(sources)]
        self.give(number, outputs)
        return number

    def give(self, number: int, outputs: Sequence[Tensor]) -> None:
        self.seen += [(_Seen.now(tensor), number) for tensor in outputs]

    def source_of(self, tensor: Tensor) -> int:
        """The step that gives this tensor; one for a sum or for code is added where needed."""
        wanted = _Seen.now(tensor)
        for seen, number in reversed(self.seen):  # what returned its input unchanged comes last
            if seen.is_same(wanted):
                return number
        made_of, operations = self._made_of(wanted)
        shape = (tuple(tensor.shape),)
        if len(made_of) > 1 and _is_sum(wanted, [seen for seen, _ in made_of]):
            return self.note(Step("sum", shapes=shape), [tensor], [n for _, n in made_of])
        if len(made_of) == 1 and _equal(wanted.numbers, made_of[0][0].numbers):
            return made_of[0][1]
        if not made_of and wanted.numbers.is_floating_point():
            by_value = self._by_value(wanted)
            if len(by_value) == 1:
                return by_value[0]
            if by_value:
                return self.note(Step("sum", shapes=shape), [tensor], by_value)
        silent = "rearranged" if made_of else "made here"
        step = Step("code", shapes=shape, operations=tuple(operations) or (silent,))
        return self.note(step, [tensor], [number for _, number in made_of])

    def _made_of(self, wanted: _Seen) -> tuple[list[tuple[_Seen, int]], list[str]]:
        """What autograd says this was made from, as far back as something seen; and by what."""
        known = {
            (seen.made_by, seen.output_number): (seen, number)
            for seen, number in self.seen
            if seen.made_by is not None
        }
        found: dict[int, tuple[_Seen, int]] = {}
        operations: list[str] = []
        todo, visited = [(wanted.made_by, False)], set()
        while todo:
            node, is_done = todo.pop()
            if is_done:
                operations.append(operation_name(node))
            elif node is not None and node not in visited:
                visited.add(node)
                todo.append((node, True))
                for below in reversed(node.next_functions):
                    if below in known:
                        found[id(known[below][0])] = known[below]
                    else:
                        todo.append((below[0], False))
        sources = sorted(found.values(), key=lambda source: source[1])
        return sources, [name for name in operations if name]

    def _by_value(self, wanted: _Seen) -> list[int]:
        """Without autograd: the step with these numbers, or the two of which they are the sum."""
        for seen, number in reversed(self.seen):
            if _equal(wanted.numbers, seen.numbers):
                return [number]
        for (one, i), (other, j) in itertools.combinations(reversed(self.seen), 2):
            if i != j and _is_sum(wanted, [one, other]):
                return [j, i]
        return []


def record_forward(module: nn.Module, example_input: Any, depth: int) -> Step:
    """Run `module` once and say what it did, `depth` levels of submodules deep.

    It runs as in evaluation (no dropout), and everything about the module is as before afterwards.

    Args:
        module: any module.
        example_input: a tensor, a tuple of positional arguments or a mapping of keyword arguments.
        depth: how many levels of calls to look into; 1 is the module's own submodules.

    Raises:
        ValueError: the module cannot run on this input.
    """
    arguments, keywords = _arguments(example_input)
    watch = _Watch(module, depth)
    with as_in_evaluation(module), watch.hooked(), torch.enable_grad():
        try:
            module(*arguments, **keywords)
        except Exception as error:
            raise ValueError(
                f"{type(module).__name__} cannot run on this example input: "
                f"{type(error).__name__}: {error}"
            ) from error
    if watch.finished is None:
        raise ValueError(f"{type(module).__name__} gave no tensor: there is nothing to draw.")
    return watch.finished


def operation_name(node: Any) -> str:
    """What an autograd node does, in words; nothing for those that only rearrange numbers."""
    bare = re.sub(r"Backward\d*$", "", node.name().split("::")[-1])
    flat = bare.lower().strip("_")
    if flat in _RESHAPING:
        return ""
    return _OPERATIONS.get(flat, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare).lower())


class _Watch:
    """The hooks on all submodules, and the calls now running."""

    def __init__(self, module: nn.Module, depth: int) -> None:
        self.module, self.depth = module, depth
        self.paths = {part: path for path, part in module.named_modules()}
        self.running: list[_Scope | None] = []
        self.finished: Step | None = None

    @contextmanager
    def hooked(self) -> Iterator[None]:
        handles = []
        try:
            for part in self.module.modules():
                handles.append(part.register_forward_pre_hook(self._enter, with_kwargs=True))
                handles.append(part.register_forward_hook(self._leave))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, arguments: Any, keywords: Any) -> None:
        if len(self.running) > self.depth:
            self.running.append(None)  # deeper than anybody looks
            return
        inputs = tensors_in((arguments, keywords))
        path = self.paths[module]
        caller = self.running[-1] if self.running else None
        step = Step("module", _below(path, caller), type(module).__name__, module=module)
        if caller is not None:
            sources = [caller.source_of(tensor) for tensor in inputs]
            caller.note(step, [], sources)
        self.running.append(_Scope(step, path, inputs))

    def _leave(self, module: nn.Module, arguments: Any, result: Any) -> None:
        scope = self.running.pop()
        if scope is None:
            return
        outputs = tensors_in(result)
        scope.step.shapes = tuple(tuple(tensor.shape) for tensor in outputs)
        if any(step.part == "module" for step in scope.flow.steps):
            sources = [scope.source_of(tensor) for tensor in outputs]
            scope.note(Step("output", shapes=scope.step.shapes), [], sources)
            scope.step.inside = scope.flow
        caller = self.running[-1] if self.running else None
        if caller is not None:
            caller.give(_place(caller.flow.steps, scope.step), outputs)
        elif outputs:
            self.finished = scope.step


def tensors_in(values: Any) -> list[Tensor]:
    """All tensors in nested tuples, lists and mappings."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, Mapping):
        values = values.values()
    elif not isinstance(values, list | tuple):
        return []
    return [tensor for value in values for tensor in tensors_in(value)]


def _place(steps: Sequence[Step], wanted: Step) -> int:
    return next(i for i, step in enumerate(steps) if step is wanted)


def _below(path: str, caller: _Scope | None) -> str:
    """A submodule's name as its caller knows it."""
    return path.removeprefix(f"{caller.path}.") if caller is not None and caller.path else path


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and torch.equal(one, other)


def _is_sum(wanted: _Seen, addends: Sequence[_Seen]) -> bool:
    try:
        total = torch.stack(torch.broadcast_tensors(*(a.numbers.double() for a in addends))).sum(0)
    except (RuntimeError, TypeError):
        return False
    coarse = 1e-2 if wanted.numbers.dtype in (torch.float16, torch.bfloat16) else 1e-4
    return total.shape == wanted.numbers.shape and torch.allclose(
        total, wanted.numbers.double(), rtol=coarse, atol=coarse * float(total.abs().max() or 1.0)
    )


def _arguments(example_input: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The input as positional arguments and keyword arguments, followed by autograd."""
    if isinstance(example_input, Mapping):
        return (), {name: followed(value) for name, value in example_input.items()}
    if isinstance(example_input, tuple):
        return tuple(followed(value) for value in example_input), {}
    return (followed(example_input),), {}


def followed(value: Any) -> Any:
    """A floating-point tensor such that autograd follows it; anything else as it is."""
    if isinstance(value, Tensor) and value.is_floating_point():
        with torch.enable_grad():
            return value.detach().requires_grad_().clone()  # a leaf must not be changed in place
    return value


@contextmanager
def as_in_evaluation(module: nn.Module) -> Iterator[None]:
    """Evaluation mode, every parameter followed by autograd, random state as before."""
    modes = [(part, part.training) for part in module.modules()]
    frozen = [p for p in module.parameters() if not p.requires_grad and p.is_floating_point()]
    try:
        module.eval()
        for parameter in frozen:
            parameter.requires_grad_()
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        for part, training in modes:
            part.training = training
        for parameter in frozen:
            parameter.requires_grad_(False)

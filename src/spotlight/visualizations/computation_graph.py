"""The operations of one computation and what each was made from, as autograd recorded them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from torch import Tensor, enable_grad, nn
from torch.overrides import TorchFunctionMode, resolve_name

from spotlight.visualizations import palette
from spotlight.visualizations.canvas import Canvas, letters, role_of
from spotlight.visualizations.figure import Picture, style
from spotlight.visualizations.forward_record import as_in_evaluation, followed, tensors_in
from spotlight.visualizations.layered_layout import layered

_LINE: Final = 0.16  # inches
_PADDING: Final = 0.09
_MOST: Final = 80
_INPUT: Final = "#f4f5f8"
_REARRANGING: Final = {
    *("view", "reshape", "transpose", "permute", "T", "mT", "contiguous", "flatten", "unflatten"),
    *("unsqueeze", "squeeze", "expand", "swapaxes", "movedim", "index", "clone"),
}
_SIGNS: Final = {
    "radd": "add",
    "iadd": "add",
    "rsub": "sub",
    "isub": "sub",
    "rmul": "mul",
    "imul": "mul",
    "truediv": "div",
    "rtruediv": "div",
    "itruediv": "div",
    "rmatmul": "matmul",
    "rpow": "pow",
    "getitem": "index",
}
"""Python's names for operators → what the operation is called."""


@dataclass(eq=False)
class _Operation:
    """Something with a shape: an operation's result, or an input."""

    name: str
    shape: tuple[int, ...]
    is_input: bool = False
    sources: list[_Operation] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [self.name, *self.parameters, str(self.shape)]

    @property
    def rearranges(self) -> bool:
        """Whether the numbers are those that came in."""
        return self.name.split(" · ")[0] in _REARRANGING


def show_computation_graph(
    compute: Callable[..., Any],
    inputs: Mapping[str, Tensor],
    *,
    title: str,
    caption: str,
) -> Picture:
    """Run a computation once and draw its operations from the inputs down to the result.

    What is drawn is the graph that autograd recorded and would go back along, with one box per
    function called and the shape of its result; operations that only rearrange numbers share a
    box. So integers, which have no gradient, are not in it. A module runs in evaluation mode.

    Args:
        compute: a function or a module; it is called with the inputs in their order.
        inputs: name → tensor. Names such as "x", "Q" or "W_K" bring their colours.
        title: what the figure shows.
        caption: one sentence on what to see in it.

    Raises:
        ValueError: the computation fails, its result has no gradient, or it takes more than 80
            operations.
    """
    operations = _recorded(compute, {name: followed(value) for name, value in inputs.items()})
    if len(operations) > _MOST:
        raise ValueError(
            f"This computation has {len(operations)} operations, too many to read: "
            f"draw a part of it, or use show_module."
        )
    with style():
        return _draw(operations, title, caption)


class _Recorder(TorchFunctionMode):
    """Notes which call to torch made which node of autograd's graph."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[Any, _Operation] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tensors_in(result):
            if tensor.grad_fn is not None and tensor.grad_fn not in self.made:
                self.made[tensor.grad_fn] = _Operation(_name(func), tuple(tensor.shape))
        return result


def _recorded(compute: Callable[..., Any], inputs: Mapping[str, Any]) -> list[_Operation]:
    """The operations in the order in which they ran, those that only rearrange put together."""
    recorder = _Recorder()
    given = {
        value.grad_fn: _Operation(name, tuple(value.shape), is_input=True)
        for name, value in inputs.items()
        if isinstance(value, Tensor) and value.grad_fn is not None
    }
    module = compute if isinstance(compute, nn.Module) else None
    try:
        with nullcontext() if module is None else as_in_evaluation(module), enable_grad(), recorder:
            result = compute(*inputs.values())
    except Exception as error:
        raise ValueError(
            f"The computation fails on these inputs: {type(error).__name__}: {error}"
        ) from error
    results = [tensor.grad_fn for tensor in tensors_in(result) if tensor.grad_fn is not None]
    if not results:
        raise ValueError("The result has no gradient, so autograd recorded nothing to draw.")
    parameters = [] if module is None else module.named_parameters()
    names = {id(parameter): name for name, parameter in parameters}
    known = given | recorder.made | given  # the inputs first; a call may return one as it is
    met = _linked(results, known, names)
    return _together([operation for node, operation in known.items() if node in met])


def _linked(
    results: Sequence[Any], known: Mapping[Any, _Operation], names: Mapping[int, str]
) -> set[Any]:
    """Walk back from the results, tell each operation what it was made from; say what was met."""
    met: set[Any] = set()
    todo = [node for result in results for node, _ in _nearest(result, known)]
    while todo:
        node = todo.pop()
        if node in met:
            continue
        met.add(node)
        operation = known[node]
        for below, _ in () if operation.is_input else node.next_functions:
            for source, leaf in _nearest(below, known):
                if source is not None:
                    operation.sources.append(known[source])
                    todo.append(source)
                elif id(leaf) in names:
                    operation.parameters.append(f"{names[id(leaf)]} {tuple(leaf.shape)}")
    return met


def _nearest(node: Any, known: Mapping[Any, _Operation]) -> Iterator[tuple[Any, Any]]:
    """Going back from here, the first nodes that a call to torch made, and the leaves."""
    todo, visited = [node], set()
    while todo:
        node = todo.pop()
        if node is None or node in visited:
            continue
        visited.add(node)
        if node in known:
            yield node, None
        elif hasattr(node, "variable"):
            yield None, node.variable
        else:
            todo += [below for below, _ in reversed(node.next_functions)]


def _together(operations: Sequence[_Operation]) -> list[_Operation]:
    """The operations, those that only rearrange as one with such a one right before them."""
    uses = Counter(id(source) for operation in operations for source in set(operation.sources))
    stands_for: dict[int, _Operation] = {}
    together: list[_Operation] = []
    for operation in operations:
        only = operation.sources[0] if len(set(operation.sources)) == 1 else None
        before = None if only is None else stands_for[id(only)]
        if before and uses[id(only)] == 1 and operation.rearranges and before.rearranges:
            before.name += f" · {operation.name}"
            before.shape = operation.shape
            stands_for[id(operation)] = before
        else:
            operation.sources = [stands_for[id(source)] for source in operation.sources]
            together.append(operation)
            stands_for[id(operation)] = operation
    return together


def _draw(operations: Sequence[_Operation], title: str, caption: str) -> Picture:
    sizes = {
        i: (
            max(letters(line, 8.7) for line in operation.lines) + 2 * _PADDING,
            _LINE * len(operation.lines) + 0.12,
        )
        for i, operation in enumerate(operations)
    }
    place = {operation: i for i, operation in enumerate(operations)}
    edges = [(place[source], i) for i, made in enumerate(operations) for source in made.sources]
    layout = layered(sizes, edges)
    note = "Arrows go forward, from inputs to result; gradients go back along them."
    canvas = Canvas(
        max(layout.width, letters(note, 7.5)), layout.height + 0.36, title=title, caption=caption
    )
    for points in layout.routes.values():
        canvas.arrow(points)
    for i, operation in enumerate(operations):
        (x, y), (width, height) = layout.centres[i], sizes[i]
        colour = role_of(operation.name) if operation.is_input else None
        faint = operation.rearranges
        canvas.box(
            x - width / 2,
            y - height / 2,
            width,
            height,
            facecolor=_INPUT if operation.is_input else "#ffffff",
            edgecolor=colour or (palette.RULE if faint else palette.INK)["light"],
            linewidth=1.6 if operation.is_input else 0.9,
        )
        for j, line in enumerate(operation.lines):
            named = j == 0 and not faint
            canvas.text(
                x,
                y - height / 2 + 0.06 + _LINE * (j + 0.5),
                line,
                size=8.5 if j == 0 else 8,
                weight="bold" if named else "normal",
                color=(colour or palette.INK["light"]) if named else palette.FAINT_INK["light"],
                zorder=3,
            )
    canvas.text(
        0, layout.height + 0.22, note, ha="left", size=7.5, color=palette.FAINT_INK["light"]
    )
    return canvas.picture


def _name(func: Any) -> str:
    """What a function of torch is called in words: "add" for `+`, "T" for `.T`."""
    name = getattr(func, "__name__", "")
    if name == "__get__":
        name = (resolve_name(func) or "property.__get__").split(".")[-2]
    bare = name.strip("_")
    return _SIGNS.get(bare, bare.replace("_", " "))

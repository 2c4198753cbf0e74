"""Putting other parts into a GPT, and watching what it does, for the length of a `with` block.

Whatever is put in, the model is as before at the end of the block, also after an error. What comes
from outside is checked: a result of another shape is a ValueError that names both shapes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from spotlight.model_utils.gpt import (
    GPT,
    Attend,
    Block,
    MultiHeadAttention,
    causal_attention,
    causal_attention_weights,
)

HeadFunction = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""x (T, C) and w_q, w_k, w_v (C, D) each → what one head gathered (T, D)."""


@contextmanager
def with_attention(
    model: GPT, attend: Attend, *, layers: Collection[int] | None = None, per_head: bool = False
) -> Iterator[None]:
    """Let `attend` compute the attention of all layers, or of those named.

    Args:
        model: it keeps its projections; only what happens between them is replaced.
        attend: queries, keys, values (B, H, T, D) → (B, H, T, D), future tokens left out.
        layers: which layers, counted from 0.
        per_head: call `attend` for one head of one sequence at a time: (T, D) each → (T, D).

    Raises:
        ValueError: in the block, when `attend` returns another shape.
    """
    chosen = range(len(model.blocks)) if layers is None else layers
    with ExitStack() as stack:
        for layer in chosen:
            attention, what = _attention(model, layer), f"The attention of layer {layer}"
            if per_head:
                replaced = _head_by_head(attend, attention.attend, what)
            else:
                replaced = _checked_attend(attend, what)
            stack.enter_context(_swapped(attention, "attend", replaced))
        yield


@contextmanager
def with_head(model: GPT, layer: int, head: int, function: HeadFunction) -> Iterator[None]:
    """Let `function` be one head: it projects with the model's weights, scores and gathers.

    Args:
        model: its linear layers have no bias, so that three matrices are the whole head.
        layer: counted from 0.
        head: counted from 0.
        function: x (T, C), w_q, w_k, w_v (C, D) → (T, D), future tokens left out.

    Raises:
        ValueError: the model has biases, there is no such head, or, in the block, `function`
            returns another shape.
    """
    if model.config.bias:
        raise ValueError("This model's heads have biases, which three matrices cannot carry.")
    attention, what = _attention(model, layer), f"Head {head} of layer {layer}"
    weights = head_weights(model, layer, head)
    inputs: list[Tensor] = []
    before = attention.attend

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        heads = before(q, k, v).clone()  # (B, H, T, D)
        for gathered, x in zip(heads[:, head], inputs.pop(), strict=True):
            own = function(x, *weights)
            _require_shape(own, gathered, what, "(T, D)")
            reference = causal_attention(*(x @ weight for weight in weights))
            gathered += _difference(own, reference)
        return heads

    with watched_inputs(attention, inputs), _swapped(attention, "attend", attend):
        yield


@contextmanager
def with_multi_head(model: GPT, layer: int, module: nn.Module) -> Iterator[None]:
    """Let a copy of `module`, with the layer's weights in it, be the layer's attention.

    Args:
        model: its layer hands over its weights part by part, by their names.
        layer: counted from 0.
        module: (B, T, C) → (B, T, C), with the linear parts `query`, `key`, `value`, `output`.

    Raises:
        ValueError: a part is missing or of another shape, or, in the block, so is the result.
    """
    attention = _attention(model, layer)
    what = f"The attention module of layer {layer}"
    with _swapped(_block(model, layer), "attention", _Checked(_filled(module, attention), what)):
        yield


@contextmanager
def with_block(model: GPT, layer: int, block: nn.Module) -> Iterator[None]:
    """Let a copy of `block`, with the layer's weights in it, be the whole layer.

    Args:
        model: its layer hands over its weights part by part, by their names.
        layer: counted from 0.
        block: (B, T, C) → (B, T, C), with the parts of `gpt.Block`.

    Raises:
        ValueError: a part is missing or of another shape, or, in the block, so is the result.
    """
    before = _block(model, layer)
    checked = _Checked(_filled(block, before), f"The block of layer {layer}")
    with _swapped(model.blocks, str(layer), checked):
        yield


@contextmanager
def without_heads(model: GPT, heads: Collection[tuple[int, int]]) -> Iterator[None]:
    """Switch heads (layer, head) off: what they gathered becomes zero."""
    with ExitStack() as stack:
        for layer in {layer for layer, _ in heads}:
            off = [head for of, head in heads if of == layer]
            for head in off:
                _require_head(model, layer, head)
            attention = _attention(model, layer)
            stack.enter_context(_swapped(attention, "attend", _muted(attention.attend, off)))
        yield


@contextmanager
def without_value(model: GPT, layer: int, place: int) -> Iterator[None]:
    """Let the token at `place` hand over nothing in one layer: its value is zero in every head.

    Its key stays, and so do all attention weights of this layer.
    """
    attention = _attention(model, layer)
    before = attention.attend

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        v = v.clone()  # (B, H, T, D)
        v[:, :, place] = 0
        return before(q, k, v)

    with _swapped(attention, "attend", attend):
        yield


@contextmanager
def recorded_attention(model: GPT) -> Iterator[list[Tensor]]:
    """Collect the attention weights, one (B, H, T, T) per layer of every pass in the block.

    They are the reference's own, computed beside whatever else stands in `attend`.
    """
    weights: list[Tensor] = []
    with ExitStack() as stack:
        for layer in range(len(model.blocks)):
            attention = _attention(model, layer)
            stack.enter_context(
                _swapped(attention, "attend", _recording(attention.attend, weights))
            )
        yield weights


@contextmanager
def watched_inputs(module: nn.Module, inputs: list[Tensor]) -> Iterator[None]:
    """Append to `inputs` what the module is called with, call after call."""
    watching = module.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    try:
        yield
    finally:
        watching.remove()


def head_weights(model: GPT, layer: int, head: int) -> tuple[Tensor, Tensor, Tensor]:
    """w_q, w_k and w_v of one head, each (C, D), to be multiplied from the right.

    Raises:
        ValueError: there is no such head.
    """
    _require_head(model, layer, head)
    attention = _attention(model, layer)
    width = model.config.d_model // attention.n_heads
    rows = slice(head * width, (head + 1) * width)
    query, key, value = (
        part.weight[rows].T for part in (attention.query, attention.key, attention.value)
    )
    return query, key, value


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy every parameter of `source` into the one of `target` with the same name.

    Raises:
        ValueError: `target` lacks one, or has it in another shape; then nothing is copied.
    """
    parameters = dict(target.named_parameters(remove_duplicate=False))
    pairs = []
    for name, parameter in source.named_parameters(remove_duplicate=False):
        if name not in parameters:
            raise ValueError(
                f"{type(target).__name__} has no parameter called {name}: "
                f"it has {', '.join(parameters) or 'none'}."
            )
        _require_shape(parameters[name], parameter, f"{type(target).__name__}.{name}")
        pairs.append((parameters[name], parameter))
    with torch.no_grad():
        for own, given in pairs:
            own.copy_(given)


class _Checked(nn.Module):
    """A module that must return what it is given in shape: (B, T, C) → (B, T, C)."""

    def __init__(self, module: nn.Module, what: str) -> None:
        super().__init__()
        self.module = module
        self.what = what

    def forward(self, x: Tensor) -> Tensor:
        result = self.module(x)
        _require_shape(result, x, self.what, "(B, T, C)")
        return result


def _filled(module: nn.Module, reference: nn.Module) -> nn.Module:
    """A copy of `module` with the weights of `reference`; the original stays as it is."""
    filled = copy.deepcopy(module)
    copy_weights(reference, filled)
    return filled


def _checked_attend(attend: Attend, what: str) -> Attend:
    def checked(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        result = attend(q, k, v)
        _require_shape(result, v, what, "(B, H, T, D)")
        return result

    return checked


def _head_by_head(attend: Attend, before: Attend, what: str) -> Attend:
    def batched(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        heads = before(q, k, v).clone()  # (B, H, T, D)
        rows = (part.flatten(0, 1) for part in (heads, q, k, v))  # (B · H, T, D) each
        for gathered, *head in zip(*rows, strict=True):
            own = attend(*head)
            _require_shape(own, gathered, what, "(T, D)")
            gathered += _difference(own, causal_attention(*head))
        return heads

    return batched


def _difference(own: Tensor, reference: Tensor) -> Tensor:
    """What to add to the whole layer's result so that `own` stands there.

    A head alone multiplies smaller matrices, which may round otherwise. So it is compared with
    the reference computed in the same small way: a right head then changes not a single bit.
    """
    return own - reference


def _muted(attend: Attend, off: Sequence[int]) -> Attend:
    def muted(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        heads = attend(q, k, v).clone()  # (B, H, T, D)
        heads[:, off] = 0
        return heads

    return muted


def _recording(attend: Attend, weights: list[Tensor]) -> Attend:
    def recording(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights.append(causal_attention_weights(q, k).detach())
        return attend(q, k, v)

    return recording


@contextmanager
def _swapped(owner: nn.Module, name: str, part: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, part)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _block(model: GPT, layer: int) -> Block:
    layers = len(model.blocks)
    if not 0 <= layer < layers:
        raise ValueError(f"There is no layer {layer}: they are numbered from 0 to {layers - 1}.")
    block = model.blocks[layer]
    if not isinstance(block, Block):
        raise ValueError(f"Layer {layer} already has another block in its place.")
    return block


def _attention(model: GPT, layer: int) -> MultiHeadAttention:
    attention: nn.Module = _block(model, layer).attention
    if not isinstance(attention, MultiHeadAttention):
        raise ValueError(f"The attention of layer {layer} is already replaced.")
    return attention


def _require_head(model: GPT, layer: int, head: int) -> None:
    heads = _attention(model, layer).n_heads
    if not 0 <= head < heads:
        raise ValueError(
            f"Layer {layer} has no head {head}: they are numbered from 0 to {heads - 1}."
        )


def _require_shape(result: object, wanted: Tensor, what: str, axes: str = "") -> None:
    if not isinstance(result, Tensor):
        raise ValueError(f"{what} should return a tensor, but returned {type(result).__name__}.")
    if result.shape != wanted.shape:
        named = f"{axes} = " if axes else ""
        raise ValueError(
            f"{what} should have the shape {named}{tuple(wanted.shape)}, "
            f"but it has {tuple(result.shape)}."
        )

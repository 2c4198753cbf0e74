"""A small GPT, trained and measured under one attention function or another.

Lesson 05 trains it without a mask and with one. What is measured is the same for both: what the
model writes, its loss place by place, and what its heads look at.

Shapes: B pieces of T = `CONTEXT` tokens, C = d_model, H heads, V words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spotlight.model_utils.attention import scaled_scores
from spotlight.model_utils.gpt import GPT, Attend, GPTConfig
from spotlight.model_utils.hooks import with_attention

CONTEXT: Final = 16
"""How many tokens the model reads at once."""


def windows(tokens: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Random pieces of a text: what is read, and at each place what comes next.

    tokens: (N,), N above `CONTEXT` → (count, T) twice
    """
    generator = torch.Generator().manual_seed(seed)
    starts = torch.randint(len(tokens) - CONTEXT, (count, 1), generator=generator)
    pieces = tokens[starts + torch.arange(CONTEXT + 1)]
    return pieces[:, :-1], pieces[:, 1:]


def train_small_gpt(
    text: Tensor,
    attend: Attend,
    vocab_size: int,
    steps: int,
    each_step: Callable[[int, float], None],
) -> tuple[GPT, list[float]]:
    """A GPT of two layers with four heads each that all use `attend`, and its loss at every step.

    Every call starts from the same weights and reads the same pieces in the same order.

    Args:
        text: (N,), ids.
        attend: queries, keys, values (B, H, T, D) → (B, H, T, D).
        vocab_size: how many tokens there are.
        steps: how many batches of 16 pieces it learns from.
        each_step: is told the number of a step and its loss.
    """
    torch.manual_seed(0)
    config = GPTConfig(vocab_size, context=CONTEXT, n_layers=2, n_heads=4, d_model=64, bias=False)
    model = GPT(config)
    for table in (model.tok_emb, model.pos_emb):
        torch.nn.init.normal_(table.weight, std=0.1)  # more than usual: a few seconds have to do
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.008, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, steps)
    losses = []
    with with_attention(model, attend):
        for step in range(steps):
            read, following = windows(text, 16, seed=step)
            loss = cross_entropy(model(read).flatten(0, 1), following.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            each_step(step, losses[-1])
    return model, losses


@torch.no_grad()
def continued(
    model: GPT, attend: Attend, ids: list[int], *, count: int = 24, seed: int = 0
) -> list[int]:
    """The ids and `count` more, each drawn with the probability that the model gives it."""
    generator = torch.Generator().manual_seed(seed)
    ids = list(ids)
    with with_attention(model, attend):
        for _ in range(count):
            logits = model(torch.tensor([ids[-CONTEXT:]]))[0, -1]
            shares = torch.softmax(logits, dim=-1)
            ids.append(int(torch.multinomial(shares, 1, generator=generator)))
    return ids


@torch.no_grad()
def piecewise_logits(model: GPT, read: Tensor) -> Tensor:
    """The logits of T passes, each with the pieces cut after another place: (B, T) → (B, T, V)."""
    passes = [model(read[:, :end])[:, -1] for end in range(1, read.shape[1] + 1)]
    return torch.stack(passes, dim=1)


@torch.no_grad()
def loss_by_place(model: GPT, attend: Attend, text: Tensor, *, cut: bool) -> Tensor:
    """The mean loss at each place of 256 pieces, cut after it or the whole in sight: (T,)."""
    read, following = windows(text, 256, seed=0)
    with with_attention(model, attend):
        logits = piecewise_logits(model, read) if cut else model(read)
    return cross_entropy(logits.transpose(1, 2), following, reduction="none").mean(dim=0)


@torch.no_grad()
def open_weights(model: GPT, ids: list[int]) -> Tensor:
    """The attention weights of every head, nothing hidden: (L · H, T, T)."""
    found: list[Tensor] = []

    def watched(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights = torch.softmax(scaled_scores(q, k), dim=-1)  # (1, H, T, T)
        found.append(weights[0])
        return weights @ v

    with with_attention(model, watched):
        model(torch.tensor([ids]))
    return torch.cat(found)


def from_embeddings(model: GPT, attend: Attend) -> Callable[[Tensor], Tensor]:
    """The model's layers and final norm as a function of what they read: (T, C) → (T, C)."""

    @torch.no_grad()
    def through_the_layers(x: Tensor) -> Tensor:
        x = x[None]  # a batch of one
        with with_attention(model, attend):
            for block in model.blocks:
                x = block(x)
        normalised: Tensor = model.final_norm(x)
        return normalised[0]

    return through_the_layers

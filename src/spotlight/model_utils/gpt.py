"""The course's reference GPT: GPT-2's architecture in readable names.

Radford et al. 2019, "Language Models are Unsupervised Multitask Learners": learned positions,
layer norm before each sub-layer, GELU, and an output head that shares the token embedding. Its
attention is composed of the functions of `attention.py`, which are those of lessons 02 to 05.

Shapes in comments: B sequences, T tokens, C = d_model, H heads of width D = C / H, V words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from spotlight.model_utils.attention import (
    causal_mask,
    context_vectors,
    masked_attention_weights,
    scaled_scores,
)

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Queries, keys and values (B, H, T, D) → what each head gathered (B, H, T, D)."""


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a model; what is not given is as in GPT-2's smallest, of 124 million weights.

    `bias` says whether its linear layers have one.
    """

    vocab_size: int = 50_257
    context: int = 1024
    n_layers: int = 12
    n_heads: int = 12
    d_model: int = 768
    bias: bool = True


@lru_cache(maxsize=1)
def shared_mask(T: int, device: torch.device) -> Tensor:
    """`causal_mask`, (T, T), kept for the next call: the layers of a pass all use one."""
    return causal_mask(T).to(device)


def causal_attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """softmax(QKᵀ/√D) over each row, future tokens left out (Vaswani et al. 2017, eq. 1).

    q, k: (..., T, D) → (..., T, T)
    """
    scores = scaled_scores(q, k)  # (..., T, T)
    mask = shared_mask(q.shape[-2], q.device)  # (T, T)
    return masked_attention_weights(scores, mask)


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Each token's weighted average of the values up to it: (..., T, D) each → (..., T, D)."""
    weights = causal_attention_weights(q, k)  # (..., T, T)
    return context_vectors(weights, v)


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """(B, T, C) → (B, H, T, D): each head gets its own D of the C columns."""
    B, T, C = x.shape
    return x.view(B, T, n_heads, C // n_heads).transpose(1, 2)


def merge_heads(heads: Tensor) -> Tensor:
    """(B, H, T, D) → (B, T, C): what `split_heads` took apart, side by side again."""
    B, H, T, D = heads.shape
    return heads.transpose(1, 2).reshape(B, T, H * D)


class MultiHeadAttention(nn.Module):
    """H heads at once: tokens read from each other, never from the future."""

    def __init__(self, d_model: int, n_heads: int, bias: bool = False) -> None:
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{n_heads} heads cannot share a width of {d_model} equally.")
        self.n_heads = n_heads
        self.query = nn.Linear(d_model, d_model, bias)
        self.key = nn.Linear(d_model, d_model, bias)
        self.value = nn.Linear(d_model, d_model, bias)
        self.output = nn.Linear(d_model, d_model, bias)
        self.attend: Attend = causal_attention  # where another attention function can be put in

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) → (B, T, C)."""
        q = split_heads(self.query(x), self.n_heads)  # (B, H, T, D)
        k = split_heads(self.key(x), self.n_heads)  # (B, H, T, D)
        v = split_heads(self.value(x), self.n_heads)  # (B, H, T, D)
        heads = self.attend(q, k, v)  # (B, H, T, D)
        return self.output(merge_heads(heads))  # (B, T, C)


class FeedForward(nn.Module):
    """Each token by itself: widen four times, GELU, narrow again."""

    def __init__(self, d_model: int, bias: bool = False) -> None:
        super().__init__()
        self.expand = nn.Linear(d_model, 4 * d_model, bias)
        self.contract = nn.Linear(4 * d_model, d_model, bias)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) → (B, T, C)."""
        hidden = gelu(self.expand(x), approximate="tanh")  # (B, T, 4C)
        return self.contract(hidden)  # (B, T, C)


class Block(nn.Module):
    """Attention reads from other tokens, the feed-forward network works on each; both add."""

    def __init__(self, d_model: int, n_heads: int, bias: bool = False) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, n_heads, bias)
        self.ffn_norm = nn.LayerNorm(d_model)
        self.ffn = FeedForward(d_model, bias)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C) → (B, T, C)."""
        x = x + self.attention(self.attention_norm(x))  # (B, T, C)
        return x + self.ffn(self.ffn_norm(x))  # (B, T, C)


class GPT(nn.Module):
    """A decoder-only transformer: token ids in, one score per word and position out."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.tok_emb = nn.Embedding(config.vocab_size, config.d_model)
        self.pos_emb = nn.Embedding(config.context, config.d_model)
        self.blocks = nn.ModuleList(
            Block(config.d_model, config.n_heads, config.bias) for _ in range(config.n_layers)
        )
        self.final_norm = nn.LayerNorm(config.d_model)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.lm_head.weight = self.tok_emb.weight  # tied (Press and Wolf 2017)
        self._initialise()

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids (B, T) → logits (B, T, V); those at position t are for token t + 1.

        Raises:
            ValueError: the sequences are longer than the context.
        """
        _, T = ids.shape
        if self.config.context < T:
            raise ValueError(f"{T} tokens do not fit into a context of {self.config.context}.")
        positions = torch.arange(T, device=ids.device)
        x = self.tok_emb(ids) + self.pos_emb(positions)  # (B, T, C)
        for block in self.blocks:
            x = block(x)  # (B, T, C)
        return self.lm_head(self.final_norm(x))  # (B, T, V)

    def _initialise(self) -> None:
        """GPT-2's: normal with 0.02, and less where a branch adds to the residual stream."""
        # 2 branches a layer add up; dividing by √(2N) keeps the sum's variance as it was.
        residual_std = 0.02 / math.sqrt(2 * self.config.n_layers)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                adds = name.endswith(("output.weight", "contract.weight"))
                nn.init.normal_(parameter, std=residual_std if adds else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

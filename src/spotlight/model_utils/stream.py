"""A model's residual stream: what each part adds to it, and what becomes of it when one is changed.

Shapes: B sequences, T tokens, C = d_model, V words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from spotlight.model_utils.gpt import GPT, Block, causal_attention
from spotlight.model_utils.hooks import with_attention, with_block
from spotlight.model_utils.mini_model import MiniModel


@torch.no_grad()
def stream_parts(model: GPT, ids: Tensor) -> dict[str, Tensor]:
    """What the embedding and each part of each layer add to the stream: name → (B, T, C).

    The names are "embed", "attn0", "ffn0", "attn1" and so on, in the order of the model. The sum
    of all is what the final norm reads.
    """
    stream = model.tok_emb(ids) + model.pos_emb(torch.arange(ids.shape[1]))  # (B, T, C)
    parts = {"embed": stream}
    for i, block in enumerate(model.blocks):
        assert isinstance(block, Block)
        parts[f"attn{i}"] = block.attention(block.attention_norm(stream))
        stream = stream + parts[f"attn{i}"]
        parts[f"ffn{i}"] = block.ffn(block.ffn_norm(stream))
        stream = stream + parts[f"ffn{i}"]
    return parts


@torch.no_grad()
def lead_direction(model: GPT, parts: Mapping[str, Tensor], word: int, other: int) -> Tensor:
    """The direction in which the last token's stream adds to one logit's lead over another's: (C,).

    A part's dot product with it is the part's share of the lead. The final norm divides by the
    spread of the whole stream; that divisor is held as it is. What the norm itself adds is no
    part's share.

    Args:
        model: whose final norm and output head turn the stream into logits.
        parts: name → (B, T, C), such as `stream_parts` returns; the first sequence counts.
        word: the id whose logit leads.
        other: the id whose logit is subtracted.
    """
    stream = torch.stack([part[0, -1] for part in parts.values()]).sum(dim=0)  # (C,)
    spread = (stream.var(unbiased=False) + model.final_norm.eps).sqrt()
    towards = model.lm_head.weight[word] - model.lm_head.weight[other]
    towards = model.final_norm.weight * towards  # (C,)
    return (towards - towards.mean()) / spread  # the norm takes the mean out


@contextmanager
def exchanged_tokens(
    model: GPT, layer: int, places: Sequence[int], *, keys: bool, values: bool
) -> Iterator[None]:
    """Let two tokens show each other's keys or values to later tokens, in all heads of a layer.

    Args:
        model: its attention is causal.
        layer: counted from 0.
        places: where the two tokens stand.
        keys: whether their keys are exchanged.
        values: whether their values are.
    """

    def exchanged(vectors: Tensor, wanted: bool) -> Tensor:
        vectors = vectors.clone()  # (B, H, T, D)
        if wanted:
            vectors[:, :, list(places)] = vectors[:, :, list(places)[::-1]]
        return vectors

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return causal_attention(q, exchanged(k, keys), exchanged(v, values))

    with with_attention(model, attend, layers=[layer]):
        yield


@contextmanager
def with_blocks(model: GPT, layers: Collection[int], block: nn.Module) -> Iterator[None]:
    """Let copies of `block`, each with its layer's weights, be the layers named."""
    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(with_block(model, layer, block))
        yield


def hit_rate(mini: MiniModel, texts: Iterable[str]) -> float:
    """How often the likeliest next token is the one that comes, over all tokens of the texts."""
    hits: list[bool] = []
    for text in texts:
        hits += (mini.logits(text)[:-1].argmax(dim=-1) == mini.ids(text)[0, 1:]).tolist()
    return sum(hits) / len(hits)


def moved(vectors: Tensor, place: int) -> float:
    """How far the vector at one place differs between sentences, in distances between words.

    vectors: (S, T, D) of S sentences that differ at `place` alone. The mean distance between two
    sentences there, divided by the mean distance between two tokens of one sentence.
    """
    from_sentence_to_sentence = torch.pdist(vectors[:, place]).mean()
    from_word_to_word = torch.stack([torch.pdist(sentence) for sentence in vectors]).mean()
    return (from_sentence_to_sentence / from_word_to_word).item()

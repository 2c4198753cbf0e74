"""What a model's heads do, in numbers: measured, never read off a picture.

L layers of H heads; every score is a mean weight, so it lies between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spotlight.model_utils.corpus import Referent, sum_pairs, sum_sentence
from spotlight.model_utils.gpt import GPT
from spotlight.model_utils.hooks import recorded_attention, without_heads
from spotlight.model_utils.word_tokenizer import WordTokenizer

Head = tuple[int, int]
_ROWS_AT_A_TIME = 64


def repeated_random_tokens(count: int, period: int, vocab_size: int, seed: int) -> Tensor:
    """`count` rows of `period` random tokens, each said twice: (count, 2 · period)."""
    draw = np.random.default_rng(seed)
    once = draw.integers(0, vocab_size, (count, period))
    return torch.from_numpy(np.tile(once, 2))


@torch.no_grad()
def previous_token_scores(model: GPT, ids: Tensor) -> Tensor:
    """Mean weight of each head on the token before: ids (B, T) → (L, H)."""
    return _mean_weights(model, ids, first=1, back=1)


@torch.no_grad()
def induction_scores(model: GPT, repeated: Tensor) -> Tensor:
    """Mean weight on what came after this token the last time: (B, 2P) → (L, H).

    Measured on the second halves of `repeated_random_tokens`.
    """
    period = repeated.shape[1] // 2
    return _mean_weights(model, repeated, first=period, back=period - 1)


@torch.no_grad()
def place_scores(model: GPT, ids: Tensor, place: int, first: int = 8) -> Tensor:
    """Mean weight of each head on the token at `place`, from row `first` on: (B, T) → (L, H)."""
    return _mean_of_rows(model, ids, lambda weights: weights[..., first:, place])


@torch.no_grad()
def largest_weights(model: GPT, ids: Tensor, first: int = 8) -> Tensor:
    """The largest weight of a row, in the mean, from row `first` on: (B, T) → (L, H).

    Near 1, a head looks at one token; near 1 / T, at all alike.
    """
    return _mean_of_rows(model, ids, lambda weights: weights[..., first:, :].amax(dim=-1))


@torch.no_grad()
def copying_accuracy(model: GPT, repeated: Tensor) -> float:
    """How often the likeliest next token is the right one in the second halves of (B, 2P)."""
    period = repeated.shape[1] // 2
    hits = [
        model(rows)[:, period:-1].argmax(dim=-1) == rows[:, period + 1 :]
        for rows in repeated.split(_ROWS_AT_A_TIME)
    ]
    return torch.cat(hits).float().mean().item()


@torch.no_grad()
def text_loss(model: GPT, ids: Tensor) -> float:
    """Mean cross-entropy in nats of rows (B, T + 1), every token but the first predicted."""
    losses = [
        cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten(), reduction="sum")
        for rows in ids.split(_ROWS_AT_A_TIME)
    ]
    return torch.stack(losses).sum().item() / ids[:, 1:].numel()


@torch.no_grad()
def sum_accuracy(model: GPT, tokenizer: WordTokenizer) -> float:
    """The share of held-out two-digit sums whose every digit, and the full stop, comes out right.

    Each digit is the likeliest token after the right ones before it.
    """
    (equals,) = tokenizer.encode("=")
    pairs = sum_pairs("held-out")
    right = 0
    for ids in _by_length(tokenizer.encode(sum_sentence(a, b)) for a, b in pairs):
        start = int((ids[0] == equals).nonzero())
        hits = model(ids)[:, start:-1].argmax(dim=-1) == ids[:, start + 1 :]
        right += int(hits.all(dim=1).sum())
    return right / len(pairs)


@dataclass(frozen=True)
class ReferentScores:
    """How a model and its heads do where a sentence must name what it spoke of."""

    weights_right: Tensor
    """Mean weight of the last token on the right noun: (L, H)."""
    above: Tensor
    """The share of sentences in which that is more than on the wrong noun: (L, H)."""
    accuracy: float
    """The share in which the likeliest next word is the right noun."""
    preferred: float
    """The share in which the right noun is likelier than the wrong one; 0.5 is chance."""


@torch.no_grad()
def referent_scores(
    model: GPT,
    tokenizer: WordTokenizer,
    referents: Sequence[Referent],
    switched_off: Collection[Head] = (),
) -> ReferentScores:
    """Measure the last token of each prompt, with some heads switched off if so wished."""
    weights_right, above, first, preferred = [], [], [], []
    for group in _grouped_by_length(tokenizer, referents):
        ids = torch.tensor([tokenizer.encode(referent.prompt) for referent in group])
        right, wrong = (
            torch.tensor([tokenizer.encode(noun)[0] for noun in nouns])
            for nouns in ([r.right for r in group], [r.wrong for r in group])
        )
        with without_heads(model, switched_off), recorded_attention(model) as weights:
            logits = model(ids)[:, -1]  # (B, V)
        last = torch.stack(weights)[:, :, :, -1]  # (L, B, H, T)
        at_right, at_wrong = (
            (last * (ids == noun[:, None])[None, :, None]).sum(dim=-1) for noun in (right, wrong)
        )  # (L, B, H) each
        weights_right.append(at_right)
        above.append(at_right > at_wrong)
        rows = torch.arange(len(group))
        first.append(logits.argmax(dim=-1) == right)
        preferred.append(logits[rows, right] > logits[rows, wrong])
    return ReferentScores(
        torch.cat(weights_right, dim=1).mean(dim=1),
        torch.cat(above, dim=1).float().mean(dim=1),
        torch.cat(first).float().mean().item(),
        torch.cat(preferred).float().mean().item(),
    )


def best_heads(scores: Tensor) -> list[Head]:
    """Every head (layer, head), the largest of scores (L, H) first."""
    order = scores.flatten().argsort(descending=True).tolist()
    return [divmod(place, scores.shape[1]) for place in order]


def best_head(scores: Tensor) -> Head:
    """The head (layer, head) with the largest of scores (L, H)."""
    return best_heads(scores)[0]


def _mean_weights(model: GPT, ids: Tensor, first: int, back: int) -> Tensor:
    """Mean weight on the token `back` positions ago, over positions from `first` on: (L, H)."""
    here = torch.arange(first, ids.shape[1])
    return _mean_of_rows(model, ids, lambda weights: weights[..., here, here - back])


def _mean_of_rows(model: GPT, ids: Tensor, of: Callable[[Tensor], Tensor]) -> Tensor:
    """The mean over texts and rows of what `of` makes of (L, B, H, T, T): (L, H)."""
    totals = []
    for rows in ids.split(_ROWS_AT_A_TIME):
        with recorded_attention(model) as weights:
            model(rows)
        totals.append(of(torch.stack(weights)).mean(dim=-1))  # (L, B, H)
    return torch.cat(totals, dim=1).mean(dim=1)


def _by_length(sequences: Iterable[list[int]]) -> Iterator[Tensor]:
    by_length: dict[int, list[list[int]]] = {}
    for ids in sequences:
        by_length.setdefault(len(ids), []).append(ids)
    return (torch.tensor(rows) for rows in by_length.values())


def _grouped_by_length(
    tokenizer: WordTokenizer, referents: Sequence[Referent]
) -> Iterator[list[Referent]]:
    by_length: dict[int, list[Referent]] = {}
    for referent in referents:
        by_length.setdefault(len(tokenizer.encode(referent.prompt)), []).append(referent)
    yield from by_length.values()

"""The report on trained mini models: every figure that the course states about their heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from spotlight.model_utils import corpus
from spotlight.model_utils.head_scores import (
    Head,
    best_head,
    copying_accuracy,
    induction_scores,
    previous_token_scores,
    referent_scores,
    repeated_random_tokens,
    sum_accuracy,
    text_loss,
)
from spotlight.model_utils.mini_model import HeadRole, MiniModel
from spotlight.model_utils.mini_training import packed_row
from spotlight.model_utils.ngram import TrigramModel

_TEST_SEED = 12345  # no training run draws from it
_TEXT_ROWS = 256
_REPEATED_ROWS = 128
_REFERENT_PAIRS = 500
_PARAGRAPHS_FOR_COUNTING = 60_000  # as many as the mini model is trained on
_CHANCE = 0.6  # right noun over wrong one in at most this share: as good as guessing


@dataclass(frozen=True)
class Measured:
    """What was found in one model."""

    parameters: int
    previous_token: Tensor  # (L, H)
    induction: Tensor  # (L, H)
    copying: float
    referent_weight: Tensor  # (L, H)
    referent_above: Tensor  # (L, H)
    referent_accuracy: float
    referent_preferred: float
    ablated: dict[Head, float]  # each head alone switched off → share with the right noun ahead
    sharing: list[
        tuple[Head, float]
    ]  # heads switched off one after the other, the worst loss first
    sums: float
    text_loss: float
    trigram_loss: float

    @property
    def referent_head(self) -> Head:
        """The head with the most weight on the right noun."""
        return best_head(self.referent_weight)


def measure(mini: MiniModel) -> Measured:
    """Measure a model on text, sums, lists and sentences that no training run has seen."""
    model, tokenizer = mini.model, mini.tokenizer
    rows = held_out_rows(model.config.context)
    repeated = repeated_random_tokens(
        _REPEATED_ROWS, model.config.context // 2, len(tokenizer), _TEST_SEED
    )
    pairs = list(corpus.referents(_TEST_SEED, _REFERENT_PAIRS))
    sentences = [sentence for pair in pairs for sentence in pair]
    referent = referent_scores(model, tokenizer, sentences)
    induction = induction_scores(model, repeated)

    def preferred_without(*heads: Head) -> float:
        return referent_scores(model, tokenizer, sentences, heads).preferred

    heads = [(layer, head) for layer, head in np.ndindex(*induction.shape)]
    ablated = {head: preferred_without(head) for head in heads}
    sharing: list[tuple[Head, float]] = []
    while not sharing or (sharing[-1][1] > _CHANCE and len(sharing) < 4):
        off = [head for head, _ in sharing]
        left = {head: preferred_without(*off, head) for head in heads if head not in off}
        worst = min(left, key=lambda head: left[head])
        sharing.append((worst, left[worst]))
    return Measured(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        previous_token=previous_token_scores(model, rows[:, :-1]),
        induction=induction,
        copying=copying_accuracy(model, repeated),
        referent_weight=referent.weights_right,
        referent_above=referent.above,
        referent_accuracy=referent.accuracy,
        referent_preferred=referent.preferred,
        ablated=ablated,
        sharing=sharing,
        sums=sum_accuracy(model, tokenizer),
        text_loss=text_loss(model, rows),
        trigram_loss=trigram_loss(model.config.context),
    )


def roles_of(found: Measured) -> dict[str, HeadRole]:
    """The head that does each job best."""
    scores = {
        "previous token": found.previous_token,
        "induction": found.induction,
        "referent": found.referent_weight,
    }
    return {
        name: HeadRole(*best_head(of), round(of.max().item(), 3)) for name, of in scores.items()
    }


def held_out_rows(context: int) -> Tensor:
    """Held-out text in rows (rows, context + 1), each starting with a whole paragraph."""
    tokenizer = corpus.tokenizer()
    texts = corpus.paragraphs(_TEST_SEED, 8 * _TEXT_ROWS, "held-out")
    pool = [np.array(tokenizer.encode(f"{text}\n")) for text in texts]
    draw = np.random.default_rng(_TEST_SEED)
    rows = [packed_row(draw, pool, context + 1) for _ in range(_TEXT_ROWS)]
    return torch.from_numpy(np.stack(rows))


@cache
def trigram_loss(context: int) -> float:
    """The loss of a smoothed trigram model on the same rows, from as much text as is trained on."""
    tokenizer = corpus.tokenizer()
    text = tokenizer.encode(corpus.corpus(_TEST_SEED, _PARAGRAPHS_FOR_COUNTING))
    return TrigramModel([text], len(tokenizer)).loss(held_out_rows(context).tolist())


def as_markdown(found: Mapping[str, Measured]) -> str:
    """The report: one column a model."""
    rows = {
        "parameters": [f"{m.parameters:,}" for m in found.values()],
        "**previous token**: best head, mean weight on t − 1 in held-out text": [
            _best(m.previous_token) for m in found.values()
        ],
        "**induction**: best head, mean weight on what followed last time": [
            _best(m.induction) for m in found.values()
        ],
        "next token right in the second half of repeated random tokens": [
            _share(m.copying) for m in found.values()
        ],
        "**referent**: best head, mean weight of the last token on the right noun": [
            _best(m.referent_weight) for m in found.values()
        ],
        "sentences in which that is above its weight on the wrong noun": [
            _share(m.referent_above[m.referent_head].item()) for m in found.values()
        ],
        "next word is the right noun": [_share(m.referent_accuracy) for m in found.values()],
        "right noun likelier than the wrong one": [
            _share(m.referent_preferred) for m in found.values()
        ],
        "the same with the referent head switched off": [
            _share(m.ablated[m.referent_head]) for m in found.values()
        ],
        "heads switched off together, the worst loss first, and the same share": [
            ", ".join(f"{_name(head)} {_share(left)}" for head, left in m.sharing)
            for m in found.values()
        ],
        "held-out two-digit sums right": [_share(m.sums) for m in found.values()],
        "loss on held-out text, nats a token": [f"{m.text_loss:.3f}" for m in found.values()],
        "loss of the smoothed trigram model on it": [
            f"{m.trigram_loss:.3f}" for m in found.values()
        ],
    }
    lines = [f"| | {' | '.join(found)} |", f"|---|{'---|' * len(found)}"]
    lines += [f"| {what} | {' | '.join(cells)} |" for what, cells in rows.items()]
    return _ABOUT + "\n".join(lines) + "\n"


_ABOUT = f"""# What the heads of the mini model do

Written by `python -m spotlight.model_utils.train_mini_model report`, never by hand. Heads are named
layer.head, both counted from 0. Everything is measured on what no training run has seen:
{_TEXT_ROWS} rows of text with held-out facts, {_REPEATED_ROWS} rows of random tokens said twice,
{_REFERENT_PAIRS} scenes in both readings ("the cat sat on the mat because it was tired . the tired
one is the" → cat; "... soft ..." → mat), and all held-out sums. With chance alone the right of two
nouns is ahead in 50 % of the sentences.

"""


def _best(scores: Tensor) -> str:
    return f"{_name(best_head(scores))}: {scores.max().item():.3f}"


def _name(head: Head) -> str:
    return f"{head[0]}.{head[1]}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"

"""The report on trained mini models: every figure that the course states about their heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from spotlight.model_utils import corpus
from spotlight.model_utils.corpus import Referent
from spotlight.model_utils.head_scores import (
    Head,
    ReferentScores,
    best_head,
    best_heads,
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
_SAMPLE_STARTS = ("the", "once", "when")
_SAMPLE_TOKENS = 80
_HARDLY_EVER = 0.1  # the share of right next words at which a job counts as no longer done


@dataclass(frozen=True)
class HeadsMeasured:
    """What each head does; all scores are (L, H)."""

    previous_token: Tensor
    induction: Tensor
    referent: ReferentScores

    @property
    def roles(self) -> dict[str, HeadRole]:
        """The head that does each job best."""
        scores = {
            "previous token": self.previous_token,
            "induction": self.induction,
            "referent": self.referent.weights_right,
        }
        return {
            name: HeadRole(*best_head(of), round(of.max().item(), 3)) for name, of in scores.items()
        }


@dataclass(frozen=True)
class Measured:
    """What was found in one model."""

    heads: HeadsMeasured
    parameters: int
    copying: float
    without_finders: list[tuple[Head, float, float]]
    """Heads that look at the right noun, switched off one after the other; after each, the share of
    right next words, and the share with the right noun ahead of the wrong one."""
    without_one: tuple[Head, float]
    """The one head without which the right noun is ahead least often, and how often."""
    sums: float
    text_loss: float
    trigram_loss: float
    samples: list[str]


def measure_heads(mini: MiniModel) -> HeadsMeasured:
    """Score every head on text, lists and sentences that no training run has seen."""
    model, tokenizer = mini.model, mini.tokenizer
    return HeadsMeasured(
        previous_token_scores(model, held_out_rows(model.config.context)[:, :-1]),
        induction_scores(model, _repeated(mini)),
        referent_scores(model, tokenizer, _sentences()),
    )


def measure(mini: MiniModel) -> Measured:
    """Measure a model's heads, what depends on them, and how it does as a whole."""
    model, tokenizer = mini.model, mini.tokenizer
    rows = held_out_rows(model.config.context)
    heads = measure_heads(mini)

    def without(*off: Head) -> ReferentScores:
        return referent_scores(model, tokenizer, _sentences(), off)

    looking = best_heads(heads.referent.weights_right)  # the most weight on the right noun first
    finders: list[tuple[Head, float, float]] = []
    for count, head in enumerate(looking, 1):
        left = without(*looking[:count])
        finders.append((head, left.accuracy, left.preferred))
        if left.accuracy <= _HARDLY_EVER:
            break
    alone = {head: without(head).preferred for head in looking}
    return Measured(
        heads=heads,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        copying=copying_accuracy(model, _repeated(mini)),
        without_finders=finders,
        without_one=min(alone.items(), key=lambda head_and_share: head_and_share[1]),
        sums=sum_accuracy(model, tokenizer),
        text_loss=text_loss(model, rows),
        trigram_loss=trigram_loss(model.config.context),
        samples=[mini.continued(start, _SAMPLE_TOKENS) for start in _SAMPLE_STARTS],
    )


@cache
def _sentences() -> list[Referent]:
    return [s for pair in corpus.referents(_TEST_SEED, _REFERENT_PAIRS) for s in pair]


def _repeated(mini: MiniModel) -> Tensor:
    period = mini.model.config.context // 2
    return repeated_random_tokens(_REPEATED_ROWS, period, len(mini.tokenizer), _TEST_SEED)


@cache
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
    rows = {what: [write(measured) for measured in found.values()] for what, write in _ROWS.items()}
    lines = [f"| | {' | '.join(found)} |", f"|---|{'---|' * len(found)}"]
    lines += [f"| {what} | {' | '.join(cells)} |" for what, cells in rows.items()]
    return _ABOUT + "\n".join(lines) + "\n" + "".join(map(_samples, found.items()))


def _samples(named: tuple[str, Measured]) -> str:
    name, measured = named
    quoted = ("".join(f"> {line}\n>\n" for line in s.splitlines()) for s in measured.samples)
    return f"\nWhat {name} writes, drawn at temperature 1, the last line cut off:\n\n" + "\n".join(
        quoted
    )


_ROWS: Final[dict[str, Callable[[Measured], str]]] = {
    "parameters": lambda m: f"{m.parameters:,}",
    "**previous token**: best head, mean weight on t − 1 in held-out text": lambda m: _best(
        m.heads.previous_token
    ),
    "**induction**: best head, mean weight on what followed last time": lambda m: _best(
        m.heads.induction
    ),
    "next token right in the second half of repeated random tokens": lambda m: _share(m.copying),
    "**referent**: best head, mean weight of the last token on the right noun": lambda m: _best(
        m.heads.referent.weights_right
    ),
    "sentences in which that is above its weight on the wrong noun": lambda m: _share(
        m.heads.referent.above[best_head(m.heads.referent.weights_right)].item()
    ),
    "next word is the right noun": lambda m: _share(m.heads.referent.accuracy),
    "right noun likelier than the wrong one": lambda m: _share(m.heads.referent.preferred),
    "next word right, heads that look at the right noun switched off one by one": lambda m: (
        ", ".join(f"{_name(head)}: {_share(accuracy)}" for head, accuracy, _ in m.without_finders)
    ),
    "right noun still likelier than the wrong one, with all of these off": lambda m: _share(
        m.without_finders[-1][2]
    ),
    "the one head without which that happens least": lambda m: (
        f"{_name(m.without_one[0])}: {_share(m.without_one[1])}"
    ),
    "held-out two-digit sums right": lambda m: _share(m.sums),
    "loss on held-out text, nats a token": lambda m: f"{m.text_loss:.3f}",
    "loss of the smoothed trigram model on it": lambda m: f"{m.trigram_loss:.3f}",
}
_ABOUT = f"""# What the heads of the mini model do

Written by `python -m spotlight.model_utils.train_mini_model report`, never by hand. Heads are named
layer.head, both counted from 0. Everything is measured on what no training run has seen:
{_TEXT_ROWS} rows of text with held-out facts, {_REPEATED_ROWS} rows of random tokens said twice,
{_REFERENT_PAIRS} scenes in both readings ("the cat sat on the mat because it was tired . the tired
one is the" → cat; "... soft ..." → mat), and all held-out sums.

Which head does the work of naming? The heads that look at the right noun share it: the row that
switches them off one after the other says how many it takes until the noun is hardly ever named.
That it is an animal rather than a thing to sit on, or the reverse, follows from the adjective
alone, and another head brings that: without it, the right of the two nouns is ahead as often as by
chance, in 50 % of the sentences.

"""


def _best(scores: Tensor) -> str:
    return f"{_name(best_head(scores))}: {scores.max().item():.3f}"


def _name(head: Head) -> str:
    return f"{head[0]}.{head[1]}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"

"""How the mini model is trained: what it sees, and steps that can stop and go on.

Half of what it sees is text; a share is random tokens said twice, because text alone was never
seen to form induction heads in a small model, and a share is sums. What cannot be predicted, the
first saying of random tokens, is left out of the loss.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from spotlight.atomic_files import write_atomically
from spotlight.model_utils import corpus
from spotlight.model_utils.gpt import GPT, GPTConfig
from spotlight.model_utils.hooks import with_attention

MINI: Final = GPTConfig(
    vocab_size=len(corpus.vocabulary()),
    context=64,
    n_layers=3,
    n_heads=6,
    d_model=192,
    bias=False,  # so that three matrices are a whole head
)
_NO_LOSS: Final = -100  # cross_entropy's own sign for a target to ignore
_SHORTEST_PERIOD: Final = 4
_MOST_GRADIENT: Final = 1.0
_WARMUP_STEPS: Final = 100
_POSITION_STD: Final = 0.1
_LEAST_RATE: Final = 0.02  # of the peak, at the last step

Tokens = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run; the same recipe gives the same model."""

    seed: int = 0
    steps: int = 3600
    text_rows: int = 10
    repeated_rows: int = 12
    sum_rows: int = 10
    paragraphs: int = 60_000
    peak_rate: float = 3e-3
    weight_decay: float = 0.05


class Batches:
    """The rows of each step, drawn from the recipe's seed and the step alone."""

    def __init__(self, recipe: Recipe, context: int) -> None:
        self.recipe = recipe
        self.context = context
        self.tokenizer = corpus.tokenizer()

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of one step: (B, T) each; a target of −100 counts for nothing."""
        draw = np.random.default_rng([self.recipe.seed, step])
        rows = [self._repeated_row(draw) for _ in range(self.recipe.repeated_rows)]
        for pool, count in (
            (self._text, self.recipe.text_rows),
            (self._sums, self.recipe.sum_rows),
        ):
            packed = (packed_row(draw, pool, self.context + 1) for _ in range(count))
            rows += [(row[:-1], row[1:]) for row in packed]
        inputs, targets = zip(*rows, strict=True)
        return torch.from_numpy(np.stack(inputs)), torch.from_numpy(np.stack(targets))

    @cached_property
    def _text(self) -> list[Tokens]:
        recipe = self.recipe
        return self._encoded(corpus.paragraphs(recipe.seed, recipe.paragraphs))

    @cached_property
    def _sums(self) -> list[Tokens]:
        return self._encoded(corpus.sum_sentence(a, b) for a, b in corpus.sum_pairs("train"))

    def _encoded(self, texts: Iterable[str]) -> list[Tokens]:
        return [np.array(self.tokenizer.encode(f"{text}\n")) for text in texts]

    def _repeated_row(self, draw: np.random.Generator) -> tuple[Tokens, Tokens]:
        """Random tokens, again and again from their first repetition on: inputs and targets."""
        period = int(draw.integers(_SHORTEST_PERIOD, self.context // 2 + 1))
        once = draw.integers(0, len(self.tokenizer), period)
        row = np.resize(once, self.context + 1)
        targets = row[1:].copy()
        targets[: period - 1] = _NO_LOSS
        return row[:-1], targets


def packed_row(draw: np.random.Generator, pool: list[Tokens], length: int) -> Tokens:
    """Random members of `pool` one after the other, cut to `length`; the first starts whole."""
    parts: list[Tokens] = []
    while sum(map(len, parts)) < length:
        parts.append(pool[int(draw.integers(len(pool)))])
    return np.concatenate(parts)[:length]


class Training:
    """One run: model, optimizer, and the step that comes next."""

    def __init__(self, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.model = GPT(MINI)
        # With GPT-2's 0.02, positions stay faint beside the words, and the best previous-token
        # head had only 0.6 of its weight on the token before, in as many steps.
        torch.nn.init.normal_(self.model.pos_emb.weight, std=_POSITION_STD)
        self.batches = Batches(recipe, self.model.config.context)
        matrices = [p for p in self.model.parameters() if p.ndim == 2]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        groups: list[dict[str, Any]] = [
            {"params": matrices},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(
            groups,
            lr=recipe.peak_rate,
            betas=(0.9, 0.98),
            weight_decay=recipe.weight_decay,
        )
        self.next_step = 0

    def advance(self) -> float:
        """Take one step; returns its loss, in nats a predicted token."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, self.next_step)
        inputs, targets = self.batches.at(self.next_step)
        with with_attention(self.model, _fused):  # the same attention, in one fast kernel
            logits = self.model(inputs)
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=_NO_LOSS)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _MOST_GRADIENT)
        self.optimizer.step()
        self.next_step += 1
        return loss.item()

    def save(self, path: Path) -> None:
        """Write all that the next step depends on; a kill meanwhile leaves the file as it was."""
        state = {
            "recipe": asdict(self.recipe),
            "next_step": self.next_step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically({path: buffer.getvalue()})

    @classmethod
    def resumed(cls, path: Path) -> Training:
        """The run that `save` wrote: its next steps are those it would have taken.

        Raises:
            ValueError: the file is no checkpoint of this training.
        """
        try:
            saved = torch.load(path, weights_only=True)
            training = cls(Recipe(**saved["recipe"]))
            training.model.load_state_dict(saved["model"])
            training.optimizer.load_state_dict(saved["optimizer"])
            training.next_step = saved["next_step"]
        except Exception as error:  # torch.load has no error of its own for a damaged file
            raise ValueError(f"{path} is no checkpoint of this training: {error}") from error
        return training


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then linear decay to a fiftieth of the peak."""
    warm = min(1.0, (step + 1) / _WARMUP_STEPS)
    return recipe.peak_rate * warm * max(_LEAST_RATE, 1 - (1 - _LEAST_RATE) * step / recipe.steps)


def _fused(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scaled_dot_product_attention(q, k, v, is_causal=True)

"""A smoothed trigram model: what any transformer of the course has to beat."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

Context = tuple[int, ...]


class TrigramModel:
    """Predicts a token from the two before it, by counting; interpolated absolute discounting.

    Of every count `discount` is taken off and given to the next shorter context (Ney, Essen and
    Kneser 1994); below the single tokens stands the uniform distribution. So no token ever has
    probability 0.
    """

    def __init__(
        self, sequences: Iterable[Sequence[int]], vocab_size: int, discount: float = 0.75
    ) -> None:
        """Count the token ids of `sequences`; contexts do not reach from one into the next."""
        self.vocab_size = vocab_size
        self.discount = discount
        self._followed: dict[Context, Counter[int]] = {}
        for ids in sequences:
            for t, token in enumerate(ids):
                for length in range(min(t, 2) + 1):
                    context = tuple(ids[t - length : t])
                    self._followed.setdefault(context, Counter())[token] += 1
        self._totals = {context: seen.total() for context, seen in self._followed.items()}

    def probability(self, token: int, context: Sequence[int]) -> float:
        """p(token | the last two of `context`)."""
        p = 1 / self.vocab_size
        for length in range(min(len(context), 2) + 1):
            last = tuple(context[len(context) - length :])
            seen, total = self._followed.get(last), self._totals.get(last, 0)
            if seen is None:
                break  # then no longer context was seen either
            kept_back = self.discount * len(seen) / total
            p = max(seen[token] - self.discount, 0) / total + kept_back * p
        return p

    def loss(self, sequences: Iterable[Sequence[int]]) -> float:
        """Mean −log p of every token but the first of each sequence, in nats.

        Raises:
            ValueError: there is no such token.
        """
        losses = [
            -math.log(self.probability(ids[t], ids[max(t - 2, 0) : t]))
            for ids in sequences
            for t in range(1, len(ids))
        ]
        if not losses:
            raise ValueError("There is no token to predict: no sequence has a second one.")
        return sum(losses) / len(losses)

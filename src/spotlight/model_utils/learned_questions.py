"""Queries and keys learned on sentences in which places have sizes and animals have feelings.

Lesson 03 writes such matrices by hand, and then asks how wide queries and keys have to be: here
they are learned, from many starts at once, and tried on words that training has not seen.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Final

import torch
from torch import Tensor

from spotlight.model_utils.word_features import feature_names, word_vectors

_FEELINGS: Final = ("tired", "happy", "sad", "angry", "hungry")
_SIZES: Final = ("steep", "big", "tall", "small")
_SEEN: Final = ("dog", "cat", "mouse", "fish"), ("bank", "house", "school", "park")
_UNSEEN: Final = ("horse", "bird", "fox", "kitten"), ("street", "garden", "home", "room")
_FEELING, _ANIMAL, _SIZE, _PLACE = 1, 2, 5, 6  # where they stand in a sentence


def answers_found(
    d_k: int, *, steps: int = 150, sentences: int = 20, starts: int = 8, seed: int = 0
) -> list[float]:
    """The share of answers that learned queries and keys find, one number for each start.

    W_Q and W_K, (12, d_k) each, are trained from random entries on some sentences such as "the
    tired dog at the steep bank", until animals give their weight to feelings and places to sizes.
    An answer is found where a row's largest weight is on it, in sentences whose animals and places
    training has not seen.

    Args:
        d_k: the width of queries and keys.
        steps: steps of training; 0 for the random matrices as they are.
        sentences: how many are trained on, drawn at random.
        starts: how often training begins anew.
        seed: of the draws.
    """
    draw = torch.Generator().manual_seed(seed)
    seen, unseen = _stories(*_SEEN), _stories(*_UNSEEN)  # (320, 7, 12) each
    seen = seen[torch.randperm(len(seen), generator=draw)[:sentences]]
    d_model = len(feature_names())
    matrices = [
        (torch.randn(starts, 1, d_model, d_k, generator=draw) / math.sqrt(d_model)).requires_grad_()
        for _ in range(2)
    ]
    optimizer = torch.optim.Adam(matrices, lr=0.05)
    for _ in range(steps):
        log_weights = _log_weights(seen, *matrices)
        on_answers = log_weights[..., _ANIMAL, _FEELING] + log_weights[..., _PLACE, _SIZE]
        optimizer.zero_grad()
        (-on_answers.mean()).backward()
        optimizer.step()
    with torch.no_grad():
        largest = _log_weights(unseen, *matrices).argmax(dim=-1)  # (starts, sentences, 7)
    right = (largest[..., _ANIMAL] == _FEELING).float() + (largest[..., _PLACE] == _SIZE).float()
    return (right.mean(dim=1) / 2).tolist()


def _stories(animals: tuple[str, ...], places: tuple[str, ...]) -> Tensor:
    """Every sentence of these words: (sentences, 7, 12)."""
    choices = product(_FEELINGS, animals, _SIZES, places)
    return torch.stack(
        [
            word_vectors(["the", feeling, animal, "at", "the", size, place])
            for feeling, animal, size, place in choices
        ]
    )


def _log_weights(x: Tensor, w_q: Tensor, w_k: Tensor) -> Tensor:
    """Logarithms of softmax(QKᵀ/√d_k) for every start and sentence: (starts, sentences, 7, 7)."""
    scores = (x @ w_q) @ (x @ w_k).transpose(-2, -1) / math.sqrt(w_q.shape[-1])
    return scores.log_softmax(dim=-1)

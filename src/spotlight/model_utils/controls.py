"""What a claim about a trained model is held against."""

from __future__ import annotations

import copy

import torch

from spotlight.model_utils.gpt import GPT


def random_like(model: GPT, seed: int = 0) -> GPT:
    """A model of the same sizes, with random matrices, each as widely spread as the trained one.

    What it shows as well is the architecture's doing, or the spread's, and not training's. Nobody's
    own draws are shifted.
    """
    draw = torch.Generator().manual_seed(seed)
    control = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in control.parameters():
            if parameter.ndim == 2:
                parameter.normal_(std=parameter.std().item(), generator=draw)
    return control

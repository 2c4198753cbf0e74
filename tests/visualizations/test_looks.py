"""A few pictures compared with how they looked when somebody last looked at them.

The measure is coarse on purpose: both pictures are shrunk to thumbnails in grey, so another
version of a font does not matter and a misplaced matrix does. After a wanted change, look at the
new pictures, then renew the references: `python tests/visualizations/test_looks.py`.
"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from spotlight.model_utils.gpt import Block
from spotlight.visualizations import (
    show_attention_flow,
    show_attention_steps,
    show_depth,
    show_layers,
    show_module,
)

REFERENCES = Path(__file__).parent / "looks"
ACROSS = 64  # pixels
BLOCK = 8
LIMIT = 15.0  # of 255, in the worst block; another font makes 11, the changes below 23 and more
TOKENS = ["The", "cat", "sat", "on", "the", "mat"]
SAID = {"title": "What it shows", "caption": "One sentence on what to see."}


def waves(*shape, shift=0.0):
    """Numbers that are the same on every machine."""
    return np.sin(np.arange(float(np.prod(shape))) * 1.7 + shift).reshape(shape)


def weights(*heads, shift=0.0):
    scores = 3 * waves(*heads, 6, 6, shift=shift)
    scores[..., *np.triu_indices(6, 1)] = -np.inf
    shares = np.exp(scores)
    return shares / shares.sum(-1, keepdims=True)


def a_block(*, residual=True):
    import torch

    block = Block(d_model=8, n_heads=2)
    if not residual:
        block.forward = lambda x: block.ffn(
            block.ffn_norm(block.attention(block.attention_norm(x)))
        )
    return show_module(block, torch.ones(1, 5, 8), **SAID)


PICTURES = {
    "layers": lambda: show_layers(weights(3, 6), TOKENS, names={(2, 3): "referent"}, **SAID),
    "attention-flow": lambda: show_attention_flow(weights(), TOKENS, **SAID),
    "attention-steps": lambda: show_attention_steps(
        waves(4, 3), waves(3, 3), waves(3, 3, shift=1), waves(3, 3, shift=2), causal=True, **SAID
    ),
    "depth": lambda: show_depth([waves(500) * 2**i for i in range(6)], log=True, **SAID),
    "module": a_block,
}
CHANGED = {
    "layers": lambda: show_layers(weights(3, 6), TOKENS, **SAID),
    "attention-flow": lambda: show_attention_flow(weights(), TOKENS, threshold=0.3, **SAID),
    "attention-steps": lambda: show_attention_steps(
        waves(4, 3), waves(3, 3), waves(3, 3, shift=1), waves(3, 3, shift=2), **SAID
    ),
    "depth": lambda: show_depth([waves(500) for i in range(6)], log=True, **SAID),
    "module": lambda: a_block(residual=False),
}


def thumbnail(picture, size=None):
    image = Image.open(io.BytesIO(picture.png())).convert("L")
    down = round(ACROSS * image.height / image.width)
    return image.resize(size or (ACROSS, down), Image.Resampling.BOX)


def difference(one, other):
    """The mean difference in grey, in the block of pixels where it is greatest."""
    apart = np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float))
    rows, columns = (range(0, side, BLOCK) for side in apart.shape)
    return max(apart[i : i + BLOCK, j : j + BLOCK].mean() for i in rows for j in columns)


def from_reference(name, picture):
    reference = Image.open(REFERENCES / f"{name}.png")
    return difference(thumbnail(picture, reference.size), reference)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_as_it_did(name):
    assert from_reference(name, PICTURES[name]()) < LIMIT


@pytest.mark.deep
@pytest.mark.parametrize("name", PICTURES)
def test_the_measure_notices_a_changed_picture(name):
    assert from_reference(name, CHANGED[name]()) > LIMIT


@pytest.mark.deep
@pytest.mark.parametrize("name", PICTURES)
def test_the_measure_forgives_another_font(name):
    with mpl.rc_context({"font.family": "DejaVu Sans Mono"}):
        picture = PICTURES[name]()
        picture.png()
        assert from_reference(name, picture) < LIMIT


if __name__ == "__main__":
    REFERENCES.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        thumbnail(draw()).save(REFERENCES / f"{name}.png", optimize=True)

"""The mini model: how long it takes to load, and one step of its training, in CPU time.

Loading happens in processes of their own, which have imported torch and nothing else; importing
the model's module is part of it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch

from spotlight.model_utils.mini_training import Recipe, Training

_LOADS = 15
_STEPS = 15
_LOAD = """
import time
import torch
start = time.process_time()
from spotlight.model_utils.mini_model import load_mini_model
load_mini_model()
print(time.process_time() - start)
"""


def measure() -> dict[str, float]:
    """Milliseconds to load, and seconds a step."""
    loads = [1000 * float(_output_of(_LOAD)) for _ in range(_LOADS)]
    torch.set_num_threads(1)
    training = Training(Recipe(paragraphs=2_000))
    steps = [_seconds(training.advance) for _ in range(_STEPS)]
    return {
        "loading beyond torch, median ms": statistics.median(loads),
        "loading beyond torch, slowest ms": max(loads),
        "a training step, median s": statistics.median(steps),
        "so a whole run, minutes": statistics.median(steps) * Recipe.steps / 60,
    }


def _seconds(step: Callable[[], float]) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


def _output_of(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout

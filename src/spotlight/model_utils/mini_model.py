"""The mini model that ships with the course: a small GPT whose heads are worth looking at.

Trained by `train_mini_model.py` on the corpus of `corpus.py`; what its heads do is measured in
`mini_model_report.md`. The README of this folder says how to repeat both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from spotlight.atomic_files import write_atomically
from spotlight.model_utils.gpt import GPT, GPTConfig
from spotlight.model_utils.hooks import recorded_attention, watched_inputs
from spotlight.model_utils.word_tokenizer import WordTokenizer

WEIGHTS: Final = Path(__file__).with_suffix(".safetensors")
_TIED: Final = "lm_head.weight"  # the token embedding once more: not stored


@dataclass(frozen=True)
class HeadRole:
    """What one head was measured to do; `score` is its mean weight on the token it looks for."""

    layer: int
    head: int
    score: float


@dataclass(frozen=True)
class MiniModel:
    """A GPT with the words it knows, and the heads whose roles were measured."""

    model: GPT
    tokenizer: WordTokenizer
    roles: Mapping[str, HeadRole] = field(default_factory=dict)
    """By name: "previous token", "induction", "referent"."""

    def tokens(self, text: str) -> list[str]:
        """The text as the model sees it, token by token.

        Raises:
            ValueError: the model does not know a word of it.
        """
        return self.tokenizer.tokens(self.tokenizer.encode(text))

    def ids(self, text: str) -> Tensor:
        """The token ids of a text, as a batch of one: (1, T).

        Raises:
            ValueError: the text is empty, or the model does not know a word of it.
        """
        ids = self.tokenizer.encode(text)
        if not ids:
            raise ValueError("The text is empty: the model needs at least one token.")
        return torch.tensor([ids])

    @torch.no_grad()
    def logits(self, text: str) -> Tensor:
        """A score for every word, at every position of the text: (T, V)."""
        logits: Tensor = self.model(self.ids(text))
        return logits[0]

    @torch.no_grad()
    def attention(self, text: str) -> Tensor:
        """The attention weights of every head: (L, H, T, T)."""
        with recorded_attention(self.model) as weights:
            self.model(self.ids(text))
        return torch.cat(weights)

    @torch.no_grad()
    def attention_input(self, text: str, layer: int) -> Tensor:
        """What all heads of a layer read, the normalised residual stream: (T, C)."""
        inputs: list[Tensor] = []
        with watched_inputs(self.model.get_submodule(f"blocks.{layer}.attention"), inputs):
            self.model(self.ids(text))
        return inputs[0][0]

    def next_words(self, text: str, count: int = 5) -> list[tuple[str, float]]:
        """The likeliest next tokens, each with its probability."""
        probabilities = self.logits(text)[-1].softmax(dim=-1)  # (V,)
        best = probabilities.topk(count)
        words = self.tokenizer.tokens(best.indices.tolist())
        return list(zip(words, best.values.tolist(), strict=True))

    def probability(self, text: str, word: str) -> float:
        """How likely `word` is as the next token of the text.

        Raises:
            ValueError: the model does not know a word, or `word` is more or less than one token.
        """
        ids = self.tokenizer.encode(word)
        if len(ids) != 1:
            raise ValueError(f"{word!r} should be one token, but it is {len(ids)}.")
        return self.logits(text)[-1].softmax(dim=-1)[ids[0]].item()

    @torch.no_grad()
    def continued(self, text: str, tokens: int, *, temperature: float = 1.0, seed: int = 0) -> str:
        """The text with `tokens` more, each drawn from the model's distribution for the next.

        Once the context is full, the model sees its end only.
        """
        ids = self.ids(text)  # (1, T)
        draw = torch.Generator().manual_seed(seed)
        for _ in range(tokens):
            logits = self.model(ids[:, -self.model.config.context :])[:, -1]  # (1, V)
            shares = (logits / temperature).softmax(dim=-1)
            ids = torch.cat([ids, torch.multinomial(shares, 1, generator=draw)], dim=1)
        return self.tokenizer.decode(ids[0].tolist())


def load_mini_model(path: Path = WEIGHTS) -> MiniModel:
    """Read a model from a file that `save_mini_model` wrote; its weights compute in float32.

    Raises:
        ValueError: the file is missing, damaged or of another kind.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata()
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        config = GPTConfig(**json.loads(about["config"]))
        roles = {name: HeadRole(**role) for name, role in json.loads(about["roles"]).items()}
        # The draws that are replaced at once are not to shift anybody's seed. (On the device "meta"
        # none are made, but its first use imports a second's worth of PyTorch.)
        with torch.random.fork_rng(devices=[]):
            model = GPT(config)
        model.load_state_dict({**weights, _TIED: weights["tok_emb.weight"]})
    except (OSError, SafetensorError) as error:
        raise ValueError(f"The mini model cannot be read from {path}: {error}.") from error
    except (KeyError, TypeError, RuntimeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} holds no mini model of this course: {error}.") from error
    model.requires_grad_(False)
    return MiniModel(model.eval(), WordTokenizer(json.loads(about["vocabulary"])), roles)


def save_mini_model(
    path: Path, model: GPT, vocabulary: Sequence[str], roles: Mapping[str, HeadRole]
) -> None:
    """Write a model in half precision, with all that is needed to load it."""
    weights = {
        name: tensor.detach().half().contiguous()
        for name, tensor in model.state_dict().items()
        if name != _TIED
    }
    about = {
        "config": json.dumps(asdict(model.config)),
        "vocabulary": json.dumps(list(vocabulary)),
        "roles": json.dumps({name: asdict(role) for name, role in roles.items()}),
    }
    write_atomically({path: save(weights, metadata=about)})

"""Which of a server's models reviews."""

from __future__ import annotations

from collections.abc import Sequence

from spotlight.review.errors import ReviewError
from spotlight.review.servers import ServedModel

PREFERRED = (
    "qwen3-coder",
    "qwen2.5-coder",
    "devstral",
    "codestral",
    "deepseek-coder-v2",
    "gpt-oss",
    "qwen3",
    "gemma3",
    "mistral-small",
    "llama3.1",
    "phi4",
)
"""What is taken before any other model, unless the settings name some."""
SUGGESTED = "qwen2.5-coder:7b"


def choose_model(
    served: Sequence[ServedModel], wanted: Sequence[str], server: str, *, can_pull: bool
) -> ServedModel:
    """The first of the `wanted` models that is there; without such wishes, the best that is.

    A name without a tag (`gemma3`) stands for all of its tags, a tag (`gemma3:4b`) for what it
    begins (`gemma3:4b-it-qat`).

    Raises:
        ReviewError: there is none; the message names the command that would fetch one.
    """
    for name in wanted or PREFERRED:
        for model in served:
            if _is_called(model.name, name):
                return model
    if served and not wanted:
        return served[0]
    what = f"none of {', '.join(wanted)}" if wanted else "no model that could review"
    fetch = next((name for name in wanted if not runs_in_cloud(name)), SUGGESTED)
    how = f"; `ollama pull {fetch}` would fetch one" if can_pull else ""
    raise ReviewError(f"No code was reviewed: the server at {server} has {what}{how}.")


def runs_in_cloud(name: str) -> bool:
    """Whether a model of that name runs at ollama.com, whichever server is asked for it."""
    tag = name.partition(":")[2]
    return tag == "cloud" or tag.endswith("-cloud")


def _is_called(model: str, name: str) -> bool:
    model, name = model.casefold(), name.casefold()
    return model == name or model.startswith(f"{name}-" if ":" in name else f"{name}:")

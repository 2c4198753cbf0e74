"""Reviews that were made before, by what was asked: equal code is not asked about twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path
from pydantic import ValidationError

from spotlight.atomic_files import write_atomically
from spotlight.review.answer import Answer
from spotlight.review.servers import ANSWER_TOKENS, CONTEXT_TOKENS, SEED, Message, ServedModel


class ReviewCache:
    """Answers in the user's cache folder; one that cannot be read or written costs time.

    A name covers the model with its weights and every word that it was asked.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(user_cache_path("spotlight")) / "reviews"

    def find(self, model: ServedModel, messages: Sequence[Message]) -> Answer | None:
        """The answer that was kept, as the model gave it."""
        try:
            return Answer.model_validate_json(self._file(model, messages).read_bytes())
        except (OSError, ValidationError):
            return None

    def keep(self, model: ServedModel, messages: Sequence[Message], answer: Answer) -> None:
        """Keep an answer."""
        file = self._file(model, messages)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically({file: answer.model_dump_json().encode()})

    def _file(self, model: ServedModel, messages: Sequence[Message]) -> Path:
        options = [SEED, CONTEXT_TOKENS, ANSWER_TOKENS]
        asked = json.dumps([model.name, model.digest, options, *messages])
        return self._folder / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.json"

"""Ollama, through its own client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import ollama
from pydantic import ValidationError

from spotlight.review.choosing import runs_in_cloud
from spotlight.review.errors import AnswerError, ReviewError
from spotlight.review.servers import (
    ANSWER_TOKENS,
    CONNECT_SECONDS,
    CONTEXT_TOKENS,
    SEED,
    Deadline,
    OnText,
    Request,
    ServedModel,
    collected,
    http_options,
    not_there,
    speaks_otherwise,
    too_slow,
    troubled,
)

_NOT_FOUND = 404
_START = "; start Ollama, by `ollama serve` or its app (https://ollama.com)"
_KEEP_LOADED = "10m"
_SMALLEST_BYTES = 2**20
_EMBEDS = ("embed", "bge-", "minilm")


class OllamaServer:
    """An Ollama server at `address`; nothing is ever pulled."""

    def __init__(self, address: str, *, remote: bool) -> None:
        self._address = address
        self._remote = remote

    def models(self) -> list[ServedModel]:
        """The models on the server's machine that can answer."""
        deadline = Deadline(CONNECT_SECONDS)
        with self._troubles(deadline), self._client(deadline) as client:
            return [
                ServedModel(model.model, model.digest or "")
                for model in client.list().models
                if model.model and _answers_here(model.model, model.size)
            ]

    def answer(self, request: Request, deadline: Deadline, on_text: OnText) -> str:
        """The model's answer."""
        with self._troubles(deadline, request.model), self._client(deadline) as client:
            stream = client.chat(
                request.model,
                request.messages,
                stream=True,
                think=None if request.thinks else False,
                format=request.schema,
                options={
                    "temperature": 0,
                    "seed": SEED,
                    "num_ctx": CONTEXT_TOKENS,
                    "num_predict": ANSWER_TOKENS,
                },
                keep_alive=_KEEP_LOADED,
            )
            return collected(_texts(stream), on_text)

    def _client(self, deadline: Deadline) -> ollama.Client:
        return ollama.Client(self._address, **http_options(deadline, remote=self._remote))

    @contextmanager
    def _troubles(self, deadline: Deadline, model: str = "") -> Iterator[None]:
        try:
            yield
        except (ConnectionError, httpx.ConnectError, httpx.ConnectTimeout):
            raise not_there(self._address, _START) from None
        except httpx.TimeoutException:
            raise too_slow(deadline) from None
        except ollama.ResponseError as error:
            if model and error.status_code == _NOT_FOUND:
                raise ReviewError(
                    f"The review ended early: the server has no model {model} any more; "
                    f"`ollama pull {model}` would fetch it."
                ) from None
            if not error.error:  # as a redirection has no text
                raise speaks_otherwise(self._address, "Ollama") from None
            raise troubled(self._address, str(error.error)) from None
        except (httpx.HTTPError, ValidationError, ValueError, AttributeError, TypeError):
            # Its client takes for granted that whatever answers is Ollama.
            raise speaks_otherwise(self._address, "Ollama") from None


def _texts(stream: Iterator[ollama.ChatResponse]) -> Iterator[str]:
    finished = False
    for part in stream:
        yield part.message.content or ""
        finished = finished or bool(part.done)
        if part.done_reason == "length":
            raise AnswerError("is longer than any review")
    if not finished:
        raise AnswerError("breaks off")


def _answers_here(name: str, size: int | None) -> bool:
    """Whether a model can talk, and runs where the server does.

    Ollama passes what is asked of its cloud models on to ollama.com; they are listed with a few
    bytes in place of weights.
    """
    no_weights = size is not None and size < _SMALLEST_BYTES
    embeds = any(word in name for word in _EMBEDS)
    return not (no_weights or embeds or runs_in_cloud(name))

"""Any local server that speaks OpenAI's chat protocol: llama.cpp, LM Studio, vLLM and others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from spotlight.review.errors import AnswerError
from spotlight.review.servers import (
    ANSWER_TOKENS,
    CONNECT_SECONDS,
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

_DATA = "data:"
_DONE = "[DONE]"


class OpenAIServer:
    """A server whose `address` ends in /v1."""

    def __init__(self, address: str, *, remote: bool) -> None:
        self._address = address
        self._remote = remote

    def models(self) -> list[ServedModel]:
        """The models that the server names."""
        deadline = Deadline(CONNECT_SECONDS)
        with self._troubles(deadline), self._client(deadline) as client:
            reply = client.get("models")
            reply.raise_for_status()
            return [ServedModel(str(model["id"])) for model in reply.json()["data"]]

    def answer(self, request: Request, deadline: Deadline, on_text: OnText) -> str:
        """The model's answer."""
        schema = {"name": "review", "strict": True, "schema": request.schema}
        body = {
            "model": request.model,
            "messages": request.messages,
            "stream": True,
            "temperature": 0,
            "seed": SEED,
            "max_tokens": ANSWER_TOKENS,
            "response_format": {"type": "json_schema", "json_schema": schema},
        }
        with (
            self._troubles(deadline),
            self._client(deadline) as client,
            client.stream("POST", "chat/completions", json=body) as reply,
        ):
            if reply.is_error:
                reply.read()
            reply.raise_for_status()
            return collected(self._texts(reply), on_text)

    def _client(self, deadline: Deadline) -> httpx.Client:
        return httpx.Client(base_url=self._address, **http_options(deadline, remote=self._remote))

    @contextmanager
    def _troubles(self, deadline: Deadline) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise not_there(self._address, "") from None
        except httpx.TimeoutException:
            raise too_slow(deadline) from None
        except httpx.HTTPStatusError as error:
            raise troubled(self._address, _said(error.response)) from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
            raise speaks_otherwise(self._address, "server of OpenAI's kind") from None

    def _texts(self, reply: httpx.Response) -> Iterator[str]:
        finished = False
        for line in reply.iter_lines():
            data = line.removeprefix(_DATA).strip()
            if not line.startswith(_DATA) or data == _DONE:
                continue
            part: dict[str, Any] = json.loads(data)
            if "error" in part:
                raise troubled(self._address, _message(part["error"]))
            for choice in part.get("choices", ()):
                yield choice.get("delta", {}).get("content") or ""
                finished = finished or choice.get("finish_reason") is not None
                if choice.get("finish_reason") == "length":
                    raise AnswerError("is longer than any review")
        if not finished:
            raise AnswerError("breaks off")


def _said(reply: httpx.Response) -> str:
    try:
        return _message(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {reply.status_code}"


def _message(error: Any) -> str:
    return str(error.get("message", error) if isinstance(error, dict) else error)

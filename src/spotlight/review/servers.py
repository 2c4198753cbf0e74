"""What a review asks of a server, whichever protocol it speaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from spotlight.printable_text import one_line
from spotlight.review.errors import AnswerError, ReviewError

Message = dict[str, str]
OnText = Callable[[int], None]

SEED = 0
CONTEXT_TOKENS = 8192
ANSWER_TOKENS = 900
CONNECT_SECONDS = 5.0
_MOST_QUOTED = 200
_MOST_CHARACTERS = 20_000
_MOST_BYTES = 8 * 2**20  # a token comes in some 150 bytes, and with thoughts that are not shown


@dataclass(frozen=True)
class Request:
    """What is asked. `schema` is the JSON schema of the answer; `thinks` leaves it to the server
    whether its model thinks first, which some need to keep to a schema."""

    model: str
    messages: Sequence[Message]
    schema: dict[str, Any]
    thinks: bool = False


@dataclass(frozen=True)
class ServedModel:
    """A model that a server has; `digest` changes whenever its weights do."""

    name: str
    digest: str = ""

    @property
    def title(self) -> str:
        """The name as it may be shown."""
        return one_line(self.name)[:_MOST_QUOTED]


@dataclass
class Deadline:
    """A moment until which an answer must be there, `seconds` from when it was made."""

    seconds: float
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never none at all, since to a socket that would mean for ever."""
        return max(self._end - time.monotonic(), 0.001)

    @property
    def is_over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._end


class ChatServer(Protocol):
    """A server that has models and lets them answer.

    Both raise `ReviewError` where the server is no use, in a sentence.
    """

    def models(self) -> list[ServedModel]:
        """The models on the server's own machine that can answer."""

    def answer(self, request: Request, deadline: Deadline, on_text: OnText) -> str:
        """The model's answer; `on_text` hears how many characters have come.

        Raises:
            AnswerError: it is empty, broken off, or longer than any review.
        """


def http_options(deadline: Deadline, *, remote: bool) -> dict[str, Any]:
    """How a client of httpx is to behave.

    It reads no longer than to the deadline, however slowly bytes drip in. Neither a proxy nor a
    redirection carries code elsewhere than to the address that was said.
    """
    return {
        "timeout": httpx.Timeout(deadline.left, connect=min(deadline.left, CONNECT_SECONDS)),
        "transport": _BoundedTransport(deadline),
        "trust_env": remote,
        "follow_redirects": False,
    }


class _BoundedTransport(httpx.HTTPTransport):
    """Ends a reply that is too long, in time or in bytes."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        reply = super().handle_request(request)
        assert isinstance(reply.stream, httpx.SyncByteStream)
        reply.stream = _BoundedStream(reply.stream, self._deadline)
        return reply


class _BoundedStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        count = 0
        for chunk in self._stream:
            count += len(chunk)
            if self._deadline.is_over:
                raise httpx.ReadTimeout("the deadline has passed")
            if count > _MOST_BYTES:
                raise AnswerError("is longer than any review")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def collected(pieces: Iterable[str], on_text: OnText) -> str:
    """The pieces of a streamed answer, joined.

    Raises:
        AnswerError: they are longer than any review, or nothing.
    """
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > _MOST_CHARACTERS:
            raise AnswerError("is longer than any review")
        on_text(len(text))
    if not text.strip():
        raise AnswerError("is empty")
    return text


def too_slow(deadline: Deadline) -> ReviewError:
    """What is said of a model that takes too long."""
    return ReviewError(
        f"The model took longer than the {deadline.seconds:g} seconds that an exercise has, so no "
        "more was reviewed; a smaller model is faster."
    )


def not_there(address: str, how_to_start: str) -> ReviewError:
    """What is said where nothing answers."""
    return ReviewError(f"No code was reviewed: no server answers at {address}{how_to_start}.")


def troubled(address: str, said: str) -> ReviewError:
    """What is said of a server that reports a trouble of its own."""
    return ReviewError(
        f"The review ended early: the server at {address} says {one_line(said)[:_MOST_QUOTED]!r}."
    )


def speaks_otherwise(address: str, protocol: str) -> ReviewError:
    """What is said where something answers that makes no sense."""
    return ReviewError(f"The review ended early: what answers at {address} is no {protocol}.")

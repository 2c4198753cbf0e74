"""Frames over a pipe, to the last byte."""

from __future__ import annotations

from typing import Any, BinaryIO

from spotlight.sandbox.wire import PREFIX_SIZE, decode_frames, frame_lengths


def read_frame(stream: BinaryIO) -> Any | None:
    """The body of the next frame; None at the end of the stream.

    Raises:
        WireError: it is no frame.
    """
    prefix = read_exactly(stream, PREFIX_SIZE)
    if prefix is None:
        return None
    rest = read_exactly(stream, sum(frame_lengths(prefix)))
    return None if rest is None else next(decode_frames(prefix + rest))


def read_exactly(stream: BinaryIO, count: int) -> bytes | None:
    """So many bytes; None where the stream ends before."""
    data = bytearray()
    while len(data) < count:
        chunk = stream.read(count - len(data))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def write_all(stream: BinaryIO, data: bytes) -> None:
    """All of `data`, however little the pipe takes at a time."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]

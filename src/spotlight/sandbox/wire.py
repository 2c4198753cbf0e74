"""The wire format: frames of one length-limited JSON header and the raw buffers of its arrays.

Nothing is ever unpickled. A frame is

    4 bytes  length of the header, big endian
    8 bytes  length of all buffers together, big endian
    header   UTF-8 JSON: {"body": ..., "arrays": [{"dtype", "shape"}, ...]}
    buffers  C-ordered little-endian bytes of each array, one after the other

In a body, values that JSON lacks are objects with a single key that starts with "$".
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

MAX_HEADER = 8 * 2**20
MAX_DEPTH = 40
MAX_NODES = 200_000
MAX_TEXT = 100_000
FORMS = ("tensor", "ndarray", "list")
_MAX_BRACKETS = 4 * MAX_NODES  # of JSON, which takes far more memory read than written
_DTYPE = re.compile(r"[<>=|a-zA-Z0-9_\[\], ]{1,60}")
_TOO_MUCH = (RecursionError, MemoryError)
_PREFIX = struct.Struct(">IQ")
_SIZES = (8, 16, 32, 64)
DTYPES = frozenset(
    (
        *("bool", "float16", "float32", "float64", "complex64", "complex128"),
        *(f"{kind}{size}" for kind in ("int", "uint") for size in _SIZES),
    )
)


class WireError(Exception):
    """A frame is not as it should be."""


class TooLongError(Exception):
    """A frame would be longer than it may be."""


@dataclass(frozen=True, eq=False)
class Array:
    """An array on the wire.

    `form` is what it was: "tensor", "ndarray" or "list"; `dtype` its own type, which for bfloat16
    is not that of `data`; `requires_grad` whether it hangs in a graph.
    """

    data: np.ndarray
    form: str
    dtype: str
    requires_grad: bool = False


@dataclass(frozen=True)
class Opaque:
    """A value of a type that does not travel."""

    type: str


def encode(body: Any, limit: int | None = None) -> bytes:
    """One frame. Values: None, bool, int, float, str, list, tuple, dict, `Array`, `Opaque`.

    Raises:
        TooLongError: its arrays take more than `limit` bytes, or its header more than any may.
    """
    arrays: list[np.ndarray] = []
    encoded = _encode(body, arrays)
    if limit is not None and sum(array.nbytes for array in arrays) > limit:
        raise TooLongError
    buffers = [np.ascontiguousarray(array).tobytes() for array in arrays]
    header = json.dumps(
        {
            "body": encoded,
            "arrays": [{"dtype": str(a.dtype), "shape": list(a.shape)} for a in arrays],
        }
    ).encode()
    if len(header) > MAX_HEADER:
        raise TooLongError
    return _PREFIX.pack(len(header), sum(map(len, buffers))) + header + b"".join(buffers)


def decode_frames(data: bytes) -> Iterator[Any]:
    """The bodies of all whole frames in `data`; a cut-off last one is left out.

    Raises:
        WireError: a frame's bytes are malformed.
    """
    view = memoryview(data)
    while len(view) >= _PREFIX.size:
        header_length, buffers_length = _PREFIX.unpack(view[: _PREFIX.size])
        if header_length > MAX_HEADER:
            raise WireError(f"a header of {header_length} bytes")
        end = _PREFIX.size + header_length + buffers_length
        if len(view) < end:
            return
        yield _decode_frame(
            bytes(view[_PREFIX.size : _PREFIX.size + header_length]),
            bytes(view[_PREFIX.size + header_length : end]),
        )
        view = view[end:]


def frame_lengths(prefix: bytes) -> tuple[int, int]:
    """Header and buffer lengths from a frame's first `PREFIX_SIZE` bytes."""
    header_length, buffers_length = _PREFIX.unpack(prefix)
    if header_length > MAX_HEADER:
        raise WireError(f"a header of {header_length} bytes")
    return header_length, buffers_length


PREFIX_SIZE = _PREFIX.size


def _encode(value: Any, arrays: list[np.ndarray]) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"$int": hex(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, list):
        return [_encode(item, arrays) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [_encode(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"$dict": [[_encode(k, arrays), _encode(v, arrays)] for k, v in value.items()]}
    if isinstance(value, Array):
        arrays.append(value.data)
        place = {"index": len(arrays) - 1, "form": value.form, "dtype": value.dtype}
        return {"$array": {**place, "requires_grad": value.requires_grad}}
    if isinstance(value, Opaque):
        return {"$opaque": value.type}
    raise TypeError(f"{type(value).__name__} does not travel on the wire")


def _decode_frame(header: bytes, buffers: bytes) -> Any:
    if header.count(b"[") + header.count(b"{") > _MAX_BRACKETS:
        raise WireError("a header of too many parts")
    try:
        data = json.loads(header)
        arrays, offset = [], 0
        for item in data["arrays"]:
            dtype, shape = item["dtype"], item["shape"]
            if dtype not in DTYPES or not all(type(n) is int and 0 <= n < 2**63 for n in shape):
                raise WireError("an array of an unknown type or shape")
            size = math.prod(shape) * np.dtype(dtype).itemsize
            if offset + size > len(buffers):
                raise WireError("an array longer than its buffer")
            chunk = buffers[offset : offset + size]
            arrays.append(np.frombuffer(chunk, dtype=dtype).reshape(shape))
            offset += size
        if offset != len(buffers):
            raise WireError("bytes that belong to no array")
        return _Decoder(arrays).decode(data["body"], 0)
    except (ValueError, TypeError, LookupError, ArithmeticError, *_TOO_MUCH) as error:
        raise WireError(f"a malformed frame ({type(error).__name__})") from error


class _Decoder:
    def __init__(self, arrays: list[np.ndarray]) -> None:
        self._arrays = arrays
        self._nodes = 0

    def decode(self, node: Any, depth: int) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise WireError("a value nested too deeply, or of too many parts")
        if isinstance(node, list):
            return [self.decode(item, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) != 1:
            raise WireError("an object that is no tagged value")
        ((tag, content),) = node.items()
        match tag:
            case "$int":
                return int(content, 16)
            case "$float":
                return float(content)
            case "$tuple":
                return tuple(self.decode(item, depth + 1) for item in content)
            case "$dict":
                return {
                    self.decode(key, depth + 1): self.decode(value, depth + 1)
                    for key, value in content
                }
            case "$array":
                index, form, dtype = content["index"], content["form"], content["dtype"]
                if form not in FORMS or not _DTYPE.fullmatch(dtype):
                    raise WireError("an array of an unknown kind")
                if type(index) is not int or index < 0:
                    raise WireError("an array that is not there")
                grad = content["requires_grad"] is True
                return Array(self._arrays[index], form, dtype, grad)
            case "$opaque":
                return Opaque(str(content))
        raise WireError("an unknown tag")


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

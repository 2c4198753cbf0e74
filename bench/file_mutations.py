"""What may happen to a notebook's file, as small functions of its bytes and of dice.

What such a mutation touches is read off the file that comes out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

FileMutation = Callable[[bytes, Random], bytes]
FILE_MUTATIONS: dict[str, FileMutation] = {}


def _listed(mutation: FileMutation) -> FileMutation:
    FILE_MUTATIONS[mutation.__name__] = mutation
    return mutation


@_listed
def cut_short(data: bytes, rng: Random) -> bytes:
    """The disk was full, or the download broke off."""
    return data[: rng.randrange(len(data) + 1)]


@_listed
def tail_of_zeros(data: bytes, rng: Random) -> bytes:
    """The machine crashed before the last blocks were written."""
    kept = rng.randrange(len(data) + 1)
    return data[:kept] + b"\0" * (len(data) - kept)


@_listed
def flipped_bytes(data: bytes, rng: Random) -> bytes:
    """Some bits are others."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 3, 30])):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


@_listed
def lost_or_doubled_bytes(data: bytes, rng: Random) -> bytes:
    """A stretch of the file is missing, or there twice."""
    start = rng.randrange(len(data) + 1)
    end = min(len(data), start + rng.choice([1, 2, 10, 1000]))
    return data[:start] + data[start:end] * rng.choice([0, 2]) + data[end:]


@_listed
def another_encoding(data: bytes, rng: Random) -> bytes:
    """Written as text of another encoding."""
    text = json.dumps(_loaded(data), ensure_ascii=rng.random() < 0.5)
    encoding = rng.choice(["utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7"])
    return text.encode(encoding, "backslashreplace")


@_listed
def byte_order_mark(data: bytes, rng: Random) -> bytes:
    """Windows editors put one in front; twice is once too often."""
    return b"\xef\xbb\xbf" * rng.choice([1, 1, 2]) + data


@_listed
def layout(data: bytes, rng: Random) -> bytes:
    """The same JSON, set otherwise."""
    space = rng.choice([None, 0, 1, 4, "\t"])
    text = json.dumps(_loaded(data), indent=space, ensure_ascii=rng.random() < 0.5, sort_keys=True)
    return text.replace("\n", rng.choice(["\n", "\r\n"])).encode("utf-8", "surrogatepass")


@_listed
def junk_around(data: bytes, rng: Random) -> bytes:
    """Something before or after the JSON."""
    junk = rng.choice([b" \n", b"\0", b"null", b"}", b"<<<<<<< HEAD\n", b"// x\n", b"\xff", data])
    return junk + data if rng.random() < 0.5 else data + junk


@_listed
def conflict_marks(data: bytes, rng: Random) -> bytes:
    """Two versions in one file, as Git leaves them."""
    lines = data.split(b"\n") if b"\n" in data else data.split(b", ")
    at = rng.randrange(len(lines))
    lines[at : at + 1] = [b"<<<<<<< HEAD", lines[at], b"=======", lines[at], b">>>>>>> other"]
    return b"\n".join(lines)


@_listed
def another_file(data: bytes, rng: Random) -> bytes:
    """No notebook at all."""
    return rng.choice(
        [
            *(b"", b"\n", b"\xef\xbb\xbf", b"\0" * 1000, b"PK\x03\x04\x14\0", b"%PDF-1.7\n"),
            *(b"<!DOCTYPE html><html>", b"print('hello')\n", b"# %% [markdown]\n# Title\n"),
            *(b"null", b"3", b"true", b'"text"', b"[]", b"[[[]]]", b"{}", b"NaN", b"-Infinity"),
            *(b'{"cells": null}', b'{"cells": {}}', b'{"cells": "cells"}', b'{"cells": [[]]}'),
            *(b'{"nbformat": 4}', b'{"nbformat": 3, "worksheets": [{"cells": []}]}', b"1" * 5000),
            *(b"[" * 100_000, b'{"cells":' * 5000, b'{"cells": []}', b'{"cells": [1' + b"0" * 5000),
            *(
                b"\\ud800",
                b'"\\ud800"',
                b'{"cells": [], "nbformat": 1e999}',
                b"version https://git-",
            ),
        ]
    )


@_listed
def keys_twice(data: bytes, rng: Random) -> bytes:
    """A key that is there twice: JSON's readers take the last."""
    key = rng.choice([b'"nbformat": 4', b'"metadata": {}', b'"cells": []', b'"nbformat": 3'])
    return b"{" + key + b", " + data[1:] if rng.random() < 0.5 else data[:-1] + b", " + key + b"}"


@_listed
def giant_numbers(data: bytes, rng: Random) -> bytes:
    """Numbers that no reader need take."""
    number = rng.choice([b"9" * 400, b"9" * 5000, b"1e999", b"-1e400", b"NaN", b"Infinity"])
    return data[:-1] + b', "' + rng.choice([b"nbformat", b"x"]) + b'": ' + number + b"}"


@_listed
def nested_deeply(data: bytes, rng: Random) -> bytes:
    """Lists in lists."""
    depth = rng.choice([100, 900, 1000, 5000, 100_000])
    return data[:-1] + b', "x": ' + b"[" * depth + b"]" * depth + b"}"


def _loaded(data: bytes) -> Any:
    """What the bytes say, while they still do; nothing but text afterwards."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return data.decode("latin-1")

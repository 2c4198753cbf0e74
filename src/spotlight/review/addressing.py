"""Whether code tells a reviewer what to say.

A model reads comments, strings and names as well as it reads code, and a gullible one obeys them.
So code that addresses its reviewer is shown to none, and is reported. What is looked for are orders
and wishes put to a reader who marks, in a few languages and disguises; it is read from the text, so
it can be both blind and mistaken. That is why nothing hangs on it but an opinion.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

from spotlight.python_source.syntax import parsed
from spotlight.review.plain_text import latin, visible

_OPENING = re.compile(r"^[ \t]*(?:# ?)?(?:[rfbu]{0,2}[\"']{1,3})?", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"<([a-z]+)>")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NO_WORD = re.compile(r"[\W_]+")
_SPACED = re.compile(r"(?<!\w)\w(?:[ ._*-]\w){3,}(?!\w)")
_DIGITS = str.maketrans("013457@$", "oieastas")
_LEET = re.compile(r"\b(?=\w*[a-z])(?=\w*[013457@$])[\w@$]{3,}\b")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){10,}")
_WINDOW = 3
_MOST_DECODED = 50
_MOST_STRINGS = 2_000
_MOST_CHARACTERS = 20_000  # more than a model is shown


def addressed_line(code: str) -> int:
    """The number of the line of `code` that first tells a reviewer what to say; 0 for none.

    Only the beginning of a very long cell is looked at; a model is shown no more of it.
    """
    code = code[:_MOST_CHARACTERS]
    if not _addresses(code):
        return 0
    lines = code.splitlines()
    for size in range(1, _WINDOW + 1):
        for start in range(len(lines)):
            if _addresses("\n".join(lines[start : start + size])):
                return start + 1
    return 1


def _addresses(code: str) -> bool:
    return any(map(_says_so, _views(code)))


def _says_so(text: str) -> bool:
    if _any_of("marks").search(_bare_lines(text)):
        return True
    return any(_any_of("orders").search(words) for words in _wordings(text))


@cache
def _any_of(table: str) -> re.Pattern[str]:
    """Any of the expressions in a table of `orders.toml`."""
    filled = map(_filled, _expressions()[table].values())
    flags = re.DOTALL | re.IGNORECASE | re.MULTILINE
    return re.compile("|".join(f"(?:{expression})" for expression in filled), flags)


@cache
def _expressions() -> dict[str, dict[str, str]]:
    file = Path(__file__).with_name("orders.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _filled(expression: str) -> str:
    words = _expressions()["words"]
    joined = expression.replace("\n", "")
    return _WORD.sub(lambda name: _filled(words[name[1]]), joined)


def _bare_lines(text: str) -> str:
    """The lines of a text less what makes them comments or strings."""
    return _OPENING.sub("", text)


def _wordings(text: str) -> Iterator[str]:
    """The words of a text, as they stand and out of their disguises."""
    apart = _CAMEL.sub(" ", text)
    for letters in {apart, latin(apart), _SPACED.sub(_closed_up, apart)}:
        yield _NO_WORD.sub(" ", letters).casefold().strip()
    symbols = re.sub(r"[^\w@$]+|_", " ", latin(apart)).casefold()
    if _LEET.search(symbols):
        yield _LEET.sub(lambda word: word[0].translate(_DIGITS), symbols)


def _closed_up(spaced: re.Match[str]) -> str:
    return spaced[0][::2]


def _views(code: str) -> Iterator[str]:
    """The text, and every text that is hidden in it: strings put together, encoded, reversed."""
    plain = visible(code)
    strings = list(islice(_strings(plain), _MOST_STRINGS))
    yield plain
    yield from strings
    yield plain[::-1]
    yield "\n".join(line[::-1] for line in plain.splitlines())
    yield codecs.encode(plain, "rot13")
    for text in (plain, *strings):
        for decoded in islice(_decoded(text), _MOST_DECODED):
            yield decoded
            yield from _decoded(decoded)


def _strings(code: str) -> Iterator[str]:
    """The strings of the code, those joined by `+` and `join` included."""
    tree = parsed(code)
    for node in ast.walk(tree) if tree is not None else ():
        try:
            text = _text_of(node)
        except RecursionError:  # its parts are looked at one by one
            continue
        if text:
            yield visible(text)


def _text_of(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Constant(value=bytes() as data):
            return data.decode("utf-8", "replace")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text_of(left) + _text_of(right)
        case ast.JoinedStr(values=values):
            return "".join(map(_text_of, values))
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str() as between), attr="join"),
            args=[ast.List(elts=parts) | ast.Tuple(elts=parts)],
        ):
            return between.join(map(_text_of, parts))
    return ""


def _decoded(text: str) -> Iterator[str]:
    """What is written in base64 or in hexadecimal digits, where it is a text."""
    for found in _BASE64.findall(text):
        padded = found.rstrip("=") + "=" * (-len(found.rstrip("=")) % 4)
        for altchars in (None, b"-_"):
            try:
                yield from _as_text(base64.b64decode(padded, altchars, validate=True))
            except (binascii.Error, ValueError):
                continue
    for found in _HEX.findall(text):
        yield from _as_text(bytes.fromhex(found))


def _as_text(data: bytes) -> Iterable[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ()
    return (visible(text),) if text.isprintable() or "\n" in text else ()

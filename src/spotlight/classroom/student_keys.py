"""Keys of students: unique in a class, readable, and names of files on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping

_MOST_BYTES = 48
_JOINERS = "-_.@+"
_RUN = re.compile(r"([-.])[-.]+")
# Windows keeps these names for devices, whatever ending follows.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in range(10)]
)


def student_keys(wanted: Mapping[str, str], taken: Collection[str] = ()) -> dict[str, str]:
    """A key for each identity, as near as can be to the text that is wanted for it.

    An identity is what tells one student from another, such as an id. Where two keys, or a key and
    one that is `taken`, would differ in no more than case, accents or what a file system overlooks,
    each gets a part of its identity's hash: keys of others stay what they are. A key is in NFC, at
    most 128 bytes of UTF-8, begins with a letter or digit, holds no separator of folders and is no
    name that Windows reserves.
    """
    keys = {identity: _readable(text) for identity, text in wanted.items()}
    occupied = {_as_file_systems_see(key) for key in taken}
    for digits in (8, 16, 64):
        seen = {identity: _as_file_systems_see(key) for identity, key in keys.items()}
        counts = Counter(seen.values())
        clashing = [i for i, form in seen.items() if counts[form] > 1 or form in occupied]
        for identity in clashing:
            digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
            keys[identity] = f"{_readable(wanted[identity])}-{digest[:digits]}"
        if not clashing:
            break
    return keys


def _as_file_systems_see(key: str) -> str:
    """`key` without what some file system or archive program may not tell apart."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", key).casefold())
    return "".join(letter for letter in plain if letter.isalnum() or letter in _JOINERS)


def _readable(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(letter if _may_stand(letter) else "-" for letter in composed)
    key = _trimmed(_RUN.sub(r"\1", kept))
    key = _trimmed(key.encode()[:_MOST_BYTES].decode(errors="ignore"))
    key = key or "student"
    stem = unicodedata.normalize("NFKC", key.partition(".")[0]).casefold()
    return f"student-{key}" if stem in _DEVICES else key


def _may_stand(letter: str) -> bool:
    # Marks stay: many scripts cannot be read without them.
    return letter.isalnum() or letter in _JOINERS or unicodedata.category(letter).startswith("M")


def _trimmed(key: str) -> str:
    """`key` from its first letter or digit on, and without joiners at its end."""
    start = next((place for place, letter in enumerate(key) if letter.isalnum()), len(key))
    return key[start:].rstrip(_JOINERS)

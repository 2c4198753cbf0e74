"""Text as a reader sees it: without characters that hide, turn around or pretend."""

from __future__ import annotations

import unicodedata

_TAGS = range(0xE0000, 0xE0080)  # invisible twins of ASCII
# Cyrillic and Greek letters that look like Latin ones.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝѵкмтвнАВЕКМНОРСТУХІЈЅαορτυνκιεγωΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɡ",
    "aeopcyxijsdhlqwvkmtbhABEKMHOPCTYXIJSaoptuvkieywABEZHIKMNOPTYXig",
)


def visible(text: str) -> str:
    """`text` in its plainest form: compatible characters made one, accents and the invisible gone.

    Invisible twins of ASCII are written out as what they stand for.
    """
    shown = "".join(chr(ord(c) - _TAGS.start) if ord(c) in _TAGS else c for c in text)
    plain = unicodedata.normalize("NFKD", shown)
    return "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Mn"))


def latin(text: str) -> str:
    """`text` with letters of other alphabets replaced by the Latin ones that they look like."""
    return text.translate(_LOOKALIKES)

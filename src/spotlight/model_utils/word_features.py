"""Word vectors that can be read: a hand-made table of named features, and a rule for the rest.

The table is `word_features.toml`. A word that it does not hold gets a vector from its letters:
each letter adds 0.5 to one feature, a to the first, b to the second, and so on, starting again
after the last. Such a vector means nothing; it only makes equal words equal and unlike words
unlike, and whatever shows it should say so.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

SEPARATORS = '.,;:!?"()[]{}<>/\\|*_~`=+#&…–—“”„«»¡¿'
LETTER_STEP = 0.5


@dataclass(frozen=True)
class _Table:
    features: tuple[str, ...]
    vectors: dict[str, tuple[float, ...]]


def _read(path: Path) -> _Table:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    features = tuple(data.pop("features"))
    vectors: dict[str, tuple[float, ...]] = {}
    for words in data.values():
        for word, named in words.items():
            # A slip in the file should not silently become a zero or replace another line.
            if word in vectors or not named.keys() <= set(features):
                raise ValueError(f"{path.name}: look at the line for {word!r} again.")
            vectors[word] = tuple(float(named.get(feature, 0)) for feature in features)
    return _Table(features, vectors)


# Read with the module: a worker that may import this may later be denied every file.
_TABLE = _read(Path(__file__).with_suffix(".toml"))


def feature_names() -> tuple[str, ...]:
    """What each component of a word vector stands for, in order."""
    return _TABLE.features


def known_vectors() -> dict[str, tuple[float, ...]]:
    """The whole table: word → its numbers, in the order of `feature_names()`."""
    return dict(_TABLE.vectors)


def is_known(word: str) -> bool:
    """Whether the table holds `word` (capitals do not matter)."""
    return word.lower() in _TABLE.vectors


def split_words(sentence: str) -> list[str]:
    """The words of a sentence in lower case, without punctuation.

    Apostrophes and hyphens inside a word stay: "Don't!" is `don't`.
    """
    text = unicodedata.normalize("NFC", sentence).lower().replace("’", "'").replace("‘", "'")
    text = "".join(" " if character in SEPARATORS else character for character in text)
    return [word for word in (part.strip("'-") for part in text.split()) if word]


def word_vectors(words: Sequence[str]) -> torch.Tensor:
    """One vector per word: from the table, or from the letters of a word it does not hold.

    Returns:
        float32, (n, features).

    Raises:
        ValueError: `words` is one string where a list of words is meant.
    """
    if isinstance(words, str):
        raise ValueError(
            f"word_vectors needs a list of words, not the string {words!r}: "
            "split_words(sentence) makes such a list."
        )
    rows = [_vector(word.lower()) for word in words]
    return torch.tensor(rows, dtype=torch.float32).reshape(len(rows), len(feature_names()))


def _vector(word: str) -> tuple[float, ...]:
    return _TABLE.vectors.get(word) or _from_letters(word)


def _from_letters(word: str) -> tuple[float, ...]:
    counts = [0.0] * len(feature_names())
    for letter in word:
        counts[(ord(letter) - ord("a")) % len(counts)] += LETTER_STEP
    return tuple(counts)

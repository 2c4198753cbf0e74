"""Whole words as tokens: a closed vocabulary, so that each row of a heatmap is a word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d|\n|[^\sa-z\d]")
_GLUED_TO_THE_LEFT = frozenset(".,:;?!\n")


def split_tokens(text: str) -> list[str]:
    """Lower-case words, single digits, punctuation marks and line breaks, in order."""
    return _TOKEN.findall(text.lower().replace("’", "'"))


class WordTokenizer:
    """Text to token ids and back. A token's id is its place in the vocabulary."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)
        self._ids = {token: i for i, token in enumerate(self.vocabulary)}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """The ids of the text's tokens.

        Raises:
            ValueError: a word is not in the vocabulary; the message names words like it.
        """
        tokens = split_tokens(text)
        for token in tokens:
            if token not in self._ids:
                raise ValueError(self._stranger(token))
        return [self._ids[token] for token in tokens]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids, spaced as one writes it."""
        text = ""
        for token in self.tokens(ids):
            glued = token in _GLUED_TO_THE_LEFT or (token.isdigit() and text[-1:].isdigit())
            text += token if glued or not text or text[-1] == "\n" else f" {token}"
        return text

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """The token of each id."""
        return [self.vocabulary[int(i)] for i in ids]

    def _stranger(self, token: str) -> str:
        message = f"The model has never seen “{token}”: it knows {len(self)} words"
        like = difflib.get_close_matches(token, self.vocabulary, n=3, cutoff=0.6)
        return f"{message}, “{'”, “'.join(like)}” among them." if like else f"{message}."

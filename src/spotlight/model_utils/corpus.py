"""The shipped corpus: small English with something to work out in every paragraph.

Pronouns to resolve, names and lists to copy, questions to answer, two-digit sums. Its words and
sentence patterns are `corpus.toml`; a seed picks among them. Nothing is read from the network, and
a seed always gives the same text.

A tenth of all facts (which animal on what in which mood, which sum, which list) is held out: it
occurs in no training text, whatever the seed. So a model that is right on held-out text has
learned how the text works, not which text there is.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from spotlight.model_utils.word_tokenizer import WordTokenizer, split_tokens

Split = Literal["train", "held-out"]

SUMS_IN_TEXT: Final = 0.06  # of all paragraphs
SUMS_IN_A_PARAGRAPH: Final = 3
_HELD_OUT_OF_256: Final = 26
_PRONOUNS: Final = {
    "girl": {"they": "she", "them": "her", "their": "her"},
    "boy": {"they": "he", "them": "him", "their": "his"},
}
_CHOICE: Final = re.compile(r"\[([^\]]*)\]")
_SLOT: Final = re.compile(r"\{(\w+):(\w+)\}")
_ARTICLE: Final = re.compile(r"\ba(?= [aeiou])")


@dataclass(frozen=True)
class _Pattern:
    text: str
    weight: float
    facts: frozenset[str]  # "kind:tag"; empty for all slots


@dataclass(frozen=True)
class _Source:
    words: Mapping[str, tuple[str, ...]]
    patterns: tuple[_Pattern, ...]


def _read(path: Path) -> _Source:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    words = {kind: tuple(text.split()) for kind, text in data["words"].items()}
    patterns = tuple(
        _Pattern(" ".join(p["text"].split()), p["weight"], frozenset(p.get("facts", ())))
        for p in data["patterns"]
    )
    return _Source(words, patterns)


# Read with the module: a worker that may import this may later be denied every file.
_SOURCE: Final = _read(Path(__file__).with_suffix(".toml"))


def paragraphs(seed: int, count: int, split: Split = "train") -> Iterator[str]:
    """`count` paragraphs of text, each a line; the same seed and split give the same ones."""
    draw = random.Random(f"{split} {seed}")
    for _ in range(count):
        if draw.random() < SUMS_IN_TEXT:
            pairs = draw.choices(sum_pairs(split), k=SUMS_IN_A_PARAGRAPH)
            yield " ".join(sum_sentence(a, b) for a, b in pairs)
        else:
            yield _paragraph(draw, split)


def corpus(seed: int, count: int, split: Split = "train") -> str:
    """The same paragraphs as one text, one a line."""
    return "".join(f"{paragraph}\n" for paragraph in paragraphs(seed, count, split))


@cache
def sum_pairs(split: Split) -> tuple[tuple[int, int], ...]:
    """Every pair of two-digit numbers whose sum this split may show."""
    numbers = range(10, 100)
    return tuple((a, b) for a in numbers for b in numbers if _is_in(split, ("sum", f"{a} {b}")))


def sum_sentence(a: int, b: int) -> str:
    """The sum as the corpus writes it: "47 + 35 = 82 ."."""
    return f"{a} + {b} = {a + b} ."


@dataclass(frozen=True)
class Referent:
    """A sentence that must end by naming what it spoke of."""

    prompt: str  # "the cat sat on the mat because it was tired . the tired one is the"
    right: str  # "cat"
    wrong: str  # "mat"


def referents(
    seed: int, count: int, split: Split = "held-out"
) -> Iterator[tuple[Referent, Referent]]:
    """Sentences in both readings: once in an animal's mood, once in the make of what it sat on.

    Either reading of a pair is of `split`; "the cat sat on the mat because it was ..." is common
    to both.
    """
    draw = random.Random(f"referents {split} {seed}")
    words = _SOURCE.words
    found = 0
    while found < count:
        animal, surface = draw.choice(words["animal"]), draw.choice(words["surface"])
        mood, make = draw.choice(words["mood"]), draw.choice(words["make"])
        scene = (
            f"the {animal} {draw.choice(words['posture'])} {draw.choice(words['on'])} the {surface}"
        )
        facts = [("animal", animal), ("surface", surface)]
        if all(_is_in(split, *facts, fact) for fact in (("mood", mood), ("make", make))):
            found += 1
            yield _referent(scene, mood, animal, surface), _referent(scene, make, surface, animal)


def vocabulary() -> tuple[str, ...]:
    """Every token that the corpus can hold, in a fixed order; the line break comes first."""
    text = " ".join(pattern.text for pattern in _SOURCE.patterns)
    literal = split_tokens(_SLOT.sub(" ", text).translate(str.maketrans("[]|", "   ")))
    listed = (word for words in _SOURCE.words.values() for word in words)
    pronouns = (word for forms in _PRONOUNS.values() for word in forms.values())
    tokens = ("\n", *"0123456789", "+", "=", "an", *literal, *listed, *pronouns)
    return tuple(dict.fromkeys(tokens))


def tokenizer() -> WordTokenizer:
    """Words of the corpus as tokens."""
    return WordTokenizer(vocabulary())


def words_of(kind: str) -> tuple[str, ...]:
    """A list of the corpus's words: "animal", "surface", "mood", "make", ..."""
    return _SOURCE.words[kind]


def _referent(scene: str, why: str, right: str, wrong: str) -> Referent:
    prompt = f"{scene} because it was {why} . the {why} one is the"
    return Referent(_with_articles(prompt), right, wrong)


def _paragraph(draw: random.Random, split: Split) -> str:
    """One paragraph whose facts belong to `split`: drawn until they do."""
    weights = [pattern.weight for pattern in _SOURCE.patterns]
    pattern = draw.choices(_SOURCE.patterns, weights)[0]
    while True:
        text = _CHOICE.sub(lambda match: draw.choice(match[1].split("|")), pattern.text)
        chosen = _fill(draw, text)
        facts = [(slot, word) for slot, word in chosen.items() if slot in pattern.facts]
        if _is_in(split, *_kinds(facts or chosen.items())):
            return _with_articles(_written(text, chosen))


def _fill(draw: random.Random, text: str) -> dict[str, str]:
    """A word for each slot "kind:tag" of the text; no word twice within a kind."""
    slots = dict.fromkeys(f"{kind}:{tag}" for kind, tag in _SLOT.findall(text))
    chosen: dict[str, str] = {}
    for slot in slots:
        kind = slot.partition(":")[0]
        if kind in _SOURCE.words:
            taken = {word for other, word in chosen.items() if other.startswith(f"{kind}:")}
            chosen[slot] = draw.choice([w for w in _SOURCE.words[kind] if w not in taken])
    return chosen


def _written(text: str, chosen: Mapping[str, str]) -> str:
    """The text with its slots filled: words as chosen, pronouns after the name with their tag."""

    def word(slot: re.Match[str]) -> str:
        kind, tag = slot.groups()
        if kind in _SOURCE.words:
            return chosen[f"{kind}:{tag}"]
        return next(_PRONOUNS[of][kind] for of in _PRONOUNS if f"{of}:{tag}" in chosen)

    return _SLOT.sub(word, text)


def _with_articles(text: str) -> str:
    """Single spaces, and "an" before a vowel."""
    return _ARTICLE.sub("an", " ".join(text.split()))


def _kinds(slots: Iterable[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    return [(slot.partition(":")[0], word) for slot, word in slots]


def _is_in(split: Split, *facts: tuple[str, str]) -> bool:
    """Whether facts belong to a split: decided by a hash, so by the facts alone."""
    digest = hashlib.sha256(repr(sorted(facts)).encode()).digest()
    return (digest[0] < _HELD_OUT_OF_256) == (split == "held-out")

"""Students whose code is equal in more exercises than chance explains.

Fingerprints say only whether two answers are the same code. Short answers are the same by chance,
so three things are asked before anyone is named:

- A fingerprint that more than a quarter of the class has, and at least four students, is *common*
  and tells nothing. An exercise in which both of a pair have a common one is left out of the count.
- From the rest follows how often two students of this class agree on an exercise, and from that how
  many pairs would agree on as many exercises as this one does, if all worked alone.
- A pair is listed only if fewer than one such pair is to be expected.

Pairs that share a student are put together into one group. The time is linear in the class:
students with the very same answers everywhere are one unit, and only units that share a
fingerprint which few units have are compared.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

from spotlight.classroom.gradebook import ClassBook, StudentRow

COMMON_SHARE: Final = 0.25
COMMON_AT_LEAST: Final = 4
SMALL_CLASS: Final = 8
_MOST_UNITS: Final = 20

Place = tuple[str, str]
"""A lesson's id and an exercise's."""


@dataclass(frozen=True)
class Shared:
    """One exercise in which code is equal: how many of the group, and of the class, wrote it."""

    place: Place
    in_group: int
    in_class: int
    class_size: int


@dataclass(frozen=True)
class SimilarGroup:
    """Students to look at together.

    The closest two of them are equal in `equal` of `compared` non-trivial exercises.
    """

    rows: tuple[StudentRow, ...]
    equal: int
    compared: int
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class _Pair:
    units: tuple[int, int]
    equal: int
    compared: int
    rarity: float


def alike_groups(book: ClassBook) -> tuple[SimilarGroup, ...]:
    """The groups, those that share the most and rarest code first."""
    return tuple(_Likeness(book).groups())


class _Likeness:
    def __init__(self, book: ClassBook) -> None:
        self.rows = [row for row in book.everyone if _fingerprints(book, row)]
        self.prints = [_fingerprints(book, row) for row in self.rows]
        self.places = sorted({place for prints in self.prints for place in prints})
        units: dict[frozenset[tuple[Place, str]], list[int]] = defaultdict(list)
        for i, prints in enumerate(self.prints):
            units[frozenset(prints.items())].append(i)
        self.units = list(units.values())

    @cached_property
    def counts(self) -> dict[Place, Counter[str]]:
        """How many students have each fingerprint."""
        counts: dict[Place, Counter[str]] = defaultdict(Counter)
        for prints in self.prints:
            for place, value in prints.items():
                counts[place][value] += 1
        return counts

    @cached_property
    def agreement(self) -> dict[Place, float]:
        """How likely two students are equal in an exercise, with a fingerprint that tells."""
        return {place: self._agreement(place) for place in self.places}

    def _agreement(self, place: Place) -> float:
        size = self.counts[place].total()
        equal = sum(
            count * (count - 1)
            for value, count in self.counts[place].items()
            if not self._common(place, value)
        )
        return equal / (size * (size - 1)) if size > 1 else 0.0

    def _share(self, place: Place, value: str) -> float:
        return self.counts[place][value] / self.counts[place].total()

    def _common(self, place: Place, value: str) -> bool:
        count = self.counts[place][value]
        return count >= COMMON_AT_LEAST and self._share(place, value) > COMMON_SHARE

    def groups(self) -> Iterator[SimilarGroup]:
        """Pairs put together, those with the rarest code first."""
        pairs = sorted(self._listed(), key=lambda pair: (pair.rarity, -pair.equal, pair.units))
        leader = list(range(len(self.units)))

        def find(unit: int) -> int:
            while leader[unit] != unit:
                leader[unit] = leader[leader[unit]]
                unit = leader[unit]
            return unit

        for pair in pairs:
            first, second = sorted(map(find, pair.units))
            leader[second] = first
        closest: dict[int, _Pair] = {}
        members: dict[int, set[int]] = defaultdict(set)
        for pair in pairs:
            group = find(pair.units[0])
            closest.setdefault(group, pair)
            members[group].update(pair.units)
        for group, pair in closest.items():
            yield self._group(members[group], pair)

    def _group(self, units: Iterable[int], closest: _Pair) -> SimilarGroup:
        students = sorted(i for unit in units for i in self.units[unit])
        shared = []
        for place in self.places:
            values = Counter(self.prints[i][place] for i in students if place in self.prints[i])
            values = Counter({v: n for v, n in values.items() if not self._common(place, v)})
            if values:
                value, most = min(values.items(), key=lambda item: (-item[1], item[0]))
                if most > 1:
                    count = self.counts[place]
                    shared.append(Shared(place, most, count[value], count.total()))
        rows = tuple(self.rows[i] for i in students)
        return SimilarGroup(rows, closest.equal, closest.compared, tuple(shared))

    def _listed(self) -> Iterator[_Pair]:
        pairs_in_class = len(self.rows) * (len(self.rows) - 1) / 2
        for units in self._candidates():
            first, second = (self.prints[self.units[unit][0]] for unit in units)
            compared = [
                place
                for place in first.keys() & second.keys()
                if not (self._common(place, first[place]) and self._common(place, second[place]))
            ]
            equal = [place for place in compared if first[place] == second[place]]
            chance = _at_least(len(equal), [self.agreement[place] for place in compared])
            if equal and pairs_in_class * chance < 1:
                rarity = math.prod(self._share(place, first[place]) for place in equal)
                yield _Pair(units, len(equal), len(compared), rarity)

    def _candidates(self) -> set[tuple[int, int]]:
        """Units of two and more with themselves, and units that share what few units have."""
        candidates = {(i, i) for i, unit in enumerate(self.units) if len(unit) > 1}
        holders: dict[tuple[Place, str], list[int]] = defaultdict(list)
        for i, unit in enumerate(self.units):
            for place, value in self.prints[unit[0]].items():
                if not self._common(place, value):
                    holders[place, value].append(i)
        for units in holders.values():
            if len(units) <= _MOST_UNITS:
                candidates.update(combinations(units, 2))
        return candidates


def _fingerprints(book: ClassBook, row: StudentRow) -> dict[Place, str]:
    return {
        (standing.column.id, exercise): value
        for standing in book.standings(row)
        if standing.submission
        for exercise, value in standing.submission.fingerprints.items()
    }


def _at_least(successes: int, probabilities: Iterable[float]) -> float:
    """The probability of so many successes or more, in independent trials."""
    exactly = [1.0]
    for p in probabilities:
        missed = [share * (1 - p) for share in exactly] + [0.0]
        exactly = [a + b * p for a, b in zip(missed, [0.0, *exactly], strict=True)]
    return sum(exactly[successes:])

"""A notebook under mutation, and what of it the mutations may change the verdict on.

Exercises are called by their ids, predictions by the ids of their cells, `predict-NAME`.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

from bench.known_notebooks import Known
from spotlight.course.lesson import MARKER, Exercise, Lesson
from spotlight.python_source.dataflow import names_of


@dataclass(eq=False)
class Piece:
    """One cell: its JSON, and whose answers (`holds`) and helpers (`helps`) stand in it.

    An exercise whose cell is split is held by each of the parts. `takes` are names of Python that
    the cell binds to something else; `notes` are exercises that it is prose about;
    `stub` is the text that made it a blank copy beside an answer.
    """

    cell: Any
    holds: set[str] = field(default_factory=set)
    helps: set[str] = field(default_factory=set)
    takes: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    stub: str | None = None

    @property
    def concerns(self) -> set[str]:
        """All whose verdict hangs on it."""
        return self.holds | self.helps

    @property
    def text(self) -> str:
        """Its source; empty where that is no text."""
        source = self.cell.get("source") if isinstance(self.cell, dict) else None
        if isinstance(source, list):
            return "".join(line for line in source if isinstance(line, str))
        return source if isinstance(source, str) else ""

    @text.setter
    def text(self, text: str) -> None:
        self.cell["source"] = text

    @property
    def is_code(self) -> bool:
        """Whether it is set to code."""
        return isinstance(self.cell, dict) and self.cell.get("cell_type") == "code"

    @property
    def id(self) -> str | None:
        """Its id, if it is one."""
        name = self.cell.get("id") if isinstance(self.cell, dict) else None
        return name if isinstance(name, str) else None

    @property
    def own(self) -> dict[str, Any]:
        """The metadata that the build gave it."""
        metadata = self.cell.get("metadata") if isinstance(self.cell, dict) else None
        own = metadata.get("spotlight") if isinstance(metadata, dict) else None
        return own if isinstance(own, dict) else {}

    def copy(self) -> Piece:
        """Another cell that is equal to it."""
        return Piece(
            copy.deepcopy(self.cell),
            set(self.holds),
            set(self.helps),
            set(self.takes),
            set(self.notes),
            self.stub,
        )


class Draft:
    """A notebook under mutation."""

    def __init__(self, known: Known) -> None:
        self.lesson: Lesson = known.lesson
        self.answers = known.answers
        self.course_names = known.course_names
        self.notebook: dict[str, Any] = known.notebook()
        self.pieces = [_piece(cell) for cell in self.notebook.pop("cells")]
        self.touched: set[str] = set()
        self.swapped: set[str] = set()
        self.everything = frozenset(known.standings)
        self._runs = {piece.text for piece in self.pieces if self._is_sound(piece)}
        self._splits: dict[str, list[tuple[Piece, str]]] = {}

    def touch(self, names: Iterable[str]) -> None:
        """Say that the verdicts on these may change."""
        self.touched |= set(names)

    def whole(self) -> dict[str, Any]:
        """The notebook's JSON."""
        return {**self.notebook, "cells": [piece.cell for piece in self.pieces]}

    def dicts(self) -> list[Piece]:
        """The pieces that are cells indeed."""
        return [piece for piece in self.pieces if isinstance(piece.cell, dict)]

    def runs_through(self, piece: Piece) -> bool:
        """Whether it is code that is known to do nothing but its work."""
        return piece.is_code and piece.text in self._runs

    def code_of(self, name: str) -> str:
        """All code that the exercise's answer consists of, what it calls included."""
        needed = self._needed_by(name)
        return "\n".join(piece.text for piece in self.pieces if piece.concerns & needed)

    def split(self, piece: Piece, parts: list[Piece]) -> None:
        """Put `parts` in the place of `piece`, and remember that they are one answer's."""
        at = self.pieces.index(piece)
        self.pieces[at : at + 1] = parts
        for name in piece.holds:
            before = self._splits.get(name, [(piece, piece.text)])
            where = next((i for i, (part, _) in enumerate(before) if part is piece), None)
            if where is None:
                self.touch({name})
                continue
            after = [(part, part.text) for part in parts]
            self._splits[name] = before[:where] + after + before[where + 1 :]

    def settle(self) -> None:
        """Touch what only several mutations together touch, each rightly costing nothing."""
        claims = self._claims()
        for exercise in self.lesson.exercises:
            name = exercise.id
            if name not in self.touched and (
                self._is_lost(exercise, claims)
                or self._is_torn(name, claims)
                or self._is_begun_again(name)
                or self._is_continued(name)
                or self._is_robbed(name)
                or self._is_too_high(name)
            ):
                self.touch({name})
        for piece in self.pieces:
            # Marks that contradict what stands in the cell may be believed.
            wrong = claims[piece] - piece.holds
            if wrong and not self.swapped >= wrong | piece.concerns:
                self.touch(wrong | piece.concerns)

    def _claims(self) -> dict[Piece, set[str]]:
        """The exercises that each piece's metadata, id and marker lines claim it for."""
        times = Counter(piece.id for piece in self.pieces)
        claims: dict[Piece, set[str]] = {}
        for piece in self.pieces:
            found = {mark["id"] for mark in MARKER.finditer(piece.text)} - piece.notes
            if piece.id is not None and piece.id.startswith("exercise-") and times[piece.id] == 1:
                found.add(piece.id.removeprefix("exercise-"))
            exercise = piece.own.get("exercise")
            found |= {exercise} if isinstance(exercise, str) else set()
            claims[piece] = found & self.everything
        return claims

    def _is_sound(self, piece: Piece) -> bool:
        kinds = {self.answers[name].kind for name in piece.concerns if name in self.answers}
        return not kinds & {"raising", "unreadable"}

    def _needed_by(self, name: str) -> set[str]:
        """The exercise, and those whose targets its answer calls, and so on."""
        names, grown = set[str](), {name}
        while names != grown:
            names = set(grown)
            text = "\n".join(piece.text for piece in self.pieces if piece.concerns & names)
            for exercise in self.lesson.exercises:
                if any(has_word(text, target) for target in exercise.targets):
                    grown.add(exercise.id)
        return names

    def _is_lost(self, exercise: Exercise, claims: dict[Piece, set[str]]) -> bool:
        """Whether only names can tell where the answer is, and they do not do so for certain."""
        holders = [piece for piece in self.pieces if exercise.id in piece.holds]
        marked = [exercise.id in claims[piece] for piece in holders]
        readable = self.answers[exercise.id].kind != "unreadable"
        filled = self.answers[exercise.id].kind != "blank" and readable
        redefined = any(
            _may_define(piece.text, exercise)
            for piece in self.pieces
            if exercise.id not in piece.holds | piece.notes and piece.text not in self._runs
        )
        if not filled:
            # A blank without its marks cannot be known for one; an answer may stand anywhere.
            return redefined or not all(marked) or (not readable and len(holders) > 1)
        return redefined and (not any(marked) or exercise.id in self.swapped)

    def _is_torn(self, name: str, claims: dict[Piece, set[str]]) -> bool:
        """Whether the parts of a split cell are no longer as they were when it was split."""
        parts = self._splits.get(name)
        if parts is None:
            return False
        holders = [piece for piece in self.pieces if name in piece.holds]
        first = self.pieces.index(holders[0]) if holders else 0
        together = self.pieces[first : first + len(parts)]
        return not (
            len(holders) == len(parts) <= 4
            and [part for part, _ in parts] == together
            and all(part.text == text and part.is_code for part, text in parts)
            and name in claims[parts[0][0]]
        )

    def _is_begun_again(self, name: str) -> bool:
        """Whether a blank copy was edited: it may be the answer that the student means now."""
        return any(
            name in piece.holds and piece.stub not in (None, piece.text) for piece in self.pieces
        )

    def _is_continued(self, name: str) -> bool:
        """Whether an indented cell below may be read as more of a cell that was added to."""
        return any(
            name in upper.holds and lower.text[:1].isspace() and upper.text not in self._runs
            for upper, lower in pairwise(self.pieces)
        )

    def _is_robbed(self, name: str) -> bool:
        """Whether a name of Python that the answer uses means something else where it stands.

        That is so in the cells that the answer consists of, and below any cell that takes the name.
        """
        takers = [(at, piece) for at, piece in enumerate(self.pieces) if piece.takes]
        if not takers:
            return False
        needed = self._needed_by(name)
        code = self.code_of(name)
        last = max((at for at, p in enumerate(self.pieces) if name in p.concerns), default=-1)
        return any(
            (at <= last or piece.concerns & needed)
            and any(has_word(code, word) for word in piece.takes)
            for at, piece in takers
        )

    def _is_too_high(self, name: str) -> bool:
        """Whether a helper stands above the imports that it needs: run in order, it fails."""
        return any(
            any(has_word(helper.text, word) for word in _imported_in(given.text))
            for at, helper in enumerate(self.pieces)
            if name in helper.helps
            for given in self.pieces[at + 1 :]
            if given.own.get("given")
        )


def _piece(cell: dict[str, Any]) -> Piece:
    own = cell["metadata"].get("spotlight", {})
    if own.get("role") == "exercise":
        return Piece(cell, {own["exercise"]})
    if own.get("role") == "prediction":
        return Piece(cell, {cell["id"]})
    helped = cell["id"].removeprefix("helper-")
    return Piece(cell, set(), {helped} if helped != cell["id"] else set())


@lru_cache(maxsize=10_000)
def _imported_in(text: str) -> frozenset[str]:
    names = names_of(text)
    return names.imports if names is not None else frozenset()


def has_word(text: str, word: str) -> bool:
    """Whether `word` stands in `text`, by itself."""
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


def _may_define(text: str, exercise: Exercise) -> bool:
    return any(
        re.search(rf"\b(def|class|for|as|import)\s+{t}\b|\b{t}\s*(=(?!=)|,|:)", text)
        for t in exercise.targets
    )

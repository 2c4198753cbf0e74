"""A cell, changed in one place: all such cells, the likeliest slips first."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from spotlight.diagnosis.one_change.expressions import expression_edits
from spotlight.diagnosis.one_change.places import Place, places_of
from spotlight.diagnosis.one_change.statements import Blocks, statement_edits
from spotlight.diagnosis.one_change.together import edits_together
from spotlight.python_source.syntax import parsed

MOST = 600
"""How many changes of a cell are tried: a longer one has a slip that is harder to find."""

_LONGEST = 10_000
_MOST_DRAFTS = 10_000
_LIKELIEST_FIRST = (
    "return-in-loop",
    "replaced-not-added",
    "added-not-replaced",
    "indentation",
    "result-lost",
    "swapped",
    "depends-on-global",
    "brackets",
    "typed-size",
    "finite-mask",
    "overflow",
    "axis",
    "off-by-one",
    "transpose",
    "reshape-for-transpose",
    "too-much",
    "function",
    "condition",
    "comparison",
    "not-called",
    "number-for-numbers",
    "slice",
    "keyword",
    "in-place",
    "order",
    "operator",
    "name",
    "size",
    "sign",
    "missing-step",
    "moved",
    "constant",
    "text",
    "index",
)


@dataclass(frozen=True)
class Change:
    """A cell with one slip undone: the slip's kind, its line, and what is said of it."""

    source: str
    kind: str
    line: int
    message: str


def changes_of(source: str, sizes: Mapping[str, str] | None = None) -> list[Change]:
    """Every cell that differs from `source` in one place, as a slip would have it; MOST of them.

    `sizes` says what the letters of the docstring's shapes stand for: {"T": "q.shape[2]"}.
    """
    tree = parsed(source) if len(source) <= _LONGEST else None
    if tree is None:
        return []
    try:
        meant = {name: ast.parse(size, mode="eval").body for name, size in (sizes or {}).items()}
        drafts = list(islice(_drafts(tree, meant), _MOST_DRAFTS))
        drafts.sort(key=lambda draft: _LIKELIEST_FIRST.index(draft.kind))
        unchanged = ast.unparse(tree)
        found: dict[str, Change] = {}
        for draft in drafts:
            text = draft.text(tree)
            if text != unchanged:
                found.setdefault(text, Change(text, draft.kind, draft.line, draft.message))
            if len(found) == MOST:
                break
    except (RecursionError, MemoryError):
        return []
    return list(found.values())


@dataclass(frozen=True)
class _Draft:
    """A change before the cell is written out with it."""

    kind: str
    line: int
    message: str
    nodes: tuple[tuple[Place, ast.AST], ...] = ()
    blocks: Blocks = field(default_factory=list)

    def text(self, tree: ast.Module) -> str:
        """The cell with the change made; the tree is left as it was."""
        kept = [(block, list(block)) for block, _ in self.blocks]
        for block, new in self.blocks:
            block[:] = new
        for place, node in self.nodes:
            place.put(node)
        try:
            return ast.unparse(tree)
        finally:
            for place, _ in reversed(self.nodes):
                place.put(place.node)
            for block, old in kept:
                block[:] = old


def _drafts(tree: ast.Module, sizes: Mapping[str, ast.expr]) -> Iterator[_Draft]:
    places = list(places_of(tree))
    edits = []
    for place in places:
        if isinstance(place.node, ast.stmt):
            for kind, blocks, message in statement_edits(place):
                yield _Draft(kind, place.line, message, blocks=blocks)
        else:
            edits += [(place, edit) for edit in expression_edits(place)]
    for place, edit in edits:
        yield _Draft(edit.kind, place.line, edit.message, ((place, edit.node),))
    for several in edits_together(places, edits, sizes):
        line = min(place.line for place, _ in several.edits)
        yield _Draft(several.kind, line, several.message, several.edits)

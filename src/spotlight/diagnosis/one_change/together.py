"""One slip that is made in several places: an exchange of two names, a step that moved."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from spotlight.diagnosis.one_change.edits import Edit
from spotlight.diagnosis.one_change.places import Place, said
from spotlight.diagnosis.one_change.steps import is_own_part, movable

Placed = tuple[Place, Edit]
_SIZES = ("typed-size",)


@dataclass(frozen=True)
class Together:
    """Edits that are made at once, and what is said of them; the first place is named."""

    kind: str
    edits: tuple[tuple[Place, ast.AST], ...]
    message: str


def edits_together(
    places: Sequence[Place], edits: Sequence[Placed], sizes: Mapping[str, ast.expr]
) -> Iterator[Together]:
    """What may have gone wrong in several places by one thought; `sizes` as in `changes_of`."""
    outside = list(_from_outside(places, sizes))
    typed = [Together(e.kind, ((p, e.node),), e.message) for p, e in edits if e.kind in _SIZES]
    yield from outside
    yield from _with_reshape(places, [*outside, *typed])
    yield from _everywhere(edits)
    yield from _exchanged(places)
    yield from _moved(places)


def _from_outside(places: Sequence[Place], sizes: Mapping[str, ast.expr]) -> Iterator[Together]:
    """Sizes of the notebook's own example, which a function takes for those of its arguments."""
    taken: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        node = place.node
        if isinstance(node, ast.Name) and place.scope.is_from_outside(node.id) and node.id in sizes:
            taken[id(place.scope)].append(place)
    for several in taken.values():
        names = [f"`{name}`" for name in dict.fromkeys(place.node.id for place in several)]
        come = "comes" if len(names) == 1 else "come"
        edits = tuple((place, sizes[place.node.id]) for place in several)
        sources = dict.fromkeys(said(size) for _, size in edits)
        text = (
            f"{' and '.join(names)} {come} from outside the function; "
            f"{' and '.join(sources)} {'is' if len(sources) == 1 else 'are'} what is meant."
        )
        yield Together("depends-on-global", edits, text)


def _with_reshape(places: Sequence[Place], changes: Sequence[Together]) -> Iterator[Together]:
    """A size that is wrong, and beside it `view`, which refuses what was cut or transposed."""
    for change in changes:
        scope = change.edits[0][0].scope
        views = [
            (place, ast.Attribute(place.node.value, "reshape", ast.Load()))
            for place in places
            if place.scope is scope
            and isinstance(place.node, ast.Attribute)
            and (place.name, place.node.attr) == ("func", "view")
        ]
        if views:
            text = "Besides, `view` reads only numbers that lie in one piece; `reshape` reads any."
            yield Together(change.kind, (*change.edits, *views), f"{change.message} {text}")


def _everywhere(edits: Sequence[Placed]) -> Iterator[Together]:
    """The same edit wherever it can be made within one function."""
    alike: dict[tuple[str, str, int], list[Placed]] = defaultdict(list)
    for place, edit in edits:
        if edit.everywhere:
            alike[edit.kind, edit.everywhere, id(place.scope)].append((place, edit))
    for (kind, _, _), several in alike.items():
        if len(several) > 1:
            lines = sorted({place.line for place, _ in several})
            where = "this line" if len(lines) == 1 else f"lines {' and '.join(map(str, lines))}"
            changed = tuple((place, edit.node) for place, edit in several)
            text = f"{several[0][1].message} The same holds {len(several)} times in {where}."
            yield Together(kind, changed, text)


def _exchanged(places: Sequence[Place]) -> Iterator[Together]:
    """Two parts of the module, two variables or two slices, each where the other belongs."""
    by_text: dict[tuple[int, str], list[Place]] = defaultdict(list)
    for place in places:
        node = place.node
        is_value = isinstance(node, ast.Attribute | ast.Name | ast.Subscript)
        is_called = place.name == "func" and not is_own_part(node)
        if is_value and place.scope.is_function and not is_called:
            by_text[id(place.scope), ast.unparse(node)].append(place)
    for (one, first), (other, second) in combinations(by_text.items(), 2):
        a, b = first[0].node, second[0].node
        if one[0] != other[0] or type(a) is not type(b) or not _are_of_a_kind(a, b):
            continue
        if any(_holds(f, s) or _holds(s, f) for f in first for s in second):
            continue
        changed = ((p, b) for p in first), ((p, a) for p in second)
        yield Together(
            "swapped",
            tuple(pair for part in changed for pair in part),
            f"{said(a)} and {said(b)} have changed places.",
        )


def _are_of_a_kind(one: ast.AST, other: ast.AST) -> bool:
    if isinstance(one, ast.Attribute) and isinstance(other, ast.Attribute):
        return ast.unparse(one.value) == ast.unparse(other.value)
    if isinstance(one, ast.Subscript) and isinstance(other, ast.Subscript):
        return ast.unparse(one.value) == ast.unparse(other.value)
    return True


def _holds(one: Place, other: Place) -> bool:
    return one.node in other.within


def _moved(places: Sequence[Place]) -> Iterator[Together]:
    """A call of one argument that is made of the wrong thing, or too early, or too late."""
    steps = [p for p in places if movable(p.node) and p.scope.is_function]
    for step in steps:
        call = step.node
        for place in places:
            node = place.node
            if (
                place.scope is not step.scope
                or not isinstance(node, ast.Name | ast.Call | ast.BinOp)
                or isinstance(getattr(node, "ctx", None), ast.Store)
                or place.name == "func"
                or node is call
                or node is call.args[0]
                or call in place.within
                or node in step.within
            ):
                continue
            around = ast.Call(call.func, [node], [])
            text = f"the step `{ast.unparse(call.func)}(…)` stands in the wrong place: it belongs "
            yield Together(
                "moved",
                ((step, call.args[0]), (place, around)),
                f"{text}around {said(node)} in line {place.line}.",
            )

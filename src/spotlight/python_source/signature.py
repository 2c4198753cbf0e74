"""The shapes that a docstring promises: "q: (n, d_k), k: (m, d_k) → (n, m)", as data.

A size is a letter (any name) that stands for one number throughout, or a number.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spotlight.python_source.syntax import parsed

ARROW = "→"
_SHAPE = r"\(\s*(?:[A-Za-z0-9_]+\s*(?:,\s*[A-Za-z0-9_]+\s*)*,?\s*)?\)"
_PARAMETER = re.compile(rf"(?P<name>[A-Za-z_]\w*)\s*:\s*(?P<shape>{_SHAPE})")
_RESULT = re.compile(rf"\s*(?P<shape>{_SHAPE})")
_ONE_NUMBER = re.compile(r"\s*(a tensor with )?one number\b")

Letters = tuple[str, ...]


@dataclass(frozen=True)
class Signature:
    """Shapes in letters, of the parameters in order and of the result; None where none is said."""

    parameters: dict[str, Letters | None]
    result: Letters | None

    @property
    def letters(self) -> tuple[str, ...]:
        """Every letter, in the order in which they appear."""
        shapes = [*filter(None, self.parameters.values()), self.result or ()]
        return tuple(dict.fromkeys(s for shape in shapes for s in shape if not s.isdigit()))

    def sizes(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, int] | None:
        """The number that each letter stands for, given the parameters' shapes.

        None where the shapes contradict the docstring, or each other.
        """
        found: dict[str, int] = {}
        for name, letters in self.parameters.items():
            if letters is None or name not in shapes:
                continue
            if len(letters) != len(shapes[name]):
                return None
            for letter, size in zip(letters, shapes[name], strict=True):
                if found.setdefault(letter, int(letter) if letter.isdigit() else size) != size:
                    return None
        return {letter: size for letter, size in found.items() if not letter.isdigit()}


def signature_of(source: str, target: str) -> Signature | None:
    """What the docstring of function `target` in `source` says; None where it says no shapes."""
    tree = parsed(source)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.FunctionDef) and node.name == target:
            said = _promise(ast.get_docstring(node) or "")
            if said is None:
                return None
            taken, given = said
            shapes = {p["name"]: _letters(p["shape"]) for p in _PARAMETER.finditer(taken)}
            parameters = {a.arg: shapes.get(a.arg) for a in node.args.args}
            return Signature(parameters, _result(given))
    return None


def _promise(docstring: str) -> tuple[str, str] | None:
    """The text before the arrow, back to the last blank line, and the text after it."""
    before, arrow, after = docstring.partition(ARROW)
    if not arrow:
        return None
    return before.rsplit("\n\n", 1)[-1], after


def _result(given: str) -> Letters | None:
    if _ONE_NUMBER.match(given):
        return ()
    found = _RESULT.match(given)
    return _letters(found["shape"]) if found else None


def _letters(shape: str) -> Letters:
    return tuple(part.strip() for part in shape.strip("() ").split(",") if part.strip())

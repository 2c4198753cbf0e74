"""Whether a text gives a solution away, however it is spaced, bracketed or worked into a sentence.

Texts are compared as they stand without spaces, brackets, quotes and the case of letters. A
solution's lines are looked for, and the expressions in them that say more than a name or two; what
the student wrote or was given is no secret.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator

from spotlight.course.lesson import Exercise, Withheld, without_docstrings
from spotlight.python_source.syntax import parsed
from spotlight.review.plain_text import visible

_SHORTEST_PART = 7
_SHORTEST_WHOLE = 3
_LEFT_OUT = re.compile(r"[\s()\"'`;\\]+|,(?=\s*[)\]])|(?<=\d)\.0(?!\d)")
_COMMENT = re.compile(r"#[^\n]*")
_SPAN = re.compile(r"```(?:\w*\n)?(.+?)```|`([^`\n]+)`", re.DOTALL)
_STATEMENT = re.compile(r"\b(?:return|lambda|def)\b[^.?!;\n]*[@*/+\-\[(=][^.?!;\n]*")
_PRODUCT = re.compile(r"[\w.\])]+ ?@ ?[\w.(\[]+")
_OPERATION = re.compile(r"[\w)\]]\s*(@|\*\*?|//?|[-+])\s*[\w(]")
_PARTS = (ast.BinOp, ast.Call, ast.Compare, ast.Subscript, ast.ListComp, ast.GeneratorExp)


def fragments_of(exercise: Exercise) -> frozenset[str]:
    """What gives `exercise` away: lines and expressions of its solution and its alternatives.

    Empty in a released copy of a lesson, which holds none.
    """
    if isinstance(exercise.cell, Withheld):
        return frozenset()
    sources = [exercise.solution, *map(exercise.variant_source, exercise.alternatives)]
    found = {fragment for source in sources for fragment in _fragments(source)}
    given = _bare(exercise.stub)
    return frozenset(fragment for fragment in found if fragment not in given)


def gives_away(text: str, fragments: Iterable[str], known: str) -> bool:
    """Whether `text` holds any of `fragments` that the `known` code does not."""
    shown, known = _bare(text), _bare(known)
    return any(fragment in shown and fragment not in known for fragment in fragments)


def has_code_of_its_own(text: str, known: str) -> bool:
    """Whether `text` sets down code that computes something and is not in the `known` code."""
    known = _bare(known)
    spans = [first or second for first, second in _SPAN.findall(text)]
    prose = _SPAN.sub("", text)
    spans += [*_STATEMENT.findall(prose), *_PRODUCT.findall(prose)]
    return any(_computes(span) and _bare(span) not in known for span in spans)


def _fragments(source: str) -> Iterator[str]:
    bare = without_docstrings(source)
    for line in _COMMENT.sub("", bare).splitlines():
        yield from _telling(line, _SHORTEST_PART)
    tree = parsed(bare)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return) and node.value is not None:
            yield from _telling(ast.unparse(node.value), _SHORTEST_WHOLE)
        elif isinstance(node, _PARTS):
            yield from _telling(ast.unparse(node), _SHORTEST_PART)


def _telling(code: str, shortest: int) -> Iterator[str]:
    """The code as it is compared, unless it is a mere word that a sentence may hold by chance."""
    bare = _bare(code)
    if len(bare) >= shortest and not bare.isalnum():
        yield bare


def _bare(text: str) -> str:
    return _LEFT_OUT.sub("", visible(text)).casefold()


def _computes(span: str) -> bool:
    """Whether a piece of code does more than name something, or call it by its name alone."""
    tree = parsed(textwrap.dedent(span.strip()))
    if tree is None:
        return _OPERATION.search(span) is not None
    return any(
        isinstance(node, ast.BinOp | ast.Compare) or _is_full_call(node) for node in ast.walk(tree)
    )


def _is_full_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and bool(node.args or node.keywords)

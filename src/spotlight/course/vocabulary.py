"""The words of the cells that judge an exercise.

They are read from the source (`spotlight.course.judging_cell`), never executed by the grader; at
run time they do nothing, so that a master runs as an ordinary script, and a probe can be called by
hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


NOT_TEXT = ("function", "draw", "naming_only", "factor")
"""Parameters below that take something else than literal text."""


def case(
    name: str, description: str, draw: Any = None, *, naming_only: bool = False, **arguments: Any
) -> None:
    """A probe in one line: the target is called with arguments of the shapes in its docstring.

    `name` is an identifier, `description` a sentence that students read. Every letter of the shapes
    gets its size (`n=3`); a parameter may be handed over instead (`mask=causal(3)`). Numbers are
    drawn by `randn` unless `draw` says otherwise (`whole_numbers`, `uniform(low=1)`). Where calling
    the target once is not enough, `draw` is a lambda that takes it: `lambda f: f(f(randn(3)))`. A
    case with `naming_only` helps to tell mistakes apart, and nobody fails by it.
    """


def probe(function: Function) -> Function:
    """Mark a function that is handed targets by name and returns plain data to be judged.

    Its docstring describes the case to students. A parameter is a target's name, or `rerun`:
    called with given names and new values for them, it runs the exercise's cell again and returns
    the target (a dict of them if there are several).
    """
    return function


def naming_probe(function: Function) -> Function:
    """Mark a probe that helps to tell mistakes apart, and by which nobody fails."""
    return function


def entry(function: Function) -> Function:
    """How one entry of the result comes about in numbers: a lambda, or `target__entry` marked so.

    Its first parameters are the entry's indices, the others arguments of the target by their names.
    It returns text without a full stop, such as "(1, 2) · (3, 1) = 5".
    """
    return function


def mistakes(text: str) -> None:
    """Wrong answers, each an edit of the solution with the sentence that explains it.

    The form is that of `spotlight.course.edit_blocks`.
    """


def mistake(name: str, message: str) -> Callable[[Function], Function]:
    """Mark `target__anything` as a wrong implementation, known to the grader as `name`."""

    def mark(function: Function) -> Function:
        return function

    return mark


def alternatives(text: str) -> None:
    """Right answers that the grader must accept, each an edit of the solution, without a sentence.

    The form is that of `spotlight.course.edit_blocks`.
    """


def alternative(function: Function) -> Function:
    """Mark `target__anything` as a right implementation that the grader must accept."""
    return function


def hint(text: str) -> None:
    """The next hint; questions first, pseudocode last. Markdown."""


def forbid(*names: str, because: str) -> None:
    """Names that the exercise does not let the student use, with the sentence that says why.

    In a cell that belongs to no exercise, it holds for all of the lesson's.
    """


def without_loops(*, because: str) -> None:
    """The exercise is to be written without a Python loop over rows, tokens or heads.

    Counted, not guessed from the source: neither the tensor operations nor the lines that are run
    may grow with the sizes where the solution's do not.
    """


def flops_within(factor: float, *, because: str) -> None:
    """At most `factor` times the floating-point operations of the solution, in every probe."""


def why(text: str) -> None:
    """Why the solution is written as it is; shown beside it once the student has passed."""

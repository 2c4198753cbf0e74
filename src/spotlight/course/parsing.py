"""Read a lesson from its cells.

Nothing of it is executed: probes, mistakes and alternatives are taken from the syntax tree.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import textwrap
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from spotlight.course import vocabulary
from spotlight.course.lesson import (
    BEGIN,
    END,
    AuthoringError,
    Cell,
    CostRule,
    Edit,
    Exercise,
    Forbidden,
    Lesson,
    Prediction,
    Probe,
    Variant,
    headings,
    literal,
    marks_are_paired,
    prediction_call,
    started_lesson,
)

_ID = re.compile(r"[a-z][a-z0-9_]{0,47}")
_CALLS = {"edit", "rewrite", "hint", "forbid", "without_loops", "flops_within", "why"}
_SAY_SOMETHING = ("forbid", "hint", "why", "without_loops", "flops_within")
_DECORATORS = {"probe", "naming_probe", "mistake", "alternative", "entry"}


def parse_lesson(cells: Iterable[Cell], where: str) -> Lesson:
    """Read a lesson from its cells.

    Raises:
        AuthoringError: a cell does not follow the format; the message names file and cell.
    """
    cells = tuple(cells)
    lesson_id, title, heading = "", "", ""
    exercises: dict[str, Exercise] = {}
    predictions: dict[str, Prediction] = {}
    latest: str | None = None
    for cell in cells:
        if cell.role == "markdown":
            heading = next(reversed(headings(cell.source)), heading)
            title = title or heading
        elif cell.role == "given":
            lesson_id = lesson_id or started_lesson(cell.source)
        elif cell.role == "exercise":
            exercise = _read_exercise(cell, heading)
            if exercise.id in exercises:
                raise AuthoringError(f"{cell.place}: a second exercise is called {exercise.id}.")
            exercises[exercise.id] = exercise
            latest = exercise.id
        elif cell.role == "prediction":
            prediction = _read_prediction(cell)
            if prediction.id in predictions:
                raise AuthoringError(f"{cell.place}: prediction {prediction.id} stands here twice.")
            predictions[prediction.id] = prediction
        elif cell.role == "probes":
            if latest is None:
                raise AuthoringError(f"{cell.place}: probes stand before the first exercise.")
            exercises[latest] = _with_probes(exercises[latest], cell)
    if not lesson_id:
        raise AuthoringError(
            f'{where}: no given cell opens the lesson; the first one calls start("<lesson id>").'
        )
    return Lesson(
        lesson_id, title, where, cells, tuple(exercises.values()), tuple(predictions.values())
    )


def _read_exercise(cell: Cell, heading: str) -> Exercise:
    name = _id(cell, "exercise")
    if not marks_are_paired(cell.source):
        raise AuthoringError(f"{cell.place}: exercise {name} lacks '{BEGIN}' and '{END}' in pairs.")
    targets = cell.metadata.get("targets", [name])
    if not (
        isinstance(targets, list)
        and targets
        and all(isinstance(target, str) and target.isidentifier() for target in targets)
    ):
        raise AuthoringError(
            f'{cell.place}: targets={targets!r} is not a list of names, such as ["one", "two"].'
        )
    return Exercise(
        id=name,
        title=str(cell.metadata.get("title", heading)),
        targets=tuple(targets),
        points=_number(cell, "points", 1),
        minutes=int(_number(cell, "minutes", 0)),
        difficulty=int(_number(cell, "difficulty", 1)),
        written=cell.source,
        place=cell.place,
        partial=_flag(cell, "partial"),
    )


def _id(cell: Cell, kind: str) -> str:
    name = str(cell.metadata[kind])
    if not _ID.fullmatch(name):
        raise AuthoringError(
            f"{cell.place}: {kind}={name!r} is not a lower-case identifier of at most 48 letters."
        )
    return name


def _number(cell: Cell, key: str, default: float) -> float:
    value = cell.metadata.get(key, default)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    raise AuthoringError(f"{cell.place}: {key}={value!r} is not a number of 0 or more.")


def _flag(cell: Cell, key: str) -> bool:
    value = cell.metadata.get(key, False)
    if isinstance(value, bool):
        return value
    raise AuthoringError(f"{cell.place}: {key}={value!r} is neither true nor false.")


def _read_prediction(cell: Cell) -> Prediction:
    call = prediction_call(cell.source)
    name = _id(cell, "prediction")
    if call is None or literal(call.args[0]) != name:
        raise AuthoringError(
            f'{cell.place}: a prediction is a call predict("{name}", answer, choices=[...]).'
        )
    given = {word.arg: literal(word.value) for word in call.keywords}
    choices, between = given.get("choices"), given.get("between")
    if (choices is None) == (between is None) or not (
        _is_choices(choices) if between is None else _is_range(between)
    ):
        raise AuthoringError(
            f"{cell.place}: prediction {name} takes choices=[...] or between=(low, high)."
        )
    prediction = Prediction(
        id=name,
        points=_number(cell, "points", 1),
        choices=tuple(choices) if choices is not None else None,
        between=(float(between[0]), float(between[1])) if between is not None else None,
        source=cell.source,
        place=cell.place,
    )
    if not prediction.accepts(literal(call.args[1])):
        raise AuthoringError(
            f"{cell.place}: the answer given to prediction {name} is none that it takes."
        )
    return prediction


def _is_choices(value: object) -> bool:
    """Whether `value` lists two choices or more, each a text or a number."""
    return (
        isinstance(value, list | tuple)
        and len(value) >= 2
        and all(isinstance(choice, str | int | float) for choice in value)
    )


def _is_range(value: object) -> bool:
    """Whether `value` is two numbers in order."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(bound, int | float) for bound in value)
        and value[0] < value[1]
    )


def _with_probes(exercise: Exercise, cell: Cell) -> Exercise:
    """`exercise` with what one probe cell says of it added."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        raise AuthoringError(
            f"{cell.place}: line {error.lineno} is not Python: {error.msg}."
        ) from error
    found = _ProbeCell(exercise, cell)
    for node in tree.body:
        found.read(node)
    return found.merged()


class _ProbeCell:
    """Collects the parts of a probe cell."""

    def __init__(self, exercise: Exercise, cell: Cell) -> None:
        self._exercise = exercise
        self._cell = cell
        self._probes: list[Probe] = []
        self._mistakes: list[Variant] = []
        self._alternatives: list[Variant] = []
        self._hints: list[str] = []
        self._forbidden: list[Forbidden] = []
        self._costs: list[CostRule] = []
        self._once: dict[str, str] = {}
        self._helpers: list[str] = []

    def read(self, node: ast.stmt) -> None:
        decorators = getattr(node, "decorator_list", [])
        if any(_word(decorator) in _DECORATORS for decorator in decorators):
            self._read_function(node, decorators)
        elif (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id in _CALLS
        ):
            self._read_word(node.value.func.id, node.value)
        elif not (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("spotlight.authoring")
        ):
            self._helpers.append(_whole_text(self._cell.source, node, decorators))

    def merged(self) -> Exercise:
        old = self._exercise
        return replace(
            old,
            probes=(*old.probes, *self._probes),
            helpers="\n\n".join(filter(None, [old.helpers, *self._helpers])),
            mistakes=(*old.mistakes, *self._mistakes),
            alternatives=(*old.alternatives, *self._alternatives),
            hints=(*old.hints, *self._hints),
            forbidden=(*old.forbidden, *self._forbidden),
            costs=(*old.costs, *self._costs),
            entry=self._once.get("entry", old.entry),
            why=self._once.get("why", old.why),
        )

    def _read_function(self, node: ast.stmt, decorators: list[ast.expr]) -> None:
        if not isinstance(node, ast.FunctionDef) or len(decorators) > 1:
            raise AuthoringError(
                f"{self._cell.place}: line {decorators[0].lineno}: @probe, @mistake, @alternative "
                "and @entry each stand alone above a function."
            )
        source = textwrap.dedent(ast.get_source_segment(self._cell.source, node) or "")
        match _word(decorators[0]):
            case "probe" | "naming_probe" as word:
                parameters = tuple(argument.arg for argument in node.args.args)
                text = ast.get_docstring(node) or ""
                only = word == "naming_probe"
                self._probes.append(Probe(node.name, text, parameters, source, only))
            case "entry":
                if node.name != f"{self._exercise.targets[0]}__entry":
                    raise AuthoringError(
                        f"{self._cell.place}: {node.name} is not called "
                        f"{self._exercise.targets[0]}__entry."
                    )
                self._say_once("entry", source, node.lineno)
            case "mistake":
                call = decorators[0]
                if not isinstance(call, ast.Call):
                    raise AuthoringError(
                        f"{self._cell.place}: {node.name}: @mistake takes a name and a message."
                    )
                said = self._arguments("mistake", call)
                self._target_of(node)
                self._mistakes.append(
                    Variant(said["name"], said["message"], None, node.name, source)
                )
            case "alternative":
                name = self._target_of(node).replace("_", "-")
                self._alternatives.append(Variant(name, "", None, node.name, source))

    def _say_once(self, word: str, text: str, line: int) -> None:
        if self._once.get(word) or getattr(self._exercise, word):
            raise AuthoringError(
                f"{self._cell.place}: line {line}: a second {word} for {self._exercise.id}."
            )
        self._once[word] = text

    def _target_of(self, node: ast.FunctionDef) -> str:
        target, _, rest = node.name.partition("__")
        if target not in self._exercise.targets or not rest:
            raise AuthoringError(
                f"{self._cell.place}: {node.name} is not called "
                f"{self._exercise.targets[0]}__something."
            )
        return rest

    def _read_word(self, word: str, call: ast.Call) -> None:
        said = self._arguments(word, call)
        match word:
            case "edit":
                change = Edit(said["old"], said["new"])
                self._mistakes.append(Variant(said["name"], said["message"], change))
            case "rewrite":
                change = Edit(said["old"], said["new"])
                self._alternatives.append(Variant(said["name"], "", change))
            case "hint":
                self._hints.append(textwrap.dedent(said["text"]).strip())
            case "forbid":
                self._forbidden.append(Forbidden(said["names"], said["because"]))
            case "without_loops":
                self._costs.append(CostRule(None, said["because"]))
            case "flops_within":
                self._costs.append(CostRule(self._factor(said["factor"], call), said["because"]))
            case "why":
                self._say_once("why", textwrap.dedent(said["text"]).strip(), call.lineno)

    def _factor(self, value: Any, call: ast.Call) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 1:
            return float(value)
        raise AuthoringError(
            f"{self._cell.place}: line {call.lineno}: flops_within(...) takes a number of 1 "
            "or more."
        )

    def _arguments(self, word: str, call: ast.Call) -> dict[str, Any]:
        """What a call of the vocabulary is given, by its parameters' names: text, but a factor."""
        place = f"{self._cell.place}: line {call.lineno}: {word}(...)"
        values = [literal(argument) for argument in call.args]
        named = {str(keyword.arg): literal(keyword.value) for keyword in call.keywords}
        texts = [*values[word == "flops_within" :], *named.values()]
        if "factor" in named:
            texts.remove(named["factor"])
        if not all(isinstance(value, str) for value in texts):
            raise AuthoringError(f"{place} takes literal text only.")
        try:
            bound = inspect.signature(getattr(vocabulary, word)).bind(*values, **named)
        except TypeError as error:
            raise AuthoringError(f"{place}: {error}.") from error
        bound.apply_defaults()
        if word in _SAY_SOMETHING and not all(bound.arguments.values()):
            raise AuthoringError(f"{place} says nothing.")
        return bound.arguments


def _whole_text(source: str, node: ast.stmt, decorators: list[ast.expr]) -> str:
    """A statement's text, with the decorators that its syntax node leaves out."""
    if not decorators:
        return ast.get_source_segment(source, node) or ""
    return "\n".join(source.split("\n")[decorators[0].lineno - 1 : node.end_lineno])


def _word(decorator: ast.expr) -> str:
    """The plain name that a decorator goes by; empty for any other."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.id if isinstance(called, ast.Name) else ""

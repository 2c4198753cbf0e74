"""A lesson as data: what a master, or the solution notebook built from it, says.

`parse_lesson` reads cells from either source. Nothing of the lesson is executed: probes, mistakes
and alternatives are taken from the syntax tree.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from spotlight.authoring import vocabulary
from spotlight.authoring.problems import AuthoringError

Role = Literal["markdown", "given", "exercise", "prediction", "probes", "authoring"]

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
GIVEN_MARK = "# given"
_GIVEN_HEAD = re.compile(rf"\A(%%needs [^\n]*\n)?({GIVEN_MARK}\n)?")
MARKER = re.compile(r"^# Exercise (?P<id>[a-z][a-z0-9_]*)\b", re.MULTILINE)
_BLOCK = re.compile(
    rf"^(?P<indent>[ \t]*){BEGIN}[ \t]*\n(?P<body>.*?)^[ \t]*{END}[ \t]*$", re.MULTILINE | re.DOTALL
)
_EXERCISE_HEAD = re.compile(r"\A# Exercise [a-z][a-z0-9_]* · [^\n]*\n")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"^[\d.]+\s*·\s*")
_ID = re.compile(r"[a-z][a-z0-9_]{0,47}")
_CALLS = {"edit", "rewrite", "hint", "forbid"}
_DECORATORS = {"probe", "mistake", "alternative"}


@dataclass(frozen=True)
class Cell:
    """One cell; `place` says where it stands, for messages to the author."""

    role: Role
    source: str
    place: str
    metadata: dict[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True)
class Edit:
    """A replacement inside the solution's text."""

    old: str
    new: str


@dataclass(frozen=True)
class Variant:
    """A mistake or an alternative: an edit of the solution, or a function of its own."""

    name: str
    message: str = ""
    edit: Edit | None = None
    function: str | None = None
    source: str = ""


@dataclass(frozen=True)
class Probe:
    """A function handed targets by name; `source` carries no decorator."""

    name: str
    description: str
    parameters: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Forbidden:
    """Names that an exercise withholds, and why."""

    names: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Exercise:
    """One cell to fill in, with all that is known about right and wrong ways to do it."""

    id: str
    title: str
    targets: tuple[str, ...]
    points: float
    minutes: int
    difficulty: int
    solution: str
    place: str
    probes: tuple[Probe, ...] = ()
    helpers: str = ""
    mistakes: tuple[Variant, ...] = ()
    alternatives: tuple[Variant, ...] = ()
    hints: tuple[str, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()

    @property
    def stub(self) -> str:
        """What the student finds: the cell without its solution, raising only when called."""
        return stub_of(self.solution, self.targets, self.id)

    def variant_source(self, variant: Variant) -> str:
        """The cell as `variant` would have it."""
        if variant.edit is not None:
            return edit_solution(self.solution, variant.edit)
        target, _, _ = str(variant.function).partition("__")
        source = f"{variant.source}\n\n{target} = {variant.function}\n"
        # The function stands for one target; others are as the solution has them.
        return source if len(self.targets) == 1 else f"{self.solution}\n\n\n{source}"


@dataclass(frozen=True)
class Prediction:
    """A commitment: one of `choices`, or a number `between` two bounds (inclusive)."""

    id: str
    points: float
    choices: tuple[str | int | float, ...] | None
    between: tuple[float, float] | None
    source: str
    place: str

    @property
    def stub(self) -> str:
        """The cell with the answer replaced by `...`."""
        call = prediction_call(self.source)
        assert call is not None
        start, end = _offsets(self.source, call.args[1])
        return f"{self.source[:start]}...{self.source[end:]}"

    def accepts(self, answer: object) -> bool:
        """Whether `answer` is a valid commitment."""
        if self.choices is not None:
            return any(type(answer) is type(choice) and answer == choice for choice in self.choices)
        if self.between is None or isinstance(answer, bool) or not isinstance(answer, int | float):
            return False
        low, high = self.between
        return low <= answer <= high


@dataclass(frozen=True)
class Lesson:
    """A whole lesson, in order."""

    id: str
    title: str
    where: str
    cells: tuple[Cell, ...]
    exercises: tuple[Exercise, ...]
    predictions: tuple[Prediction, ...]

    @property
    def possible(self) -> float:
        """All points that the lesson offers."""
        return sum(e.points for e in self.exercises) + sum(p.points for p in self.predictions)

    def exercise(self, name: str) -> Exercise | None:
        """The exercise called `name`, by its id or by one of its targets."""
        by_id = (exercise for exercise in self.exercises if exercise.id == name)
        by_target = (exercise for exercise in self.exercises if name in exercise.targets)
        return next(by_id, None) or next(by_target, None)


def bare_given(source: str) -> str:
    """A given cell's own source, without the lines that the build puts above it."""
    return _GIVEN_HEAD.sub("", source)


def bare_exercise(source: str) -> str:
    """An exercise cell's own source, without the line that the build puts above it."""
    return _EXERCISE_HEAD.sub("", source)


def headings(markdown: str) -> list[str]:
    """The headings of a Markdown cell, down to level three, without their numbers."""
    found = re.findall(r"^#{1,3} +(.+)$", _FENCED.sub("", markdown), re.MULTILINE)
    return [_NUMBER.sub("", heading.strip()) for heading in found]


def not_done(exercise: str) -> str:
    """The sentence by which a stub is known."""
    return f"{exercise} is not done yet"


def stub_of(solution: str, targets: Sequence[str], exercise: str) -> str:
    """`solution` with every marked block replaced by what says that it is not done yet."""

    def blank(block: re.Match[str]) -> str:
        indent = block["indent"]
        if indent:
            return f'{indent}raise NotImplementedError("{not_done(exercise)}")  # replace this line'
        return "\n".join(f"{target} = ...  # replace the dots" for target in targets)

    return _BLOCK.sub(blank, solution)


def solution_blocks(solution: str) -> list[str]:
    """The text between each pair of solution marks."""
    return [block["body"] for block in _BLOCK.finditer(solution)]


def edit_solution(solution: str, edit: Edit) -> str:
    """`solution` with `edit` applied between its marks, where `edit.old` stands exactly once.

    Raises:
        AuthoringError: it stands there never, or more than once.
    """
    spots = [
        match.start("body") + found.start()
        for match in _BLOCK.finditer(solution)
        for found in re.finditer(re.escape(edit.old), match["body"])
    ]
    if len(spots) != 1:
        times = "nowhere" if not spots else f"{len(spots)} times"
        raise AuthoringError(
            f"the text {edit.old!r} stands {times} between the solution marks; "
            "an edit needs text that stands there exactly once"
        )
    return solution[: spots[0]] + edit.new + solution[spots[0] + len(edit.old) :]


def prediction_call(source: str) -> ast.Call | None:
    """The `predict(name, answer, ...)` call of a cell, if it holds one."""
    if "predict" not in source:
        return None
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "predict"
            and len(node.args) >= 2
        ):
            return node
    return None


def literal(node: ast.expr) -> Any:
    """The value of a literal expression; `...` for anything else."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ...


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


def started_lesson(source: str) -> str:
    """The id of the lesson that a cell opens by `start("...")`; empty if it opens none."""
    found = re.search(r"^start\(\"([a-z][a-z0-9_]*)\"\)", source, re.MULTILINE)
    return found[1] if found else ""


def _read_exercise(cell: Cell, heading: str) -> Exercise:
    name = _id(cell, "exercise")
    blocks = len(_BLOCK.findall(cell.source))
    if not blocks == cell.source.count(BEGIN) == cell.source.count(END) or not blocks:
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
        solution=cell.source,
        place=cell.place,
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
        )

    def _read_function(self, node: ast.stmt, decorators: list[ast.expr]) -> None:
        if not isinstance(node, ast.FunctionDef) or len(decorators) > 1:
            raise AuthoringError(
                f"{self._cell.place}: line {decorators[0].lineno}: @probe, @mistake and "
                "@alternative each stand alone above a function."
            )
        source = textwrap.dedent(ast.get_source_segment(self._cell.source, node) or "")
        match _word(decorators[0]):
            case "probe":
                parameters = tuple(argument.arg for argument in node.args.args)
                text = ast.get_docstring(node) or ""
                self._probes.append(Probe(node.name, text, parameters, source))
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

    def _arguments(self, word: str, call: ast.Call) -> dict[str, Any]:
        """What a call of the vocabulary is given, by its parameters' names: text, all of it."""
        place = f"{self._cell.place}: line {call.lineno}: {word}(...)"
        values = [literal(argument) for argument in call.args]
        named = {str(keyword.arg): literal(keyword.value) for keyword in call.keywords}
        if not all(isinstance(value, str) for value in (*values, *named.values())):
            raise AuthoringError(f"{place} takes literal text only.")
        try:
            bound = inspect.signature(getattr(vocabulary, word)).bind(*values, **named)
        except TypeError as error:
            raise AuthoringError(f"{place}: {error}.") from error
        bound.apply_defaults()
        if word in ("forbid", "hint") and not all(bound.arguments.values()):
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


def _offsets(source: str, node: ast.expr) -> tuple[int, int]:
    """Character offsets of `node` in `source` (the syntax tree counts UTF-8 bytes)."""
    lines = [f"{line}\n" for line in source.split("\n")]

    def offset(line: int, column: int) -> int:
        before = sum(len(text) for text in lines[: line - 1])
        return before + len(lines[line - 1].encode()[:column].decode())

    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)

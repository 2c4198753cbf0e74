"""What the cells that judge an exercise say of it: probes, mistakes, alternatives, hints, rules.

Nothing of them is executed: all is taken from the syntax tree, in the words of
`spotlight.course.vocabulary`.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from spotlight.course import vocabulary
from spotlight.course.edit_blocks import NamedEdit, read_edits
from spotlight.course.lesson import (
    AuthoringError,
    Cell,
    CostRule,
    Exercise,
    Forbidden,
    Probe,
    Variant,
    literal,
)
from spotlight.python_source.signature import Signature, signature_of

_MARKS = ("probe", "naming_probe", "mistake", "alternative", "entry")
"""Words that stand above a function."""
_CALLS = (
    *("case", "mistakes", "alternatives", "entry", "hint", "why"),
    *("forbid", "without_loops", "flops_within"),
)
"""Words that are called."""


def with_judging_cell(exercise: Exercise, cell: Cell) -> Exercise:
    """`exercise` with what one cell says of it added.

    Raises:
        AuthoringError: the cell does not follow the vocabulary; the message names cell and line.
    """
    reader = _Reader(exercise, cell)
    for node in _statements(cell):
        reader.read(node)
    return reader.exercise


def forbidden_in(cell: Cell) -> list[Forbidden]:
    """What a cell that belongs to no exercise forbids in all of them.

    Raises:
        AuthoringError: it holds another word than `forbid`, or that one with what it cannot take.
    """
    rules = []
    for node in _statements(cell):
        call = _bare_call(node)
        if call is None:
            continue
        word = _word_of(call)
        if word != "forbid":
            raise AuthoringError(
                f"{cell.place}: line {call.lineno}: {word}(...) belongs to an exercise; for all of "
                "them there is forbid(...) alone."
            )
        said = _Call(cell, word, call)
        rules.append(Forbidden(said["names"], said["because"]))
    return rules


def _statements(cell: Cell) -> list[ast.stmt]:
    try:
        return ast.parse(cell.source).body
    except SyntaxError as error:
        raise AuthoringError(
            f"{cell.place}: line {error.lineno} is not Python: {error.msg}."
        ) from error


class _Reader:
    """Adds to `exercise` what one statement after the other says."""

    def __init__(self, exercise: Exercise, cell: Cell) -> None:
        self.exercise = exercise
        self._cell = cell

    def read(self, node: ast.stmt) -> None:
        call = _bare_call(node)
        marks = getattr(node, "decorator_list", [])
        marked = [mark for mark in marks if _word_of(mark) in _MARKS]
        if call is not None:
            self._read_call(call)
        elif marked:
            self._read_function(node, marks)
        elif not _is_import_of_words(node):
            self._refuse_misspelt(marks, _MARKS)
            text = _text(self._cell.source, node, marks)
            self._set(helpers="\n\n".join(filter(None, [self.exercise.helpers, text])))

    def _set(self, **changes: Any) -> None:
        self.exercise = replace(self.exercise, **changes)

    def _add(self, **more: Iterable[Any]) -> None:
        """Add to the tuples of the exercise that these names stand for."""
        self._set(**{n: (*getattr(self.exercise, n), *added) for n, added in more.items()})

    def _set_once(self, word: str, text: str, line: int) -> None:
        if getattr(self.exercise, word):
            raise self._error(line, f"a second {word} for {self.exercise.id}.")
        self._set(**{word: text})

    def _error(self, line: int, what: str) -> AuthoringError:
        return AuthoringError(f"{self._cell.place}: line {line}: {what}")

    def _refuse_misspelt(self, nodes: list[ast.expr], words: tuple[str, ...]) -> None:
        for node in nodes:
            name = _word_of(node)
            close = get_close_matches(name, words, n=1)
            if close:
                raise self._error(node.lineno, f"{name} is no word; did you mean {close[0]}?")

    # Functions under a word

    def _read_function(self, node: ast.stmt, marks: list[ast.expr]) -> None:
        if not isinstance(node, ast.FunctionDef) or len(marks) > 1:
            raise self._error(
                marks[0].lineno,
                "@probe, @mistake, @alternative and @entry each stand alone above a function.",
            )
        source = textwrap.dedent(ast.get_source_segment(self._cell.source, node) or "")
        match _word_of(marks[0]):
            case "probe" | "naming_probe" as word:
                parameters = tuple(argument.arg for argument in node.args.args)
                text = ast.get_docstring(node) or ""
                only = word == "naming_probe"
                self._add(probes=[Probe(node.name, text, parameters, source, only)])
            case "entry":
                self._require_name(node, f"{self.exercise.targets[0]}__entry")
                self._set_once("entry", source, node.lineno)
            case "mistake":
                if not isinstance(marks[0], ast.Call):
                    raise self._error(
                        marks[0].lineno, f"{node.name}: @mistake takes a name and a message."
                    )
                said = _Call(self._cell, "mistake", marks[0])
                self._name_of_variant(node)
                wrong = Variant(said["name"], said["message"], None, node.name, source)
                self._add(mistakes=[wrong])
            case "alternative":
                name = self._name_of_variant(node).replace("_", "-")
                self._add(alternatives=[Variant(name, "", None, node.name, source)])

    def _require_name(self, node: ast.FunctionDef, name: str) -> None:
        if node.name != name:
            raise self._error(node.lineno, f"{node.name} is not called {name}.")

    def _name_of_variant(self, node: ast.FunctionDef) -> str:
        target, _, rest = node.name.partition("__")
        if target not in self.exercise.targets or not rest:
            name = f"{self.exercise.targets[0]}__something"
            raise self._error(node.lineno, f"{node.name} is not called {name}.")
        return rest

    # Calls

    def _read_call(self, call: ast.Call) -> None:
        word = _word_of(call)
        if word not in _CALLS:
            self._refuse_misspelt([call], _CALLS)
            raise self._error(
                call.lineno,
                f"{ast.unparse(call.func)}(...) is no word of a master. There are: "
                f"{', '.join(_CALLS)}.",
            )
        said = _Call(self._cell, word, call)
        match word:
            case "case":
                self._add(probes=[self._case(call, said)])
            case "mistakes":
                wrong = (Variant(e.name, e.sentence, e.edit) for e in self._edits(said))
                self._add(mistakes=wrong)
            case "alternatives":
                self._add(alternatives=(self._alternative(e, call) for e in self._edits(said)))
            case "entry":
                parameters, text = self._function(call.args[0], call)
                source = f"def {self.exercise.targets[0]}__entry({parameters}):\n    return {text}"
                self._set_once("entry", source, call.lineno)
            case "hint":
                self._add(hints=[textwrap.dedent(said["text"]).strip()])
            case "why":
                self._set_once("why", textwrap.dedent(said["text"]).strip(), call.lineno)
            case "forbid":
                self._add(forbidden=[Forbidden(said["names"], said["because"])])
            case "without_loops":
                self._add(costs=[CostRule(None, said["because"])])
            case "flops_within":
                self._add(costs=[CostRule(self._factor(said["factor"], call), said["because"])])

    def _edits(self, said: _Call) -> Iterator[NamedEdit]:
        try:
            yield from read_edits(said["text"])
        except AuthoringError as error:
            raise self._error(said.line, f"{said.word}(...): {error}.") from error

    def _alternative(self, named: NamedEdit, call: ast.Call) -> Variant:
        if named.sentence:
            raise self._error(
                call.lineno, f"alternative {named.name} has a sentence: “{named.sentence}”."
            )
        return Variant(named.name, "", named.edit)

    def _factor(self, value: Any, call: ast.Call) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 1:
            return float(value)
        raise self._error(call.lineno, "flops_within(...) takes a number of 1 or more.")

    def _function(self, node: ast.expr, call: ast.Call) -> tuple[str, str]:
        """The parameters and the result of a lambda, as text."""
        if not isinstance(node, ast.Lambda):
            raise self._error(call.lineno, f"{_word_of(call)}(...) takes a lambda.")
        text = ast.get_source_segment(self._cell.source, node.body) or ""
        return ast.unparse(node.args), f"({text})" if "\n" in text else text

    def _case(self, call: ast.Call, said: _Call) -> Probe:
        """The probe that draws a target's arguments and calls it."""
        name, description = said["name"], said["description"]
        if not name.isidentifier():
            raise self._error(call.lineno, f"{name!r} cannot be the name of a case.")
        if len(call.args) > 2 and isinstance(call.args[2], ast.Lambda):
            parameters, text = self._function(call.args[2], call)
            if said["arguments"]:
                raise self._error(call.lineno, "a case with a lambda takes no sizes.")
        else:
            parameters = self.exercise.targets[0]
            text = f"{parameters}({', '.join(self._drawn(call, said['arguments']))})"
        source = f"def {name}({parameters}):\n    return {text}"
        names = tuple(part.strip() for part in parameters.split(",") if part.strip())
        return Probe(name, description, names, source, said["naming_only"])

    def _drawn(self, call: ast.Call, given: dict[str, str]) -> Iterator[str]:
        """The target's arguments as text: each as given, or drawn in its docstring's shape."""
        target = self.exercise.targets[0]
        signature = signature_of(self.exercise.solution, target)
        if signature is None:
            raise self._error(
                call.lineno, f"the docstring of {target} gives no shapes; write a lambda."
            )
        unknown = given.keys() - {*signature.parameters, *signature.letters}
        if unknown:
            known = ", ".join([*signature.letters, *signature.parameters])
            raise self._error(
                call.lineno, f"{target} has no {sorted(unknown)[0]}; its docstring has {known}."
            )
        draw = _Draw(self._cell.source, call.args[2] if len(call.args) > 2 else None)
        for name in signature.parameters:
            yield given.get(name) or draw(self._sizes(name, signature, given, call))

    def _sizes(
        self, name: str, signature: Signature, given: dict[str, str], call: ast.Call
    ) -> list[str]:
        letters = signature.parameters[name]
        if letters is None:
            raise self._error(
                call.lineno, f"the docstring gives {name} no shape; hand it over as {name}=..."
            )
        missing = [s for s in letters if not s.isdigit() and s not in given]
        if missing:
            raise self._error(call.lineno, f"no size for {missing[0]}, in the shape of {name}.")
        return [given.get(letter, letter) for letter in letters]


class _Draw:
    """What arguments are drawn by: `randn`, or what the case names, with its options."""

    def __init__(self, source: str, node: ast.expr | None) -> None:
        self._name, self._options = "randn", ""
        if isinstance(node, ast.Call):
            self._name = ast.unparse(node.func)
            options = (ast.get_source_segment(source, word) or "" for word in node.keywords)
            self._options = "".join(f", {option}" for option in options)
        elif node is not None:
            self._name = ast.unparse(node)

    def __call__(self, sizes: list[str]) -> str:
        return f"{self._name}({', '.join(sizes)}{self._options})"


class _Call:
    """What a call of the vocabulary is given, by its parameters' names."""

    def __init__(self, cell: Cell, word: str, call: ast.Call) -> None:
        self.word, self.line = word, call.lineno
        self._place = f"{cell.place}: line {call.lineno}: {word}(...)"
        read = _as_text(cell.source) if word == "case" else literal
        values = [literal(argument) for argument in call.args]
        named = {str(keyword.arg): _value(keyword, read) for keyword in call.keywords}
        try:
            bound = inspect.signature(getattr(vocabulary, word)).bind(*values, **named)
        except TypeError as error:
            raise AuthoringError(f"{self._place}: {error}.") from error
        bound.apply_defaults()
        self._arguments = bound.arguments
        self._require_text()

    def __getitem__(self, name: str) -> Any:
        return self._arguments[name]

    def _require_text(self) -> None:
        for name, value in self._arguments.items():
            if name in vocabulary.NOT_TEXT:
                continue
            texts = value if isinstance(value, tuple) else (value,)
            if not all(isinstance(text, str) for text in texts):
                raise AuthoringError(f"{self._place} takes literal text only.")
            if not texts or not all(texts):
                raise AuthoringError(f"{self._place} says nothing.")


def _value(keyword: ast.keyword, read: Callable[[ast.expr], Any]) -> Any:
    return literal(keyword.value) if keyword.arg == "naming_only" else read(keyword.value)


def _as_text(source: str) -> Callable[[ast.expr], str]:
    return lambda node: ast.get_source_segment(source, node) or ""


def _bare_call(node: ast.stmt) -> ast.Call | None:
    """The call of a plain name that a statement is, and nothing else."""
    call = node.value if isinstance(node, ast.Expr) else None
    return call if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else None


def _is_import_of_words(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
        ("spotlight.authoring", "spotlight.sandbox.kit")
    )


def _text(source: str, node: ast.stmt, decorators: list[ast.expr]) -> str:
    """A statement's text, with the decorators that its syntax node leaves out."""
    if not decorators:
        return ast.get_source_segment(source, node) or ""
    return "\n".join(source.split("\n")[decorators[0].lineno - 1 : node.end_lineno])


def _word_of(node: ast.expr) -> str:
    """The plain name that a call or a decorator goes by; empty for any other."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.id if isinstance(called, ast.Name) else ""

"""What the cells that judge an exercise say of it: probes, mistakes, alternatives, hints, rules.

Nothing of them is executed: all is taken from the syntax tree, in the words of
`spotlight.course.vocabulary`.
"""

from __future__ import annotations

import ast
import inspect
import keyword
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from spotlight.course import vocabulary
from spotlight.course.edit_blocks import EditError, NamedEdit, read_edits
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
from spotlight.python_source.syntax import text_of

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
        AuthoringError: it holds anything but imports and `forbid`, or that one with what it
            cannot take.
    """
    rules = []
    for node in _statements(cell):
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        call = _bare_call(node)
        if call is None or _word_of(call) != "forbid":
            what = ast.unparse(node).split("\n")[0]
            raise AuthoringError(
                f"{cell.place}: line {node.lineno}: “{what}” belongs to an exercise: put it into "
                'a cell # %% judges="name". For all exercises there is forbid(...) alone.'
            )
        rules.append(_Call(cell, "forbid", call).forbidden)
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
            self._refuse_words_within(node, marks)
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

    def _refuse_words_within(self, node: ast.stmt, marks: list[ast.expr]) -> None:
        """What probes call upon holds no word, not even a misspelt one above a function."""
        for mark in marks:
            name = _word_of(mark)
            if name in _CALLS:
                raise self._error(mark.lineno, f"{name}(...) stands by itself, and marks nothing.")
            close = get_close_matches(name, _MARKS, n=1)
            if close:
                raise self._error(mark.lineno, f"@{name} is no word; did you mean @{close[0]}?")
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and _word_of(inner) in _CALLS:
                raise self._error(
                    inner.lineno,
                    f"{_word_of(inner)}(...) stands within another statement, where nothing reads "
                    "it; it is a statement by itself.",
                )

    # Functions under a word

    def _read_function(self, node: ast.stmt, marks: list[ast.expr]) -> None:
        if not isinstance(node, ast.FunctionDef) or len(marks) > 1:
            raise self._error(
                marks[0].lineno,
                "@probe, @mistake, @alternative and @entry each stand alone above a function.",
            )
        source = textwrap.dedent(text_of(self._cell.source, node))
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
                name, message = said.text("name"), said.text("message")
                wrong = Variant(name, message, None, node.name, source)
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
            raise self._error(call.lineno, _no_word(word))
        said = _Call(self._cell, word, call)
        match word:
            case "case":
                self._add(probes=[self._case(said)])
            case "mistakes":
                wrong = (Variant(e.name, e.sentence, e.edit) for e in self._edits(said))
                self._add(mistakes=wrong)
            case "alternatives":
                self._add(alternatives=(Variant(e.name, "", e.edit) for e in self._edits(said)))
            case "entry":
                parameters, _, text = self._lambda(said, "function")
                source = f"def {self.exercise.targets[0]}__entry({parameters}):\n    return {text}"
                self._set_once("entry", source, call.lineno)
            case "hint":
                self._add(hints=[textwrap.dedent(said.text("text")).strip()])
            case "why":
                self._set_once("why", textwrap.dedent(said.text("text")).strip(), call.lineno)
            case "forbid":
                self._add(forbidden=[said.forbidden])
            case "without_loops":
                self._add(costs=[CostRule(None, said.text("because"))])
            case "flops_within":
                self._add(costs=[CostRule(self._factor(said), said.text("because"))])

    def _edits(self, said: _Call) -> Iterator[NamedEdit]:
        """The edits of a block; those of right answers come without a sentence."""
        block = said.nodes["text"]
        text = said.text("text")
        # Line for line the text in the file, unless it is written in another way.
        as_written = block.end_lineno == block.lineno + text.count("\n")
        try:
            for named in read_edits(text):
                if named.sentence and said.word == "alternatives":
                    raise EditError(
                        named.line,
                        f"“{named.name}” is right, so that nobody would read “{named.sentence}”",
                    )
                yield named
        except EditError as error:
            line = block.lineno + error.line if as_written else block.lineno
            raise self._error(line, f"{said.word}(...): {error}.") from error

    def _factor(self, said: _Call) -> float:
        value = literal(said.nodes["factor"])
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 1:
            return float(value)
        raise self._error(said.line, "flops_within(...) takes a number of 1 or more.")

    def _lambda(self, said: _Call, parameter: str) -> tuple[str, tuple[str, ...], str]:
        """The parameters of a lambda as text, their names, and its result as text."""
        node = said.nodes[parameter]
        if not isinstance(node, ast.Lambda):
            raise self._error(said.line, f"{said.word}(...) takes a lambda.")
        text = said.source(node.body)
        names = tuple(argument.arg for argument in node.args.args)
        return ast.unparse(node.args), names, f"({text})" if "\n" in text else text

    # Cases

    def _case(self, said: _Call) -> Probe:
        """The probe that draws a target's arguments and calls it."""
        name = said.text("name")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise self._error(said.line, f"{name!r} cannot be the name of a case.")
        given = {word: said.source(node) for word, node in said.arguments.items()}
        if isinstance(said.nodes.get("draw"), ast.Lambda):
            parameters, names, text = self._lambda(said, "draw")
            if given:
                raise self._error(said.line, "a case with a lambda takes no sizes.")
        else:
            target = parameters = self.exercise.targets[0]
            names, text = (target,), f"{target}({', '.join(self._drawn(said, given))})"
        source = f"def {name}({parameters}):\n    return {text}"
        return Probe(name, said.text("description"), names, source, said.flag("naming_only"))

    def _drawn(self, said: _Call, given: dict[str, str]) -> Iterator[str]:
        """The target's arguments as text: each as given, or drawn in its docstring's shape."""
        target = self.exercise.targets[0]
        signature = signature_of(self.exercise.solution, target)
        if signature is None:
            raise self._error(
                said.line, f"the docstring of {target} gives no shapes; write a lambda."
            )
        for name in sorted(given.keys() - {*signature.parameters, *signature.letters}):
            known = ", ".join(dict.fromkeys([*signature.letters, *signature.parameters]))
            raise self._error(said.line, f"{target} has no {name}; its docstring has {known}.")
        draw, options = self._draw(said)
        unused = given.keys() - signature.parameters
        for name in signature.parameters:
            if name in given:
                yield given[name]
                continue
            sizes = self._sizes(name, signature, given, said)
            unused -= set(signature.parameters[name] or ())
            yield f"{draw}({', '.join([*sizes, *options])})"
        for letter in sorted(unused):
            raise self._error(
                said.line,
                f"{letter}={given[letter]} is the size of nothing that is drawn; leave it out.",
            )

    def _sizes(
        self, name: str, signature: Signature, given: dict[str, str], said: _Call
    ) -> list[str]:
        letters = signature.parameters[name]
        if letters is None:
            raise self._error(
                said.line, f"the docstring gives {name} no shape; hand it over as {name}=..."
            )
        missing = [s for s in letters if not s.isdigit() and s not in given]
        if missing:
            raise self._error(said.line, f"no size for {missing[0]}, in the shape of {name}.")
        return [given.get(letter, letter) for letter in letters]

    def _draw(self, said: _Call) -> tuple[str, list[str]]:
        """What numbers are drawn by, and its options as text."""
        node = said.nodes.get("draw")
        if node is None:
            return "randn", []
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        if call.args or not isinstance(call.func, ast.Name):
            raise self._error(
                said.line,
                f"{ast.unparse(node)} draws nothing; a case is drawn by a name with options, such "
                "as whole_numbers or uniform(low=1), or by a lambda.",
            )
        return call.func.id, [said.source(option) for option in call.keywords]


class _Call:
    """What a call of the vocabulary is given, by its parameters' names."""

    def __init__(self, cell: Cell, word: str, call: ast.Call) -> None:
        self.word, self.line = word, call.lineno
        self._cell = cell
        named = {str(given.arg): given.value for given in call.keywords}
        try:
            bound = inspect.signature(getattr(vocabulary, word)).bind(*call.args, **named)
        except TypeError as error:
            raise self._error(f": {error}") from error
        self.arguments: dict[str, ast.expr] = bound.arguments.pop("arguments", {})
        self._names: tuple[ast.expr, ...] = bound.arguments.pop("names", ())
        self.nodes: dict[str, ast.expr] = bound.arguments
        for parameter in self.nodes:
            if parameter not in vocabulary.NOT_TEXT:
                self.text(parameter)

    def text(self, parameter: str) -> str:
        """The literal text that a parameter is given."""
        return self._text(self.nodes[parameter])

    def flag(self, parameter: str) -> bool:
        value = literal(self.nodes[parameter]) if parameter in self.nodes else False
        if not isinstance(value, bool):
            raise self._error(f": {parameter} is neither True nor False")
        return value

    @property
    def forbidden(self) -> Forbidden:
        if not self._names:
            raise self._error(" says nothing")
        return Forbidden(tuple(map(self._text, self._names)), self.text("because"))

    def source(self, node: ast.expr | ast.keyword) -> str:
        return text_of(self._cell.source, node)

    def _text(self, node: ast.expr) -> str:
        value = literal(node)
        if not isinstance(value, str):
            raise self._error(" takes literal text only")
        if not value.strip():
            raise self._error(" says nothing")
        return value

    def _error(self, what: str) -> AuthoringError:
        return AuthoringError(f"{self._cell.place}: line {self.line}: {self.word}(...){what}.")


def _no_word(name: str) -> str:
    """What is said of a call that is none of the vocabulary's."""
    close = get_close_matches(name, _CALLS, n=1)
    meant = f"; did you mean {close[0]}(...)?" if close else "."
    what = f"stands above a function, as @{name}" if name in _MARKS else "is no word of a master"
    return f"{name}(...) {what}{meant} Words to call are: {', '.join(_CALLS)}."


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
        return text_of(source, node)
    return "\n".join(source.split("\n")[decorators[0].lineno - 1 : node.end_lineno])


def _word_of(node: ast.expr) -> str:
    """The plain name that a call or a decorator goes by; empty for any other."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.id if isinstance(called, ast.Name) else ""

"""Small wrong turns in a right solution: the edits of students and of chance, by its syntax tree.

Every edit replaces a stretch of the text between the solution's marks, so that the signature, the
docstring, the comments and the marks stay as they are. The same seed gives the same mutants.
"""

from __future__ import annotations

import ast
import builtins
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spotlight.course.lesson import BEGIN, END

SHARE_OF_PAIRS = 0.15
"""How many of the mutants carry two edits (more where single ones run out)."""

_BINARY = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.FloorDiv: "//",
    ast.Pow: "**",
    ast.Mod: "%",
}
_TYPED_BINARY = ("+", "-", "*", "/", "@", "//", "**")
_COMPARISONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_IN_PLACE = {"+": "add_", "-": "sub_", "*": "mul_", "/": "div_"}
_AXES = (-2, -1, 0, 1, 2)
_AXIS_WORDS = ("dim", "axis", "dim0", "dim1", "dims")
_REDUCTIONS = ("max", "min", "mean", "sum", "amax", "amin", "std", "var", "norm", "prod")
_TAKES_AXES = frozenset(
    {*_REDUCTIONS, "softmax", "log_softmax", "cumsum", "argmax", "argmin", "any", "all", "size"}
    | {"transpose", "swapaxes", "permute", "flip", "unsqueeze", "squeeze", "cat", "stack"}
    | {"diagonal"}
)
_MODULES = frozenset(("torch", "math", "np", "numpy", "nn", "F"))
_SIBLINGS = (
    ("max", "min", "mean", "sum", "median", "prod"),
    ("amax", "amin", "mean", "sum"),
    ("argmax", "argmin", "max"),
    ("softmax", "log_softmax", "sigmoid", "exp"),
    ("exp", "log", "exp2", "expm1"),
    ("sqrt", "square", "exp", "log"),
    ("abs", "neg", "square", "relu"),
    ("std", "var", "mean", "sum"),
    ("norm", "sum", "mean", "max"),
    ("zeros", "ones", "empty"),
    ("zeros_like", "ones_like"),
    ("cat", "stack"),
    ("tril", "triu"),
    ("view", "reshape"),
    ("transpose", "flip", "reshape"),
    ("unsqueeze", "squeeze"),
    ("len", "sum", "max"),
)
_HAVE_IN_PLACE = ("abs", "exp", "log", "sqrt", "square", "neg", "transpose", "mul", "div", "add")
_ADDED = (
    "{} + 1",
    "2 * {}",
    "{} / 2",
    "{}.mean()",
    "{}.sum()",
    "{}.sum(dim=0)",
    "{}.mean(dim=-1)",
    "{}.abs()",
    "{}.T",
    "torch.softmax({}, dim=-1)",
    "{} / len({name})",
    "{} / {name}.shape[-1]",
    "{} / {name}.sum()",
    "{} + {name}",
)


@dataclass(frozen=True)
class Mutant:
    """A changed solution; `kind` names the edit, `change` tells in one line what became of what."""

    source: str
    kind: str
    change: str
    edits: int = 1


def mutants_of(
    solution: str, count: int, seed: int = 0, functions: Sequence[str] = ()
) -> list[Mutant]:
    """Up to `count` distinct mutants of `solution`, every kind of edit as likely as the next.

    `functions` are names of other functions in scope, which may be called by mistake.
    """
    generator = random.Random(f"{seed}:{solution}")
    singles = _shuffled(single_edits(solution, functions), generator)
    wanted = count - round(count * SHARE_OF_PAIRS)
    chosen = singles[:wanted]
    known = {_meaning(solution), *(_meaning(mutant.source) for mutant in singles)}
    for _ in range(20 * count):
        if len(chosen) == count or not singles:
            break
        pair = _with_one_more(solution, generator.choice(singles), functions, generator)
        if pair is not None and (meaning := _meaning(pair.source)) not in known:
            known.add(meaning)
            chosen.append(pair)
    return chosen + singles[wanted:][: count - len(chosen)]


def single_edits(solution: str, functions: Sequence[str] = ()) -> list[Mutant]:
    """Every mutant of `solution` by one edit, each meaning once."""
    found: dict[str, Mutant] = {}
    original = _meaning(solution)
    for edit in _Finder(solution, functions).edits():
        changed = edit.applied_to(solution)
        if changed is not None and (meaning := _meaning(changed)) != original:
            found.setdefault(meaning, Mutant(changed, edit.kind, _told(solution, changed)))
    return list(found.values())


def _with_one_more(
    solution: str, mutant: Mutant, functions: Sequence[str], generator: random.Random
) -> Mutant | None:
    more = _shuffled(single_edits(mutant.source, functions), generator)
    if not more:
        return None
    source = more[0].source
    return Mutant(source, f"{mutant.kind} and {more[0].kind}", _told(solution, source), 2)


def _shuffled(mutants: Sequence[Mutant], generator: random.Random) -> list[Mutant]:
    """The mutants in random order, kind after kind, so that no kind crowds out the others."""
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_kind.setdefault(mutant.kind, []).append(mutant)
    for same in by_kind.values():
        generator.shuffle(same)
    kinds = list(by_kind)
    order: list[Mutant] = []
    while kinds:
        generator.shuffle(kinds)
        order += [by_kind[kind].pop() for kind in kinds]
        kinds = [kind for kind in kinds if by_kind[kind]]
    return order


def _meaning(source: str) -> str:
    return ast.dump(ast.parse(source))


def _told(before: str, after: str) -> str:
    """The lines that changed, on one line."""
    old, new = ([_bare(line) for line in text.split("\n")] for text in (before, after))
    first = 0
    while old and new and old[0] == new[0]:
        old, new, first = old[1:], new[1:], first + 1
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    was, became = " ⏎ ".join(old), " ⏎ ".join(new)
    return f"line {first + 1}: {was}  →  {became or '(nothing)'}"


def _bare(line: str) -> str:
    return line.partition("  # ")[0].strip()


@dataclass(frozen=True)
class _Edit:
    """A stretch of the solution's bytes, and the text to put in its place."""

    start: int
    end: int
    text: str
    kind: str

    def applied_to(self, solution: str) -> str | None:
        """The mutant, if it is Python; a block that is left without a line passes."""
        data = solution.encode()
        for text in (self.text, self.text or "pass"):
            changed = (data[: self.start] + text.encode() + data[self.end :]).decode()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    compile(changed, "mutant", "exec", dont_inherit=True)
            except (SyntaxError, ValueError):
                continue
            return changed
        return None


class _Finder:
    """All edits of one solution."""

    def __init__(self, solution: str, functions: Sequence[str]) -> None:
        self._data = solution.encode()
        self._tree = ast.parse(solution)
        lines = self._data.split(b"\n")
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._inside = _marked_lines(solution)
        self._parents = {
            child: parent
            for parent in ast.walk(self._tree)
            for child in ast.iter_child_nodes(parent)
        }
        self._functions = tuple(functions)

    def edits(self) -> Iterator[_Edit]:
        for node in ast.walk(self._tree):
            if not self._may_change(node):
                continue
            if isinstance(node, ast.expr):
                yield from self._expression(node)
            elif isinstance(node, ast.keyword):
                yield from self._keyword(node)
            elif isinstance(node, ast.stmt):
                yield from self._statement(node)

    # Where nodes stand

    def _may_change(self, node: ast.AST) -> bool:
        if not isinstance(node, ast.expr | ast.stmt | ast.keyword):
            return False
        if any(isinstance(outer, ast.JoinedStr) for outer in self._outer(node)):
            return False  # positions inside of it are not reliable before Python 3.12
        assert node.end_lineno is not None
        return all(line in self._inside for line in range(node.lineno, node.end_lineno + 1))

    def _outer(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self._parents:
            node = self._parents[node]
            yield node

    def _span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[node.end_lineno - 1] + node.end_col_offset

    def _between(self, start: int, end: int) -> str:
        return self._data[start:end].decode()

    def _text(self, node: ast.expr | ast.stmt) -> str:
        return self._between(*self._span(node))

    def _operand(self, node: ast.expr) -> str:
        """The text of `node`, in parentheses where an operator beside it would tear it apart."""
        simple = (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant)
        return self._text(node) if isinstance(node, simple) else f"({self._text(node)})"

    def _replace(self, node: ast.expr | ast.stmt, text: str, kind: str) -> _Edit:
        return _Edit(*self._span(node), text, kind)

    # Names

    def _scope(self, node: ast.AST) -> list[str]:
        """The parameters and variables that a student could write at `node`."""
        names: list[str] = []
        for outer in self._outer(node):
            if isinstance(outer, ast.FunctionDef | ast.Lambda):
                names += [argument.arg for argument in outer.args.args]
            if isinstance(outer, ast.FunctionDef | ast.Module):
                names += [
                    inner.id
                    for inner in ast.walk(outer)
                    if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
                ]
            if isinstance(outer, ast.FunctionDef):
                break
        if not any(isinstance(outer, ast.FunctionDef) for outer in self._outer(node)):
            # A cell that makes variables: what it reads is in scope as well.
            read = [inner for inner in ast.walk(self._tree) if isinstance(inner, ast.Name)]
            names = [
                *(n.id for n in read if isinstance(n.ctx, ast.Load) and not self._is_function(n)),
                *names,
            ]
        return [name for name in dict.fromkeys(names) if name != "self"]

    def _is_function(self, node: ast.expr) -> bool:
        """Whether a name stands for a module or for something that is called."""
        if not isinstance(node, ast.Name):
            return False
        return self._is_called(node) or node.id in _MODULES or hasattr(builtins, node.id)

    def _is_called(self, node: ast.expr) -> bool:
        parent = self._parents.get(node)
        return isinstance(parent, ast.Call) and parent.func is node

    def _root(self, node: ast.expr) -> str:
        while isinstance(node, ast.Attribute):
            node = node.value
        return node.id if isinstance(node, ast.Name) else ""

    # Expressions

    def _expression(self, node: ast.expr) -> Iterator[_Edit]:
        match node:
            case ast.BinOp():
                yield from self._binary(node)
            case ast.BoolOp() | ast.Compare():
                yield from self._logic(node)
            case ast.UnaryOp():
                yield from self._unary(node)
            case ast.Constant():
                yield from self._constant(node)
            case ast.Call():
                yield from self._call(node)
            case ast.Attribute(ctx=ast.Load()):
                yield from self._attribute(node)
            case ast.Subscript(ctx=ast.Load()):
                yield from self._subscript(node)
            case ast.Name(ctx=ast.Load()):
                yield from self._name(node)

    def _binary(self, node: ast.BinOp) -> Iterator[_Edit]:
        sign = _BINARY.get(type(node.op))
        if sign is None:
            return
        start, end = self._span(node)
        middle = self._between(self._span(node.left)[1], self._span(node.right)[0])
        at = self._span(node.left)[1] + len(middle[: middle.index(sign)].encode())
        left, right = self._between(start, at).rstrip(), self._between(at + len(sign), end).strip()
        for other in _TYPED_BINARY:
            if other != sign:
                yield _Edit(at, at + len(sign), other, "operator")
        yield _Edit(start, end, f"{right} {sign} {left}", "operands swapped")
        yield _Edit(start, end, left, "operand dropped")
        yield _Edit(start, end, right, "operand dropped")
        if isinstance(node.left, ast.Name) and sign in _IN_PLACE:
            yield _Edit(start, end, f"{left}.{_IN_PLACE[sign]}({right})", "in place")
        for side, text in ((node.left, left), (node.right, right)):
            if isinstance(side, ast.BinOp) and text.startswith("(") and text.endswith(")"):
                bare = text[1:-1]
                whole = f"{bare} {sign} {right}" if side is node.left else f"{left} {sign} {bare}"
                yield _Edit(start, end, whole, "parentheses")

    def _logic(self, node: ast.BoolOp | ast.Compare) -> Iterator[_Edit]:
        words = ("and", "or") if isinstance(node, ast.BoolOp) else tuple(_COMPARISONS.values())
        if isinstance(node, ast.BoolOp):
            parts = node.values
            signs = ["and" if isinstance(node.op, ast.And) else "or"] * (len(parts) - 1)
        else:
            parts = [node.left, *node.comparators]
            signs = [_COMPARISONS.get(type(op), "") for op in node.ops]
        for first, second, sign in zip(parts[:-1], parts[1:], signs, strict=True):
            start, end = self._span(first)[1], self._span(second)[0]
            middle = self._between(start, end)
            for other in words if sign else ():
                if other != sign:
                    yield _Edit(start, end, middle.replace(sign, other, 1), "comparison")
        for part in parts:
            yield self._replace(node, self._text(part), "operand dropped")

    def _unary(self, node: ast.UnaryOp) -> Iterator[_Edit]:
        if self._number(node) is not None:
            yield from self._constant(node)
        elif isinstance(node.op, ast.USub | ast.Not):
            yield self._replace(node, self._operand(node.operand), "minus sign")

    def _number(self, node: ast.AST) -> int | float | None:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self._number(node.operand)
            return None if inner is None else -inner
        if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
            return None
        return node.value if isinstance(node.value, int | float) else None

    def _constant(self, node: ast.expr) -> Iterator[_Edit]:
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield self._replace(node, str(not node.value), self._truth(node))
            return
        number = self._number(node)
        signed = isinstance(self._parents.get(node), ast.UnaryOp)
        if number is None or (signed and self._number(self._parents[node]) is not None):
            return
        kind = self._role(node)
        if kind == "constant":
            others = dict.fromkeys((number + 1, number - 1, 2 * number, -number, 0))
        else:
            others = dict.fromkeys(_AXES)
        for other in others:
            if other != number:
                yield self._replace(node, repr(other), kind)

    def _truth(self, node: ast.AST) -> str:
        parent = self._parents.get(node)
        keeps = isinstance(parent, ast.keyword) and parent.arg in ("keepdim", "keepdims")
        return "keepdim" if keeps else "constant"

    def _role(self, node: ast.AST) -> str:
        """Whether a number says which axis, which entry, or how much."""
        parent = self._parents.get(node)
        if isinstance(parent, ast.keyword):
            return "axis" if parent.arg in _AXIS_WORDS else "constant"
        if isinstance(parent, ast.Slice) or (
            isinstance(parent, ast.Subscript) and parent.slice is node
        ):
            return "index"
        if isinstance(parent, ast.Call) and node in parent.args:
            name = parent.func.attr if isinstance(parent.func, ast.Attribute) else ""
            function = self._root(parent.func) in _MODULES
            if name in _TAKES_AXES and not (function and parent.args[0] is node):
                return "axis"
        return "constant"

    def _call(self, node: ast.Call) -> Iterator[_Edit]:
        start, end = self._span(node)
        method = isinstance(node.func, ast.Attribute) and self._root(node.func) not in _MODULES
        if isinstance(node.func, ast.Attribute) and method:
            inner = self._text(node.func.value)
            call = self._between(self._span(node.func.value)[1], end)
            yield _Edit(start, end, self._between(start, end) + call, "twice")
            if isinstance(self._parents.get(node), ast.expr):
                inner = self._operand(node.func.value)
            yield _Edit(start, end, inner, "call dropped")
            if node.func.attr in _HAVE_IN_PLACE:
                at = self._span(node.func)[1]
                yield _Edit(at, at, "_", "in place")
        elif node.args:
            yield self._replace(node.args[0], self._text(node), "twice")
            for argument in node.args:
                yield self._replace(node, self._operand(argument), "call dropped")
        for first, second in zip(node.args[:-1], node.args[1:], strict=True):
            one, other = self._span(first), self._span(second)
            between = self._between(one[1], other[0])
            swapped = f"{self._text(second)}{between}{self._text(first)}"
            yield _Edit(one[0], other[1], swapped, "arguments swapped")
        yield from self._arguments(node, end)
        if isinstance(node.func, ast.Name):
            yield from self._siblings(node.func, node.func.id)
            for other_name in self._functions:
                yield self._replace(node.func, other_name, "another function")

    def _arguments(self, node: ast.Call, end: int) -> Iterator[_Edit]:
        """Arguments left out, and an axis that is kept."""
        arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        spans = [self._span(argument) for argument in arguments]
        for number, (start, stop) in enumerate(spans):
            if number:
                start = spans[number - 1][1]
            elif len(spans) > 1:
                stop = spans[1][0]
            yield _Edit(start, stop, "", "argument dropped")
        words = [keyword.arg for keyword in node.keywords]
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in _REDUCTIONS and "dim" in words and "keepdim" not in words:
            yield _Edit(end - 1, end - 1, ", keepdim=True", "keepdim")

    def _keyword(self, node: ast.keyword) -> Iterator[_Edit]:
        if node.arg == "dim" and self._number(node.value) is None:
            for axis in _AXES:
                yield self._replace(node.value, str(axis), "axis")

    def _attribute(self, node: ast.Attribute) -> Iterator[_Edit]:
        if self._root(node) in _MODULES:
            yield from self._siblings(node, node.attr)
            return
        parent = self._parents.get(node)
        if isinstance(parent, ast.Call) and parent.func is node:
            yield from self._siblings(node, node.attr)
            yield from self._without_values(parent, node)
        else:
            yield self._replace(node, self._operand(node.value), "attribute dropped")

    def _siblings(self, node: ast.expr, name: str) -> Iterator[_Edit]:
        """The same call by a name that stands beside the right one in a manual."""
        _, end = self._span(node)
        for group in _SIBLINGS:
            for other in group if name in group else ():
                if other != name and (other != "len" or isinstance(node, ast.Name)):
                    yield _Edit(end - len(name.encode()), end, other, "another method")

    def _without_values(self, call: ast.Call, method: ast.Attribute) -> Iterator[_Edit]:
        """`x.max(dim=1).values` as `x.mean(dim=1)`, or with the places for the values."""
        outer = self._parents.get(call)
        if not isinstance(outer, ast.Attribute) or outer.attr != "values":
            return
        arguments = self._between(self._span(method)[1], self._span(call)[1])
        for other in ("mean", "sum", "amin"):
            text = f"{self._operand(method.value)}.{other}{arguments}"
            yield self._replace(outer, text, "another method")
        yield self._replace(outer, f"{self._text(call)}.indices", "another method")

    def _subscript(self, node: ast.Subscript) -> Iterator[_Edit]:
        yield self._replace(node, self._text(node.value), "index dropped")
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            for number in (3, 4, 8):
                yield self._replace(node, str(number), "typed in")

    def _name(self, node: ast.Name) -> Iterator[_Edit]:
        if self._is_function(node):
            return
        scope = self._scope(node)
        if node.id not in scope:
            return
        for other in scope:
            if other != node.id:
                yield self._replace(node, other, "another name")
        parent = self._parents.get(node)
        if isinstance(parent, ast.BinOp | ast.Call | ast.Return):
            yield self._replace(node, f"{node.id}.T", "transposed")
            yield self._replace(node, f"-{node.id}", "minus sign")

    # Statements

    def _statement(self, node: ast.stmt) -> Iterator[_Edit]:
        yield self._replace(node, "", "line deleted")
        following = self._next(node)
        if following is not None:
            (start, stop), (later, end) = self._span(node), self._span(following)
            swapped = f"{self._text(following)}{self._between(stop, later)}{self._text(node)}"
            yield _Edit(start, end, swapped, "lines swapped")
        if isinstance(node, ast.Return) and node.value is not None:
            yield self._replace(node, f"print({self._text(node.value)})", "printed")
            yield self._replace(node, self._text(node.value), "return dropped")
            yield from self._parts(node, node.value)
        if isinstance(node, ast.Return | ast.Assign) and node.value is not None:
            yield from self._added(node, node.value)

    def _next(self, node: ast.stmt) -> ast.stmt | None:
        for name in ("body", "orelse"):
            block = getattr(self._parents.get(node), name, ())
            if isinstance(block, list) and node in block[:-1]:
                following: ast.stmt = block[block.index(node) + 1]
                return following if self._may_change(following) else None
        return None

    def _parts(self, node: ast.Return, value: ast.expr) -> Iterator[_Edit]:
        """An intermediate result returned in place of the last one."""
        parts = [
            self._text(inner)
            for inner in ast.walk(value)
            if isinstance(inner, ast.expr)
            and inner is not value
            and self._number(inner) is None
            and not isinstance(inner, ast.Constant)
            and not self._is_called(inner)
            and not self._is_function(inner)
            and self._root(inner) not in _MODULES
            and not any(isinstance(outer, ast.Lambda) for outer in self._outer(inner))
        ]
        for part in dict.fromkeys((*self._scope(node), *parts)):
            yield self._replace(node, f"return {part}", "part returned")

    def _added(self, node: ast.Return | ast.Assign, value: ast.expr) -> Iterator[_Edit]:
        """One thing too many done to a result."""
        if isinstance(value, ast.Tuple):
            return
        scope = self._scope(node)
        for pattern in _ADDED:
            text = pattern.format(self._operand(value), name=scope[0] if scope else "x")
            yield self._replace(value, text, "something added")
        yield self._replace(value, f"-{self._operand(value)}", "minus sign")


def _marked_lines(solution: str) -> frozenset[int]:
    """The numbers of the lines between the solution's marks; of all lines, where it has none."""
    lines = solution.split("\n")
    inside: set[int] = set()
    is_open = False
    for number, line in enumerate(lines, start=1):
        if line.strip() == BEGIN:
            is_open = True
        elif line.strip() == END:
            is_open = False
        elif is_open:
            inside.add(number)
    return frozenset(inside) or frozenset(range(1, len(lines) + 1))

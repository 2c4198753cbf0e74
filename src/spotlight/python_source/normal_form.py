"""What Python source says, apart from how it is written: no comments, docstrings or layout."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spotlight.python_source.syntax import parsed

_SAYS_NOTHING = ("kind", "type_comment", "ctx")


def normal_form(source: str) -> str:
    """A text that is equal for two sources of one meaning; the source where it does not parse.

    It is the same under every version of Python that the course runs on. Neither `ast.dump` nor
    `ast.unparse` nor `tokenize` is: they leave out empty fields, quote f-strings and split them
    in ways of their own.
    """
    tree = parsed(source)
    return source if tree is None else _shown(tree)


def _shown(value: object) -> str:
    match value:
        case ast.JoinedStr(values=parts):
            return f"JoinedStr({','.join(_text_parts(parts))})"
        case ast.AST():
            fields = (
                f"{name}={_shown(field)}"
                for name, field in ast.iter_fields(value)
                if name not in _SAYS_NOTHING and field is not None and field != []
            )
            return f"{type(value).__name__}({','.join(fields)})"
        case list():
            return f"[{','.join(_shown(part) for part in value if not _is_mere_text(part))}]"
        case _:
            return repr(value)


def _is_mere_text(node: object) -> bool:
    """Whether it is a statement that is only a text, as docstrings are."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _text_parts(parts: list[ast.expr]) -> Iterator[str]:
    """The parts of an f-string, its text in pieces as long as can be."""
    text = ""
    for part in parts:
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        if text:
            yield repr(text)
        text = ""
        yield _shown(part)
    if text:
        yield repr(text)

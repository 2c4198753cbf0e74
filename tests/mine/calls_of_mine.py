"""What lessons hand to `mine`, read from their given cells."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from spotlight.course.lesson import Lesson


@dataclass(frozen=True)
class Call:
    """`mine("lesson", ... .name)` in a lesson's given cell."""

    lesson: str
    name: str


def calls_in(lesson: Lesson) -> Iterator[Call]:
    for cell in lesson.cells:
        if cell.role == "given":
            yield from calls(cell.source)


def calls(source: str) -> Iterator[Call]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name("mine"), args=[ast.Constant(str(lesson)), reference]):
                yield Call(lesson, ast.unparse(reference).rpartition(".")[2])
            case ast.Call(func=ast.Name("mine")):
                raise AssertionError(f"no test can tell what this hands out: {ast.unparse(node)}")

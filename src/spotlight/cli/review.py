"""`review`: a lesson graded, and a local model's opinion under the verdicts."""

from __future__ import annotations

from typing import Annotated

import typer

from spotlight.cli.context import JsonFile, Status
from spotlight.cli.grade import grade_named


def review(
    lesson: Annotated[str, typer.Argument(metavar="LESSON|FILE", show_default=False)],
    json: JsonFile = None,
) -> Status:
    """Grade a lesson or a notebook file, and let a local model review the code (Ollama)."""
    return grade_named([lesson], json, review=True)

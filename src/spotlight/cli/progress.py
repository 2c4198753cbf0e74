"""`progress export` and `progress import`: what was earned, carried to another machine."""

from __future__ import annotations

from pathlib import Path

import typer

from spotlight.cli.context import Status, out, the_course
from spotlight.progress import ProgressStore

progress = typer.Typer(help="Carry your progress to another machine.")


@progress.command("export")
def export_progress(file: Path) -> Status:
    """Write your progress to a file."""
    ProgressStore(the_course().root / "progress").export(file)
    out.print(f"Your progress is in {file}.", markup=False, soft_wrap=True)
    return Status.PASSED


@progress.command("import")
def import_progress(file: Path) -> Status:
    """Add the progress in a file to yours; the best of both counts."""
    ProgressStore(the_course().root / "progress").import_(file)
    out.print(f"The progress in {file} was added to yours.", markup=False, soft_wrap=True)
    return Status.PASSED

"""`class`: a folder of submissions, graded."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from spotlight.cli.context import JsonFile, Review, Status, UsageError


class Engine(StrEnum):
    """Where a class is graded."""

    LOCAL = "local"
    DASK = "dask"


def grade_class(
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False)],
    destination: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where results go; a new folder.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what --out holds already.")
    ] = False,
    seed: Annotated[
        int, typer.Option(help="Seed of the inputs; students see those of 0.", min=0)
    ] = 0,
    jobs: Annotated[int, typer.Option(help="Notebooks at a time.", min=1)] = os.cpu_count() or 1,
    engine: Annotated[
        Engine, typer.Option(help="Grade on this machine, or on a Dask cluster.")
    ] = Engine.LOCAL,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDR", help="The Dask scheduler, tcp://HOST:8786.")
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Canvas's export or a CSV of students.")
    ] = None,
    adjust: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A CSV of your own points and comments.")
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Use what was graded before.")
    ] = True,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Grade even where submissions cannot be confined.")
    ] = False,
    review: Review = False,
    json: JsonFile = None,
) -> Status:
    """Grade a folder, or a zip, of submissions: gradebooks, reports, and pages for everyone."""
    if (engine is Engine.DASK) != (scheduler is not None):
        raise UsageError("--engine dask and --scheduler ADDR go together.")
    # Slow to import, and needed here alone.
    from spotlight.classroom.run import ClassOptions
    from spotlight.cli.grading_a_class import grade_the_class

    options = ClassOptions(
        seed=seed,
        jobs=jobs,
        scheduler=scheduler,
        resume=resume,
        caches=cache,
        unconfined=unsafe,
        roster=roster,
        adjustments=adjust,
        reviews=review,
    )
    return grade_the_class(folder, destination, options, json)

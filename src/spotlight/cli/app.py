"""The commands of `verify.py`."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from spotlight.cli import (
    building,
    grading,
    helping,
    readiness,
    releasing,
    running,
    watching,
)
from spotlight.cli.context import Status, UsageError, err
from spotlight.course.lesson import AuthoringError
from spotlight.grading.answer_key import AnswerKeyError
from spotlight.grading.submission import SubmissionError
from spotlight.progress import ProgressError
from spotlight.sandbox.worker import SandboxError

_INTERRUPTED = 130  # what shells report of a command that was stopped by Ctrl+C
# What a command line that makes no sense ends in, in whichever click typer brings.
_BAD_USAGE: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(
    help="Grade lessons, keep progress, build the course.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
progress_app = typer.Typer(help="Carry your progress to another machine.")
app.add_typer(progress_app, name="progress")

JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Write the report there too; - is standard output."
    ),
]

Review = Annotated[
    bool, typer.Option("--review", help="Add a local model's opinion on the code (Ollama).")
]


class Engine(StrEnum):
    """Where a class is graded."""

    LOCAL = "local"
    DASK = "dask"


@app.callback(invoke_without_command=True)
def everything(context: typer.Context, json: JsonFile = None) -> None:
    """Without a command: grade every lesson in lessons/, keep progress, say what to do next."""
    if context.invoked_subcommand is None:
        raise typer.Exit(grading.grade([], json))


@app.command()
def grade(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON|FILE ...", show_default=False)
    ] = None,
    review: Review = False,
    json: JsonFile = None,
) -> None:
    """Grade some lessons ("03", "03_queries_and_keys") or notebook files; all without names."""
    raise typer.Exit(grading.grade(lessons or [], json, review=review))


@app.command()
def review(
    lesson: Annotated[str, typer.Argument(metavar="LESSON|FILE", show_default=False)],
    json: JsonFile = None,
) -> None:
    """Grade a lesson or a notebook file, and let a local model review the code (Ollama)."""
    raise typer.Exit(grading.grade([lesson], json, review=True))


@app.command()
def watch(
    lesson: Annotated[str | None, typer.Argument(show_default=False)] = None,
) -> None:
    """Watch a lesson: a verdict after every save, keys for hint, next exercise, reset, quit."""
    raise typer.Exit(watching.watch(lesson))


@app.command()
def hint(lesson: str, exercise: str) -> None:
    """Show the next hint of an exercise."""
    raise typer.Exit(helping.show_hint(lesson, exercise))


@app.command()
def reset(
    lesson: str,
    exercise: Annotated[str | None, typer.Argument(show_default=False)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring a lesson, or one exercise, back to the blank; a backup is kept."""
    raise typer.Exit(helping.reset(lesson, exercise, ask=not yes))


@app.command()
def upgrade() -> None:
    """Bring every lesson to the course's new version; all that you wrote is kept."""
    raise typer.Exit(helping.upgrade())


@app.command()
def solutions(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON ...", show_default=False)
    ] = None,
    timeout: Annotated[int, typer.Option(help="Seconds a notebook may take.")] = 900,
    jobs: Annotated[int, typer.Option(help="Notebooks at a time.")] = 2,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the executed notebooks there.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a JUnit report.")
    ] = None,
) -> None:
    """Execute solution notebooks from top to bottom; full marks, or exit 1."""
    raise typer.Exit(running.run_solutions(lessons or [], timeout, jobs, keep, junit))


@app.command()
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if anything is stale.")
    ] = False,
) -> None:
    """Build notebooks and index.html from the masters."""
    raise typer.Exit(building.build(check))


@app.command()
def release(
    destination: Annotated[Path, typer.Argument(metavar="DEST", show_default=False)],
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON ...", show_default=False)
    ] = None,
    gradescope: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write an autograder of these lessons, a zip for Gradescope."
        ),
    ] = None,
) -> None:
    """Write what students get to the folder DEST: lessons, keys as data, no solutions."""
    raise typer.Exit(releasing.release_to(destination, lessons or [], gradescope))


@app.command("class")
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
) -> None:
    """Grade a folder, or a zip, of submissions: gradebooks, reports, and pages for everyone."""
    if (engine is Engine.DASK) != (scheduler is not None):
        raise UsageError("--engine dask and --scheduler ADDR go together.")
    from spotlight.classroom.run import ClassOptions  # slow to import, and needed here alone
    from spotlight.cli import classing

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
    raise typer.Exit(classing.grade_the_class(folder, destination, options, json))


@app.command()
def doctor() -> None:
    """Is this machine ready? Lines that can be pasted into a question."""
    raise typer.Exit(readiness.doctor())


@progress_app.command("export")
def export_progress(file: Path) -> None:
    """Write your progress to a file."""
    raise typer.Exit(helping.export_progress(file))


@progress_app.command("import")
def import_progress(file: Path) -> None:
    """Add the progress in a file to yours; the best of both counts."""
    raise typer.Exit(helping.import_progress(file))


def main() -> None:
    """Run a command; every failure is one sentence and an exit status."""
    try:
        status = app(prog_name="verify.py", standalone_mode=False)
        if status == _INTERRUPTED:
            _fail("Stopped. What was saved before is kept.", _INTERRUPTED)
        sys.exit(status)
    except _BAD_USAGE as problem:
        help_command = getattr(problem.ctx, "command_path", "verify.py")
        said = problem.format_message().rstrip(".")
        _fail(f"{said}. See {help_command} --help.", Status.UNUSABLE)
    except (UsageError, SubmissionError, AuthoringError, ProgressError) as problem:
        _fail(str(problem), Status.UNUSABLE)
    except (SandboxError, AnswerKeyError) as problem:
        _fail(str(problem), Status.GRADER_FAILED)
    except (KeyboardInterrupt, typer.Abort):
        _fail("Stopped. What was saved before is kept.", _INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Status.GRADER_FAILED)
    except Exception as error:
        _fail(
            f"The grader itself failed ({type(error).__name__}: {error}). "
            f"Nothing of yours is lost. The details are in {_log()}; please report them.",
            Status.GRADER_FAILED,
        )


def _fail(sentence: str, status: int) -> None:
    err.print(sentence, style="red", markup=False, soft_wrap=True)
    sys.exit(status)


def _log() -> str:
    """Where the traceback of the exception being handled was written."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="spotlight-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            traceback.print_exc(file=log)
            return log.name
    except OSError:
        return "no file, because none could be written"

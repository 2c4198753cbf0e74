"""The commands of `verify.py`, put together; what every failure comes to is said here."""

from __future__ import annotations

import sys
import tempfile
import traceback
from typing import Any

import typer

from spotlight.cli.build import build
from spotlight.cli.class_ import grade_class
from spotlight.cli.context import JsonFile, Status, UsageError, err
from spotlight.cli.doctor import doctor
from spotlight.cli.grade import grade, grade_named
from spotlight.cli.hint import hint
from spotlight.cli.new import new
from spotlight.cli.progress import progress
from spotlight.cli.release import release
from spotlight.cli.reset import reset
from spotlight.cli.review import review
from spotlight.cli.solutions import solutions
from spotlight.cli.upgrade import upgrade
from spotlight.cli.watch import watch
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


@app.callback(invoke_without_command=True)
def everything(context: typer.Context, json: JsonFile = None) -> Status | None:
    """Without a command: grade every lesson in lessons/, keep progress, say what to do next."""
    return grade_named([], json) if context.invoked_subcommand is None else None


for command in (grade, review, watch, hint, reset, upgrade, solutions, build, new, release):
    app.command()(command)
app.command("class")(grade_class)
app.command()(doctor)
app.add_typer(progress, name="progress")


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

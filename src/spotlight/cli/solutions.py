"""`solutions`: execute solution notebooks from top to bottom, and demand full marks."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from xml.etree import ElementTree

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from spotlight.authoring.run_record import RunRecord
from spotlight.cli.context import (
    LessonNames,
    Status,
    UsageError,
    a_worker,
    out,
    progress_bar,
    the_course,
    the_entry,
    the_masters,
)
from spotlight.course.manifest import Course, LessonEntry
from spotlight.course.reading import read_solution
from spotlight.feedback.words import shown
from spotlight.grading.grader import LessonGrader
from spotlight.grading.submission import parse_submission
from spotlight.sandbox.worker import Worker


@dataclass(frozen=True)
class _Run:
    entry: LessonEntry
    seconds: float
    problem: str


def solutions(
    lessons: LessonNames = None,
    timeout: Annotated[int, typer.Option(help="Seconds a notebook may take.")] = 900,
    jobs: Annotated[int, typer.Option(help="Notebooks at a time.")] = 2,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the executed notebooks there.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a JUnit report.")
    ] = None,
) -> Status:
    """Execute solution notebooks from top to bottom; full marks, or exit 1.

    Which ones got them, and with what code, is kept in solutions/runs.json.
    """
    course = the_course()
    the_masters(course, "run")
    entries = [the_entry(course, name) for name in lessons or []] or list(course.lessons)
    columns = (TextColumn("running solutions"), BarColumn(), MofNCompleteColumn())
    runs: list[_Run] = []
    with a_worker() as worker, progress_bar(*columns) as bar:
        task = bar.add_task("", total=len(entries))
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            futures = [pool.submit(_run, course, e, timeout, keep, worker) for e in entries]
            for future in futures:
                runs.append(future.result())
                bar.advance(task)
    for run in runs:
        said = run.problem or "full marks"
        style = "red" if run.problem else "green"
        out.print(f"{run.entry.file:<36} {run.seconds:6.1f} s  ", end="", markup=False)
        out.print(said, style=style, markup=False, soft_wrap=True)
    _record(course, [run.entry for run in runs if not run.problem])
    if junit is not None:
        _write_junit(junit, runs)
    return Status.NOT_PASSED if any(run.problem for run in runs) else Status.PASSED


def _record(course: Course, passed: list[LessonEntry]) -> None:
    record = RunRecord(course).product([read_solution(course.solution(e)) for e in passed])
    if record.is_current():
        return
    try:
        record.write(course.root / "progress" / "backups")
    except OSError as error:
        raise UsageError(f"{shown(record.path)} was not written ({error.strerror}).") from error
    out.print(f"built {shown(record.path)}", markup=False, soft_wrap=True)


def _run(
    course: Course, entry: LessonEntry, timeout: int, keep: Path | None, worker: Worker
) -> _Run:
    start = time.monotonic()
    problem = _problem(course, entry, timeout, keep, worker)
    return _Run(entry, time.monotonic() - start, problem)


def _problem(
    course: Course, entry: LessonEntry, timeout: int, keep: Path | None, worker: Worker
) -> str:
    """What is wrong with a solution notebook, or an empty text."""
    import nbformat

    path = course.solution(entry)
    lesson = read_solution(path)
    notebook = nbformat.read(path, as_version=4)
    problem = _execute(notebook, course, timeout)
    text = nbformat.writes(notebook)
    if keep is not None:
        _keep(keep / path.name, text)
    if problem:
        return problem
    submission = parse_submission(text.encode(), str(path))
    report = LessonGrader(lesson, worker.observe).grade(submission).report
    if not report.complete:
        short = [f"{e.exercise} is {e.status}" for e in report.exercises if e.status != "passed"]
        short += [f"{p.prediction} has no answer" for p in report.predictions if not p.answered]
        return f"{report.points:g} of {report.possible:g}: {', '.join(short)}"
    return _bad_card(notebook)


def _execute(notebook: Any, course: Course, timeout: int) -> str:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    client = NotebookClient(
        notebook,
        timeout=timeout,
        resources={"metadata": {"path": str(course.root / "solutions")}},
    )
    inline = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    try:
        # What the kernel itself logs is no answer to the command; cells' output is in the notebook.
        client.execute(env={**os.environ, **inline}, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        return f"a cell fails: {error.ename}: {error.evalue}"
    except CellTimeoutError:
        return f"a cell takes longer than {timeout} seconds"
    except RuntimeError:  # it died, or never came up
        return "the kernel died; verify.py doctor says what may be missing"
    return ""


def _bad_card(notebook: Any) -> str:
    """The first card among the outputs that says anything but a pass."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            html = output.get("data", {}).get("text/html", "")
            for mark in ('data-card="waiting"', 'data-card="trouble"'):
                if mark in html:
                    return f"cell {cell.id} shows a card: {output['data'].get('text/plain')}"
            if 'data-status="' in html and 'data-status="passed"' not in html:
                return f"cell {cell.id} does not pass: {output['data'].get('text/plain')}"
    return ""


def _keep(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).") from error


def _write_junit(path: Path, runs: list[_Run]) -> None:
    failures = sum(1 for run in runs if run.problem)
    suite = ElementTree.Element(
        "testsuite", name="solutions", tests=str(len(runs)), failures=str(failures)
    )
    for run in runs:
        case = ElementTree.SubElement(
            suite, "testcase", name=run.entry.file, classname="solutions", time=f"{run.seconds:.1f}"
        )
        if run.problem:
            ElementTree.SubElement(case, "failure", message=run.problem)
    _keep(path, ElementTree.tostring(suite, encoding="unicode") + "\n")

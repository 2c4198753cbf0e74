"""Run a job's cells, call its probes, and report each outcome as it comes.

This is the only module that executes other people's code. It runs in the worker's process.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import hashlib
import io
import linecache
import random
import traceback
import warnings
from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np
import torch

from spotlight.authoring import kit
from spotlight.sandbox.job import Job, ProbeCall, Step
from spotlight.sandbox.portable import portable

Emit = Callable[[dict[str, Any]], None]
MAX_PRINTED = 2_000
_MAX_MESSAGE = 2_000
_MAX_FRAMES = 8
# Taken now, so that no cell that assigns to these names (`random.seed = 1`) changes them here.
_SEEDERS = (random.seed, np.random.seed, torch.manual_seed)
_NOTEBOOK_WORDS = ("display", "check", "hint", "predict", "reveal", "verify")


def run_program(job: Job, emit: Emit) -> None:
    """Run `job`, handing one dictionary to `emit` per cell and per probe."""
    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
    namespace["get_ipython"] = lambda: _Shell()
    for name in _NOTEBOOK_WORDS:
        namespace[name] = lambda *values, **options: None
    names = {_filename(step.name): step.name for step in job.steps}
    printed = _Printed()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        for step in job.steps[:-1]:
            emit(_run_step(step, namespace, names, ()))
        before = dict(namespace)
        exercise = job.steps[-1]
        emit(_run_step(exercise, namespace, names, job.targets))
        probes = _define_probes(job, before)
        for call in job.probes:
            printed.start()
            outcome = _call_probe(call, probes[call.name], job, namespace, before, names)
            emit({**outcome, "printed": printed.text()})


class _Shell:
    """Stands in for IPython's shell: magics do nothing here."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **options: None


class _Printed(io.TextIOBase):
    """Keeps the first characters written since `start`, and drops the rest."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._room = MAX_PRINTED

    def start(self) -> None:
        self._kept, self._room = [], MAX_PRINTED

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._room > 0:
            self._kept.append(text[: self._room])
            self._room -= len(self._kept[-1])
        return len(text)

    def text(self) -> str:
        return "".join(self._kept)


def _run_step(
    step: Step, namespace: dict[str, Any], names: dict[str, str], targets: tuple[str, ...]
) -> dict[str, Any]:
    _seed_everything(step.name)
    trouble = None
    try:
        _execute(step.source, _filename(step.name), namespace)
    except BaseException as error:
        trouble = _trouble(error, names)
    missing = [target for target in targets if target not in namespace]
    return {"event": "step", "name": step.name, "trouble": trouble, "missing": missing}


def _execute(source: str, filename: str, namespace: dict[str, Any]) -> None:
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    code: CodeType = compile(
        source, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    result = eval(code, namespace)
    if asyncio.iscoroutine(result):
        asyncio.run(result)


def _define_probes(job: Job, before: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """The probe functions, defined in a copy of the namespace as it was before the exercise.

    They have the kit's names as well, which the exercise does not get to see.
    Where that fails, because an earlier cell did, each probe ends in what went wrong.
    """
    namespace = before | {name: getattr(kit, name) for name in kit.NAMES}
    try:
        exec(compile(job.helpers, "<probe helpers>", "exec", dont_inherit=True), namespace)
        for call in job.probes:
            exec(compile(call.source, f"<probe {call.name}>", "exec", dont_inherit=True), namespace)
    except BaseException as error:
        return dict.fromkeys((call.name for call in job.probes), _raising(error))
    return {call.name: namespace[call.name] for call in job.probes}


def _raising(error: BaseException) -> Callable[..., Any]:
    def fail(*arguments: Any) -> Any:
        raise error

    return fail


def _call_probe(
    call: ProbeCall,
    function: Callable[..., Any],
    job: Job,
    namespace: dict[str, Any],
    before: dict[str, Any],
    names: dict[str, str],
) -> dict[str, Any]:
    def rerun(**givens: Any) -> Any:
        again = {**before, **givens}
        exercise = job.steps[-1]
        _execute(exercise.source, _filename(exercise.name), again)
        made = {target: again[target] for target in job.targets}
        return made[job.targets[0]] if len(made) == 1 else made

    _seed_everything(f"{call.seed}:{call.name}")
    value, trouble = None, None
    with kit.fresh_draws(call.seed, call.name) as draws:
        try:
            arguments = [rerun if name == "rerun" else namespace[name] for name in call.parameters]
            value = portable(function(*arguments))
        except BaseException as error:
            value, trouble = None, _trouble(error, names)
        changed = draws.changed_inputs()
        shapes = [list(copy.shape) for _, copy in draws.drawn]
    return {
        "event": "probe",
        "name": call.name,
        "value": value,
        "trouble": trouble,
        "changed_inputs": changed,
        "drawn_shapes": shapes,
    }


def _trouble(error: BaseException, names: dict[str, str]) -> dict[str, Any]:
    """An exception as data; only frames in the program's own cells are kept."""
    frames = []
    if isinstance(error, SyntaxError) and error.filename in names:
        text = (error.text or "").strip()
        frames.append(
            {"cell": names[error.filename], "line": error.lineno or 0, "text": text, "function": ""}
        )
    for summary, _ in zip(traceback.walk_tb(error.__traceback__), range(1_000), strict=False):
        frame, line = summary
        filename = frame.f_code.co_filename
        if filename in names:
            text = linecache.getline(filename, line).strip()
            where = {"cell": names[filename], "line": line, "text": text[:300]}
            frames.append({**where, "function": frame.f_code.co_name})
    return {
        "type": type(error).__name__,
        "message": _message(error)[:_MAX_MESSAGE],
        "frames": frames[-_MAX_FRAMES:],
    }


def _message(error: BaseException) -> str:
    try:
        return str.__str__(str(error.msg if isinstance(error, SyntaxError) else error))
    except BaseException:  # whatever a class of the student's raises here
        return "(the exception cannot be printed)"


def _filename(step: str) -> str:
    return f"<cell {step}>"


def _seed_everything(key: str) -> None:
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "little")
    for seed in _SEEDERS:
        seed(number)

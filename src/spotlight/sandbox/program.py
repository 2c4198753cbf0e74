"""Run a job's cells, call its probes, and report each outcome as it comes.

This is the only module that executes other people's code. It runs in the worker's process.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import copy
import hashlib
import io
import linecache
import random
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import CodeType
from typing import Any

import numpy as np
import torch

from spotlight.sandbox import kit
from spotlight.sandbox.counting import Counter
from spotlight.sandbox.job import (
    KIT_NAMES,
    Frame,
    Job,
    ProbeCall,
    ProbeOutcome,
    Step,
    StepOutcome,
    Trouble,
)
from spotlight.sandbox.outcome_codec import probe_data, step_data
from spotlight.sandbox.portable import portable
from spotlight.sandbox.target_calls import TargetCalls

Emit = Callable[[dict[str, Any]], None]
MAX_PRINTED = 2_000
_MAX_MESSAGE = 2_000
_MAX_FRAMES = 8
# Taken now, so that no cell that assigns to these names (`random.seed = 1`) changes them here.
_SEEDERS = (random.seed, np.random.seed, torch.default_generator.manual_seed)
_NOTEBOOK_WORDS = ("display", "check", "hint", "predict", "reveal", "solution", "verify")


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
        probing = _Probing(job, namespace, names, printed)
        for source in (job.steps[-1].source, *job.others):
            for event in probing.events(source):
                emit(event)


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
    return {"event": "step", **step_data(StepOutcome(step.name, trouble, tuple(missing)))}


def _execute(source: str, filename: str, namespace: dict[str, Any]) -> None:
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    code: CodeType = compile(
        source, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    result = eval(code, namespace)
    if asyncio.iscoroutine(result):
        asyncio.run(result)


class _Probing:
    """The probes of a job, called on one source of its exercise after the other."""

    def __init__(
        self, job: Job, before: dict[str, Any], names: dict[str, str], printed: _Printed
    ) -> None:
        """`before` is the namespace as the exercise's cell finds it."""
        self._job = job
        self._before = before
        self._names = names
        self._printed = printed
        self._probes, self._explain = self._define_probes()

    def events(self, source: str) -> Iterator[dict[str, Any]]:
        """What comes of the exercise's cell being `source`, and then of every probe."""
        exercise = replace(self._job.steps[-1], source=source)
        namespace = self._start()
        yield _run_step(exercise, namespace, self._names, self._job.targets)
        for call in self._job.probes:
            self._printed.start()
            # No name holds the outcome: while the next probe runs, no code can come upon it.
            yield {"event": "probe", **probe_data(self._call(call, exercise, namespace))}

    def _start(self) -> dict[str, Any]:
        """The namespace to begin with: where other sources follow, one that they do not share."""
        if not self._job.others:
            return dict(self._before)
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
        return {name: _own_copy(value) for name, value in self._before.items()}

    def _define_probes(self) -> tuple[dict[str, Callable[..., Any]], Callable[..., str] | None]:
        """The probe functions, defined in a copy of the namespace as it was before the exercise.

        They have the kit's names as well, which the exercise does not get to see.
        Where that fails, because an earlier cell did, each probe ends in what went wrong.
        """
        namespace = self._before | {name: getattr(kit, name) for name in KIT_NAMES}
        calls = self._job.probes
        try:
            _define(self._job.helpers, "<probe helpers>", namespace)
            for call in calls:
                _define(call.source, f"<probe {call.name}>", namespace)
            explain = None
            if self._job.explain:
                _define(self._job.explain, "<explanation>", namespace)
                explain = namespace[f"{self._job.targets[0]}__entry"]
        except BaseException as error:
            return dict.fromkeys((call.name for call in calls), _raising(error)), None
        return {call.name: namespace[call.name] for call in calls}, explain

    def _call(self, call: ProbeCall, exercise: Step, namespace: dict[str, Any]) -> ProbeOutcome:
        job = self._job

        def rerun(**givens: Any) -> Any:
            again = {**self._start(), **givens}
            try:
                _execute(exercise.source, _filename(exercise.name), again)
            except BaseException:
                if not again.keys() >= set(job.targets):  # else it came after the answer
                    raise
            made = {target: again[target] for target in job.targets}
            return made[job.targets[0]] if len(made) == 1 else made

        counter = Counter(self._names) if call.counts else None
        calls = TargetCalls(counter, job.explain is not None, self._explain)
        _seed_everything(f"{call.seed}:{call.name}")
        value, trouble, entries = None, None, []
        switches = _Switches()
        with kit.fresh_draws(call.seed, call.name, getattr(torch, call.dtype)) as draws:
            try:
                given = [
                    rerun if name == "rerun" else calls.watched(name, namespace[name])
                    for name in call.parameters
                ]
                returned = self._probes[call.name](*given)
                entries = calls.entries(returned)
                value = portable(returned)
            except BaseException as error:
                value, trouble = None, _trouble(error, self._names)
            left = switches.put_back()
            changed = draws.changed_inputs()
            shapes = tuple(tuple(copy.shape) for _, copy in draws.drawn)
        return ProbeOutcome(
            call.name,
            value,
            trouble,
            tuple(changed),
            shapes,
            self._printed.text(),
            counter.cost if counter else None,
            calls.recorded,
            tuple(entries),
            tuple(left),
        )


class _Switches:
    """What holds for all of torch until somebody changes it: a function is to leave it alone."""

    def __init__(self) -> None:
        self._before = self._now()

    def put_back(self) -> list[str]:
        """Names of what has changed since; it is as before after that."""
        now = self._now()
        left = [name for name, value in self._before.items() if now[name] != value]
        torch.set_grad_enabled(bool(self._before["gradients"]))
        torch.set_default_dtype(self._before["default dtype"])
        return left

    @staticmethod
    def _now() -> dict[str, Any]:
        return {"gradients": torch.is_grad_enabled(), "default dtype": torch.get_default_dtype()}


def _own_copy(value: Any) -> Any:
    """A copy of data that could be changed in place; anything else is handed on as it is."""
    if not isinstance(value, torch.Tensor | np.ndarray | list | dict | set):
        return value
    try:
        return copy.deepcopy(value)
    except Exception:  # a tensor within a graph, say
        return value


def _define(source: str, filename: str, namespace: dict[str, Any]) -> None:
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)


def _raising(error: BaseException) -> Callable[..., Any]:
    def fail(*arguments: Any) -> Any:
        raise error

    return fail


def _trouble(error: BaseException, names: dict[str, str]) -> Trouble:
    """An exception as data; only frames in the program's own cells are kept."""
    frames: list[Frame] = []
    if isinstance(error, SyntaxError) and error.filename in names:
        text = (error.text or "").strip().partition("\n")[0][:300]
        frames.append(Frame(names[error.filename], error.lineno or 0, text, ""))
    for summary, _ in zip(traceback.walk_tb(error.__traceback__), range(1_000), strict=False):
        frame, line = summary
        filename = frame.f_code.co_filename
        if filename in names:
            text = linecache.getline(filename, line).strip()
            frames.append(Frame(names[filename], line, text[:300], frame.f_code.co_name))
    message = _message(error)[:_MAX_MESSAGE]
    return Trouble(type(error).__name__, message, tuple(frames[-_MAX_FRAMES:]))


def _message(error: BaseException) -> str:
    try:
        text = str.__str__(str(error.msg if isinstance(error, SyntaxError) else error))
        if isinstance(error, ImportError) and error.path:  # where the machine keeps its modules
            text = text.replace(f" ({error.path})", "")
        return text
    except BaseException:  # whatever a class of the student's raises here
        return "(the exception cannot be printed)"


def _filename(step: str) -> str:
    return f"<cell {step}>"


def _seed_everything(key: str) -> None:
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "little")
    for seed in _SEEDERS:
        seed(number)

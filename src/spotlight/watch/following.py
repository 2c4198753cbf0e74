"""Follow a lesson: its saves, the keys that are pressed, and the signals to leave."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from rich.console import Console

from spotlight.course.lesson import Lesson
from spotlight.course.manifest import Course, LessonEntry
from spotlight.grading.submission import Submission, SubmissionError, read_submission
from spotlight.sandbox.worker import Worker
from spotlight.watch.background_judge import BackgroundJudge, Failed
from spotlight.watch.screen import Display, Lines, Screen
from spotlight.watch.watched_lesson import Event, Leave, Looked, Pressed, Saved, WatchedLesson

_QUIET_MS = 20  # for so long nothing may change in a folder before a change in it is told
_LOOK_MS = 1000  # how often to look at a file where its file system tells of no change
_PATIENCE = (0.05, 0.1, 0.2, 0.4)  # seconds between tries to read a file that is being written

Tell = Callable[[Event], None]


def follow(
    course: Course,
    entry: LessonEntry,
    lesson: Lesson,
    submission: Submission,
    console: Console,
) -> WatchedLesson:
    """Follow the lesson on the console until somebody leaves; returns what has become of it.

    Raises:
        BaseException: what made grading itself fail, where it did.
    """
    has_keys = console.is_terminal and sys.stdin.isatty()
    display = Screen(console) if has_keys else Lines(console)
    try:
        watched = asyncio.run(_follow(course, entry, lesson, submission, display, has_keys))
    except BaseException:
        display.leave("")
        raise
    display.leave(watched.farewell)
    return watched


async def _follow(
    course: Course,
    entry: LessonEntry,
    lesson: Lesson,
    submission: Submission,
    display: Display,
    has_keys: bool,
) -> WatchedLesson:
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[Event] = asyncio.Queue()
    tell = events.put_nowait

    def tell_from_thread(event: Event) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody listens any more
            loop.call_soon_threadsafe(tell, event)

    worker = Worker()
    judge = BackgroundJudge(lesson, worker.observe, tell_from_thread)
    watched = WatchedLesson(course, entry, lesson, judge, display)
    _heed_signals(loop, tell)
    saves = asyncio.create_task(_tell_of_saves(Path(submission.path), tell))
    try:
        with _keys(tell) if has_keys else nullcontext():
            watched.begin(submission)
            while watched.goes_on:
                watched.hear(await events.get())
    finally:
        saves.cancel()
        # A job that is under way may take seconds more, and nobody else needs to: the worker's
        # process ends when this one has.
        if judge.end():
            worker.close()
    return watched


def _heed_signals(loop: asyncio.AbstractEventLoop, tell: Tell) -> None:
    """Leave in order when asked to end; look at the window when it changes."""
    heard: dict[str, Event] = {
        "SIGINT": Leave(),
        "SIGTERM": Leave(),
        "SIGHUP": Leave(),
        "SIGWINCH": Looked(),
    }
    for name, event in heard.items():
        # Windows has neither most of them nor this way to hear of one.
        with suppress(NotImplementedError, AttributeError):
            loop.add_signal_handler(getattr(signal, name), tell, event)


@contextmanager
def _keys(tell: Tell) -> Iterator[None]:
    """Tell of single keys, unechoed; the terminal is as before when the block ends."""
    from prompt_toolkit.input import create_input

    terminal = create_input()

    def read() -> None:
        for press in terminal.read_keys():
            tell(Pressed(press.key.lower()))
        if terminal.closed:
            tell(Leave())

    with terminal.raw_mode(), terminal.attach(read):
        yield


async def _tell_of_saves(path: Path, tell: Tell) -> None:
    """Tell of what is in the file whenever it may be another, and else of every look at it."""
    try:
        seen: object = None
        async for is_told in _looks(path):
            before, seen = seen, _stamp(path)
            tell(Saved(await _read(path)) if is_told or seen != before else Looked())
    except Exception as error:
        tell(Failed(error))


async def _looks(path: Path) -> AsyncIterator[bool]:
    """One item for every time to look at a file: whether the system told of a change."""
    from watchfiles import awatch

    def concerns(_: object, changed: str) -> bool:
        return os.path.basename(changed) == path.name

    # It is the folder that is watched: a save that renames a new file over the old one leaves
    # whoever watches the file with the old one.
    changes = awatch(
        path.parent,
        watch_filter=concerns,
        step=_QUIET_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        recursive=False,
    )
    with suppress(OSError, RuntimeError):  # the system may have no watch left to give
        async for changed in changes:
            yield bool(changed)
    while True:
        await asyncio.sleep(_LOOK_MS / 1000)
        yield False


def _stamp(path: Path) -> object:
    """What tells one state of a file from another without reading it."""
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_size, found.st_ino


async def _read(path: Path) -> Submission | SubmissionError:
    """The notebook, or why it cannot be read, even after a while."""
    for seconds in _PATIENCE:
        with suppress(SubmissionError):
            return read_submission(path)
        await asyncio.sleep(seconds)
    try:
        return read_submission(path)
    except SubmissionError as problem:
        return problem

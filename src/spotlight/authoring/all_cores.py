"""Work that takes a worker, on all cores: processes of this program's own, a worker in each."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import TypeVar

from spotlight.sandbox.worker import SandboxError, Worker

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_FEWEST = 4
"""What a process must have to do, to be worth the seconds that its start takes."""

_worker: Worker | None = None  # of this process of a pool


def on_all_cores(
    function: Callable[[_Item, Worker], _Result],
    items: Sequence[_Item],
    here: Worker,
    jobs: int | None = None,
) -> Generator[tuple[int, _Result], None, None]:
    """Call `function` with each item and a worker; yields numbers of items and results, as they
    come.

    Where there is little to do, it is done in this process, with the worker `here`. Ctrl+C, or
    leaving the loop, ends all processes.

    Raises:
        SandboxError: a process ended, or its worker cannot be started.
    """
    jobs = jobs or min(os.cpu_count() or 1, len(items) // _FEWEST)
    if jobs <= 1:
        for number, item in enumerate(items):
            yield number, function(item, here)
        return
    pool = ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
    )
    try:
        futures: dict[Future[_Result], int] = {
            pool.submit(_call, function, item): number for number, item in enumerate(items)
        }
        for done in as_completed(futures):
            yield futures.pop(done), done.result()
    except BrokenProcessPool as broken:
        raise SandboxError(
            "A process that this command started has ended. Free some memory, then run it again."
        ) from broken
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def end_with_parent() -> None:
    """Let this process end when the one that started it does, be that killed."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _begin() -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent to act on
    end_with_parent()
    _worker = Worker()
    atexit.register(_worker.close)


def _call(function: Callable[[_Item, Worker], _Result], item: _Item) -> _Result:
    assert _worker is not None
    return function(item, _worker)

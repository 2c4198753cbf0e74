"""`verify.py` as a program in a terminal of its own, and what stands on its screen."""

from __future__ import annotations

import os
import re
import select
import signal
import termios
import time
from collections.abc import Callable

import pyte

from cli.prepared_programs import Starts, verify

PATIENCE = 60.0  # seconds; a machine may be slow, and no test is about how slow


class Terminal:
    """A program in a pseudo-terminal whose screen is kept as a person would see it."""

    def __init__(
        self,
        starts: Starts,
        *arguments: str,
        columns: int = 80,
        rows: int = 24,
        **environment: str,
    ) -> None:
        known = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        self._ours, theirs = os.openpty()
        self._theirs: int | None = theirs  # kept open until the program has opened it too
        termios.tcsetwinsize(theirs, (rows, columns))
        self._program = starts(
            verify,
            *arguments,
            environment={**known, "TERM": "xterm-256color", **environment},
            out=os.ttyname(theirs),
        )
        self._screen = pyte.HistoryScreen(columns, rows, history=1000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self.received = b""

    @property
    def lines(self) -> list[str]:
        """The screen's lines, without the empty ones at its end."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip().split("\n")

    @property
    def words(self) -> str:
        """All that stands on the screen, as if it were one line."""
        return " ".join(" ".join(self.lines).split())

    @property
    def scrolled_away(self) -> list[str]:
        """The lines above the screen."""
        rows = ("".join(row[i].data for i in range(self._screen.columns)) for row in
                self._screen.history.top)  # fmt: skip
        return [row.rstrip() for row in rows]

    def until(self, words: str) -> str:
        """Wait until these words stand on the screen; returns all that stands there."""
        self._wait(lambda: words in self.words, words)
        return self.words

    def until_more(self) -> None:
        """Wait until something is written, whatever it is."""
        before = len(self.received)
        self._wait(lambda: len(self.received) > before, "anything new")

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        termios.tcsetwinsize(self._ours, (rows, columns))

    def send_signal(self, number: int) -> None:
        assert self._program.pid is not None
        os.kill(self._program.pid, number)

    def status(self) -> int:
        """Wait until the program has ended; returns its exit status."""
        self._drain()
        self._program.join(PATIENCE)
        status = self._program.exitcode
        assert status is not None, "it does not end"
        assert status >= 0, "it was killed by a signal"
        return status

    def close(self) -> None:
        """End the program, if it still runs, and give the terminal back."""
        if self._program.is_alive():
            self.send_signal(signal.SIGTERM)
            self._drain()
            self._program.join(PATIENCE)
        self._let_go()
        os.close(self._ours)

    def is_as_a_shell_wants_it(self) -> bool:
        """Whether what is typed is echoed, edited by lines, and Ctrl+C is an interrupt."""
        flags = termios.tcgetattr(self._ours)[3]
        wanted = termios.ECHO | termios.ICANON | termios.ISIG
        return flags & wanted == wanted

    def _wait(self, is_there: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_there():
            assert time.monotonic() < deadline, f"{what!r} is not in:\n" + "\n".join(self.lines)
            assert self._read(), f"It ended without {what!r}:\n" + "\n".join(self.lines)
        while self._is_being_written() and self._read():
            pass

    def _is_being_written(self, seconds: float = 0.1) -> bool:
        """Whether there is anything to read within moments: a screen is drawn in several pieces."""
        return bool(select.select([self._ours], [], [], seconds)[0])

    def _drain(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, "It does not end:\n" + "\n".join(self.lines)

    def _read(self) -> bool:
        """Take what there is to read within a second; whether there may be more."""
        if not self._is_being_written(1):
            if not self._program.is_alive():
                self._let_go()
            return True
        try:
            data = os.read(self._ours, 2**16)
        except OSError:  # nobody has the terminal open any more
            return False
        self._let_go()
        self.received += data
        self._stream.feed(data)
        return bool(data)

    def _let_go(self) -> None:
        if self._theirs is not None:
            os.close(self._theirs)
            self._theirs = None


COLOURS = re.compile(rb"\x1b\[[0-9;]*[34][0-7](;|m)")
_NOT_INHERITED = ("COLUMNS", "LINES", "NO_COLOR", "TERM")

"""The progress folder: reading it, adding to it, mending it, carrying it to another machine."""

from __future__ import annotations

import errno
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from spotlight import atomic_files as files
from spotlight.progress import codec
from spotlight.progress.history import merge, remember
from spotlight.progress.own_module import module_text
from spotlight.progress.schema import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from spotlight.grading.graded_lesson import Scope
    from spotlight.grading.report import LessonReport


_LESSON_ID = re.compile(r"[a-z][a-z0-9_]*")  # an imported file may name a lesson anything


class ProgressError(Exception):
    """Progress could not be read or saved; the message says why, and what to do, in one sentence.

    What was saved before is not lost.
    """


class ProgressStore:
    """One progress folder, safe against kills, full disks and other processes that write to it.

    `notes` holds a sentence for each thing that the last call had to mend; show them.
    """

    def __init__(self, folder: Path, *, lock_seconds: float = 5.0) -> None:
        """The store in `folder`, which is made when first written to.

        `lock_seconds` is how long to wait while another process writes.
        """
        self.folder = folder
        self.file = folder / "lesson_progress.json"
        self.backup = folder / "lesson_progress.json.bak"
        self.script = folder / "progress.js"
        self.own_modules = folder / "mine"
        self.notes: tuple[str, ...] = ()
        self._lock_seconds = lock_seconds

    def read(self) -> Progress:
        """What is known; empty before the first grading.

        Takes no lock and writes nothing unless the file needs mending. Raises `ProgressError`.
        """
        self.notes = ()
        with _explained(f"Your progress in {self.folder} could not be read", "read"):
            data = files.read_bytes(self.file)
            if data is None and files.read_bytes(self.backup) is None:
                return Progress()
        if data is not None:
            try:
                return _decoded(data, self.file)
            except codec.UnreadableError:
                pass  # another look, and the mending, need the lock
        with self._writing():
            return self._mended()

    def record(self, lessons: Iterable[LessonReport], at: str, scope: Scope = "lesson") -> Progress:
        """Add one grading, done at `at` (a report's `graded_at`), and return all that is known.

        `scope` says whether the reports are on whole lessons. On return it is on the disk. Raises
        `ProgressError`.
        """
        reports = tuple(lessons)
        return self._change(lambda known: remember(known, reports, at, scope))

    def next_hint(self, lesson: str, exercise: str, count: int) -> int:
        """The number, from 1, of the hint to show next; after the last it stays at `count`.

        Raises `ProgressError`.
        """
        name = f"{lesson}/{exercise}"

        def shown(known: Progress) -> Progress:
            number = min(known.hints_shown.get(name, 0) + 1, count)
            return known.model_copy(update={"hints_shown": {**known.hints_shown, name: number}})

        return self._change(shown).hints_shown[name]

    def import_(self, file: Path) -> Progress:
        """Add what another machine exported, the best of both, and return all that is known.

        Raises `ProgressError`.
        """
        with _explained(f"{file} could not be imported", "read"):
            data = files.read_bytes(file)
        if data is None:
            raise ProgressError(f"There is no file {file}; check the name and run it again.")
        try:
            theirs = _decoded(data, file)
        except codec.UnreadableError as error:
            raise ProgressError(
                f"{file} is not a progress file; make one with `verify.py progress export FILE`."
            ) from error
        return self._change(lambda known: merge(known, theirs))

    def export(self, file: Path) -> None:
        """Write all that is known to `file`, for `import_` on another machine.

        Replaces an older export but no other file. Raises `ProgressError`.
        """
        data = codec.to_json(self.read())
        with _explained(f"Your progress could not be exported to {file}", "write"):
            target = file.resolve()
            if target.exists() and not _replaceable(target):
                raise ProgressError(
                    f"{file} exists and is not an exported progress file; choose another name."
                )
            files.write_atomically({target: data})

    def _change(self, changed: Callable[[Progress], Progress]) -> Progress:
        self.notes = ()
        with self._writing():
            before = self._mended()
            progress = changed(before)
            previous = files.read_bytes(self.file)
            # The backup goes first: at no moment is there a file that has no whole neighbour.
            contents = {} if previous is None else {self.backup: previous}
            contents[self.file] = codec.to_json(progress)
            contents[self.script] = codec.to_script(progress)
            files.remove_stale(contents)
            files.write_atomically(contents)
            self._write_own_modules(before, progress)
        return progress

    def _write_own_modules(self, before: Progress, progress: Progress) -> None:
        """Write anew what later lessons import of the student's code; trouble costs a note only."""
        contents: dict[Path, bytes] = {}
        try:
            for name, lesson in progress.lessons.items():
                if lesson is before.lessons.get(name) or not _LESSON_ID.fullmatch(name):
                    continue
                file, text = self.own_modules / f"{name}.py", module_text(lesson)
                if text is not None and files.read_bytes(file) != text.encode():
                    contents[file] = text.encode()
            if contents:
                self.own_modules.mkdir(exist_ok=True)
                files.remove_stale(contents)
                files.write_atomically(contents)
        except OSError as error:
            what = f"Your own code could not be collected in {self.own_modules}"
            self.notes = (*self.notes, f"{what}: {_cause_and_cure(error, 'write')}.")

    def _mended(self) -> Progress:
        """What is known, after mending `file` where it needs it. Call it under the lock."""
        spoilt: dict[Path, bytes] = {}
        for candidate in (self.file, self.backup):
            data = files.read_bytes(candidate)
            if data is None:
                continue
            try:
                progress = _decoded(data, candidate)
            except codec.UnreadableError:
                spoilt[candidate] = data
                continue
            if candidate == self.backup:
                self._restore(progress, spoilt)
            return progress
        if spoilt:
            self._restore(None, spoilt)
        return Progress()

    def _restore(self, rescued: Progress | None, spoilt: dict[Path, bytes]) -> None:
        """Put `rescued` (or a blank start) in place of `file`, and copies of `spoilt` aside.

        Copies, and one replacement: whenever this is cut short, the next call can do it again.
        """
        aside = {self._aside(path): data for path, data in spoilt.items()}
        progress = rescued or Progress()
        files.write_atomically(
            {
                **aside,
                self.file: codec.to_json(progress),
                self.script: codec.to_script(progress),
            }
        )
        outcome = (
            f"your progress was restored from {self.backup.name}, which may lack the last grading"
            if rescued
            else "there was nothing to restore it from, so your progress starts again"
        )
        if aside:
            names = " and ".join(path.name for path in spoilt)
            kept = " and ".join(path.name for path in aside)
            self.notes = (f"{names} could not be read (set aside as {kept}); {outcome}.",)
        else:
            self.notes = (
                f"{self.file.name} was missing; {outcome} (to start afresh, delete both).",
            )

    def _aside(self, spoilt: Path) -> Path:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        ending = ".json.bak" if spoilt == self.backup else ".json"
        free = self.folder / f"lesson_progress.unreadable-{moment}{ending}"
        number = 2
        while free.exists():
            free = self.folder / f"lesson_progress.unreadable-{moment}-{number}{ending}"
            number += 1
        return free

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _explained(f"Your progress could not be saved in {self.folder}", "write"):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(
                self.folder / "lesson_progress.lock",
                timeout=self._lock_seconds,
                poll_interval=0.01,
            )
            with lock:
                yield


def _replaceable(target: Path) -> bool:
    """Whether `target` is an older export, or empty."""
    if not target.is_file():
        return False
    content = target.read_bytes()
    try:
        codec.from_json(content)
    except (codec.UnreadableError, codec.NewerSchemaError):
        return not content
    return True


def _decoded(data: bytes, source: Path) -> Progress:
    try:
        return codec.from_json(data)
    except codec.NewerSchemaError as error:
        raise _too_new(source, error) from error


def _too_new(file: Path, error: codec.NewerSchemaError) -> ProgressError:
    return ProgressError(
        f"{file} was written by a newer version of Spotlight (schema {error.number}); "
        "update Spotlight, and nothing in it is lost."
    )


@contextmanager
def _explained(what: str, access: str) -> Iterator[None]:
    try:
        yield
    except Timeout as error:
        raise ProgressError(
            f"{what}: another run has been writing there for too long; "
            "let it finish or end it, then run this again."
        ) from error
    except OSError as error:
        raise ProgressError(f"{what}: {_cause_and_cure(error, access)}.") from error


def _cause_and_cure(error: OSError, access: str) -> str:
    place = error.filename2 or error.filename
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full; free some space and run this again"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return (
                f"you have no permission to {access} there; "
                "change it, or copy the course to a folder of your own"
            )
        case errno.ENOTDIR | errno.EEXIST:
            return "a file stands where a folder is needed; move it away and run this again"
        case errno.EISDIR:
            return f"{place} is a folder where a file is needed; move it away and run this again"
        case errno.ENOENT:
            return "its folder does not exist; make it and run this again"
        case _:
            reason = (error.strerror or str(error)).lower()
            return f'the disk reports "{reason}"; check the disk and run this again'

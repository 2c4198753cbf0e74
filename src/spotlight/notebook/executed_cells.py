"""The freshest source of every cell: what the kernel ran, laid over what is on disk.

Running a cell does not save the file, so the file alone would grade old code. Whichever of the two
is newer counts, cell by cell.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from spotlight.course.lesson import MARKER
from spotlight.grading.submission import Submission, SubmissionError, SubmittedCell, read_submission


@dataclass(frozen=True)
class ExecutedCell:
    """A cell as the kernel ran it, at a time in seconds since the epoch."""

    source: str
    cell_id: str | None
    at: float


@dataclass
class ExecutedCells:
    """Every cell that this kernel ran, the latest source of each."""

    _cells: dict[str, ExecutedCell] = field(default_factory=dict)

    def record(self, source: str, cell_id: str | None, at: float | None = None) -> None:
        """Keep a cell that is about to run. Without an id its marker line or its text names it."""
        mark = MARKER.search(source)
        key = cell_id or (f"exercise-{mark['id']}" if mark else source)
        self._cells.pop(key, None)
        self._cells[key] = ExecutedCell(source, cell_id, at or time.time())

    def over(self, path: Path | None) -> tuple[Submission, tuple[int, ...]]:
        """The submission as it stands now, and the numbers of the cells not saved to disk yet."""
        saved, saved_at = _read(path)
        cells: list[SubmittedCell] = []
        unsaved: list[int] = []
        left = dict(self._cells)
        for cell in saved.cells:
            executed = self._match(cell, left)
            if executed is None:
                cells.append(cell)
                continue
            if executed.at > saved_at and executed.source != cell.source:
                unsaved.append(cell.number)
                cell = replace(cell, source=executed.source)
            cells.append(cell)
        for executed in left.values():
            if executed.at > saved_at and not any(c.source == executed.source for c in cells):
                cells.append(
                    SubmittedCell(len(cells) + 1, "code", executed.source, executed.cell_id)
                )
        return replace(saved, cells=tuple(cells)), tuple(unsaved)

    @staticmethod
    def _match(cell: SubmittedCell, left: dict[str, ExecutedCell]) -> ExecutedCell | None:
        if cell.kind != "code":
            return None
        if cell.id is not None and cell.id in left:
            return left.pop(cell.id)
        mark = MARKER.search(cell.source)
        key = f"exercise-{mark['id']}" if mark else cell.source
        return left.pop(key) if key in left and left[key].cell_id is None else None


def _read(path: Path | None) -> tuple[Submission, float]:
    if path is None:
        return Submission("this notebook", ()), 0.0
    try:
        return read_submission(path), path.stat().st_mtime
    except (SubmissionError, OSError):
        return Submission(str(path), ()), 0.0

"""Tables that people keep in a spreadsheet and save as CSV."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

_MOST_BYTES = 50 * 2**20
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SAID_SEPARATOR = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_SEPARATORS = (",", ";", "\t")


class TableError(Exception):
    """A file is no table that can be read; the message says why."""


@dataclass(frozen=True)
class Row:
    """The cells of one row, as many as there are headings; `line` is where in the file it ends."""

    line: int
    cells: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True)
class Table:
    """The headings, no two alike, and the rows below them; `notes` say how it had to be read."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def plain_heading(heading: str) -> str:
    """A heading as it is compared: without case, and one space for whatever is no letter."""
    return " ".join(re.findall(r"[^\W_]+", heading.casefold()))


def read_table(path: Path, known: Collection[str], example: str) -> Table:
    """Read a table whose first line holds headings.

    The separator is the one of comma, semicolon and tab by which most headings are `known`, as
    `plain_heading` writes them; `example` is a line of headings to show where there is none.

    Raises:
        TableError: the file is missing, is not text, has no heading that is known, or is not CSV.
    """
    text, notes = _text_of(path)
    separator = None
    if said := _SAID_SEPARATOR.match(text):
        separator, text = said[1], text[said.end() :]
    try:
        rows = _best_rows(text, (separator,) if separator else _SEPARATORS, known)
    except csv.Error as error:
        raise TableError(f"{path} cannot be read as CSV ({error}).") from error
    if said:
        rows = [Row(row.line + 1, row.cells) for row in rows]
    if not rows:
        raise TableError(f"{path} is empty.")
    rows = _without_empty_columns(rows)
    headings = _distinct(rows[0].cells)
    if not any(plain_heading(heading) in known for heading in headings):
        raise TableError(
            f"{path} has no headings that are known. Let its first line be such as: {example}"
        )
    return Table(headings, tuple(rows[1:]), notes)


def _text_of(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise TableError(f"{path} is larger than {_MOST_BYTES // 2**20} MB.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise TableError(f"{path} does not exist.") from None
    except IsADirectoryError:
        raise TableError(f"{path} is a folder; name a CSV file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TableError(f"{path} cannot be read ({reason}).") from error
    if data.startswith(b"PK\x03\x04"):
        raise TableError(f"{path} is a workbook, not text. Save it as CSV (UTF-8).")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # What Excel writes in western Europe as plain "CSV" comes last: it can be almost any bytes.
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROLS.search(text):
            break
        guessed = (
            f"{path} is not in UTF-8; it was read as Windows text. "
            "See that names with accents are right, or save it as CSV UTF-8."
        )
        return text, (guessed,) if encoding == "cp1252" else ()
    raise TableError(f"{path} is not text. Save it as CSV (UTF-8).")


def _best_rows(text: str, separators: Sequence[str], known: Collection[str]) -> list[Row]:
    def headings(separator: str) -> tuple[int, int]:
        first = next(_rows(text, separator), Row(0, ()))
        return sum(plain_heading(cell) in known for cell in first.cells), len(first.cells)

    return list(_rows(text, max(separators, key=headings)))


def _rows(text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for cells in reader:
        row = Row(reader.line_num, tuple(cells))
        if not row.is_empty:
            yield row


def _without_empty_columns(rows: Sequence[Row]) -> list[Row]:
    """All rows equally long, without the columns that spreadsheets add at the right."""
    width = max(len(row.cells) for row in rows)
    padded = [(*row.cells, *[""] * (width - len(row.cells))) for row in rows]
    used = [place for place in range(width) if any(cells[place].strip() for cells in padded)]
    return [
        Row(row.line, tuple(cells[place] for place in used))
        for row, cells in zip(rows, padded, strict=True)
    ]


def _distinct(headings: Sequence[str]) -> tuple[str, ...]:
    """Headings as they are, but numbered where one stands twice or is missing."""
    distinct: list[str] = []
    for place, heading in enumerate(headings, start=1):
        name = heading if heading.strip() else f"column {place}"
        numbered = (f"{name} ({number})" for number in count(2))
        distinct.append(
            name if name not in distinct else next(n for n in numbered if n not in distinct)
        )
    return tuple(distinct)

"""Cells of a table that a spreadsheet opens: text from strangers stays text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from spotlight.printable_text import well_formed, without_unseen

# With the wide forms that East Asian editions of Excel take for the same.
_STARTS_A_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(f"^[\\s'\"]*[{_STARTS_A_FORMULA}]")
# Where the list separator is a semicolon, Excel splits a row there, within quotes too.
_FORMULA_WITHIN = re.compile(f";([\\s'\"]*[{_STARTS_A_FORMULA}])")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)?|[.,]\d+)", re.ASCII)
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def text_cell(text: str) -> str:
    """Text as one line that no spreadsheet takes for a formula; a plain number stays one.

    What would begin a formula gets an apostrophe before it. Runs of white space become one space,
    what cannot be seen is left out.
    """
    line = well_formed(_SPACES.sub(" ", without_unseen(text))).strip()
    if _NUMBER.fullmatch(line):
        return line
    line = _FORMULA_WITHIN.sub(r";'\1", line)
    return f"'{line}" if _FORMULA.match(line) else line


def number_cell(number: float) -> str:
    """A number in the shortest form that is exact to four places."""
    return f"{round(number, 4) + 0.0:.12g}"


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV with the line ends of RFC 4180; every cell has gone through one of the above."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()

"""A submission as read from disk: tolerant of what honest accidents do to a notebook."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

MAX_BYTES = 200 * 2**20
_LINE_MAGIC = re.compile(r"^\s*([%!?]|\w+\s*=\s*[%!])|\?\s*$", re.MULTILINE)
_CELL_MAGIC = re.compile(r"\A\s*%%[^\n]*\n?")
_NOT_PYTHON = re.compile(
    r"\A\s*%%(!|(bash|sh|script|system|sx|cmd|html|HTML|svg|SVG|latex|markdown|javascript|js|"
    r"writefile|file|perl|ruby|python2?|pypy|cython|R|sql)\b)"
)
_MERGE_CONFLICT = re.compile(rb"^<<<<<<< ", re.MULTILINE)
_LINE_END = re.compile(r"\r\n?")


class SubmissionError(Exception):
    """A file cannot be graded; the message says what is wrong with it and what to do."""


@dataclass(frozen=True)
class SubmittedCell:
    """One cell; `number` counts from 1, as Jupyter's users do. `id` is None before format 4.5.

    `raised` names the exception that the cell's stored output ends in, if it does.
    """

    number: int
    kind: str
    source: str
    id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    raised: str = ""

    @property
    def python(self) -> str:
        """The source as plain Python: a cell magic dropped, line magics turned into calls."""
        return plain_python(self.source)


@dataclass(frozen=True)
class Submission:
    """A student's notebook, and where it came from.

    `from_file` says that it was read from a file, so that what is not in it is gone.
    """

    path: str
    cells: tuple[SubmittedCell, ...]
    lesson: str | None = None
    version: str | None = None
    from_file: bool = False


@lru_cache(maxsize=4096)
def plain_python(source: str) -> str:
    """`source` without a leading cell magic, and with IPython's other syntax as Python calls.

    The magic's line stays, empty, so that line numbers are the student's own.
    """
    if _NOT_PYTHON.match(source):
        return ""
    source = _CELL_MAGIC.sub(lambda magic: "\n" * magic[0].count("\n"), source)
    if not _LINE_MAGIC.search(source):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return str(TransformerManager().transform_cell(source))
    except SyntaxError:
        return source


def read_submission(path: Path) -> Submission:
    """Read a notebook file.

    Raises:
        SubmissionError: there is no such file, or it is not a notebook that can be read.
    """
    return parse_submission(read_bytes(path), str(path))


def parse_submission(data: bytes, path: str) -> Submission:
    """Read a notebook from its bytes; `path` is for messages.

    Raises:
        SubmissionError: the bytes are not a notebook that can be read.
    """
    if not data.strip():
        raise SubmissionError(
            f"{path} is empty. Restore a backup from progress/backups, "
            "or bring the blank lesson back by `verify.py reset`."
        )
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SubmissionError(f"{path} is not text, so it is no notebook.") from None
    except (ValueError, RecursionError):
        if _MERGE_CONFLICT.search(data):
            raise SubmissionError(
                f"{path} holds the marks of a Git merge conflict (<<<<<<<). "
                "Resolve it, for instance by `git checkout --ours` or `--theirs`, and save again."
            ) from None
        raise SubmissionError(
            f"{path} looks like a notebook that was cut short. Save it again from Jupyter, "
            "or restore a backup from progress/backups."
            if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
            else f"{path} is not a notebook. Give a file that ends in .ipynb."
        ) from None
    if not isinstance(notebook, dict):
        raise SubmissionError(f"{path} is JSON but not a notebook.")
    return _from_notebook(notebook, path)


def read_bytes(path: Path) -> bytes:
    """The bytes of a notebook file.

    Raises:
        SubmissionError: they cannot be read, or are more than `MAX_BYTES`.
    """
    try:
        if path.is_dir():
            raise SubmissionError(f"{path} is a folder; name the notebook inside it.")
        if path.stat().st_size > MAX_BYTES:
            raise SubmissionError(
                f"{path} is larger than {MAX_BYTES // 2**20} MB. "
                "Clear the outputs in Jupyter (Edit, Clear Outputs of All Cells) and save."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise SubmissionError(f"{path} does not exist.") from None
    except OSError as error:
        raise SubmissionError(f"{path} cannot be read ({error.strerror}).") from error


def _from_notebook(notebook: dict[str, Any], path: str) -> Submission:
    major = notebook.get("nbformat")
    if isinstance(major, int) and not isinstance(major, bool) and major < 4:
        raise SubmissionError(
            f"{path} is in notebook format {major}, which is too old. "
            "Open it in Jupyter and save it, or run: jupyter nbconvert --to notebook --inplace FILE"
        )
    raw_cells = notebook.get("cells")
    if not isinstance(raw_cells, list):
        raise SubmissionError(f"{path} has no list of cells, so it is not a notebook.")
    cells = tuple(
        _cell(number, raw) for number, raw in enumerate(raw_cells, start=1) if isinstance(raw, dict)
    )
    metadata = notebook.get("metadata")
    own = metadata.get("spotlight") if isinstance(metadata, dict) else None
    own = own if isinstance(own, dict) else {}
    lesson, version = own.get("lesson"), own.get("version")
    return Submission(
        path,
        cells,
        lesson if isinstance(lesson, str) else None,
        version if isinstance(version, str) else None,
        from_file=True,
    )


def _cell(number: int, raw: dict[str, Any]) -> SubmittedCell:
    source = raw.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    source = _LINE_END.sub("\n", source) if isinstance(source, str) else ""
    metadata = raw.get("metadata")
    cell_id = raw.get("id")
    return SubmittedCell(
        number=number,
        kind=kind if (kind := raw.get("cell_type", "code")) in ("code", "markdown") else "raw",
        source=source,
        id=cell_id if isinstance(cell_id, str) else None,
        metadata=metadata if isinstance(metadata, dict) else {},
        raised=_raised(raw.get("outputs")),
    )


def _raised(outputs: Any) -> str:
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict) and output.get("output_type") == "error":
            name = output.get("ename")
            return name if isinstance(name, str) and name.isidentifier() else "an error"
    return ""

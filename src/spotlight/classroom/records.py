"""What the classroom hands from hand to hand: who, what they handed in, and what it was worth."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from spotlight.feedback.cards import ExerciseCard
from spotlight.grading.report import FilePath, LessonReport
from spotlight.grading.submission import MAX_BYTES, SubmissionError, read_bytes

_NOT_UNPACKED = (
    *(OSError, EOFError, KeyError, ValueError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


@dataclass(frozen=True)
class Student:
    """Who handed something in, as far as its files and the roster tell.

    `key` is unique in a class and safe as a file's name; `columns` are the roster's own ones.
    """

    key: str
    name: str
    canvas_id: str = ""
    sis_id: str = ""
    login: str = ""
    section: str = ""
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """Where a notebook's bytes are: a file, or a member of a zip archive."""

    path: Path
    member: str | None = None

    @property
    def label(self) -> str:
        """What messages and reports call it."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    def read(self) -> bytes:
        """The notebook's bytes.

        Raises:
            SubmissionError: they cannot be read, or are more than any notebook's.
        """
        if self.member is None:
            return read_bytes(self.path)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                data = file.read(MAX_BYTES + 1)
        except _NOT_UNPACKED as error:
            raise SubmissionError(f"{self.label} cannot be unpacked ({error}).") from error
        if len(data) > MAX_BYTES:
            raise SubmissionError(f"{self.label} is larger than {MAX_BYTES // 2**20} MB.")
        return data


@dataclass(frozen=True)
class HandedIn:
    """One notebook of one student, and what was odd about how it came."""

    student: Student
    source: Source
    notes: tuple[str, ...] = ()


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attempt(_Record):
    """A line that reaches for what no exercise needs; evidence for a person, never a verdict."""

    exercise: str
    cell: int
    line: int
    text: str
    why: str


class GradedSubmission(_Record):
    """What the grading of one notebook gave: data, so that it can be kept and resumed.

    `student` is a key and `path` a label; `report` is None where the notebook was `refused`, in one
    sentence, and `grader_failed` says that this was not the notebook's doing. `cards` hold what a
    student is shown of each exercise, with evidence from the public seed alone; `fingerprints` a
    hash of each filled-in exercise's code without comments and layout.
    """

    student: str
    path: FilePath
    report: LessonReport | None = None
    refused: str = ""
    grader_failed: bool = False
    cards: dict[str, ExerciseCard] = {}
    fingerprints: dict[str, str] = {}
    attempts: tuple[Attempt, ...] = ()

"""What is graded already, one file a notebook, written whole as it comes.

A class that is stopped, or whose supervisor dies, goes on from these files.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

import spotlight
from spotlight.atomic_files import write_atomically
from spotlight.classroom.records import GradedSubmission, HandedIn, Source
from spotlight.grading.submission import SubmissionError

_FOLDER = "graded"
_SETTINGS = "grading.json"


class ResultsError(Exception):
    """The output folder cannot be used as asked; the message says why and what to do."""


class _Settings(BaseModel):
    """What all results of a folder were graded with, and what confined the submissions."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    schema_: int = 1
    version: str = spotlight.__version__
    seed: int
    confinement: tuple[str, ...] = ()


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    content: str
    graded: GradedSubmission


class ResultsFolder:
    """The results below an output folder."""

    def __init__(self, out: Path, *, seed: int, resume: bool) -> None:
        """Begin in an empty folder, or go on in one that was begun with the same settings.

        Raises:
            ResultsError: the folder holds something else, or cannot be written.
        """
        self._folder = out / _FOLDER
        settings = out / _SETTINGS
        wanted = _Settings(seed=seed)
        try:
            if out.is_dir() and any(out.iterdir()):
                found = _read_settings(settings)
                if found is None:
                    raise ResultsError(f"{out} is not empty. Give a new folder with --out.")
                if not resume:
                    raise ResultsError(
                        f"{out} holds results of an earlier run. Add --resume to go on with them, "
                        "or give a new folder with --out."
                    )
                if (found.seed, found.version) != (wanted.seed, wanted.version):
                    raise ResultsError(
                        f"{out} was begun with seed {found.seed} by version {found.version}. "
                        "Go on with the same, or give a new folder with --out."
                    )
                wanted = found
            self._folder.mkdir(parents=True, exist_ok=True)
            self._settings, self._settings_file = wanted, settings
            self._write_settings()
        except OSError as error:
            raise ResultsError(f"{out} cannot be written ({error.strerror}).") from error

    @property
    def confinement(self) -> tuple[str, ...]:
        """What confined the submissions, in every run over this folder."""
        return self._settings.confinement

    def ran_under(self, confinement: str) -> None:
        """Say what confines the submissions of this run, in a sentence.

        Raises:
            ResultsError: it cannot be written.
        """
        if confinement not in self.confinement:
            sentences = (*self.confinement, confinement)
            self._settings = self._settings.model_copy(update={"confinement": sentences})
            try:
                self._write_settings()
            except OSError as error:
                where = self._settings_file
                raise ResultsError(f"{where} cannot be written ({error.strerror}).") from error

    def find(self, handed_in: HandedIn) -> GradedSubmission | None:
        """The result for a notebook, if it was graded as it is now."""
        try:
            data = self._file(handed_in).read_bytes()
            result = _Result.model_validate_json(data)
        except (OSError, ValidationError):
            return None
        return result.graded if result.content == _content(handed_in.source) else None

    def keep(self, handed_in: HandedIn, graded: GradedSubmission) -> None:
        """Write the result for a notebook.

        Raises:
            ResultsError: it cannot be written.
        """
        result = _Result(content=_content(handed_in.source), graded=graded)
        try:
            write_atomically({self._file(handed_in): result.model_dump_json().encode()})
        except OSError as error:
            raise ResultsError(
                f"The result for {handed_in.source.label} cannot be written ({error.strerror}). "
                "Make room and add --resume: what was graded is kept."
            ) from error

    def read(self, handed_in: HandedIn) -> GradedSubmission:
        """The result that was kept for a notebook.

        Raises:
            ResultsError: it is gone.
        """
        try:
            return _Result.model_validate_json(self._file(handed_in).read_bytes()).graded
        except (OSError, ValidationError) as error:
            raise ResultsError(
                f"The result for {handed_in.source.label} cannot be read back. Add --resume to "
                "grade it again."
            ) from error

    def _write_settings(self) -> None:
        text = self._settings.model_dump_json(indent=1)
        write_atomically({self._settings_file: f"{text}\n".encode()})

    def _file(self, handed_in: HandedIn) -> Path:
        label = hashlib.sha256(handed_in.source.label.encode("utf-8", "surrogatepass"))
        return self._folder / f"{handed_in.student.key}-{label.hexdigest()[:8]}.json"


def _read_settings(path: Path) -> _Settings | None:
    try:
        return _Settings.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _content(source: Source) -> str:
    """A hash of the notebook's bytes; empty where they cannot be read."""
    try:
        return hashlib.sha256(source.read()).hexdigest()
    except SubmissionError:
        return ""

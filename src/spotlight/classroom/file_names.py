"""What the names of handed-in files tell: who, when, and which of several versions.

Canvas      `lastnamefirst_LATE_12345_67890_Original name-1.ipynb`: user, attachment, resubmission
Moodle      `First Last_123456_assignsubmission_file_`, a folder or the beginning of a file's name
nbgrader    `student+assignment+2026-01-31 12:00:00 UTC+random`, a folder of its exchange
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_CANVAS = re.compile(
    r"(?P<name>.+?)(?P<late>_LATE)?_(?P<user>[0-9]+)_(?P<attachment>[0-9]+)_(?P<file>.+)"
)
_MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<number>[0-9]+)_assignsubmission_[a-z]+(_(?P<file>.*))?", re.DOTALL
)
_EXCHANGE = re.compile(
    r"(?P<name>[^+]+)\+(?P<assignment>[^+]+)\+(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [^+]+)(\+.*)?"
)
_RESUBMITTED = re.compile(r"(?P<base>.+)-(?P<number>[0-9]{1,3})")
_DOWNLOADED_AGAIN = re.compile(r"(?P<base>.+?) ?\((?P<number>[0-9]{1,3})\)")
# Jupyter's, the Finder's and Explorer's ways to name a duplicate.
_DUPLICATE = re.compile(
    r"(?P<base>.+?)(-Copy(?P<number>[0-9]*)| copy( [0-9]+)?| - Copy( \([0-9]+\))?)"
)
_SEPARATORS = " _-.+"


@dataclass(frozen=True)
class Owner:
    """Whom a name speaks of. `identity` tells people apart; `readable` is what a key is made of."""

    identity: str
    name: str
    readable: str
    canvas_id: str = ""

    @classmethod
    def called(cls, name: str) -> Owner:
        """Someone of whom no more is known than what a folder or file is called."""
        return cls(f"name:{name}", name, name)


@dataclass(frozen=True)
class SystemName:
    """What a learning system's name for a file or folder says.

    `file` is the original name, empty for a folder that only bears the student's; `assignment` is
    the same for all times that one piece of work was handed in, `time` grows from one to the next.
    """

    owner: Owner
    file: str
    assignment: str = ""
    time: tuple[int | str, ...] = ()
    late: bool = False
    canvas: bool = False


@dataclass(frozen=True)
class Version:
    """A file's name without what marks it as one of several; a larger `rank` is a later one.

    `marked` says that there was such a mark.
    """

    base: str
    rank: tuple[int, ...]
    marked: bool


class LessonNames:
    """The names by which files may say which lesson they are of."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are the lessons' ids and file names."""
        self._names = sorted({_plain(name) for name in names}, key=lambda n: (-len(n), n))

    def __contains__(self, name: str) -> bool:
        """Whether `name`, without an ending, is a lesson's."""
        return _plain(name) in self._names

    def rest_of(self, stem: str) -> str:
        """`stem` without a lesson's name before or after it: empty if it is no more than one."""
        plain = _plain(stem)
        for name in self._names:
            if plain == name:
                return ""
            if plain.endswith(f"_{name}"):
                return stem[: -len(name)].strip(_SEPARATORS)
            if plain.startswith(f"{name}_"):
                return stem[len(name) :].strip(_SEPARATORS)
        return stem


def system_name(name: str, lessons: LessonNames) -> SystemName | None:
    """What `name` says if a learning system gave it, None if none did."""
    if found := _MOODLE.fullmatch(name):
        who = found["name"].replace("_", " ").strip() or found["number"]
        owner = Owner(f"moodle:{found['number']}:{who}", who, f"{who}-{found['number']}")
        return SystemName(owner, found["file"] or "")
    if found := _EXCHANGE.fullmatch(name):
        return SystemName(Owner.called(found["name"]), "", found["assignment"], (found["time"],))
    found = _CANVAS.fullmatch(name)
    if found is None:
        return None
    if version_of(f"{found['attachment']}_{found['file']}", canvas=True).base in lessons:
        return None  # a student with a number, and a lesson's file name
    user, who = found["user"], found["name"]
    return SystemName(
        Owner(f"canvas:{user}", who, f"{who}-{user}", canvas_id=user),
        found["file"],
        time=(int(found["attachment"][:18]),),
        late=found["late"] is not None,
        canvas=True,
    )


def moodle_download(label: str) -> str | None:
    """Which download of Moodle the file called `label` lies in, None if in none.

    Moodle numbers people anew for each assignment, so that only two numbers within one download
    are two people.
    """
    above, found, _ = label.partition("_assignsubmission_")
    return re.split(r"[/\\!](?=[^/\\!]*\Z)", above)[0] if found else None


def version_of(name: str, *, canvas: bool) -> Version:
    """Split a notebook's name into what stays from version to version, and which one it is.

    A resubmission of Canvas and a second download are later than what they repeat. A duplicate made
    by hand is kept as a backup: the original counts as the later one.
    """
    stem = whole = _stem(name)
    original, resubmitted, again, copied = 1, 0, 0, 0
    if canvas and (found := _RESUBMITTED.fullmatch(stem)):
        stem, resubmitted = found["base"], int(found["number"])
    if found := _DUPLICATE.fullmatch(stem):
        stem, original, copied = found["base"], 0, int(found["number"] or 0)
    if found := _DOWNLOADED_AGAIN.fullmatch(stem):
        stem, again = found["base"], int(found["number"])
    return Version(stem, (original, resubmitted, again, copied), stem != whole)


def _stem(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return name[: -len(suffix)] if suffix.casefold() in (".ipynb", ".zip") else name


def _plain(name: str) -> str:
    # One letter for one, so that places in `name` stay what they are.
    return re.sub(r"[ _\-.+]", "_", "".join(c.lower() if len(c.lower()) == 1 else c for c in name))

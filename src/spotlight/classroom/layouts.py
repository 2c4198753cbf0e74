"""Whose a file is, by its place in what an instructor collected.

Only names that the instructor or a learning system gave are believed: those at the top, below a
folder that holds everything, or in what is clearly a download. Within a student's own folder or
archive names say nothing: else one student could hand in under the name of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spotlight.classroom.contents import File
from spotlight.classroom.file_names import (
    LessonNames,
    Owner,
    SystemName,
    system_name,
    version_of,
)

_DOWNLOAD = re.compile(r"(submissions?|canvas|moodle|downloads?)\b.*", re.IGNORECASE | re.DOTALL)
_COLLECTED = {
    "submitted": ("autograded", "feedback", "source", "release"),
    "inbound": ("outbound",),
}
_NEVER_HANDED_IN = ("autograded", "feedback")


@dataclass(frozen=True)
class Place:
    """Whose a file is, and how it stands to others of the same student.

    Files with the same `work` and `base` are versions of one, if one of them is not `marked` as
    such or `base` names a lesson; the largest `rank` came last. `nameless` files say whose they are
    only by the folder that was searched.
    """

    owner: Owner
    work: tuple[str, ...]
    base: str
    rank: tuple[int | str, ...]
    marked: bool
    late: bool = False
    nameless: bool = False


class Layout:
    """How the files of one folder are arranged, found out from their names alone."""

    def __init__(self, name: str, files: Sequence[File], lessons: LessonNames) -> None:
        """`name` is the folder's own: whose notebooks are, that are called by nothing but a lesson.

        `notes` says in sentences where the arrangement leaves room for doubt.
        """
        self._name = name
        self._lessons = lessons
        self.notes: list[str] = []
        notebooks = [f.parts for f in files if f.is_notebook and f.parts[0] not in _NEVER_HANDED_IN]
        self._above = self._wrapping(notebooks)
        if self._above:
            around = "/".join(self._above)
            self.notes.append(
                f"Everything lies in {around}; what is in it was taken for the class."
            )
        below = [parts[len(self._above) :] for parts in notebooks]
        self._ignored = _ignored(below)
        self._downloads = self._find_downloads([p for p in below if p[0] not in self._ignored])
        self._strangers = self._find_strangers(below)

    def place(self, parts: tuple[str, ...]) -> Place | None:
        """Whose the file at `parts` is; None if it is nobody's."""
        depth = len(self._above)
        if parts[:depth] != self._above or len(parts) <= depth:
            return None
        prefix, inner = self._split(parts[depth:])
        if inner[0] in self._ignored and not prefix:
            return None
        said = system_name(inner[0], self._lessons)
        if said is not None:
            return _by_system(said, prefix, inner)
        if len(inner) > 1:
            name = _container_name(inner[0])
            return _own(Owner.called(self._lessons.rest_of(name) or name), (*prefix, *inner))
        return self._flat(prefix, inner[0])

    def _flat(self, prefix: tuple[str, ...], file: str) -> Place | None:
        """Whose a file is that lies in no folder of a student's own."""
        if not file.casefold().endswith((".ipynb", ".zip")):
            return None
        version = version_of(file, canvas=False)
        who = self._lessons.rest_of(version.base)
        if who:
            return _own(Owner.called(who), (*prefix, file))
        if self._strangers:
            name = _container_name(file.rpartition(".")[0] or file)
            place = _own(Owner.called(name), (*prefix, name, file))
        else:
            name = _container_name((self._name, *self._above)[-1])
            place = _own(Owner.called(name), (*prefix, file))
        return replace(place, nameless=True)

    def _split(self, inner: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The download that a file lies in, if it does, and the names from there on."""
        if len(inner) > 1 and inner[0] in self._downloads:
            return inner[:1], inner[1:]
        return (), inner

    def _find_strangers(self, notebooks: Sequence[tuple[str, ...]]) -> bool:
        """Whether files called by a lesson's name alone are several people's.

        So they are where one lesson comes more than once, as when attachments of mails are saved
        into one folder.
        """
        flat = [inner[0] for _, inner in map(self._split, notebooks) if len(inner) == 1]
        bases = [version_of(name, canvas=False).base for name in flat]
        nameless = [base for base in bases if not self._lessons.rest_of(base)]
        return len(nameless) > len(set(nameless))

    def _wrapping(self, notebooks: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        """The folders around everything, as an archive of a class's folder has one."""
        above: tuple[str, ...] = ()
        while True:
            below = [parts[len(above) :] for parts in notebooks]
            tops = {parts[0] for parts in below}
            if len(tops) != 1 or any(len(parts) == 1 for parts in below):
                return above
            if not self._is_class([parts[1:] for parts in below], tops.pop()):
                return above
            above = (*above, below[0][0])

    def _is_class(self, inner: Sequence[tuple[str, ...]], top: str) -> bool:
        """Whether the only folder there is, `top`, holds a class and not one student's work."""
        if top in _COLLECTED or system_name(top, self._lessons) is not None:
            return False
        tops = {parts[0] for parts in inner}
        if any(system_name(name, self._lessons) for name in tops) or tops & _COLLECTED.keys():
            return True
        flat = [parts[0] for parts in inner if len(parts) == 1]
        if flat:
            stems = {version_of(name, canvas=False).base for name in flat}
            return any(self._lessons.rest_of(stem) not in ("", stem) for stem in stems)
        if len(tops) > 1:
            return not all(name in self._lessons for name in tops)
        return self._is_class([parts[1:] for parts in inner], tops.pop())

    def _find_downloads(self, notebooks: Sequence[tuple[str, ...]]) -> frozenset[str]:
        """The folders and archives at the top whose own entries bear students' names."""
        inside: dict[str, set[str]] = {}
        for parts in notebooks:
            if len(parts) > 1 and system_name(parts[0], self._lessons) is None:
                inside.setdefault(parts[0], set()).add(parts[1])
        trusted = {n for n in inside if n in _COLLECTED or _container_name(n) in self._lessons}
        named = {
            name
            for name, entries in inside.items()
            if name not in trusted and any(system_name(e, self._lessons) for e in entries)
        }
        trusted |= {name for name in named if _DOWNLOAD.fullmatch(name)}
        # If nothing is arranged otherwise, no student made these names.
        flat = {parts[0] for parts in notebooks if len(parts) == 1}
        downloads = trusted | {name for name in named if self._all_named(inside[name])}
        if inside.keys() <= downloads and self._all_named(flat):
            return frozenset(downloads)
        for name in sorted(named - trusted):
            self.notes.append(
                f"{name} holds files named as Canvas or Moodle name them; it was taken for one "
                "student's work. If it is a download of a whole class, grade it alone, or let its "
                "name begin with `submissions`."
            )
        return frozenset(trusted)

    def _all_named(self, entries: set[str]) -> bool:
        return all(system_name(entry, self._lessons) for entry in entries)


def _ignored(notebooks: Sequence[tuple[str, ...]]) -> frozenset[str]:
    """What nbgrader keeps beside the folder of what was handed in."""
    tops = {parts[0] for parts in notebooks}
    beside = (name for top in tops & _COLLECTED.keys() for name in _COLLECTED[top])
    return frozenset((*_NEVER_HANDED_IN, *beside))


def _by_system(said: SystemName, prefix: tuple[str, ...], inner: tuple[str, ...]) -> Place:
    own = inner[1:] or (said.file,)
    version = version_of(own[-1], canvas=said.canvas and len(inner) == 1)
    # Who handed in an archive or folder twice did so with other names inside, perhaps.
    container = () if len(inner) == 1 or said.assignment else inner[:1]
    # The empty name keeps this apart from any folder of the student's own.
    work = (*prefix, "", said.assignment, *container, *own[:-1])
    # A folder of nbgrader's exchange is one time of handing in, whatever lies in it.
    first, second = (said.time, version.rank) if said.assignment else (version.rank, said.time)
    return Place(said.owner, work, version.base, (*first, *second), version.marked, said.late)


def _own(owner: Owner, parts: tuple[str, ...]) -> Place:
    version = version_of(parts[-1], canvas=False)
    return Place(owner, parts[:-1], version.base, version.rank, version.marked)


def _container_name(name: str) -> str:
    """What a folder, or the folder that became an archive, is called."""
    return name[:-4] if name.casefold().endswith(".zip") else name


def nothing_handed_in(layout: Layout, files: Sequence[File]) -> Iterator[str]:
    """Who has files among `files`, but no notebook."""
    without: dict[Owner, list[str]] = {}
    having: set[str] = set()
    for file in files:
        place = layout.place(file.parts)
        if place is None:
            continue
        if file.is_notebook:
            having.add(place.owner.identity)
        else:
            without.setdefault(place.owner, []).append(file.parts[-1])
    for owner, names in without.items():
        if owner.identity in having:
            continue
        said = sorted(name for name in names if name)
        more = f" and {len(said) - 3} more" if len(said) > 3 else ""
        found = ", ".join(said[:3]) + more if said else "an empty folder"
        yield f"{owner.name} handed in no notebook, but {found}."

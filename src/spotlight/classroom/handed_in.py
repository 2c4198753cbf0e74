"""Find what a class handed in, in the layouts that instructors have.

Known without being told, alone or mixed: one folder or zip archive a student; nbgrader's folder
`submitted`, its course folder, and its exchange; downloads of Canvas and Moodle, as zip archives or
unpacked; files called by student, or by student and lesson; any of these below a folder for each
lesson. What is searched may itself be a zip archive. Nothing is unpacked: a notebook in an archive
is read where it lies, and only when it is graded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spotlight.classroom.contents import File, HandedInError, contents_of
from spotlight.classroom.file_names import LessonNames, Owner
from spotlight.classroom.layouts import Layout, Place, nothing_handed_in
from spotlight.classroom.records import HandedIn, Student
from spotlight.classroom.student_keys import student_keys

__all__ = ["Found", "HandedInError", "find_handed_in"]

_MOST_NOTEBOOKS = 500


@dataclass(frozen=True)
class Found:
    """The notebooks of a class, by student's key and then by label; `notes` say what was odd."""

    notebooks: tuple[HandedIn, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Placed:
    file: File
    place: Place


def find_handed_in(folder: Path, lessons: Collection[str] = ()) -> Found:
    """The notebooks below `folder`, which may be a zip archive, and who handed them in.

    `lessons` are the ids and file names of the course's lessons; by them `ann_01_tokens.ipynb` and
    `02_heads_ann.ipynb` are known to be one student's. Of several versions of one file the last
    counts. Which lesson a notebook is of, is not looked at.

    Raises:
        HandedInError: `folder` is not there, is neither a folder nor a zip archive, or cannot be
            read.
    """
    contents = contents_of(folder)
    names = LessonNames(lessons)
    layout = Layout(folder.resolve().name, contents.files, names)
    placed = [
        _Placed(file, place)
        for file in contents.files
        if file.is_notebook and (place := layout.place(file.parts)) is not None
    ]
    notes = [*contents.notes, *layout.notes]
    students = _students(p.place.owner for p in placed)
    notebooks: list[HandedIn] = []
    for identity, theirs in sorted(_by_owner(placed).items()):
        student = students[identity]
        kept = [_handed_in(student, versions) for versions in _versions(theirs, names)]
        kept.sort(key=lambda notebook: notebook.source.label)
        if len(kept) > _MOST_NOTEBOOKS:
            notes.append(
                f"{student.name} handed in {len(kept)} notebooks; "
                f"those after the first {_MOST_NOTEBOOKS} were left out."
            )
        notebooks += kept[:_MOST_NOTEBOOKS]
    if not notebooks:
        notes.append(f"{folder} holds no notebook that was handed in (no file ending in .ipynb).")
    notes += nothing_handed_in(layout, contents.files)
    notebooks.sort(key=lambda notebook: (notebook.student.key, notebook.source.label))
    return Found(tuple(notebooks), tuple(sorted(set(notes))))


def _students(owners: Iterable[Owner]) -> dict[str, Student]:
    """A student for each identity; of several spellings of a name the first in order stays."""
    known: dict[str, Owner] = {}
    for owner in owners:
        before = known.get(owner.identity)
        if before is None or owner.name < before.name:
            known[owner.identity] = owner
    keys = student_keys({identity: owner.readable for identity, owner in known.items()})
    return {
        identity: Student(keys[identity], owner.name, canvas_id=owner.canvas_id)
        for identity, owner in known.items()
    }


def _by_owner(placed: Iterable[_Placed]) -> dict[str, list[_Placed]]:
    owners: dict[str, list[_Placed]] = defaultdict(list)
    for one in placed:
        owners[one.place.owner.identity].append(one)
    return owners


def _versions(theirs: Iterable[_Placed], lessons: LessonNames) -> Iterator[list[_Placed]]:
    """One student's files, those that are versions of one together, the last of them last."""
    alike: dict[tuple[object, ...], list[_Placed]] = defaultdict(list)
    for one in theirs:
        alike[(one.place.work, one.place.base)].append(one)
    for group in alike.values():
        base = group[0].place.base
        # `homework-1` and `homework-2` may be two pieces of work, if there is no `homework`.
        if lessons.rest_of(base) != base or not all(one.place.marked for one in group):
            yield sorted(group, key=lambda one: (one.place.rank, one.file.source.label))
        else:
            yield from ([one] for one in group)


def _handed_in(student: Student, versions: Sequence[_Placed]) -> HandedIn:
    *earlier, last = versions
    notes = []
    if earlier:
        left = ", ".join(one.file.parts[-1] for one in earlier)
        notes.append(
            f"Of {len(versions)} versions the last was graded, {last.file.parts[-1]}; "
            f"left out: {left}."
        )
    if last.place.late:
        notes.append("Canvas marks it as handed in late.")
    if last.place.nameless:
        notes.append(f"Its name does not say whose it is; it is listed under {student.name}.")
    return HandedIn(student, last.file.source, tuple(notes))

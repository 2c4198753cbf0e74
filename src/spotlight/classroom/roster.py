"""The roster: who is in the class, as a gradebook export of Canvas or a plain CSV has it.

Columns are known by their headings, in any order and case; what is not known is kept as it is, so
that late rules and the like stay beside the marks. Names stay as the roster writes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, count
from pathlib import Path
from typing import Final

from spotlight.classroom.csv_tables import Table, TableError, plain_heading, read_table
from spotlight.classroom.file_names import moodle_download
from spotlight.classroom.people import ADDRESS_HEADINGS, Meant, People
from spotlight.classroom.records import HandedIn, Student
from spotlight.classroom.student_keys import student_keys

_CANVAS: Final = "canvas_id"
_SIS: Final = "sis_id"
_LOGIN: Final = "login"
_EMAIL: Final = "email"
_NAME: Final = "name"
_FIRST: Final = "first"
_LAST: Final = "last"
_SECTION: Final = "section"

# Of two columns for one thing the heading that stands first here is taken, the other kept as it is.
_HEADINGS: Final = {
    _NAME: ("student", "name", "student name", "full name", "fullname", "display name"),
    _FIRST: ("first name", "firstname", "first", "given name", "given names", "forename"),
    _LAST: ("last name", "lastname", "last", "surname", "family name"),
    _CANVAS: ("id", "canvas id", "canvas user id", "user id"),
    _SIS: (
        *("sis user id", "sis id", "sis", "student id", "student number", "id number"),
        *("matriculation number", "sid"),
    ),
    _LOGIN: ("sis login id", "login id", "login", "username", "user name", "user", "netid"),
    _EMAIL: ADDRESS_HEADINGS,
    _SECTION: ("section", "sections", "group", "groups", "class"),
}
_KNOWN: Final = frozenset(heading for headings in _HEADINGS.values() for heading in headings)
_TELLING: Final = (_NAME, _LAST, _FIRST, _CANVAS, _SIS, _LOGIN, _EMAIL)


class RosterError(Exception):
    """The roster cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Matched:
    """What was handed in, with students as the roster knows them.

    `missing` are on the roster and handed in nothing; `strangers` handed in but are not on it, and
    keep their notebooks among `notebooks`, which are in the order of key and label.
    """

    notebooks: tuple[HandedIn, ...]
    missing: tuple[Student, ...]
    strangers: tuple[Student, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Roster:
    """The students of a class in the roster's order, and what was odd about the file."""

    students: tuple[Student, ...]
    notes: tuple[str, ...] = ()

    def match(self, notebooks: Sequence[HandedIn]) -> Matched:
        """Find each notebook's student on the roster.

        A name that may mean two of the roster means nobody; so it is where two people who handed in
        seem to share the one name that the roster has. Either is said in a note.
        """
        people = People(self.students)
        theirs: dict[str, list[HandedIn]] = defaultdict(list)
        for notebook in notebooks:
            theirs[notebook.student.key].append(notebook)
        notes: list[str] = []
        claims: dict[str, list[_Claim]] = defaultdict(list)
        unknown: list[Student] = []
        for key in sorted(theirs):
            who = theirs[key][0].student
            meant = people.meant_by(who.name, who.canvas_id)
            if len(meant.students) == 1:
                claims[meant.students[0].key].append(_Claim(who, meant, theirs[key]))
                continue
            unknown.append(who)
            notes.append(_unmatched(who, meant))
        on_roster = {student.key: student for student in self.students}
        known: dict[str, Student] = {}
        for key, several in claims.items():
            if _are_two_people(several):
                unknown += [claim.who for claim in several if claim.meant.by_name]
                notes.append(_shared_name(on_roster[key], several))
                several = [claim for claim in several if not claim.meant.by_name]
            if len(several) > 1:
                names = " and ".join(claim.who.name for claim in several)
                notes.append(f"{names} were both taken for {on_roster[key].name} of the roster.")
            ids = [on_roster[key].canvas_id, *(claim.who.canvas_id for claim in several)]
            student = replace(on_roster[key], canvas_id=next(filter(None, ids), ""))
            known.update((claim.who.key, student) for claim in several)
        strangers = _with_free_keys(unknown, on_roster)
        matched = [_renamed(notebook, known, strangers) for notebook in notebooks]
        matched.sort(key=lambda notebook: (notebook.student.key, notebook.source.label))
        found = {student.key for student in known.values()}
        missing = tuple(student for student in self.students if student.key not in found)
        own = tuple(sorted(strangers.values(), key=lambda student: student.key))
        return Matched(tuple(matched), missing, own, tuple(notes))


@dataclass(frozen=True)
class _Claim:
    """A student's notebooks, and whom of the roster they seem to belong to."""

    who: Student
    meant: Meant
    notebooks: list[HandedIn]


def read_roster(path: Path) -> Roster:
    """Read a gradebook export of Canvas, or a CSV with headings.

    Raises:
        RosterError: the file is missing or no text, has no headings or no students, or gives one id
            to two students.
    """
    try:
        table = read_table(path, _KNOWN, "Student,ID,Email,Section")
    except TableError as error:
        raise RosterError(f"The roster {error}") from error
    places = _places(table.headings)
    if not places.keys() & set(_TELLING):
        raise RosterError(
            f"The roster {path} does not say who the students are: its first line should hold a "
            "heading such as Student, Name, ID, Email or Login."
        )
    notes = list(table.notes)
    kept = list(_people_of(table, places, notes))
    if not kept:
        raise RosterError(f"The roster {path} lists no students.")
    _require_distinct(path, kept)
    identities: dict[str, _Person] = {}
    for row in kept:
        identities[row.identity(identities)] = row
    keys = student_keys({identity: row.readable for identity, row in identities.items()})
    students = [row.student(keys[identity]) for identity, row in identities.items()]
    return Roster(tuple(students), tuple(notes))


@dataclass(frozen=True)
class _Person:
    """One row: what stands under the headings that are known, and all the rest."""

    line: int
    known: Mapping[str, str]
    columns: dict[str, str]

    def get(self, name: str) -> str:
        return self.known.get(name, "")

    @property
    def name(self) -> str:
        """The name as it is written, else as the columns of first and last names give it."""
        apart = f"{self.get(_FIRST)} {self.get(_LAST)}".strip()
        return self.get(_NAME) or apart or self.login or self.get(_SIS) or self.get(_CANVAS)

    @property
    def login(self) -> str:
        return self.get(_LOGIN) or self.get(_EMAIL)

    @property
    def readable(self) -> str:
        """What a key is made of: the login, which is unique and short, else name and id."""
        number = self.get(_CANVAS) or self.get(_SIS)
        named = f"{self.name}-{number}" if number and number != self.name else self.name
        return self.login or named

    def identity(self, taken: Collection[str]) -> str:
        """What tells this student from all others; the name and a number if there is no id."""
        for kind in (_CANVAS, _SIS, _LOGIN, _EMAIL):
            if self.get(kind):
                return f"{kind}:{self.get(kind)}"
        return next(i for n in count(1) if (i := f"{_NAME}:{n}:{self.name}") not in taken)

    def student(self, key: str) -> Student:
        return Student(
            key,
            self.name,
            canvas_id=self.get(_CANVAS),
            sis_id=self.get(_SIS),
            login=self.login,
            section=self.get(_SECTION),
            columns=self.columns,
        )


def _places(headings: Sequence[str]) -> dict[str, int]:
    """In which column each thing that is known stands."""
    plain = [plain_heading(heading) for heading in headings]
    places = {}
    for kind, names in _HEADINGS.items():
        present = [name for name in names if name in plain]
        if present:
            places[kind] = plain.index(present[0])
    return places


def _people_of(table: Table, places: Mapping[str, int], notes: list[str]) -> Iterator[_Person]:
    is_export = {_NAME, _CANVAS, _SECTION} <= places.keys()
    unused = {_FIRST, _LAST} if _NAME in places else set()
    unused |= {_EMAIL} if _LOGIN in places else set()
    used = {place for kind, place in places.items() if kind not in unused}
    for row in table.rows:
        known = {kind: " ".join(row.cells[place].split()) for kind, place in places.items()}
        if known.get(_NAME, "").casefold() == "points possible":
            continue
        if is_export and _is_no_student(known):
            continue
        if not any(known.get(kind) for kind in _TELLING):
            notes.append(f"Line {row.line} of the roster names no student; it was left out.")
            continue
        columns = {
            heading: row.cells[place]
            for place, heading in enumerate(table.headings)
            if place not in used
        }
        yield _Person(row.line, known, columns)


def _is_no_student(known: Mapping[str, str]) -> bool:
    """Whether a row of Canvas's export is its test student, or a line about the columns."""
    telling = {kind: known.get(kind, "") for kind in _TELLING}
    if not any(telling.values()):
        return True
    is_test = telling[_NAME].casefold() in ("student, test", "test student")
    return is_test and not telling[_SIS]


def _require_distinct(path: Path, people: Sequence[_Person]) -> None:
    for kind, what in ((_CANVAS, "ID"), (_SIS, "SIS or student ID"), (_LOGIN, "login")):
        lines: dict[str, int] = {}
        for person in people:
            text = person.login if kind == _LOGIN else person.get(kind)
            first = lines.setdefault(text.casefold(), person.line)
            if text and first != person.line:
                raise RosterError(
                    f"The roster {path} gives the {what} {text} to two students, "
                    f"in lines {first} and {person.line}."
                )


def _are_two_people(claims: Sequence[_Claim]) -> bool:
    """Whether several who seem to be one student of the roster by their name are surely not one."""
    by_name = [claim for claim in claims if claim.meant.by_name]
    if len({claim.who.canvas_id for claim in claims} - {""}) > 1:
        return bool(by_name)
    downloads = [
        {moodle_download(notebook.source.label) for notebook in claim.notebooks} - {None}
        for claim in by_name
    ]
    return any(a & b for a, b in combinations(downloads, 2))


def _unmatched(who: Student, meant: Meant) -> str:
    name = f"{who.name} (Canvas ID {who.canvas_id})" if who.canvas_id else who.name
    if not meant.students:
        return f"{name} is not on the roster."
    several = " or ".join(f"{s.name} ({s.key})" for s in meant.students)
    return f"{name} may be {several} of the roster, so it was matched with nobody."


def _shared_name(student: Student, claims: Sequence[_Claim]) -> str:
    keys = " and ".join(claim.who.key for claim in claims)
    return (
        f"{keys} are different people, and either may be {student.name} of the roster; "
        "who has no id of the roster was matched with nobody."
    )


def _with_free_keys(unknown: Iterable[Student], taken: Collection[str]) -> dict[str, Student]:
    """Students that are not on the roster, by their old key; new ones where the roster has it."""
    students = {student.key: student for student in unknown}
    keys = student_keys({key: key for key in students}, taken)
    return {key: replace(student, key=keys[key]) for key, student in students.items()}


def _renamed(
    notebook: HandedIn, known: Mapping[str, Student], strangers: Mapping[str, Student]
) -> HandedIn:
    student = known.get(notebook.student.key)
    if student is not None:
        return replace(notebook, student=student)
    stranger = strangers[notebook.student.key]
    return replace(notebook, student=stranger, notes=(*notebook.notes, "Not on the roster."))

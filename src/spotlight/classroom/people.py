"""Find the student whom some text means: an id, a login, an address, or a name in any spelling."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from spotlight.classroom.csv_tables import plain_heading
from spotlight.classroom.records import Student

ADDRESS_HEADINGS = ("email", "e mail", "email address", "e mail address", "mail")

# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_APOSTROPHES = str.maketrans(dict.fromkeys("'’‘`´ʼ"))
_ACCENTS = range(0x300, 0x370)


@dataclass(frozen=True)
class Meant:
    """Whom a text may mean: nobody, one, or several; `by_name` if no id or login says so."""

    students: tuple[Student, ...]
    by_name: bool = False


class People:
    """The students of a class, to be found by what others call them."""

    def __init__(self, students: Iterable[Student]) -> None:
        """An e-mail address that the roster has beside the login is as good as the login."""
        self._canvas: dict[str, Student] = {}
        self._exact = _Index()
        self._accounts = _Index()
        self._without_domain = _Index()
        self._names = _Index()
        self._squashed = _Index()
        self._one_word = _Index()
        for student in students:
            if student.canvas_id:
                self._canvas[student.canvas_id] = student
            logins = [_plain_id(text) for text in (student.login, *_addresses(student))]
            ids = [_plain_id(t) for t in (student.key, student.canvas_id, student.sis_id)]
            self._exact.add([*ids, *logins], student)
            self._accounts.add([login.partition("@")[0] for login in logins], student)
            self._without_domain.add([login for login in logins if "@" not in login], student)
            for words in _spellings(student.name):
                self._names.add([" ".join(sorted(words))], student)
                self._squashed.add(_turned(words), student)
                if len(words) == 1:
                    self._one_word.add(words, student)

    def meant_by(self, text: str, canvas_id: str = "") -> Meant:
        """Whom `text` means: by id, by login with or without its domain, then by name.

        Where a Canvas id is known it decides, and a name can only mean someone whose id is not.
        """
        if canvas_id in self._canvas:
            return Meant((self._canvas[canvas_id],))
        if not canvas_id:
            plain = _plain_id(text)
            account, at, _ = plain.partition("@")
            looser = self._without_domain[account] if at else self._accounts[account]
            found = self._exact[plain] or looser
            if found:
                return Meant(found)
        found = self._called(text)
        if canvas_id:
            found = tuple(student for student in found if not student.canvas_id)
        return Meant(found, by_name=True)

    def _called(self, name: str) -> tuple[Student, ...]:
        spellings = list(_spellings(name))
        found = self._names.any_of(" ".join(sorted(words)) for words in spellings)
        if found:
            return found
        # Canvas writes "Smith, Ann" as one word; other scripts may have no space to begin with.
        if any(len(words) == 1 for words in spellings):
            return self._squashed.any_of(words[0] for words in spellings)
        return self._one_word.any_of(form for words in spellings for form in _turned(words))


class _Index:
    """Students by texts; nobody is found by an empty one."""

    def __init__(self) -> None:
        self._students: defaultdict[str, dict[str, Student]] = defaultdict(dict)

    def add(self, texts: Iterable[str], student: Student) -> None:
        for text in filter(None, texts):
            self._students[text][student.key] = student

    def __getitem__(self, text: str) -> tuple[Student, ...]:
        return tuple(self._students[text].values()) if text in self._students else ()

    def any_of(self, texts: Iterable[str]) -> tuple[Student, ...]:
        found = {student.key: student for text in texts for student in self[text]}
        return tuple(found.values())


def _addresses(student: Student) -> Iterator[str]:
    for heading, text in student.columns.items():
        if plain_heading(heading) in ADDRESS_HEADINGS:
            yield text


def _plain_id(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _spellings(name: str) -> Iterator[tuple[str, ...]]:
    """The words of `name` without case and accents; twice where umlauts may be spelled out."""
    small = unicodedata.normalize("NFC", name).casefold().translate(_APOSTROPHES)
    seen = set()
    for text in (small, small.translate(_SPELLED_OUT)):
        words = tuple(_words(text.translate(_PLAIN)))
        if words and words not in seen:
            seen.add(words)
            yield words


def _words(text: str) -> list[str]:
    apart = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in apart if ord(letter) not in _ACCENTS)
    # Marks of other scripts are part of a word: without them it is another one.
    spaced = "".join(
        letter if letter.isalnum() or unicodedata.category(letter).startswith("M") else " "
        for letter in unicodedata.normalize("NFC", bare)
    )
    return spaced.split()


def _turned(words: Sequence[str]) -> list[str]:
    """`words` as one, from whichever of them it begins: first names first, or last names."""
    return ["".join((*words[start:], *words[:start])) for start in range(len(words))]

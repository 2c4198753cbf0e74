"""A student's key names files on every system, and no two students share one."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spotlight.classroom.student_keys import student_keys

odd_names = st.sampled_from(
    [
        *("ann", "Ann", "ANN", "José", "Jose", "Jose\u0301", "straße", "strasse", "ﬁn", "fin"),
        *("con", "CON", "con.txt", "COM¹", "..", ".", "", " ", "~", "/", "a/b", "a\\b", "a:b"),
        *("x" * 300, "x" * 299 + "y", "-rf", "ann.", "ann ", "İ", "i", "ı", "王芳", "राम"),
        *("\udc80", "a\x00b", "\u202eann"),
    ]
)
texts = st.lists(odd_names | st.text(max_size=80), max_size=8)


def keys_of(*names: str) -> list[str]:
    return list(student_keys({f"{n}": name for n, name in enumerate(names)}).values())


def is_safe(key: str) -> bool:
    """Whether a file may be called so, with any ending, on Linux, macOS and Windows."""
    # Some versions of Windows open the port for these too.
    stem = key.partition(".")[0].translate(str.maketrans("¹²³", "123"))
    return (
        key not in ("", ".", "..")
        and len(f"{key}.html".encode()) < 143
        and key == unicodedata.normalize("NFC", key)
        and not set(key) & set('<>:"/\\|?*\0')
        and all(letter.isprintable() and not letter.isspace() for letter in key)
        and key[0].isalnum()
        and key[-1] not in ". "
        and PurePosixPath(key).name == PureWindowsPath(key).name == key
        and stem.upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}
    )


@given(texts)
@example(["CON", "con", "Con.ipynb", "COM¹", "AUX .x", "nul"])
@example(["..", ".", "", "//"])
@example(["ann", "Ann", "ann-" + "0" * 8])
def test_keys_are_safe_and_differ_by_more_than_case_and_accents(names: list[str]) -> None:
    keys = keys_of(*names)
    assert all(map(is_safe, keys))
    folded = {unicodedata.normalize("NFKD", key).casefold() for key in keys}
    bare = {"".join(c for c in key if not unicodedata.combining(c)) for key in folded}
    assert len(bare) == len(keys)


@given(texts, st.randoms())
def test_the_order_in_which_students_come_does_not_matter(names: list[str], random: Random) -> None:
    wanted = {f"{n}": name for n, name in enumerate(names)}
    shuffled = list(wanted.items())
    random.shuffle(shuffled)
    assert student_keys(dict(shuffled)) == student_keys(wanted)


@given(texts)
def test_a_key_that_is_taken_is_given_to_nobody_else(names: list[str]) -> None:
    wanted = {f"{n}": name for n, name in enumerate(names)}
    taken = {key.upper() for key in student_keys(wanted).values()}
    fresh = student_keys({f"new {identity}": name for identity, name in wanted.items()}, taken)
    assert not {key.casefold() for key in fresh.values()} & {key.casefold() for key in taken}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("ann", "ann"),
        ("Ann Smith", "Ann-Smith"),
        ("Smith, Ann", "Smith-Ann"),
        ("O'Brien", "O-Brien"),
        ("ann@uni.edu", "ann@uni.edu"),
        ("José", "José"),
        ("Jose\u0301", "José"),
        ("王芳", "王芳"),
        ("राम", "राम"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "student-CON"),
        ("", "student"),
    ],
)
def test_a_key_can_be_read(name: str, key: str) -> None:
    assert keys_of(name) == [key]


def test_only_those_who_clash_get_a_longer_key() -> None:
    bob, small, large = keys_of("bob", "ann", "Ann")
    assert bob == "bob"
    assert small.startswith("ann-")
    assert large.startswith("Ann-")


def test_a_newcomer_changes_no_key_but_those_it_clashes_with() -> None:
    before = student_keys({"1": "ann", "2": "bob"})
    after = student_keys({"1": "ann", "2": "bob", "3": "carl"})
    assert after == {**before, "3": "carl"}

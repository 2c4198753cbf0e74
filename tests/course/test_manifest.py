"""The manifest says which lessons there are and in which order."""

from __future__ import annotations

import pytest

from spotlight.course.lesson import AuthoringError
from spotlight.course.manifest import find_course_root, load_course
from spotlight.course.reading import read_master

LESSON = """
[[parts.lessons]]
id = "{id}"
file = "{file}"
title = "A title"
minutes = 10
summary = "One sentence."
"""
TWO_PARTS = (
    'title = "Course"\n[[parts]]\ntitle = "First"\n'
    + LESSON.format(id="orientation", file="00_orientation")
    + LESSON.format(id="tokens", file="01_tokens")
    + '[[parts]]\ntitle = "Second"\n'
    + LESSON.format(id="attention", file="express_attention")
)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "solutions").mkdir()
    return tmp_path


def course_of(root, text):
    (root / "solutions" / "course.toml").write_text(text, encoding="utf-8")
    return load_course(root)


def test_lessons_come_in_the_order_of_the_manifest(root):
    course = course_of(root, TWO_PARTS)
    assert course.title == "Course"
    assert [part.title for part in course.parts] == ["First", "Second"]
    assert [lesson.id for lesson in course.lessons] == ["orientation", "tokens", "attention"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        *(("01", "tokens"), ("tokens", "tokens"), ("01_tokens", "tokens")),
        *(("01_tokens.ipynb", "tokens"), ("lessons/01_tokens.ipynb", "tokens")),
        *(("express", "attention"), ("attention", "attention"), ("00", "orientation")),
        *(("1", None), ("", None), (".", None), ("token", None), ("01_", None), ("_", None)),
    ],
)
def test_a_lesson_goes_by_its_number_its_id_or_its_file(root, name, found):
    entry = course_of(root, TWO_PARTS).find(name)
    assert (entry.id if entry else None) == found


def test_a_lessons_files_stand_in_their_folders(root):
    course = course_of(root, TWO_PARTS)
    entry = course.find("tokens")
    assert course.master(entry) == root / "solutions" / "01_tokens.py"
    assert course.solution(entry) == root / "solutions" / "01_tokens.ipynb"
    assert course.notebook(entry) == root / "lessons" / "01_tokens.ipynb"


BROKEN = {
    "not TOML": "title = ",
    "no title": TWO_PARTS.replace('title = "Course"\n', ""),
    "no parts": 'title = "Course"',
    "parts that are no list": 'title = "Course"\nparts = 3',
    "parts that are no tables": 'title = "Course"\nparts = ["one"]',
    "a part without a title": TWO_PARTS.replace('title = "First"\n', ""),
    "a part without lessons": 'title = "Course"\n[[parts]]\ntitle = "First"',
    "a lesson without a summary": TWO_PARTS.replace('summary = "One sentence."', "", 1),
    "a lesson with a word too many": TWO_PARTS.replace("minutes", 'author = "me"\nminutes', 1),
    "minutes in words": TWO_PARTS.replace("minutes = 10", 'minutes = "ten"', 1),
    "a title that is no text": TWO_PARTS.replace('title = "A title"', "title = 3", 1),
    "the same id twice": TWO_PARTS.replace('"tokens"', '"orientation"'),
    "the same file twice": TWO_PARTS.replace('"01_tokens"', '"00_orientation"'),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_manifest_that_is_not_as_it_should_be_is_refused(root, text):
    with pytest.raises(AuthoringError, match=r"course\.toml: the course's manifest is not as it"):
        course_of(root, text)


def test_a_manifest_in_another_encoding_is_refused(root):
    (root / "solutions" / "course.toml").write_bytes('title = "größer"'.encode("latin-1"))
    with pytest.raises(AuthoringError, match="is not as it should be"):
        load_course(root)


def test_a_manifest_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AuthoringError, match=r"course\.toml: .* cannot be read \(No such file"):
        load_course(tmp_path)


def test_the_course_is_the_nearest_folder_upwards_that_holds_one(root):
    course_of(root, TWO_PARTS)
    deep = root / "lessons" / "deep"
    deep.mkdir(parents=True)
    assert find_course_root(deep) == root.resolve()
    assert find_course_root(root) == root.resolve()
    inner = root / "lessons" / "solutions"
    inner.mkdir()
    (inner / "course.toml").touch()
    assert find_course_root(deep) == (root / "lessons").resolve()


def test_where_no_course_is_none_is_found(tmp_path):
    assert find_course_root(tmp_path) is None


def test_every_master_opens_the_lesson_that_the_manifest_says(course):
    for entry in course.lessons:
        assert read_master(course.master(entry)).id == entry.id

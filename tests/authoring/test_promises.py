"""What a lesson says of its time and of other lessons holds, or the build says that it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from small_masters import SMALL, markdown_text, read_text
from spotlight.authoring.promises import broken_promises, reckoned_minutes
from spotlight.course.manifest import Course


def promises(course: Course, folder: Path, text: str, minutes: int) -> list[str]:
    entry = replace(course.lessons[0], file="07_small_sums", minutes=minutes)
    return broken_promises(course, entry, read_text(folder, text))


def with_prose(text: str) -> str:
    return SMALL.replace("# %%\nprint(table)", f"{markdown_text(text)}\n# %%\nprint(table)")


def test_minutes_come_of_exercises_words_predictions_and_pictures(tmp_path: Path) -> None:
    before = reckoned_minutes(read_text(tmp_path, SMALL))
    more = reckoned_minutes(read_text(tmp_path, with_prose("word " * 2000)))
    assert more - before == 10
    drawn = SMALL.replace("print(table)", "show_heatmap(table)\nshow_bars(table)\nprint(table)")
    assert reckoned_minutes(read_text(tmp_path, drawn)) - before == 1


@pytest.mark.parametrize(("off", "told"), [(-6, True), (-5, False), (15, False), (16, True)])
def test_the_manifest_may_say_a_little_less_and_somewhat_more(
    off: int, told: bool, course: Course, tmp_path: Path
) -> None:
    minutes = reckoned_minutes(read_text(tmp_path, SMALL)) + off
    found = promises(course, tmp_path, SMALL, minutes)
    assert [f"says {minutes} minutes" in problem for problem in found] == [True] * told


def test_the_first_cell_says_what_the_manifest_says(course: Course, tmp_path: Path) -> None:
    minutes = reckoned_minutes(read_text(tmp_path, SMALL))
    title = "# # 07 · Small sums\n"
    assert title in SMALL
    text = SMALL.replace(title, f"{title}#\n# **Time:** {minutes + 1} minutes.\n", 1)
    (problem,) = promises(course, tmp_path, text, minutes)
    assert problem.endswith(f"it says {minutes + 1} minutes, and course.toml {minutes}.")


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("As lesson 00 says.", []),
        ("See lessons 01, 02 and 98.", ["98"]),
        ("Lessons 97 and 98 come first, and lesson 99 last.", ["97", "98", "99"]),
        ("At the end of lesson 00.", []),
        ("On 99 tokens.", []),
    ],
)
def test_only_lessons_that_are_there_are_named(
    said: str, missing: list[str], course: Course, tmp_path: Path
) -> None:
    minutes = reckoned_minutes(read_text(tmp_path, SMALL))
    found = promises(course, tmp_path, with_prose(said), minutes)
    assert [problem.split("names lesson ")[1][:2] for problem in found] == missing

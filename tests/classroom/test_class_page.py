"""The class page: what is counted, who is named, and what is not said of anyone."""

from __future__ import annotations

import itertools
import random

import pytest
from class_books import (
    CONFINEMENT,
    FINISH,
    STEPS,
    adjusted,
    book,
    exercise,
    graded,
    large_book,
    line,
    refused,
    row,
    student,
    with_prints,
)
from reading_pages import Page, assert_harmless

from spotlight.classroom.class_counts import count_class
from spotlight.classroom.class_page import class_page
from spotlight.classroom.gradebook import ClassBook, StudentRow
from spotlight.classroom.pages import student_page
from spotlight.classroom.records import Attempt
from spotlight.classroom.similarity import Shared, SimilarGroup, alike_groups
from spotlight.grading.report import Status

DOUBLED, SHIFTED = STEPS.exercises


def page(some: ClassBook) -> Page:
    return assert_harmless(class_page(some))


def of(n: int, status: Status = "failed", **more: object) -> StudentRow:
    verdict = exercise(SHIFTED, status, **more)
    return row(student(f"s{n}", f"Student {n}"), graded(f"s{n}", STEPS, verdict))


# Counts


def test_pass_rates_count_those_who_handed_the_lesson_in() -> None:
    some = book(of(1), of(2, "passed"), of(3, "timeout"), row(student("s4")), lessons=(STEPS,))
    doubled, shifted = count_class(some).exercises
    assert (doubled.passed, doubled.handed_in, doubled.percent) == (3, 3, 100)
    assert (shifted.passed, shifted.handed_in, shifted.percent) == (1, 3, 33)
    assert shifted.by_status == {"failed": 1, "passed": 1, "timeout": 1}
    seen = page(some)
    assert "Double it 100 % 3 0 0 Shift it 33 % 1 1 1" in seen.words
    assert "width:33%" in seen.values("style")


def test_a_rate_is_100_per_cent_only_where_all_passed() -> None:
    some = book(*(of(n, "failed" if n == 0 else "passed") for n in range(300)))
    assert count_class(some).exercises[1].percent == 99


def test_the_most_frequent_mistakes_come_first_with_the_sentence_said_most_often() -> None:
    subtracted = {"diagnosis": "subtracted", "message": "you subtract; add"}
    twice = {"diagnosis": "twice", "message": "You shift twice."}
    other = {"diagnosis": "subtracted", "message": "Perhaps you subtract."}
    some = book(of(1, **twice), of(2, **subtracted), of(3, **other), of(4, **subtracted), of(5))
    first, second = count_class(some).mistakes
    assert (first.name, first.count, first.sentence) == ("subtracted", 3, "You subtract; add.")
    assert (second.name, second.count) == ("twice", 1)
    words = page(some).words
    assert "3 subtracted You subtract; add. Shift it · Small steps" in words
    assert words.index("You subtract") < words.index("You shift twice")


def test_who_was_stopped_is_listed_with_a_link_and_the_reason() -> None:
    stops: tuple[Status, ...] = ("crashed", "timeout", "memory")
    some = book(*(of(n, status, message=f"Why {n}.") for n, status in enumerate(stops)), of(9))
    stopped = [stop.verdict.status for stop in count_class(some).stops]
    assert stopped == ["timeout", "memory", "crashed"]
    words = page(some).words
    assert "stopped Student 1 Shift it · Small steps Why 1." in words
    assert "too much memory Student 2" in words
    assert "crashed Student 0" in words
    assert "students/s1.html" in page(some).values("href")


@pytest.mark.parametrize(
    ("points", "bin_"), [(0, 0), (0.4, 1), (1.2, 3), (3.9, 9), (4, 9), (6, 9), (-1, 0)]
)
def test_the_histogram_has_a_bin_for_each_tenth(points: float, bin_: int) -> None:
    changed = adjusted("small_steps", 4, points, 4, (line("", points - 4),))
    some = book(row(student(), graded("ada", STEPS), adjusted=(changed,)), lessons=(STEPS,))
    assert count_class(some).histogram.index(1) == bin_


def test_who_had_nothing_graded_is_not_in_the_histogram() -> None:
    some = book(of(1), row(student("x"), refused("x")), absent=(student("cy", "Cy"),))
    assert sum(count_class(some).histogram) == 1
    assert "1 of 3 students graded, 1 handed in nothing, 1 file refused." in page(some).words


def test_who_is_missing_or_refused_is_named() -> None:
    some = book(row(student("x", "Xu"), refused("x", "It is a PDF.")), absent=(student("c", "Cy"),))
    seen = page(some)
    assert "Handed in nothing Cy" in seen.words
    assert "Xu submitted/x/week1.pdf It is a PDF." in seen.words
    assert "students/c.html" not in seen.values("href")


def test_notes_on_the_class_are_for_the_instructor() -> None:
    some = book(of(1), notes=("`x.zip` cannot be opened <b>.",))
    assert "Notes x.zip cannot be opened <b>." in page(some).words
    assert b"x.zip" not in student_page(some, some.rows[0])


def test_what_looks_odd_about_an_adjustment_is_for_the_instructor_too() -> None:
    note = "The exercise has 9 points of 2 possible."
    changed = adjusted("small_steps", 4, 11, 4, (line("shifted", 7),), notes=(note,))
    some = book(row(student(), graded("ada", STEPS), adjusted=(changed,)))
    assert f"Adjustments of Lovelace, Ada, Small steps: {note}" in page(some).words
    assert note.encode() not in student_page(some, some.rows[0])


def test_every_student_has_a_line_with_points_and_a_link_to_the_page() -> None:
    changed = adjusted("small_steps", 2.0, 3.5, 4.0, (line("shifted", 1.5),))
    work = graded("ada", STEPS, exercise(SHIFTED, "failed"))
    some = book(row(student(section="Monday"), work, adjusted=(changed,)))
    assert "Lovelace, Ada Monday 3.5 * 0 3.5 of 5" in page(some).words
    assert "students/ada.html" in page(some).values("href")


def test_a_key_that_needs_it_is_quoted_in_links() -> None:
    who = student("ada@b+c ü", "Ada")
    assert "students/ada%40b%2Bc%20%C3%BC.html" in page(book(row(who, graded("x", STEPS)))).values(
        "href"
    )


def test_attempts_are_shown_with_their_place_as_something_to_look_at() -> None:
    attempt = Attempt(exercise="shifted", cell=7, line=3, text="open('/etc/<b>')", why="It reads.")
    some = book(row(student(), graded("ada", STEPS, attempts=(attempt,))))
    words = page(some).words
    assert "Shift it · Small steps, cell 7, line 3 open('/etc/<b>') It reads." in words
    assert "There may be a harmless reason" in words
    for accusation in ("cheat", "tamper", "fraud", "guilty", "malicious", "attack"):
        assert accusation not in words.casefold()


def test_the_page_says_what_confined_the_code_and_whose_inputs_were_used() -> None:
    assert CONFINEMENT[0] in page(book(of(1))).words
    secret = page(book(of(1), seed_is_public=False)).words
    assert "Marks come from inputs that students have not seen." in secret


def test_an_empty_class_is_a_page_too() -> None:
    words = page(book()).words
    assert "0 of 0 students graded." in words
    assert "Nothing was graded." in words


def test_hostile_names_stay_text_and_the_page_is_the_same_every_time() -> None:
    some = large_book(30)
    seen = page(some)
    assert "<script>alert('x')</script>" in seen.text
    assert "{{ 7 * 7 }}" in seen.text
    assert class_page(some) == class_page(large_book(30))


# Equal code

ALL = ("a", "b", "c", "d", "e")


def prints(value: str, names: tuple[str, ...] = ALL) -> dict[str, str]:
    return {name: f"{value}-{name}" for name in names}


def keys(group: SimilarGroup) -> list[str]:
    return [r.student.key for r in group.rows]


def test_two_who_share_every_answer_are_a_group() -> None:
    (group,) = alike_groups(with_prints(30, prints("x"), prints("x")))
    assert keys(group) == ["s000", "s001"]
    assert (group.equal, group.compared) == (5, 5)
    assert group.shared[0] == Shared(("long", "a"), 2, 2, 30)
    words = page(with_prints(30, prints("x"), prints("x"))).words
    assert "Student 000 Student 001 5 of 5 non-trivial exercises Long : A (2 of 30)" in words


def test_students_of_their_own_mind_are_in_no_group() -> None:
    assert alike_groups(with_prints(30)) == ()
    assert "No group is more alike than chance explains." in page(with_prints(30)).words


def test_what_more_than_a_quarter_of_the_class_wrote_tells_nothing() -> None:
    assert alike_groups(with_prints(30, *[prints("usual")] * 8)) == ()
    assert len(alike_groups(with_prints(32, *[prints("usual")] * 8))) == 1


def test_common_answers_are_left_out_of_the_count() -> None:
    usual = {"a": "usual", "b": "usual"}
    given = [{**prints("x", ("c", "d", "e")), **usual}] * 2
    given += [{**prints(f"own-{i}", ("c", "d", "e")), **usual} for i in range(20)]
    (group,) = alike_groups(with_prints(30, *given))
    assert (keys(group), group.equal, group.compared) == (["s000", "s001"], 3, 3)
    assert [shared.place[1] for shared in group.shared] == ["c", "d", "e"]


@pytest.mark.parametrize("seed", range(5))
def test_sharing_a_few_of_many_usual_variants_is_chance(seed: int) -> None:
    """Each answer has six usual forms: among 60 students some pairs agree on three of the five."""
    draw = random.Random(seed)
    given = [{name: f"{name}-{draw.randrange(6)}" for name in ALL} for _ in range(58)]
    assert (
        max(sum(a[name] == b[name] for name in ALL) for a, b in itertools.combinations(given, 2))
        >= 3
    )
    assert sum(len(group.rows) for group in alike_groups(with_prints(60, *given))) <= 2
    found = alike_groups(with_prints(60, *given, prints("x"), prints("x")))
    assert keys(found[0]) == ["s058", "s059"]


def test_a_copied_part_is_found_beside_own_work() -> None:
    mine = {**prints("x", ("a", "b", "c")), **prints("mine", ("d", "e"))}
    yours = {**prints("x", ("a", "b", "c")), **prints("yours", ("d", "e"))}
    (group,) = alike_groups(with_prints(30, mine, yours))
    assert (group.equal, group.compared) == (3, 5)


def test_pairs_that_share_a_student_are_one_group() -> None:
    left = {**prints("x", ("a", "b", "c")), **prints("left", ("d", "e"))}
    both = {**prints("x", ("a", "b", "c")), **prints("y", ("d", "e"))}
    right = {**prints("right", ("a", "b", "c")), **prints("y", ("d", "e"))}
    (group,) = alike_groups(with_prints(40, left, both, right))
    assert keys(group) == ["s000", "s001", "s002"]
    assert (group.equal, group.compared) == (3, 5)
    assert {shared.in_group for shared in group.shared} == {2}
    assert "A (2 of these, 2 of 40)" in page(with_prints(40, left, both, right)).words


def test_a_solution_that_went_round_is_one_group_whatever_its_size() -> None:
    (group,) = alike_groups(with_prints(200, *[prints("leaked")] * 40))
    assert len(group.rows) == 40
    assert "and 28 more" in page(with_prints(200, *[prints("leaked")] * 40)).words


def test_in_a_small_class_the_page_says_how_little_can_be_told() -> None:
    assert "Only 2 students have code to compare." in page(with_prints(2, prints("x"))).words
    assert "In so small a class" not in page(with_prints(8)).words


def test_blank_exercises_are_not_compared() -> None:
    given = [prints("x", ("a", "b", "c"))] * 2
    (group,) = alike_groups(with_prints(30, *given))
    assert (group.equal, group.compared) == (3, 3)


def test_who_handed_in_two_lessons_is_compared_over_both() -> None:
    rows = []
    for i in range(30):
        who = student(f"s{i:02}")
        value = "x" if i < 2 else str(i)
        steps = graded(who.key, STEPS, fingerprints={"doubled": value, "shifted": value})
        rows.append(row(who, steps, graded(who.key, FINISH, fingerprints={"halved": value})))
    (group,) = alike_groups(book(*rows))
    assert (group.equal, group.compared) == (3, 3)

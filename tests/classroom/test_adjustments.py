"""What an instructor adds to the marks is merged, never lost in silence, and named as such."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotlight.classroom.adjustments import (
    AdjustedLesson,
    Adjustment,
    AdjustmentError,
    adjusted,
    read_adjustments,
    sort_out,
)
from spotlight.classroom.records import Student
from spotlight.course.manifest import Course, LessonEntry, Part
from spotlight.grading.report import ExerciseReport, LessonReport, PredictionReport

HEADINGS = "student,lesson,exercise,points,possible,comment,by"
COURSE = Course(
    Path(),
    "Small",
    (
        Part(
            "One",
            (
                LessonEntry("tokens", "01_tokens", "Text into numbers", 10, ""),
                LessonEntry("heads", "02_heads", "Many heads", 10, ""),
            ),
        ),
    ),
)
ANN = Student("asmith", "Smith, Ann", "12345", "A100", "asmith@uni.edu")
BOB = Student("bob", "Jones, Bob")


def graded(*points: float, lesson: str = "tokens") -> LessonReport:
    """A lesson with an exercise worth two points for each of `points`, and a prediction."""
    exercises = tuple(
        ExerciseReport(exercise=name, title=name.title(), points=p, possible=2.0, status="failed")
        for name, p in zip(("first", "second", "third"), points, strict=False)
    )
    prediction = PredictionReport(prediction="guess", answered=True, points=1.0, possible=1.0)
    return LessonReport(
        lesson=lesson,
        title="Text into numbers",
        path="x.ipynb",
        points=sum(points) + 1.0,
        possible=2.0 * len(points) + 1.0,
        predictions=(prediction,),
        exercises=exercises,
    )


def read(folder: Path, text: str | bytes) -> tuple[Adjustment, ...]:
    path = folder / "adjust.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_adjustments(path)


def refused(folder: Path, text: str | bytes) -> str:
    with pytest.raises(AdjustmentError) as raised:
        read(folder, text)
    said = str(raised.value).replace(str(folder / "adjust.csv"), "FILE")
    assert "\n" not in said
    return said


def after(folder: Path, *rows: str, report: LessonReport | None = None) -> AdjustedLesson:
    """Ann's first lesson, one point of two in each of two exercises, after these rows."""
    table = "\n".join(["exercise,points,possible,comment,by,student,lesson", *rows])
    with_place = "\n".join(
        line if n == 0 else f"{line},ann smith,01" for n, line in enumerate(table.split("\n"))
    )
    sorted_out = sort_out(read(folder, with_place), [ANN, BOB], COURSE)
    assert sorted_out.notes == ()
    return adjusted(report or graded(1.0, 1.0), sorted_out.of("asmith", "tokens"))


class TestReading:
    def test_a_total_a_change_and_a_comment(self, tmp_path: Path) -> None:
        rows = read(
            tmp_path,
            f"{HEADINGS}\nann,01,first,2,,,\n\nbob,heads,,-0.5,,late,JD\nann,01,essay,+1,5,,\n"
            "ann,01,,,,well done,\nann,01,second,,,,\n",
        )
        assert rows == (
            Adjustment(2, "ann", "01", "first", total=2.0),
            Adjustment(4, "bob", "heads", change=-0.5, comment="late", who="JD"),
            Adjustment(5, "ann", "01", "essay", change=1.0, possible=5.0),
            Adjustment(6, "ann", "01", comment="well done"),
        )

    @pytest.mark.parametrize(
        ("written", "total", "change"),
        [
            ("3", 3.0, None),
            ("0", 0.0, None),
            ("2.5", 2.5, None),
            ("2,5", 2.5, None),
            ("+0", None, 0.0),
            ("+ 1", None, 1.0),
            ("'+1", None, 1.0),
            ("-1,25", None, -1.25),
            ("−1", None, -1.0),
        ],
    )
    def test_numbers_as_spreadsheets_write_them(
        self, written: str, total: float | None, change: float | None, tmp_path: Path
    ) -> None:
        (row,) = read(tmp_path, f"Points;Student;Lesson\n{written};ann;01\n")
        assert (row.total, row.change) == (total, change)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "The file of adjustments FILE is empty."),
            ("lesson,points\n01,3\n", "The file of adjustments FILE has no column student."),
            (
                "student,possible\n",
                "The file of adjustments FILE has no column lesson and none points.",
            ),
            (
                "student,lesson,pionts,comment\nann,01,3,good\n",
                "The file of adjustments FILE has a column 'pionts' that is not known. Rename or "
                "remove it; the columns are student, lesson, exercise, points, possible, comment, "
                "by.",
            ),
            (
                "student,lesson,points,Score\nann,01,3,4\n",
                "The file of adjustments FILE has two columns for the points, 'points' and "
                "'Score'. Remove one.",
            ),
            (
                "student,lesson,points\nann,01,three\n",
                "Line 2 of the adjustments FILE: points are 'three', but should be such as 3, +1 "
                "or -0.5.",
            ),
            (
                "student,lesson,points\nann,01,3\n,01,3\n",
                "Line 3 of the adjustments FILE names no student.",
            ),
            (
                "student,lesson,points\nann,,3\n",
                "Line 2 of the adjustments FILE names no lesson.",
            ),
            (
                "student,lesson,points,possible\nann,01,3,-5\n",
                "Line 2 of the adjustments FILE: possible is '-5', which is no plain number.",
            ),
            (b"\x00\x01", "The file of adjustments FILE is not text. Save it as CSV (UTF-8)."),
        ],
    )
    def test_what_cannot_be_used(self, text: str | bytes, said: str, tmp_path: Path) -> None:
        assert refused(tmp_path, text) == said

    @pytest.mark.parametrize("number", ["nan", "inf", "1e3", "1_0", "0x1", "1.2.3", "١", "9" * 400])
    def test_what_is_no_number(self, number: str, tmp_path: Path) -> None:
        assert "should be such as" in refused(tmp_path, f"student,lesson,points\nann,01,{number}\n")

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(AdjustmentError, match=r"adjustments .*gone\.csv does not exist\."):
            read_adjustments(tmp_path / "gone.csv")


class TestSortingOut:
    @pytest.mark.parametrize(
        "text", ["asmith", "12345", "a100", "ASMITH@uni.edu", "Ann Smith", "smith, ann"]
    )
    @pytest.mark.parametrize("lesson", ["tokens", "01_tokens", "01", "1", "text into numbers"])
    def test_students_and_lessons_by_whatever_names_them(self, text: str, lesson: str) -> None:
        sorted_out = sort_out([Adjustment(2, text, lesson, change=1.0)], [ANN, BOB], COURSE)
        assert sorted_out.notes == ()
        assert sorted_out.of("asmith", "tokens") == (Adjustment(2, "asmith", "tokens", change=1.0),)
        assert sorted_out.of("bob", "tokens") == ()

    def test_who_and_what_is_not_known_is_said(self) -> None:
        twin = Student("bob-2", "Bob Jones")
        rows = [
            Adjustment(2, "zed", "01", change=1.0),
            Adjustment(3, "Bob Jones", "01", change=1.0),
            Adjustment(4, "asmith", "09", change=1.0),
        ]
        sorted_out = sort_out(rows, [ANN, BOB, twin], COURSE)
        assert sorted_out.by_place == {}
        assert sorted_out.notes == (
            "Line 2 of the adjustments was left out: no student is called zed.",
            "Line 3 of the adjustments was left out: Bob Jones may be bob or bob-2.",
            "Line 4 of the adjustments was left out: no lesson is called 09.",
        )

    def test_what_was_not_graded_at_all_is_said(self) -> None:
        rows = [Adjustment(2, "bob", "01", change=1.0), Adjustment(3, "bob", "02", change=1.0)]
        sorted_out = sort_out(rows, [ANN, BOB], COURSE)
        assert sorted_out.unused({("bob", "tokens")}) == (
            "Line 3 of the adjustments changes heads of bob, of whom no such lesson was graded; "
            "it was left out.",
        )


class TestMerging:
    def test_nothing_to_adjust(self) -> None:
        lesson = adjusted(graded(1.0, 0.5), ())
        assert (lesson.graded, lesson.points, lesson.possible) == (2.5, 2.5, 5.0)
        assert (lesson.lines, lesson.notes) == ((), ())
        assert {mark.exercise: mark.points for mark in lesson.marks} == {
            "first": 1.0,
            "second": 0.5,
            "guess": 1.0,
        }

    def test_a_total_stands_in_place_of_what_was_graded(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "first,2,,a fine idea,JD")
        assert (lesson.graded, lesson.points, lesson.possible) == (3.0, 4.0, 5.0)
        (line,) = lesson.lines
        assert line.model_dump() == {
            "exercise": "first",
            "title": "First",
            "points": "2",
            "change": 1.0,
            "comment": "a fine idea",
            "who": "JD",
        }

    def test_a_change_is_added(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "first,+0.5,,,", "first,+0.25,,,", "guess,-1,,,")
        assert lesson.points == 2.75
        assert [line.change for line in lesson.lines] == [0.5, 0.25, -1.0]
        assert [line.points for line in lesson.lines] == ["+0.5", "+0.25", "-1"]

    @pytest.mark.parametrize("rows", [("first,0,,,", "first,+2,,,"), ("first,+2,,,", "first,0,,,")])
    def test_the_order_of_a_total_and_a_change_does_not_matter(
        self, rows: tuple[str, ...], tmp_path: Path
    ) -> None:
        assert after(tmp_path, *rows).points == 4.0

    def test_of_two_totals_the_last_counts(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "first,0,,,", "first,2,,,")
        assert lesson.points == 4.0
        assert [line.change for line in lesson.lines] == [0.0, 1.0]
        assert lesson.notes == (
            "Lines 2, 3 of the adjustments give totals for the exercise first; the last counts.",
        )

    def test_a_change_of_the_whole_lesson(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, ",-1,,two days late,")
        assert lesson.points == 2.0
        assert (lesson.lines[0].exercise, lesson.lines[0].title) == ("", "Text into numbers")

    @pytest.mark.parametrize("rows", [(",5,,,", "first,+1,,,"), ("first,+1,,,", ",5,,,")])
    def test_a_total_of_the_whole_lesson(self, rows: tuple[str, ...], tmp_path: Path) -> None:
        lesson = after(tmp_path, *rows)
        assert lesson.points == 5.0
        assert sum(line.change for line in lesson.lines) == 2.0
        assert lesson.notes == (
            "A total for the lesson stands in place of what was changed in its exercises.",
        )

    def test_a_comment_alone(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "first,,,clear names,JD", ",,,well done,", "essay,,,not read yet,")
        assert lesson.points == lesson.graded
        assert [(x.title, x.comment, x.points, x.change) for x in lesson.lines] == [
            ("First", "clear names", "", 0.0),
            ("Text into numbers", "well done", "", 0.0),
            ("essay", "not read yet", "", 0.0),
        ]

    def test_a_free_text_answer_is_a_mark_of_its_own(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "essay,3,5,good,JD", "essay,+1,,,")
        assert (lesson.graded, lesson.graded_possible) == (3.0, 5.0)
        assert (lesson.points, lesson.possible) == (7.0, 10.0)
        essay = lesson.marks[-1]
        assert (essay.exercise, essay.graded, essay.points, essay.possible) == (
            *("essay", None, 4.0, 5.0),
        )
        assert lesson.notes == ()

    def test_a_name_that_the_lesson_does_not_have_is_said(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "frist,2,,,")
        assert (lesson.points, lesson.lines) == (3.0, ())
        assert lesson.notes == (
            "Line 2 of the adjustments was left out: the lesson has no exercise frist. Perhaps "
            "first is meant. To add a mark of your own, fill in the column possible.",
        )

    def test_what_is_possible_for_an_exercise_is_the_lessons_to_say(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "first,2,9,,", "second,2,2,,", ",,7,all,")
        assert lesson.possible == 5.0
        assert lesson.notes == (
            "Line 2 of the adjustments says what is possible for first, "
            "which the lesson itself decides.",
            "Line 4 of the adjustments says what is possible for the whole lesson, "
            "which the lesson itself decides.",
        )

    def test_two_sizes_of_one_essay(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "essay,3,5,,", "essay,+1,6,,")
        assert lesson.possible == 11.0
        assert lesson.notes == (
            "Line 3 of the adjustments changes what is possible for essay from 5 to 6.",
        )

    def test_points_are_never_cut_off_but_a_slip_is_said(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "first,20,,,", "second,-3,,,")
        assert lesson.points == 19.0 + 1.0 - 1.0
        assert lesson.notes == (
            "First has 20 points of 2 possible.",
            "Second has -2 points, less than none.",
            "Text into numbers has 19 points of 5 possible.",
        )
        assert after(tmp_path, ",-9,,,").notes == (
            "Text into numbers has -6 points, less than none.",
        )

    def test_binary_fractions_leave_no_dust(self, tmp_path: Path) -> None:
        assert after(tmp_path, ",+0.7,,,", ",+0.1,,,").points == 3.8

    def test_adjustments_of_another_lesson_are_a_mistake_of_the_program(self) -> None:
        with pytest.raises(ValueError, match="heads"):
            adjusted(graded(1.0), [Adjustment(2, "asmith", "heads", change=1.0)])

    def test_it_is_plain_data(self, tmp_path: Path) -> None:
        lesson = after(tmp_path, "essay,3,5,good,JD", "first,+1,,,")
        assert AdjustedLesson.model_validate_json(lesson.model_dump_json()) == lesson


numbers = st.integers(-400, 400).map(lambda n: n / 100)


@st.composite
def rows(draw: st.DrawFn) -> Adjustment:
    """Any adjustment of Ann's first lesson."""
    kind = draw(st.sampled_from(["total", "change", "comment"]))
    number = draw(numbers)
    return Adjustment(
        line=draw(st.integers(2, 9)),
        student="asmith",
        lesson="tokens",
        exercise=draw(st.sampled_from(["", "first", "second", "guess", "essay", "typo"])),
        total=abs(number) if kind == "total" else None,
        change=number if kind == "change" else None,
        possible=draw(st.none() | st.integers(0, 9).map(float)),
    )


@given(st.lists(rows(), max_size=8), st.lists(numbers.map(abs), min_size=1, max_size=3))
def test_the_lines_add_up_to_what_counts(
    adjustments: list[Adjustment], points: list[float]
) -> None:
    report = graded(*points)
    lesson = adjusted(report, adjustments)
    change = sum(line.change for line in lesson.lines)
    assert lesson.points == pytest.approx(report.points + change, abs=1e-5)
    own = [mark.possible for mark in lesson.marks if mark.graded is None]
    assert lesson.possible == pytest.approx(report.possible + sum(own))
    assert (lesson.graded, lesson.graded_possible) == (report.points, report.possible)
    left_out = sum("left out" in note for note in lesson.notes)
    assert len(lesson.lines) + left_out == len(adjustments)


plain_text = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@settings(deadline=None)
@given(
    st.lists(st.tuples(plain_text.filter(bool), numbers, plain_text, plain_text), min_size=1),
    st.sampled_from(",;\t"),
)
def test_any_text_comes_through(
    tmp_path_factory: pytest.TempPathFactory,
    written: list[tuple[str, float, str, str]],
    separator: str,
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(["by", "comment", "points", "lesson", "student"])
    writer.writerows([who, comment, f"{n:+}", "01", name] for name, n, comment, who in written)
    read_back = read(tmp_path_factory.mktemp("adjust"), text.getvalue())
    assert [(a.student, a.change, a.comment, a.who) for a in read_back] == written

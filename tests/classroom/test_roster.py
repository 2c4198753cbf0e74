"""The roster says who is in the class, and whose a notebook is."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from class_folders import by_student, folder_of, found_in
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spotlight.classroom.records import HandedIn, Source, Student
from spotlight.classroom.roster import Matched, Roster, RosterError, read_roster

EXPORT = """\
Student,ID,SIS User ID,SIS Login ID,Section,Tokens (881),Current Score
    Points Possible,,,,,10,(read only)
,,,,,Manual Posting,
"Smith, Ann",12345,A100,asmith,Monday,7,70.5
"O'Brien, José María",222,A101,jobrien@uni.edu,"Tuesday, late",,
"Student, Test",999,,3f2a,Monday,,
"""


def roster_of(folder: Path, text: str | bytes) -> Roster:
    path = folder / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(path)


def refused(folder: Path, text: str | bytes) -> str:
    with pytest.raises(RosterError) as raised:
        roster_of(folder, text)
    said = str(raised.value).replace(str(folder / "roster.csv"), "FILE")
    assert "\n" not in said
    return said


def work_of(name: str, canvas_id: str = "", path: str = "x.ipynb") -> HandedIn:
    """A notebook by someone of whom the files told no more than this."""
    key = f"{name}-{canvas_id}" if canvas_id else name
    return HandedIn(Student(key, name, canvas_id), Source(Path(name) / path))


def matched(roster: Roster, *notebooks: HandedIn) -> dict[str, str]:
    """Whom of the roster each name was taken for; those for nobody are left out."""
    names = {student.key: student.name for student in roster.students}
    result = roster.match(notebooks)
    ours = {n.source.label: n.student.key for n in result.notebooks}
    return {
        n.student.name: names[ours[n.source.label]]
        for n in notebooks
        if ours[n.source.label] in names
    }


class TestReading:
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_an_export_of_canvas(self, mark: str, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, mark + EXPORT)
        ann, jose = roster.students
        assert ann == Student(
            key="asmith",
            name="Smith, Ann",
            canvas_id="12345",
            sis_id="A100",
            login="asmith",
            section="Monday",
            columns={"Tokens (881)": "7", "Current Score": "70.5"},
        )
        assert (jose.name, jose.section) == ("O'Brien, José María", "Tuesday, late")
        assert roster.notes == ()

    @pytest.mark.parametrize("separator", [";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_the_same_as_a_european_spreadsheet_saves_it(
        self, separator: str, encoding: str, tmp_path: Path
    ) -> None:
        text = io.StringIO()
        csv.writer(text, delimiter=separator).writerows(csv.reader(io.StringIO(EXPORT)))
        roster = roster_of(tmp_path, text.getvalue().encode(encoding))
        assert roster.students == roster_of(tmp_path, EXPORT).students
        assert len(roster.notes) == (encoding == "cp1252")

    def test_a_line_that_tells_excel_the_separator(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "sep=|\r\nName|ID\r\nAnn Smith|1\r\n")
        assert [(s.name, s.canvas_id) for s in roster.students] == [("Ann Smith", "1")]

    @pytest.mark.parametrize(
        ("text", "student"),
        [
            ("name\nAnn\n", Student("Ann", "Ann")),
            ("EMAIL, Name \na@u.edu,Ann\n", Student("a@u.edu", "Ann", login="a@u.edu")),
            ("Last Name,First name\nSmith,Ann\n", Student("Ann-Smith", "Ann Smith")),
            ("student_id,Student\n0012,Ann\n", Student("Ann-0012", "Ann", sis_id="0012")),
            ("Group;Username\nB;ann\n", Student("ann", "ann", login="ann", section="B")),
            ("id\n7\n", Student("7", "7", canvas_id="7")),
            (
                "name,username,e-mail,Late days,late days,,\nAnn,ann,a@u.edu, 2 ,,,\n",
                Student(
                    "ann",
                    "Ann",
                    login="ann",
                    columns={"e-mail": "a@u.edu", "Late days": " 2 ", "late days": ""},
                ),
            ),
            (
                "name,note,note,\nAnn,a,b,c\n",
                Student("Ann", "Ann", columns={"note": "a", "note (2)": "b", "column 4": "c"}),
            ),
            ("name,first name\nAnn,A.\n", Student("Ann", "Ann", columns={"first name": "A."})),
        ],
    )
    def test_a_plain_table_by_its_headings(
        self, text: str, student: Student, tmp_path: Path
    ) -> None:
        assert roster_of(tmp_path, text).students == (student,)

    def test_a_byte_order_mark_is_no_part_of_a_heading(self, tmp_path: Path) -> None:
        (ann,) = roster_of(tmp_path, "\ufeffdays,name\n2,Ann\n").students
        assert ann.columns == {"days": "2"}

    def test_a_student_may_be_called_like_the_test_student(self, tmp_path: Path) -> None:
        (student,) = roster_of(
            tmp_path, EXPORT.split('"Smith')[0] + '"Student, Test",9,A9,st,,,\n'
        ).students
        assert student.sis_id == "A9"

    def test_a_row_without_a_name_is_said(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "name,days\nAnn,1\n\n,7\n")
        assert [s.name for s in roster.students] == ["Ann"]
        assert roster.notes == ("Line 4 of the roster names no student; it was left out.",)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "The roster FILE is empty."),
            ("\n\n", "The roster FILE is empty."),
            (
                '"Smith, Ann",12345\n',
                "The roster FILE has no headings that are known. "
                "Let its first line be such as: Student,ID,Email,Section",
            ),
            (
                "section,days\nA,2\n",
                "The roster FILE does not say who the students are: its first line should hold a "
                "heading such as Student, Name, ID, Email or Login.",
            ),
            ("name\n", "The roster FILE lists no students."),
            (
                "name,id\nAnn,7\nBob,8\nCy,7\n",
                "The roster FILE gives the ID 7 to two students, in lines 2 and 4.",
            ),
            (
                "name,sis id\nAnn,a7\nBob,A7\n",
                "The roster FILE gives the SIS or student ID A7 to two students, in lines 2 and 3.",
            ),
            (
                "name,email\nAnn,a@u\nBob,A@u\n",
                "The roster FILE gives the login A@u to two students, in lines 2 and 3.",
            ),
            (b"\x89PNG\r\n\x1a\n\x00", "The roster FILE is not text. Save it as CSV (UTF-8)."),
            (b"PK\x03\x04rest", "The roster FILE is a workbook, not text. Save it as CSV (UTF-8)."),
            (
                "name\n" + "x" * 200_000,
                "The roster FILE cannot be read as CSV (field larger than field limit (131072)).",
            ),
        ],
    )
    def test_what_cannot_be_used(self, text: str | bytes, said: str, tmp_path: Path) -> None:
        assert refused(tmp_path, text) == said

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(RosterError, match=r"The roster .*gone\.csv does not exist\."):
            read_roster(tmp_path / "gone.csv")
        with pytest.raises(RosterError, match="is a folder; name a CSV file"):
            read_roster(tmp_path)

    def test_names_of_two_that_differ_in_case_or_accents_alone(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "name\nJosé\nJose\njose\nJosé\n")
        assert len({s.key.casefold() for s in roster.students}) == 4


class TestMatching:
    @pytest.fixture
    def roster(self, tmp_path: Path) -> Roster:
        return roster_of(tmp_path, EXPORT)

    def test_by_canvas_id_whatever_the_name(self, roster: Roster) -> None:
        assert matched(roster, work_of("annie", "12345")) == {"annie": "Smith, Ann"}

    @pytest.mark.parametrize(
        "text", ["A100", "a100", "asmith", "ASmith", "asmith@uni.edu", "12345", " asmith "]
    )
    def test_by_what_the_folder_is_called(self, text: str, roster: Roster) -> None:
        assert matched(roster, work_of(text)) == {text: "Smith, Ann"}

    def test_by_login_without_its_domain_but_not_with_another(self, roster: Roster) -> None:
        assert matched(
            roster, work_of("jobrien"), work_of("jobrien@uni.edu"), work_of("jobrien@evil.org")
        ) == {"jobrien": "O'Brien, José María", "jobrien@uni.edu": "O'Brien, José María"}

    @pytest.mark.parametrize(
        "name",
        ["Ann Smith", "Smith, Ann", "smith ann", "ANN_SMITH", "smithann", "AnnSmith", "Smith-Ann"],
    )
    def test_by_name_in_any_order_and_case(self, name: str, roster: Roster) -> None:
        assert matched(roster, work_of(name)) == {name: "Smith, Ann"}

    @pytest.mark.parametrize(
        "name", ["Jose Maria OBrien", "obrienjosemaría", "JOSE\u0301 MARI\u0301A O’BRIEN"]
    )
    def test_by_name_without_accents_and_apostrophes(self, name: str, roster: Roster) -> None:
        assert matched(roster, work_of(name)) == {name: "O'Brien, José María"}

    @pytest.mark.parametrize(
        ("listed", "name"),
        [
            ("Müller, Jörg", "Joerg Mueller"),
            ("Mueller, Joerg", "Jörg Müller"),
            ("Müller, Jörg", "Jorg Muller"),
            ("Łukasz Świętek", "swieteklukasz"),
            ("Jan van der Berg", "vanderbergjan"),
            ("Strauß, Ida", "strauss ida"),
            ("王 芳", "王芳"),
            ("王芳", "王 芳"),
            ("राम", "राम"),
        ],
    )
    def test_by_name_in_other_spellings(self, listed: str, name: str, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, f'name\n"{listed}"\nSomebody Else\n')
        assert matched(roster, work_of(name)) == {name: listed}

    @pytest.mark.parametrize(
        ("listed", "name"), [("Ann Smith", "An Nsmith"), ("Ann", "Ann Smith"), ("रमा", "राम")]
    )
    def test_not_by_a_name_that_is_only_near(self, listed: str, name: str, tmp_path: Path) -> None:
        assert matched(roster_of(tmp_path, f"name\n{listed}\n"), work_of(name)) == {}

    def test_a_name_of_two_means_nobody(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, 'name,id\nWei Li,1\n"Li, Wei",2\n')
        result = roster.match([work_of("Wei Li")])
        assert [s.name for s in result.strangers] == ["Wei Li"]
        assert len(result.missing) == 2
        assert result.notes == (
            "Wei Li may be Wei Li (Wei-Li-1) or Li, Wei (Li-Wei-2) of the roster, "
            "so it was matched with nobody.",
        )

    def test_a_name_with_another_canvas_id_is_another_person(self, roster: Roster) -> None:
        result = roster.match([work_of("smithann", "777")])
        assert [s.key for s in result.strangers] == ["smithann-777"]
        assert result.notes == ("smithann (Canvas ID 777) is not on the roster.",)

    def test_two_of_canvas_that_share_the_one_name_of_the_roster(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "name\nWei Li\n")
        result = roster.match([work_of("liwei", "7"), work_of("liwei", "8")])
        assert [s.key for s in result.strangers] == ["liwei-7", "liwei-8"]
        assert result.missing == roster.students
        assert result.notes == (
            "liwei-7 and liwei-8 are different people, and either may be Wei Li of the roster; "
            "who has no id of the roster was matched with nobody.",
        )

    def test_moodle_numbers_one_student_anew_in_each_download(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "name\nWei Li\n")
        names = ("01_tokens/Wei Li_1_assignsubmission_file_/x.ipynb",
                 "02_heads/Wei Li_2_assignsubmission_file_/x.ipynb")  # fmt: skip
        once = found_in(folder_of(tmp_path / "once", *names)).notebooks
        assert by_student(roster.match(once).notebooks) == {"Wei Li": list(names)}
        assert roster.match(once).strangers == ()

    def test_but_two_numbers_in_one_download_are_two_students(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "name\nWei Li\n")
        names = [f"Wei Li_{n}_assignsubmission_file_/x.ipynb" for n in (1, 2)]
        found = found_in(folder_of(tmp_path / "class", *names)).notebooks
        assert len(roster.match(found).strangers) == 2

    def test_what_one_student_handed_in_by_two_ways_comes_together(self, roster: Roster) -> None:
        result = roster.match([work_of("smithann", "12345"), work_of("Ann Smith")])
        assert {n.student.key for n in result.notebooks} == {"asmith"}
        assert result.notes == (
            "Ann Smith and smithann were both taken for Smith, Ann of the roster.",
        )

    def test_a_canvas_id_that_only_the_file_tells_is_kept(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "name,email\nAnn Smith,ann@u.edu\n")
        (notebook,) = roster.match([work_of("smithann", "12345")]).notebooks
        assert (notebook.student.canvas_id, notebook.student.login) == ("12345", "ann@u.edu")

    def test_an_address_beside_the_login(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "name,login,email\nAnn,s100,ann.s@u.edu\n")
        assert matched(roster, work_of("ann.s"), work_of("s100")) == {"ann.s": "Ann", "s100": "Ann"}

    def test_who_handed_in_nothing_and_who_is_not_on_the_roster(self, roster: Roster) -> None:
        ann, zed = work_of("asmith"), work_of("Zed")
        result = roster.match([zed, ann])
        assert [s.name for s in result.missing] == ["O'Brien, José María"]
        assert [s.name for s in result.strangers] == ["Zed"]
        assert result.notes == ("Zed is not on the roster.",)
        assert [(n.student.key, n.notes) for n in result.notebooks] == [
            ("Zed", ("Not on the roster.",)),
            ("asmith", ()),
        ]
        assert result.notebooks[1].student == roster.students[0]

    def test_a_stranger_gets_no_key_of_the_roster(self, tmp_path: Path) -> None:
        roster = roster_of(tmp_path, "name,login\nAnn Smith,zed\nBob,ZOE\n")
        strangers = (work_of("Zed", "5"), HandedIn(Student("zoe", "x"), Source(Path("x"))))
        keys = [n.student.key.casefold() for n in roster.match(strangers).notebooks]
        assert not {*keys} & {"zed", "zoe"}


names = st.text(
    st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30
).filter(lambda text: text.strip())
cells = st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\r\n\t"))


@settings(deadline=None)
@given(st.lists(st.tuples(names, cells), min_size=1, max_size=5), st.sampled_from(",;\t"))
@example([('Quote" O\'Neil, "Q"', "a;b"), ("=1+1", ","), ("CON", "x\r\ny")], ";")
def test_any_names_and_columns_come_through(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], separator: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(["Late days", "ID", "Student"])
    writer.writerows([late, number, name] for number, (name, late) in enumerate(rows))
    students = roster_of(tmp_path_factory.mktemp("roster"), text.getvalue()).students
    assert [s.name for s in students] == [" ".join(name.split()) for name, _ in rows]
    assert [s.columns["Late days"] for s in students] == [late for _, late in rows]
    assert [s.canvas_id for s in students] == [str(number) for number in range(len(rows))]
    assert len({s.key.casefold() for s in students}) == len(rows)


handed_names = st.sampled_from(
    ["Wei Li", "Li, Wei", "liwei", "wei li", "ann", "Ann", "José", "jose", "1", "2", "zed", "CON"]
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(handed_names, st.sampled_from(["", "1", "2", "3"])), max_size=6),
    st.lists(st.tuples(handed_names, st.booleans()), min_size=1, max_size=4),
)
def test_nothing_is_lost_and_nobody_is_taken_for_two(
    tmp_path_factory: pytest.TempPathFactory,
    work: list[tuple[str, str]],
    listed: list[tuple[str, bool]],
) -> None:
    rows = [f'"{name}",{n if has_id else ""}' for n, (name, has_id) in enumerate(listed)]
    roster = roster_of(tmp_path_factory.mktemp("r"), "\n".join(["name,id", *rows]))
    notebooks = [work_of(name, number, f"{n}.ipynb") for n, (name, number) in enumerate(work)]
    result: Matched = roster.match(notebooks)
    assert sorted(n.source.label for n in result.notebooks) == sorted(
        n.source.label for n in notebooks
    )
    students = {n.student.key: n.student for n in result.notebooks}
    assert all(students[n.student.key] == n.student for n in result.notebooks)
    everyone = [*students.values(), *result.missing]
    assert len({s.key.casefold() for s in everyone}) == len(everyone)
    assert {s.key for s in result.strangers} == students.keys() - {s.key for s in roster.students}
    on_roster = {s.key for s in roster.students}
    for key in on_roster & students.keys():
        ids = {
            mine.student.canvas_id
            for mine in notebooks
            for now in result.notebooks
            if now.source == mine.source and now.student.key == key and mine.student.canvas_id
        }
        assert len(ids) <= 1

"""Whose notebooks lie in a folder, whichever system it was collected by."""

from __future__ import annotations

import os
import stat
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from class_folders import (
    archive_of,
    by_student,
    folder_of,
    found_in,
    handed_in,
    students_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotlight.classroom.handed_in import HandedInError, find_handed_in
from spotlight.grading.submission import SubmissionError

CANVAS = (
    "smithann_12345_67890_01_tokens.ipynb",
    "jonesbob_LATE_222_67891_my notebook.ipynb",
    "jonesbob_LATE_222_67892_02_heads-1.ipynb",
)
MOODLE = (
    "Ann Smith_101_assignsubmission_file_/01_tokens.ipynb",
    "Bob Jones_102_assignsubmission_file_/02_heads.ipynb",
)


class TestLayouts:
    def test_one_folder_a_student(self, tmp_path: Path) -> None:
        notebooks = handed_in(tmp_path, "ann/01.ipynb", "ann/deep/er/02.ipynb", "Bob Li/x.ipynb")
        assert by_student(notebooks) == {
            "Bob Li": ["Bob Li/x.ipynb"],
            "ann": ["ann/01.ipynb", "ann/deep/er/02.ipynb"],
        }
        assert [s.key for s in students_of(notebooks)] == ["Bob-Li", "ann"]

    @pytest.mark.parametrize("root", [".", "submitted"])
    def test_nbgraders_folder_of_a_course(self, root: str, tmp_path: Path) -> None:
        folder_of(
            tmp_path,
            "source/01/01_tokens.ipynb",
            "release/01/01_tokens.ipynb",
            "submitted/ann/01/01_tokens.ipynb",
            "submitted/bob/01/01_tokens.ipynb",
            "submitted/bob/02/02_heads.ipynb",
            "autograded/ann/01/01_tokens.ipynb",
            "feedback/ann/01/01_tokens.ipynb",
            "gradebook.db",
        )
        found = found_in(tmp_path / root)
        assert by_student(found.notebooks) == {
            "ann": ["submitted/ann/01/01_tokens.ipynb"],
            "bob": ["submitted/bob/01/01_tokens.ipynb", "submitted/bob/02/02_heads.ipynb"],
        }
        assert found.notes == ()

    @pytest.mark.skipif(sys.platform == "win32", reason="the exchange has colons in its names")
    def test_nbgraders_exchange_where_the_last_time_counts(self, tmp_path: Path) -> None:
        early = "inbound/ann+01+2026-01-31 09:59:59.0 UTC+aa/01_tokens.ipynb"
        late = "inbound/ann+01+2026-01-31 10:00:00.0 UTC+zz/01_tokens.ipynb"
        other = "inbound/ann+02+2026-01-01 10:00:00.0 UTC+bb/02_heads.ipynb"
        notebooks = handed_in(tmp_path, early, late, other, "outbound/01/01_tokens.ipynb")
        assert by_student(notebooks) == {"ann": [late, other]}
        assert notebooks[0].notes == (
            "Of 2 versions the last was graded, 01_tokens.ipynb; left out: 01_tokens.ipynb.",
        )

    @pytest.mark.skipif(sys.platform == "win32", reason="the exchange has colons in its names")
    def test_the_last_time_counts_in_the_exchange_even_with_a_duplicates_name(
        self, tmp_path: Path
    ) -> None:
        early = "ann+01+2026-01-31 09:59:59.0 UTC/01_tokens.ipynb"
        late = "ann+01+2026-01-31 10:00:00.0 UTC/01_tokens-Copy1.ipynb"
        assert by_student(handed_in(tmp_path, early, late)) == {"ann": [late]}

    @pytest.mark.parametrize("unpacked", [True, False])
    def test_canvas(self, unpacked: bool, tmp_path: Path) -> None:
        if unpacked:
            notebooks = handed_in(tmp_path, *CANVAS)
        else:
            notebooks = found_in(archive_of(tmp_path / "submissions.zip", *CANVAS)).notebooks
        assert by_student(notebooks) == {
            "jonesbob": [CANVAS[1], CANVAS[2]],
            "smithann": [CANVAS[0]],
        }
        ids = {s.name: (s.key, s.canvas_id) for s in students_of(notebooks)}
        assert ids == {
            "jonesbob": ("jonesbob-222", "222"),
            "smithann": ("smithann-12345", "12345"),
        }
        late = {n.student.name: n.notes for n in notebooks}
        assert late == {"jonesbob": ("Canvas marks it as handed in late.",), "smithann": ()}

    def test_two_students_of_one_name_have_two_ids_in_canvas(self, tmp_path: Path) -> None:
        notebooks = handed_in(tmp_path, "liwei_7_1_a.ipynb", "liwei_8_2_a.ipynb")
        assert [n.student.key for n in notebooks] == ["liwei-7", "liwei-8"]

    @pytest.mark.parametrize("unpacked", [True, False])
    def test_moodle(self, unpacked: bool, tmp_path: Path) -> None:
        flat = "Cy O'Neil_103_assignsubmission_file_my work.ipynb"
        if unpacked:
            notebooks = handed_in(tmp_path, *MOODLE, flat)
        else:
            notebooks = found_in(archive_of(tmp_path / "CS-7.zip", *MOODLE, flat)).notebooks
        assert by_student(notebooks) == {
            "Ann Smith": [MOODLE[0]],
            "Bob Jones": [MOODLE[1]],
            "Cy O'Neil": [flat],
        }
        keys = [s.key for s in students_of(notebooks)]
        assert keys == ["Ann-Smith-101", "Bob-Jones-102", "Cy-O-Neil-103"]

    def test_flat_files_by_student_and_lesson(self, tmp_path: Path) -> None:
        notebooks = handed_in(
            tmp_path,
            "ann_01_tokens.ipynb",
            "02_heads-ann.ipynb",
            "Ann Lee - express_head.ipynb",
            "bob.ipynb",
            "ann_2026_01_tokens.ipynb",
        )
        assert by_student(notebooks) == {
            "Ann Lee": ["Ann Lee - express_head.ipynb"],
            "ann": ["02_heads-ann.ipynb", "ann_01_tokens.ipynb"],
            "ann_2026": ["ann_2026_01_tokens.ipynb"],
            "bob": ["bob.ipynb"],
        }

    def test_a_name_is_the_same_however_its_accents_are_written(self, tmp_path: Path) -> None:
        path = archive_of(
            tmp_path / "class.zip", "Jos\u00e9/a.ipynb", "Jose\u0301/b.ipynb", "x/c.ipynb"
        )
        assert [s.name for s in students_of(found_in(path).notebooks)] == ["Jos\u00e9", "x"]

    def test_numbers_alone_are_no_lesson(self, tmp_path: Path) -> None:
        notebooks = handed_in(tmp_path, "student_01.ipynb", "student_02.ipynb")
        assert len(students_of(notebooks)) == 2

    def test_folders_by_student_and_lesson(self, tmp_path: Path) -> None:
        names = ("01_tokens-ann/x.ipynb", "heads-ann/x.ipynb", "bob_01_tokens/x.ipynb")
        assert by_student(handed_in(tmp_path, *names)) == {
            "ann": list(names[:2]),
            "bob": [names[2]],
        }

    def test_one_archive_a_student(self, tmp_path: Path) -> None:
        archive_of(tmp_path / "ann.zip", "01_tokens.ipynb", "02_heads.ipynb")
        archive_of(tmp_path / "bob.zip", "bob/drafts/01_tokens.ipynb")
        folder_of(tmp_path / "bob", "02_heads.ipynb")
        assert by_student(found_in(tmp_path).notebooks) == {
            "ann": ["01_tokens.ipynb", "02_heads.ipynb"],
            "bob": ["bob/drafts/01_tokens.ipynb", "02_heads.ipynb"],
        }

    def test_an_archive_within_the_folder_of_a_student(self, tmp_path: Path) -> None:
        archive_of(tmp_path / "ann" / "work.zip", "a/01_tokens.ipynb")
        archive_of(tmp_path / "smithbob_12_34_work.zip", "01_tokens.ipynb")
        archive_of(tmp_path / MOODLE[0].partition("/")[0] / "w.zip", "01_tokens.ipynb")
        students = students_of(found_in(tmp_path).notebooks)
        assert [s.key for s in students] == ["Ann-Smith-101", "ann", "smithbob-12"]

    @pytest.mark.parametrize("lesson", ["01_tokens", "submissions", "Canvas download"])
    def test_a_folder_of_a_lesson_or_download_around_the_students(
        self, lesson: str, tmp_path: Path
    ) -> None:
        folder_of(tmp_path / "02_heads", "ann/x.ipynb", "bob.ipynb")
        folder_of(tmp_path / lesson, *CANVAS)
        folder_of(tmp_path / "zoe", "x.ipynb")
        names = [s.name for s in students_of(found_in(tmp_path).notebooks)]
        assert names == ["ann", "bob", "jonesbob", "smithann", "zoe"]

    def test_several_downloads_side_by_side(self, tmp_path: Path) -> None:
        archive_of(tmp_path / "CS101-first-7.zip", *CANVAS)
        archive_of(tmp_path / "CS101-second-8.zip", *MOODLE)
        found = found_in(tmp_path)
        assert {s.name for s in students_of(found.notebooks)} == {
            *("Ann Smith", "Bob Jones", "jonesbob", "smithann")
        }
        assert found.notes == ()

    @pytest.mark.parametrize("wrapping", ["all", "all/of/it"])
    def test_a_folder_around_the_class(self, wrapping: str, tmp_path: Path) -> None:
        names = [f"{wrapping}/{name}" for name in ("ann/x.ipynb", "bob/deep/x.ipynb")]
        found = found_in(archive_of(tmp_path / "class.zip", *names))
        assert by_student(found.notebooks) == {"ann": [names[0]], "bob": [names[1]]}
        assert found.notes == (
            f"Everything lies in {wrapping}; what is in it was taken for the class.",
        )

    def test_everything_at_once(self, tmp_path: Path) -> None:
        folder_of(tmp_path, "submitted/ann/01/x.ipynb", "bob/x.ipynb", *CANVAS, *MOODLE)
        archive_of(tmp_path / "carl.zip", "x.ipynb")
        archive_of(tmp_path / "submissions (1).zip", "leezoe_9_1_x.ipynb")
        folder_of(tmp_path, "dora_01_tokens.ipynb")
        assert {s.name for s in students_of(found_in(tmp_path).notebooks)} == {
            *("ann", "bob", "jonesbob", "smithann", "Ann Smith", "Bob Jones", "carl", "leezoe"),
            "dora",
        }

    @pytest.mark.parametrize("top", ["smithann_12_34_work", MOODLE[0].partition("/")[0]])
    def test_a_class_of_one_in_a_download(self, top: str, tmp_path: Path) -> None:
        names = [f"{top}/{name}/x.ipynb" for name in ("one", "two")]
        assert len(students_of(handed_in(tmp_path, *names))) == 1

    def test_the_folder_of_one_student_alone(self, tmp_path: Path) -> None:
        notebooks = handed_in(tmp_path / "ann", "01_tokens.ipynb", "02_heads.ipynb")
        assert {n.student.name for n in notebooks} == {"ann"}
        assert notebooks[0].notes == ("Its name does not say whose it is; it is listed under ann.",)

    def test_one_student_with_folders_for_lessons(self, tmp_path: Path) -> None:
        names = ("ann/01_tokens/x.ipynb", "ann/02_heads/x.ipynb")
        assert by_student(handed_in(tmp_path, *names)) == {"ann": list(names)}

    def test_attachments_saved_under_the_lessons_name_are_several_peoples(
        self, tmp_path: Path
    ) -> None:
        notebooks = handed_in(
            tmp_path, "01_tokens.ipynb", "01_tokens (1).ipynb", "01_tokens (2).ipynb"
        )
        assert len(students_of(notebooks)) == len(notebooks) == 3
        assert all("does not say whose" in notebook.notes[0] for notebook in notebooks)


class TestNobodyHandsInForAnother:
    """Names within a student's own folder are the student's: they prove nothing."""

    @pytest.mark.parametrize(
        "inner",
        [
            "smithann_12345_67890_01_tokens.ipynb",
            "Ann Smith_101_assignsubmission_file_/01_tokens.ipynb",
            "submitted/ann/01/01_tokens.ipynb",
            "ann_01_tokens.ipynb",
            "01_tokens/ann/x.ipynb",
        ],
    )
    @pytest.mark.parametrize("zipped", [True, False])
    def test_a_folder_that_imitates_a_download(
        self, inner: str, zipped: bool, tmp_path: Path
    ) -> None:
        folder_of(tmp_path / "ann", "01_tokens.ipynb")
        if zipped:
            archive_of(tmp_path / "bob.zip", inner, "smithann_1_2_x.ipynb")
        else:
            folder_of(tmp_path / "bob", inner, "smithann_1_2_x.ipynb")
        found = found_in(tmp_path)
        counted = Counter(n.student.name for n in found.notebooks)
        assert counted == {"ann": 1, "bob": 2}
        assert any(note.startswith("bob") and "whole class" in note for note in found.notes)

    def test_the_only_folder_among_files(self, tmp_path: Path) -> None:
        folder_of(tmp_path, "ann_01_tokens.ipynb", "bob/smithann_1_2_x.ipynb")
        assert [s.name for s in students_of(found_in(tmp_path).notebooks)] == ["ann", "bob"]

    def test_an_archive_in_a_download_that_imitates_one(self, tmp_path: Path) -> None:
        archive_of(tmp_path / "jonesbob_222_1_w.zip", "smithann_12345_67890_01_tokens.ipynb")
        folder_of(tmp_path, "smithann_12345_2_01_tokens.ipynb")
        assert Counter(n.student.name for n in found_in(tmp_path).notebooks) == {
            "jonesbob": 1,
            "smithann": 1,
        }

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        folder_of(tmp_path, "ann/01_tokens.ipynb", "ann/data.csv", "bob/other.ipynb")
        (tmp_path / "bob" / "01_tokens.ipynb").symlink_to(tmp_path / "ann" / "01_tokens.ipynb")
        (tmp_path / "bob" / "all").symlink_to(tmp_path / "ann", target_is_directory=True)
        (tmp_path / "carl").symlink_to(tmp_path / "ann", target_is_directory=True)
        (tmp_path / "bob" / "up").symlink_to(tmp_path, target_is_directory=True)
        found = found_in(tmp_path)
        assert by_student(found.notebooks) == {
            "ann": ["ann/01_tokens.ipynb"],
            "bob": ["bob/other.ipynb"],
        }
        links = ("bob/01_tokens.ipynb", "bob/all", "bob/up", "carl")
        assert found.notes == tuple(
            f"{tmp_path / link} is a link; it was not followed." for link in links
        )

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_what_is_no_ordinary_file_is_not_opened(self, tmp_path: Path) -> None:
        (tmp_path / "bob").mkdir()
        os.mkfifo(tmp_path / "bob" / "01_tokens.ipynb")
        found = found_in(tmp_path)
        assert found.notebooks == ()
        assert (
            f"{tmp_path / 'bob' / '01_tokens.ipynb'} is not an ordinary file; it was skipped."
            in found.notes
        )


class TestVersions:
    @pytest.mark.parametrize(
        ("names", "counts"),
        [
            (("a_1_10_01_tokens.ipynb", "a_1_12_01_tokens-2.ipynb", "a_1_11_01_tokens-1.ipynb"),
             ["a_1_12_01_tokens-2.ipynb"]),
            (("a_1_10_01_tokens-9.ipynb", "a_1_11_01_tokens-10.ipynb"),
             ["a_1_11_01_tokens-10.ipynb"]),
            (("a_1_9_work.ipynb", "a_1_10_work.ipynb"), ["a_1_10_work.ipynb"]),
            (("a_1_9_work.ipynb", "a_1_10_work-1.ipynb"), ["a_1_10_work-1.ipynb"]),
            (("a/x.ipynb", "a/x (1).ipynb", "a/x (2).ipynb"), ["a/x (2).ipynb"]),
            (("a/x (2).ipynb", "a/x (10).ipynb", "a/x.ipynb"), ["a/x (10).ipynb"]),
            (("a/01_tokens (1).ipynb", "a/01_tokens(2).ipynb"), ["a/01_tokens(2).ipynb"]),
            (("a/x.ipynb", "a/x-Copy1.ipynb", "a/x copy.ipynb"), ["a/x.ipynb"]),
            (("a/x.ipynb", "a/x - Copy (2).ipynb"), ["a/x.ipynb"]),
            (("a_01_tokens.ipynb", "a_01_tokens (1).ipynb"), ["a_01_tokens (1).ipynb"]),
        ],
    )  # fmt: skip
    def test_the_last_counts(
        self, names: tuple[str, ...], counts: list[str], tmp_path: Path
    ) -> None:
        (notebook,) = handed_in(tmp_path, *names)
        assert [notebook.source.read().decode()] == counts
        (note,) = notebook.notes
        assert note.startswith(
            f"Of {len(names)} versions the last was graded, {Path(*counts).name}"
        )
        assert all(Path(name).name in note for name in names)

    @pytest.mark.parametrize(
        "names",
        [
            # Numbers may belong to the names of different pieces of work.
            ("a_1_10_homework-1.ipynb", "a_1_11_homework-2.ipynb"),
            ("a/homework-1.ipynb", "a/homework-2.ipynb", "a/homework.ipynb"),
            ("a/x (1).ipynb", "a/x (2).ipynb"),
            ("a/one/x.ipynb", "a/two/x (1).ipynb"),
            ("a/x.ipynb", "b/x (1).ipynb"),
            ("a_1_10_x.ipynb", "a_2_11_x-1.ipynb"),
            ("submissions/a_1_10_x.ipynb", "submissions-2/a_1_11_x.ipynb"),
        ],
    )
    def test_what_may_be_other_work_stays(self, names: tuple[str, ...], tmp_path: Path) -> None:
        assert len(handed_in(tmp_path, *names)) == len(names)


class TestWhatIsPassedOver:
    def test_what_programs_leave_behind(self, tmp_path: Path) -> None:
        found = found_in(
            folder_of(
                tmp_path,
                "ann/01_tokens.ipynb",
                "ann/.ipynb_checkpoints/01_tokens-checkpoint.ipynb",
                "ann/.hidden.ipynb",
                "ann/__MACOSX/01_tokens.ipynb",
                "__MACOSX/ann/._01_tokens.ipynb",
                ".git/x.ipynb",
                "grades.csv",
            )
        )
        assert by_student(found.notebooks) == {"ann": ["ann/01_tokens.ipynb"]}
        assert found.notes == ()

    def test_who_handed_in_something_else_is_said(self, tmp_path: Path) -> None:
        folder_of(tmp_path, "ann/x.ipynb", "ann/x.pdf", "bob/essay.pdf", "bob/code.py")
        folder_of(tmp_path, "smithcy_3_4_essay.docx", *(f"dan/{n}.py" for n in range(5)))
        (tmp_path / "eve").mkdir()
        assert found_in(tmp_path).notes == (
            "bob handed in no notebook, but code.py, essay.pdf.",
            "dan handed in no notebook, but 0.py, 1.py, 2.py and 2 more.",
            "eve handed in no notebook, but an empty folder.",
            "smithcy handed in no notebook, but smithcy_3_4_essay.docx.",
        )

    def test_members_of_archives_that_are_better_left_there(self, tmp_path: Path) -> None:
        path = tmp_path / "ann.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("good.ipynb", "good")
            archive.writestr("folder.ipynb/", "")
            archive.writestr("../bob/x.ipynb", "out")
            archive.writestr("/etc/x.ipynb", "out")
            archive.writestr("C:\\x.ipynb", "out")
            archive.writestr("inner.zip", "PK")
            link = zipfile.ZipInfo("link.ipynb")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
            archive.writestr("locked.ipynb", "secret")
        data = bytearray(path.read_bytes())
        entry = data.rindex(b"locked.ipynb") - 46
        data[entry + 8] |= 1  # the flag of encryption in the list of members
        path.write_bytes(data)
        folder_of(tmp_path / "bob", "y.ipynb")
        found = found_in(tmp_path)
        assert by_student(found.notebooks) == {"ann": ["good"], "bob": ["y.ipynb"]}
        assert found.notes == (
            f"{path}!../bob/x.ipynb has a name that leads out of its archive; it was skipped.",
            f"{path}!/etc/x.ipynb has a name that leads out of its archive; it was skipped.",
            f"{path}!C:\\x.ipynb has a name that leads out of its archive; it was skipped.",
            f"{path}!inner.zip is an archive within an archive; unpack the outer one first.",
            f"{path}!link.ipynb is a link; it was skipped.",
            f"{path}!locked.ipynb is encrypted; it was skipped.",
        )

    def test_archives_of_windows_programs_that_write_its_own_separator(
        self, tmp_path: Path
    ) -> None:
        path = archive_of(tmp_path / "class.zip", "ann\\x.ipynb", "bob\\work\\x.ipynb")
        assert set(by_student(found_in(path).notebooks)) == {"ann", "bob"}

    def test_a_bomb_is_a_member_too_large_to_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "ann").mkdir()
        with zipfile.ZipFile(tmp_path / "ann" / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("x.ipynb", "w") as member:
                for _ in range(201):
                    member.write(bytes(2**20))
            archive.writestr("corpus.bin", "left alone")
        (notebook,) = found_in(tmp_path).notebooks
        with pytest.raises(SubmissionError, match="larger than 200 MB"):
            notebook.source.read()

    def test_many_links_of_one_student_do_not_hide_what_else_is_said(self, tmp_path: Path) -> None:
        folder_of(tmp_path, "ann/x.ipynb", "bob/essay.pdf")
        for number in range(100):
            (tmp_path / "ann" / f"{number:02}.ipynb").symlink_to("/etc/passwd")
        notes = found_in(tmp_path).notes
        assert len(notes) == 12
        assert notes[-2:] == (
            "ann: 90 more files were skipped.",
            "bob handed in no notebook, but essay.pdf.",
        )

    def test_what_only_calls_itself_an_archive(self, tmp_path: Path) -> None:
        folder_of(tmp_path, "ann/work.zip", "bob/x.ipynb")
        said = found_in(tmp_path).notes
        assert said[0].startswith(f"{tmp_path / 'ann' / 'work.zip'} cannot be opened as a zip")
        assert said[1] == "ann handed in no notebook, but work.zip."

    def test_more_notebooks_than_anybody_writes(self, tmp_path: Path) -> None:
        archive_of(tmp_path / "ann" / "all.zip", *(f"{n:04}.ipynb" for n in range(501)))
        found = found_in(tmp_path)
        assert len(found.notebooks) == 500
        assert found.notes == (
            "ann handed in 501 notebooks; those after the first 500 were left out.",
        )

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is locked for root"
    )
    def test_a_locked_folder(self, tmp_path: Path) -> None:
        folder_of(tmp_path, "ann/x.ipynb", "bob/x.ipynb")
        (tmp_path / "bob").chmod(0)
        try:
            found = found_in(tmp_path)
        finally:
            (tmp_path / "bob").chmod(0o700)
        assert set(by_student(found.notebooks)) == {"ann"}
        assert "cannot be read" in found.notes[0]

    def test_nothing_at_all(self, tmp_path: Path) -> None:
        found = found_in(folder_of(tmp_path, "readme.txt"))
        assert found.notebooks == ()
        assert found.notes == (
            f"{tmp_path} holds no notebook that was handed in (no file ending in .ipynb).",
        )

    def test_what_cannot_be_searched(self, tmp_path: Path) -> None:
        folder_of(tmp_path, "ann.ipynb")
        with pytest.raises(HandedInError, match=r"gone does not exist\."):
            found_in(tmp_path / "gone")
        with pytest.raises(HandedInError, match="neither a folder nor a zip archive"):
            found_in(tmp_path / "ann.ipynb")


names = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/\0"), min_size=1, max_size=40
) | st.sampled_from(["CON", "Ann", "ann", "ANN", "José", "Jose", "a'b", 'a"b', "a,b", "~", "-x"])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_whatever_folders_are_called_two_of_them_are_two_students(
    tmp_path_factory: pytest.TempPathFactory, folders: list[str]
) -> None:
    path = tmp_path_factory.mktemp("class") / "class.zip"
    archive_of(path, *(f"{name}/x.ipynb" for name in folders), "zz/x.ipynb")
    found = found_in(path)
    keys = Counter(n.student.key.casefold() for n in found.notebooks)
    people = {n.student.name for n in found.notebooks}
    assert len(keys) == len(people)
    assert found == found_in(path)
    order = [(n.student.key, n.source.label) for n in found.notebooks]
    assert order == sorted(order)


def test_without_the_lessons_names_a_flat_file_is_a_student(tmp_path: Path) -> None:
    folder_of(tmp_path, "ann.ipynb", "bob_01_tokens.ipynb")
    assert [n.student.name for n in find_handed_in(tmp_path).notebooks] == ["ann", "bob_01_tokens"]

"""The progress folder as those see it who use it."""

from __future__ import annotations

import json
import os
import re
import time

import pytest
from filelock import FileLock
from progress_gradings import LATER, NOON, attempts, exercise, lesson

from spotlight.progress import Progress, ProgressError, ProgressStore

PASSED = [lesson(exercise("scores"))]
NOT_PROGRESS = {
    "half a file": b'{"schema": 1, "lessons": {"queries',
    "an empty file": b"",
    "zeros": bytes(4096),
    "not UTF-8": b'{"schema": 1, "updated_at": "\xff"}',
    "a list": b"[1, 2]",
    "no schema": b'{"lessons": {}}',
    "a schema that is true": b'{"schema": true}',
    "an older schema than the first": b'{"schema": 0}',
    "an unknown status": b'{"schema": 1, "lessons": {"a": {"title": "A", "possible": 1, "exercises"'
    b': {"x": {"title": "X", "status": "great", "points": 1, "possible": 1}}}}}',
    "no number": b'{"schema": 1, "lessons": {"a": {"title": "A", "possible": NaN}}}',
    "no time": b'{"schema": 1, "updated_at": "yesterday"}',
    "a very deep list": b"[" * 100_000,
}


@pytest.fixture
def store(tmp_path):
    return ProgressStore(tmp_path / "progress")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def script_data(store):
    """What a page finds in `window.SPOTLIGHT_PROGRESS`."""
    text = store.script.read_text(encoding="ascii")
    match = re.fullmatch(r"window\.SPOTLIGHT_PROGRESS = (.*);\n", text, re.DOTALL)
    assert match
    return json.loads(match[1])


def one_sentence(error):
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


class TestRecording:
    def test_before_the_first_grading_nothing_is_known_and_nothing_is_written(self, store):
        assert store.read() == Progress()
        assert not store.folder.exists()

    def test_what_is_recorded_is_read(self, store):
        recorded = store.record(PASSED, NOON)
        assert ProgressStore(store.folder).read() == recorded
        assert recorded.lessons["queries_and_keys"].points == 1

    def test_makes_the_folder_and_those_above_it(self, tmp_path):
        store = ProgressStore(tmp_path / "a" / "b")
        store.record(PASSED, NOON)
        assert store.file.is_file()

    def test_the_file_is_plain_json_of_schema_1(self, store):
        store.record([lesson(exercise("scores", "failed", title="√d_k"))], NOON)
        assert "√d_k" in store.file.read_text(encoding="utf-8")
        data = json.loads(store.file.read_bytes())
        assert (data["schema"], data["updated_at"]) == (1, NOON)
        assert data["lessons"]["queries_and_keys"] == {
            "title": "Queries and keys",
            "points": 0,
            "possible": 1,
            "predictions": {},
            "exercises": {
                "scores": {
                    "title": "√d_k",
                    "status": "failed",
                    "points": 0,
                    "possible": 1,
                    "attempts": 1,
                    "first_at": NOON,
                    "last_at": NOON,
                    "last_status": "failed",
                    "last_diagnosis": None,
                    "last_message": "",
                }
            },
        }

    def test_keeps_the_previous_file_as_backup(self, store):
        store.record(PASSED, NOON)
        before = store.file.read_bytes()
        store.record(PASSED, LATER)
        assert store.backup.read_bytes() == before

    def test_leaves_nothing_else_in_the_folder(self, store):
        store.record(PASSED, NOON)
        store.record(PASSED, LATER)
        assert set(contents(store.folder)) == {
            "lesson_progress.json",
            "lesson_progress.json.bak",
            "lesson_progress.lock",
            "progress.js",
        }

    def test_clears_away_what_killed_writers_left_long_ago_and_nothing_else(self, store):
        store.record(PASSED, NOON)
        stale = store.folder / ".lesson_progress.json.4711-0123abcd.tmp"
        fresh = store.folder / ".progress.js.4712-0123abcd.tmp"
        foreign = store.folder / ".notes.txt.4713-0123abcd.tmp"
        for path in (stale, fresh, foreign):
            path.write_bytes(b"half")
        for path in (stale, foreign):
            os.utime(path, (time.time() - 86400,) * 2)
        store.record(PASSED, LATER)
        assert (stale.exists(), fresh.exists(), foreign.exists()) == (False, True, True)

    def test_waits_for_another_writer_and_then_says_so(self, store):
        store.record(PASSED, NOON)
        patient = ProgressStore(store.folder, lock_seconds=0.05)
        with (
            FileLock(store.folder / "lesson_progress.lock"),
            pytest.raises(ProgressError, match="another run has been writing") as error,
        ):
            patient.record(PASSED, LATER)
        one_sentence(error)
        assert attempts(store, "scores") == 1

    def test_reads_while_another_writes(self, store):
        recorded = store.record(PASSED, NOON)
        with FileLock(store.folder / "lesson_progress.lock"):
            assert ProgressStore(store.folder, lock_seconds=0).read() == recorded


class TestTheScriptForThePage:
    def test_carries_what_the_file_carries(self, store):
        store.record([lesson(exercise("scores", "failed", message="√ is not ² “really”"))], NOON)
        assert script_data(store) == json.loads(store.file.read_bytes())

    @pytest.mark.parametrize(
        "message", ["</script><script>alert(1)//", "<!-- <script>", "a\u2028b\u2029c", "\\u003c\\"]
    )
    def test_no_message_can_break_out_of_it(self, store, message):
        store.record([lesson(exercise("scores", "failed", message=message))], NOON)
        text = store.script.read_text(encoding="ascii")
        assert "<" not in text
        scores = script_data(store)["lessons"]["queries_and_keys"]["exercises"]["scores"]
        assert scores["last_message"] == message


class TestAnUnreadableFile:
    @pytest.mark.parametrize("spoilt", NOT_PROGRESS.values(), ids=NOT_PROGRESS.keys())
    def test_is_set_aside_and_rebuilt_from_the_backup(self, store, spoilt):
        first = store.record(PASSED, NOON)
        store.record(PASSED, LATER)
        store.file.write_bytes(spoilt)

        assert store.read() == first
        (aside,) = store.folder.glob("lesson_progress.unreadable-*")
        assert re.fullmatch(r"lesson_progress\.unreadable-\d{8}T\d{6}Z\.json", aside.name)
        assert aside.read_bytes() == spoilt
        (note,) = store.notes
        assert aside.name in note
        assert "restored" in note
        assert script_data(store) == json.loads(store.file.read_bytes())

    def test_is_mended_once(self, store):
        store.record(PASSED, NOON)
        store.record(PASSED, LATER)
        store.file.write_bytes(b"spoilt")
        store.read()
        store.read()
        assert store.notes == ()
        assert len(list(store.folder.glob("lesson_progress.unreadable-*"))) == 1

    def test_does_not_keep_a_grading_from_being_recorded(self, store):
        store.record(PASSED, NOON)
        store.record(PASSED, NOON)
        store.file.write_bytes(b"spoilt")
        store.record(PASSED, LATER)
        assert attempts(store, "scores") == 2

    def test_without_a_backup_starts_again_and_says_so(self, store):
        store.record(PASSED, NOON)
        store.file.write_bytes(b"spoilt")
        assert store.read() == Progress()
        assert "starts again" in store.notes[0]
        (aside,) = store.folder.glob("lesson_progress.unreadable-*")
        assert aside.read_bytes() == b"spoilt"

    def test_with_an_unreadable_backup_keeps_both_aside(self, store):
        store.record(PASSED, NOON)
        store.file.write_bytes(b"spoilt")
        store.backup.write_bytes(b"spoilt too")
        assert store.read() == Progress()
        kept = {path.read_bytes() for path in store.folder.glob("lesson_progress.unreadable-*")}
        assert kept == {b"spoilt", b"spoilt too"}

    def test_of_the_same_second_does_not_take_the_others_place(self, store):
        for spoilt in (b"one", b"two", b"three"):
            store.record(PASSED, NOON)
            store.file.write_bytes(spoilt)
            store.read()
        kept = {path.read_bytes() for path in store.folder.glob("lesson_progress.unreadable-*")}
        assert kept == {b"one", b"two", b"three"}

    def test_that_is_gone_is_rebuilt_too_and_says_how_to_start_afresh(self, store):
        first = store.record(PASSED, NOON)
        store.record(PASSED, LATER)
        store.file.unlink()
        assert store.read() == first
        assert "start afresh" in store.notes[0]

    def test_is_not_what_an_unknown_key_makes_of_it(self, store):
        recorded = store.record(PASSED, NOON)
        data = json.loads(store.file.read_bytes())
        store.file.write_text(json.dumps({**data, "streak": 7}), encoding="utf-8")
        assert store.read() == recorded
        assert store.notes == ()


class TestANewerSchema:
    NEWER = b'{"schema": 2, "everything": "is elsewhere"}'

    @pytest.mark.parametrize("use", ["read", "record", "export"])
    def test_is_refused_and_not_touched(self, store, tmp_path, use):
        store.record(PASSED, NOON)
        store.record(PASSED, NOON)
        store.file.write_bytes(self.NEWER)
        before = contents(store.folder)
        with pytest.raises(ProgressError, match="newer version of Spotlight") as error:
            {
                "read": store.read,
                "record": lambda: store.record(PASSED, LATER),
                "export": lambda: store.export(tmp_path / "export.json"),
            }[use]()
        one_sentence(error)
        assert contents(store.folder) == before

    def test_is_refused_in_a_backup_that_is_needed(self, store):
        store.record(PASSED, NOON)
        store.file.write_bytes(b"spoilt")
        store.backup.write_bytes(self.NEWER)
        before = contents(store.folder)
        with pytest.raises(ProgressError, match="newer version of Spotlight"):
            store.read()
        assert contents(store.folder) == before

    def test_is_refused_on_import(self, store, tmp_path):
        (tmp_path / "theirs.json").write_bytes(self.NEWER)
        with pytest.raises(ProgressError, match="newer version of Spotlight"):
            store.import_(tmp_path / "theirs.json")


class TestMovingToAnotherMachine:
    def test_an_export_is_imported_as_it_was(self, store, tmp_path):
        recorded = store.record(PASSED, NOON)
        store.export(tmp_path / "export.json")
        elsewhere = ProgressStore(tmp_path / "elsewhere")
        assert elsewhere.import_(tmp_path / "export.json") == recorded
        assert elsewhere.read() == recorded
        assert script_data(elsewhere) == json.loads(store.file.read_bytes())

    def test_the_best_of_both_is_kept(self, store, tmp_path):
        elsewhere = ProgressStore(tmp_path / "elsewhere")
        elsewhere.record([lesson(exercise("scores"), exercise("weights", "failed"))], NOON)
        elsewhere.export(tmp_path / "export.json")
        store.record([lesson(exercise("scores", "failed"), exercise("weights"))], LATER)
        total = store.import_(tmp_path / "export.json").lessons["queries_and_keys"]
        assert (total.points, total.possible) == (2, 2)
        assert {each.status for each in total.exercises.values()} == {"passed"}

    def test_an_older_export_is_replaced(self, store, tmp_path):
        target = tmp_path / "export.json"
        store.record(PASSED, NOON)
        store.export(target)
        store.record(PASSED, LATER)
        store.export(target)
        assert target.read_bytes() == store.file.read_bytes()

    def test_no_other_file_is_replaced(self, store, tmp_path):
        notebook = tmp_path / "03_queries_and_keys.ipynb"
        notebook.write_text('{"cells": []}')
        with pytest.raises(ProgressError, match="choose another name") as error:
            store.export(notebook)
        one_sentence(error)
        assert notebook.read_text() == '{"cells": []}'

    @pytest.mark.parametrize("spoilt", NOT_PROGRESS.values(), ids=NOT_PROGRESS.keys())
    def test_what_is_no_progress_file_is_not_imported(self, store, tmp_path, spoilt):
        recorded = store.record(PASSED, NOON)
        (tmp_path / "theirs.json").write_bytes(spoilt)
        with pytest.raises(ProgressError, match="not a progress file") as error:
            store.import_(tmp_path / "theirs.json")
        one_sentence(error)
        assert store.read() == recorded
        assert (tmp_path / "theirs.json").read_bytes() == spoilt

    def test_a_file_that_is_not_there_is_said(self, store, tmp_path):
        with pytest.raises(ProgressError, match="There is no file"):
            store.import_(tmp_path / "theirs.json")

    def test_a_folder_that_is_not_there_is_said(self, store, tmp_path):
        with pytest.raises(ProgressError, match="its folder does not exist"):
            store.export(tmp_path / "nowhere" / "export.json")


class TestAFolderThatIsNone:
    @pytest.mark.parametrize("use", ["read", "record"])
    def test_because_a_file_has_its_name(self, tmp_path, use):
        (tmp_path / "progress").write_text("mine")
        store = ProgressStore(tmp_path / "progress")
        with pytest.raises(ProgressError, match="file stands where a folder is needed") as error:
            store.read() if use == "read" else store.record(PASSED, NOON)
        one_sentence(error)
        assert (tmp_path / "progress").read_text() == "mine"

    def test_because_a_folder_has_the_files_name(self, store):
        store.file.mkdir(parents=True)
        with pytest.raises(ProgressError, match="is a folder where a file is needed") as error:
            store.record(PASSED, NOON)
        one_sentence(error)

"""Writes that fail half-way: each leaves the old state or the new one, and a clear sentence."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

import pytest
from progress_gradings import LATER, NOON, exercise, lesson, record_without_privileges

from spotlight.progress import ProgressError, ProgressStore

PASSED = [lesson(exercise("scores"))]


@pytest.fixture
def store(tmp_path):
    store = ProgressStore(tmp_path / "progress")
    store.record(PASSED, NOON)
    store.record(PASSED, NOON)
    return store


def fail_at(monkeypatch, name, number, error):
    """Let the given call of an `os` function raise; return whether it came to that."""
    original = getattr(os, name)
    calls = []

    def faulty(*args, **kwargs):
        calls.append(args)
        if len(calls) == number:
            raise error
        return original(*args, **kwargs)

    monkeypatch.setattr(os, name, faulty)
    return lambda: len(calls) >= number


@pytest.mark.parametrize("function", ["open", "fdopen", "fsync", "replace", "close"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize("spoilt", [False, True], ids=["sound", "spoilt"])
def test_a_write_cut_short_at_any_step_leaves_the_old_state_or_the_new_one(
    tmp_path, monkeypatch, function, error, spoilt
):
    for step in range(1, 100):
        store = ProgressStore(tmp_path / f"{function}-{step}")
        first = store.record(PASSED, NOON)
        old = store.record(PASSED, NOON)
        if spoilt:
            old = first
            store.file.write_bytes(b"spoilt")
        with monkeypatch.context() as patch:
            reached = fail_at(patch, function, step, error)
            try:
                store.record(PASSED, LATER)
            except (ProgressError, KeyboardInterrupt) as stopped:
                said = stopped
            else:
                said = None
        found = store.read()
        again = store.record(PASSED, LATER)
        assert found == old or found.updated_at == LATER
        assert again.updated_at == LATER
        assert not list(store.folder.glob(".*.tmp"))
        if not reached():
            assert step > 1
            return
        if said is None:
            assert found.updated_at == LATER
        elif isinstance(said, ProgressError):
            assert "input/output error" in str(said)
    pytest.fail("recording never came to its end")


@pytest.mark.parametrize("function", ["open", "fsync"])
def test_a_full_disk_is_said_and_changes_nothing(store, monkeypatch, function):
    before = {path: path.read_bytes() for path in store.folder.iterdir()}
    for step in (1, 2, 3):
        full = OSError(errno.ENOSPC, "No space left on device")
        with monkeypatch.context() as patch:
            fail_at(patch, function, step, full)
            with pytest.raises(ProgressError, match="the disk is full; free some space"):
                store.record(PASSED, LATER)
        assert {path: path.read_bytes() for path in store.folder.iterdir()} == before


def test_a_disk_that_is_read_only_is_said_and_does_not_keep_anyone_from_reading(store, monkeypatch):
    known = store.read()
    original = os.open

    def refusing(path, flags, *args, **kwargs):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, "Read-only file system", path)
        return original(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(ProgressError, match="no permission to write there"):
        store.record(PASSED, LATER)
    assert store.read() == known


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no folder that is read-only")
def test_a_folder_without_write_permission_is_said():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = ProgressStore(folder).record(PASSED, NOON)
        folder.chmod(0o555)
        ours, theirs = multiprocessing.Pipe(duplex=False)
        forks = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload(["pytest", "spotlight.progress"])
        child = forks.Process(target=record_without_privileges, args=(folder, theirs))
        child.start()
        said = ours.recv()
        child.join()
        folder.chmod(0o755)
        assert "no permission to write there" in said
        assert ProgressStore(folder).read() == known


def test_a_file_that_another_program_holds_for_a_moment_is_waited_for(store, monkeypatch):
    original = os.replace
    refusals = [PermissionError(errno.EACCES, "held")] * 2

    def held(source, target):
        if refusals:
            raise refusals.pop()
        original(source, target)

    monkeypatch.setattr(os, "replace", held)
    assert store.record(PASSED, LATER) == store.read()
    assert not refusals


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot sync a folder")
def test_each_file_is_on_the_disk_before_it_takes_its_place_and_the_folder_after(
    store, monkeypatch
):
    fsync, replace = os.fsync, os.replace
    on_disk, steps = set(), []

    def watched_fsync(descriptor):
        fsync(descriptor)
        on_disk.add(os.fstat(descriptor).st_ino)
        steps.append(store.folder.stat().st_ino == os.fstat(descriptor).st_ino)

    def watched_replace(source, target):
        assert os.stat(source).st_ino in on_disk
        replace(source, target)
        steps.append(os.path.basename(target))

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    store.record(PASSED, LATER)
    replaced = ["lesson_progress.json.bak", "lesson_progress.json", "progress.js"]
    assert [step for step in steps if step is not False] == [*replaced, True]


def test_a_file_system_that_cannot_sync_folders_is_no_fault(store, monkeypatch):
    original = os.fsync

    def files_only(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        original(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    assert store.record(PASSED, LATER) == store.read()

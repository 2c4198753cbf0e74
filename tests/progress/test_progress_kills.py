"""Processes that are killed while they write, and processes that write at once."""

from __future__ import annotations

import json
import multiprocessing
import random
import shutil
import signal
import sys
import time

import pytest
from progress_gradings import (
    LATER,
    NOON,
    attempts,
    exercise,
    lesson,
    record_and_die_before_system_call,
    record_many,
    record_until_killed,
)

from spotlight.progress import ProgressStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and fork")

KILLS = 240  # in the fast tier a third
PASSED = [lesson(exercise("scores"))]


@pytest.fixture(scope="module")
def forks():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "spotlight.progress"])
    return context


def deep_alone(start):
    return pytest.param(start, marks=pytest.mark.deep)


def acknowledged(connection):
    """How often the child said "recorded" before it died."""
    count = 0
    try:
        while True:
            assert connection.recv() == "recorded"
            count += 1
    except EOFError:
        return count


def is_whole(store):
    """Whether each file that is there is complete."""
    for path in (store.file, store.backup):
        if path.exists():
            json.loads(path.read_bytes())
    return not store.script.exists() or store.script.read_bytes().endswith(b"};\n")


def test_what_was_acknowledged_survives_hundreds_of_kills(tmp_path, forks, deep):
    store = ProgressStore(tmp_path)
    moments = random.Random(1)
    known = cut_short = 0
    for _ in range(KILLS if deep else KILLS // 3):
        ours, theirs = forks.Pipe(duplex=False)
        child = forks.Process(target=record_until_killed, args=(tmp_path, theirs))
        child.start()
        theirs.close()
        assert ours.recv() == "ready"
        time.sleep(moments.uniform(0, 0.03))
        child.kill()
        child.join()

        said = acknowledged(ours)
        found = attempts(store, "scores")
        assert store.notes == (), "nothing ever needs mending"
        assert is_whole(store)
        # At most the one grading that the child was about to acknowledge is there as well.
        assert known + said <= found <= known + said + 1
        known = found
        cut_short += any(tmp_path.glob(".*.tmp"))
        for leftover in tmp_path.glob(".*.tmp"):
            leftover.unlink()
    assert cut_short, "some of the kills fell into a write"


@pytest.mark.parametrize("start", ["sound", *map(deep_alone, ["spoilt", "new"])])
def test_a_kill_before_any_system_call_leaves_the_old_state_or_the_new_one(tmp_path, forks, start):
    template = ProgressStore(tmp_path / "template")
    template.folder.mkdir()
    if start != "new":
        template.record(PASSED, NOON)
        template.record(PASSED, NOON)
    before = {"sound": 2, "spoilt": 1, "new": 0}[start]
    if start == "spoilt":
        template.file.write_bytes(b"spoilt")

    outcomes = []
    for number in range(1, 1000):
        folder = tmp_path / str(number)
        shutil.copytree(template.folder, folder)
        child = forks.Process(target=record_and_die_before_system_call, args=(folder, number))
        child.start()
        child.join()
        store = ProgressStore(folder)
        outcomes.append(attempts(store, "scores"))
        assert start == "spoilt" or store.notes == ()
        assert is_whole(store)
        assert store.record(PASSED, LATER).updated_at == LATER
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    assert child.exitcode == 0, "recording never came to its end"
    assert set(outcomes) == {before, before + 1}
    assert outcomes == sorted(outcomes), "once the new state is there, it stays"


def test_two_writers_at_once_lose_nothing_and_disturb_no_reader(tmp_path, forks):
    count = 20
    start = forks.Barrier(2)
    writers = [
        forks.Process(target=record_many, args=(tmp_path, name, count, start))
        for name in ("one", "two")
    ]
    for writer in writers:
        writer.start()
    reader = ProgressStore(tmp_path)
    seen = 0
    while any(writer.is_alive() for writer in writers):
        now = attempts(reader, "shared")
        assert now >= seen
        assert reader.notes == ()
        seen = now
    assert [writer.exitcode for writer in writers] == [0, 0]
    exercises = reader.read().lessons["queries_and_keys"].exercises
    assert exercises["shared"].attempts == 2 * count
    for number in range(count):
        assert exercises[f"one_{number}"].attempts == 1
        assert exercises[f"two_{number}"].attempts == 1

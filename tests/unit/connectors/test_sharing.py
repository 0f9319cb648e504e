"""Answers that kernels share: who asks, who waits, and what becomes of an answer that cannot be kept."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analytics_lib.connectors import Reads, SharedAnswers
from analytics_lib.connectors.reading import frames as frames_module

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
MIXED = pd.DataFrame({"a": np.array([1, "x"], dtype=object)})
QUERY = ("shop", "select 1")


@pytest.fixture
def shared(tmp_path):
    return SharedAnswers(tmp_path, 1)


class Database:
    """Answers with a frame, and counts how often it is asked."""

    def __init__(self, frame=FRAME, reads=Reads(frozenset({"ops.flights"}))):  # noqa: B008 - it cannot be changed
        self.frame = frame
        self.reads = reads
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.frame.copy(), self.reads


def names(folder):
    return sorted(path.suffix for path in folder.iterdir())


def test_the_second_gets_what_the_first_was_told(shared, tmp_path):
    database = Database()
    answers = [shared.answer(QUERY, database) for _ in range(3)]
    assert database.asked == 1
    for frame, reads in answers:
        pd.testing.assert_frame_equal(frame, FRAME)
        assert reads == database.reads
    assert names(tmp_path) == [".arrow", ".lock"]


def test_what_was_read_travels_with_it(shared):
    database = Database(reads=Reads(None, "table x lies on another server"))
    assert [shared.answer(QUERY, database)[1] for _ in range(2)] == [database.reads] * 2


def test_any_part_of_the_question_makes_it_another(shared):
    database = Database()
    for query in (QUERY, ("other", "select 1"), ("shop", "select 2"), (*QUERY, 1), (*QUERY, 1.0), (*QUERY, "1")):
        shared.answer(query, database)
    assert database.asked == 6


def test_nobody_writes_into_anothers_rows(shared):
    first, _ = shared.answer(QUERY, Database())
    second, _ = shared.answer(QUERY, Database())
    first.loc[0, "a"] = 10
    second.loc[1, "a"] = 20
    third, _ = shared.answer(QUERY, Database())
    assert [each["a"].tolist() for each in (first, second, third)] == [[10, 2], [1, 20], [1, 2]]


@pytest.mark.parametrize("frame", [MIXED, pd.DataFrame({"a": np.zeros(200_000)})], ids=["inexact", "too large"])
def test_an_answer_that_cannot_be_shared_is_asked_for_by_each(shared, tmp_path, frame):
    database = Database(frame)
    for _ in range(3):
        pd.testing.assert_frame_equal(shared.answer(QUERY, database)[0], frame)
    assert database.asked == 3
    assert names(tmp_path) == [".alone", ".lock"]


@pytest.mark.parametrize("raised", [ValueError("refused"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_an_error_is_nobody_elses(shared, raised):
    def fail():
        raise raised

    with pytest.raises(type(raised)):
        shared.answer(QUERY, fail)
    database = Database()
    shared.answer(QUERY, database)
    assert database.asked == 1


@pytest.mark.parametrize("when", ["open", "write", "replace"])
def test_a_full_disk_costs_nothing_but_the_sharing(shared, tmp_path, monkeypatch, when):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(*_, **__):
        raise full

    if when == "write":
        monkeypatch.setattr("pyarrow.ipc.RecordBatchFileWriter.write_table", refuse)
    else:
        target = "pathlib.Path.replace" if when == "replace" else "pathlib.Path.open"
        monkeypatch.setattr(target, refuse)
    database = Database()
    for _ in range(2):
        pd.testing.assert_frame_equal(shared.answer(QUERY, database)[0], FRAME)
    monkeypatch.undo()
    assert database.asked == 2
    assert ".arrow" not in names(tmp_path)


def test_a_disk_that_is_really_full(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a disk can be mounted by root alone")
    try:
        database = Database(pd.DataFrame({"a": np.arange(50_000)}))
        for _ in range(2):
            pd.testing.assert_frame_equal(SharedAnswers(folder, 64).answer(QUERY, database)[0], database.frame)
        assert database.asked == 2
        assert names(folder) == [".alone", ".lock"]
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_folder_that_is_gone_is_done_without(tmp_path):
    database = Database()
    pd.testing.assert_frame_equal(SharedAnswers(tmp_path / "gone", 1).answer(QUERY, database)[0], FRAME)
    assert database.asked == 1


def test_a_damaged_file_is_asked_for_again(shared, tmp_path):
    shared.answer(QUERY, Database())
    (kept,) = tmp_path.glob("*.arrow")
    kept.write_bytes(b"ARROW1")
    database = Database()
    pd.testing.assert_frame_equal(shared.answer(QUERY, database)[0], FRAME)
    assert database.asked == 1


def test_whoever_comes_second_waits(shared):
    begun, go_on = threading.Event(), threading.Event()
    database = Database()

    def slow():
        begun.set()
        assert go_on.wait(30)
        return database()

    answers = []
    first = threading.Thread(target=lambda: answers.append(shared.answer(QUERY, slow)))
    second = threading.Thread(target=lambda: answers.append(shared.answer(QUERY, database)))
    first.start()
    assert begun.wait(30)
    second.start()
    second.join(0.2)
    assert second.is_alive()
    go_on.set()
    first.join(30)
    second.join(30)
    assert database.asked == 1
    assert len(answers) == 2


def test_others_do_not_wait_for_each_other_where_nothing_is_shared(shared):
    """Both are under way at once: each waits for the other one within its query."""
    shared.answer(QUERY, Database(MIXED))
    together = threading.Barrier(2, timeout=30)

    def ask():
        together.wait()
        return MIXED, Reads()

    threads = [threading.Thread(target=shared.answer, args=(QUERY, ask)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not together.broken


def test_writing_is_whole_or_not_at_all(shared, tmp_path, monkeypatch):
    """A kernel that dies while it writes leaves nothing that looks like an answer."""
    write = frames_module.write

    def die(table, path):
        write(table, path)
        raise SystemExit

    monkeypatch.setattr(frames_module, "write", die)
    with pytest.raises(SystemExit):
        shared.answer(QUERY, Database())
    assert not list(tmp_path.glob("*.arrow"))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_the_rows_lie_in_the_file_and_are_not_copied(shared, tmp_path):
    database = Database(pd.DataFrame({"a": np.arange(20_000.0), "b": [f"text {n}" for n in range(20_000)]}))
    shared.answer(QUERY, database)
    frame, _ = shared.answer(QUERY, database)
    (kept,) = tmp_path.glob("*.arrow")
    mapped = [line.split()[0] for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(str(kept))]
    (start, end), *_ = [[int(place, 16) for place in each.split("-")] for each in mapped]
    text = pa.array(frame["b"].array)
    addresses = [frame["a"].to_numpy().ctypes.data, text.buffers()[2].address]
    assert all(start <= address < end for address in addresses)

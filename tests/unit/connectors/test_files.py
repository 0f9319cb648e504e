"""Fingerprints of files: of their content, which is read again only where it may have changed."""

from __future__ import annotations

import os
import time

import pytest

from analytics_lib.connectors.files import fingerprints as files
from analytics_lib.connectors.files.fingerprints import Stamps, file_fingerprint

MEGABYTE = 1024 * 1024
HOUR_NS = 3600 * 10**9


@pytest.fixture
def read(monkeypatch):
    """Names of the files whose content is hashed."""
    hashed = []
    digest = files.hashlib.file_digest
    monkeypatch.setattr(
        files.hashlib, "file_digest", lambda stream, name: hashed.append(stream.name) or digest(stream, name)
    )
    return hashed


@pytest.fixture
def rested(monkeypatch):
    """Let every file have rested for an hour: times of change cannot be set back, so the clock goes ahead."""
    now = time.time_ns
    monkeypatch.setattr(files.time, "time_ns", lambda: now() + HOUR_NS)


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"0" * 2 * MEGABYTE)
    return path


def test_it_is_of_the_content_and_nothing_else(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1")
    before = file_fingerprint(path)
    os.utime(path, (0, 0))
    assert file_fingerprint(path) == before
    path.rename(tmp_path / "b.csv")
    assert file_fingerprint(tmp_path / "b.csv") == before
    assert file_fingerprint(path) is None
    path.write_text("2")
    assert file_fingerprint(path) != before


@pytest.mark.parametrize("ending", [".wal", "-wal"])
def test_a_write_ahead_log_belongs_to_it(tmp_path, ending):
    path = tmp_path / "a.db"
    path.write_text("1")
    before = file_fingerprint(path)
    (tmp_path / f"a.db{ending}").write_text("2")
    assert file_fingerprint(path) != before


def test_a_file_that_rests_is_hashed_once(warehouse, tmp_path, read, rested):
    stamps = Stamps(tmp_path / "cache/stamps.json")
    first = file_fingerprint(warehouse, stamps)
    stamps.save()
    assert file_fingerprint(warehouse, Stamps(tmp_path / "cache/stamps.json")) == first == file_fingerprint(warehouse)
    assert read == [str(warehouse)] * 2  # the second time without stamps
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["stamps.json"]


def test_a_file_that_has_just_changed_is_not_believed(warehouse, tmp_path, read):
    stamps = Stamps(tmp_path / "stamps.json")
    assert file_fingerprint(warehouse, stamps) == file_fingerprint(warehouse, stamps)
    stamps.save()
    assert len(read) == 2
    assert not (tmp_path / "stamps.json").exists()


@pytest.mark.parametrize("change", ["content", "in place and times set back", "another file in its place"])
def test_a_change_is_seen_however_it_is_hidden(warehouse, tmp_path, rested, change):
    stamps = Stamps()
    before = file_fingerprint(warehouse, stamps)
    stat = warehouse.stat()
    if change == "another file in its place":
        other = tmp_path / "other"
        other.write_bytes(b"1" * 2 * MEGABYTE)
        os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        other.replace(warehouse)
    else:
        time.sleep(0.02)  # beyond the tick of the file system's clock
        with warehouse.open("r+b") as stream:
            stream.write(b"1")
        if change == "in place and times set back":
            os.utime(warehouse, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert warehouse.stat().st_size == stat.st_size
    assert file_fingerprint(warehouse, stamps) != before


def test_small_files_are_read_each_time(tmp_path, read, rested):
    path = tmp_path / "a.csv"
    path.write_text("1")
    stamps = Stamps()
    file_fingerprint(path, stamps)
    file_fingerprint(path, stamps)
    assert len(read) == 2


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"x": 1}', '{"x": [[1], 2, 3]}', "\x00"])
def test_stamps_that_cannot_be_read_are_none(warehouse, tmp_path, content):
    path = tmp_path / "stamps.json"
    path.write_text(content)
    assert file_fingerprint(warehouse, Stamps(path)) == file_fingerprint(warehouse)


def test_stamps_that_cannot_be_written_are_done_without(warehouse, tmp_path, rested):
    (tmp_path / "cache").write_text("a file where the folder should be")
    stamps = Stamps(tmp_path / "cache/stamps.json")
    file_fingerprint(warehouse, stamps)
    stamps.save()
    assert (tmp_path / "cache").read_text() == "a file where the folder should be"


def test_large_files_go_by_size_and_times(warehouse, monkeypatch, read):
    monkeypatch.setattr(files, "HASHED_UP_TO", MEGABYTE)
    before = file_fingerprint(warehouse)
    assert file_fingerprint(warehouse) == before
    time.sleep(0.02)
    with warehouse.open("r+b") as stream:
        stream.write(b"1")
    os.utime(warehouse, (0, 0))
    assert file_fingerprint(warehouse) != before
    assert read == []

"""The store of versions: whole folders, or none."""

from __future__ import annotations

import errno
import os

import pytest

from analytics_lib.errors import PublishError
from analytics_lib.publishing.files import ASIDE
from analytics_lib.publishing.versions import store_version

FILES = {"page.html": b"<p>", "checks.json": b"[]"}


def test_a_version_lies_whole_in_its_folder(tmp_path):
    place = store_version(tmp_path, "sales", "north", "3-abc", FILES)
    assert place == "versions/sales/north/3-abc"
    assert {path.name: path.read_bytes() for path in (tmp_path / place).iterdir()} == FILES
    assert [path.name for path in (tmp_path / place).parent.iterdir()] == ["3-abc"]


def test_what_a_killed_build_left_is_replaced(tmp_path):
    for name in ("3-abc", f"{ASIDE}3-abc"):
        left = tmp_path / "versions/sales/north" / name
        left.mkdir(parents=True)
        (left / "other.html").write_text("left")
    place = store_version(tmp_path, "sales", "north", "3-abc", FILES)
    assert {path.name for path in (tmp_path / place).iterdir()} == set(FILES)
    assert [path.name for path in (tmp_path / place).parent.iterdir()] == ["3-abc"]


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    calls = []

    def full(number):
        calls.append(number)
        if len(calls) == 2:  # the first file is written already
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PublishError, match="the disk is full"):
        store_version(tmp_path, "sales", "north", "3-abc", FILES)
    assert list((tmp_path / "versions/sales/north").iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "versions").write_text("a file")
    with pytest.raises(PublishError, match="the version cannot be written"):
        store_version(tmp_path, "sales", "north", "3-abc", FILES)

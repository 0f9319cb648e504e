"""Files are whole or not there, whatever goes wrong while they are written."""

from __future__ import annotations

import errno
import os

import pytest

from analytics_lib.errors import PublishError
from analytics_lib.publishing.files import ASIDE, Replacements, disk_sentences, remove_tree, sweep, write_whole


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_is_written_with_its_folders(tmp_path):
    assert write_whole(tmp_path / "a/b/c.html", b"new")
    assert (tmp_path / "a/b/c.html").read_bytes() == b"new"
    assert everything(tmp_path) == ["a", "a/b", "a/b/c.html"]


def test_the_same_content_is_not_written_again(tmp_path):
    path = tmp_path / "c.html"
    write_whole(path, b"same")
    before = path.stat()
    assert not write_whole(path, b"same")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_content_of_the_same_length_is(tmp_path):
    write_whole(tmp_path / "c.html", b"old")
    assert write_whole(tmp_path / "c.html", b"new")
    assert (tmp_path / "c.html").read_bytes() == b"new"


def test_who_reads_the_old_file_goes_on_reading_it(tmp_path):
    path = tmp_path / "c.html"
    write_whole(path, b"old")
    with path.open("rb") as reader:
        write_whole(path, b"new")
        assert reader.read() == b"old"


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_whole(tmp_path / "c.html", b"old")
    monkeypatch.setattr(call, full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "c.html", b"new")
    assert (tmp_path / "c.html").read_bytes() == b"old"
    assert everything(tmp_path) == ["c.html"]


def test_files_change_together(tmp_path):
    write_whole(tmp_path / "a", b"old a")
    with Replacements() as files:
        files.add(tmp_path / "a", b"new a")
        files.add(tmp_path / "b/c", b"new c")
        assert (tmp_path / "a").read_bytes() == b"old a"
        assert not (tmp_path / "b/c").exists()
        assert files.apply() == 2
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b/c").read_bytes()) == (b"new a", b"new c")


def test_files_that_are_given_up_leave_nothing(tmp_path):
    write_whole(tmp_path / "a", b"old")
    with pytest.raises(KeyError), Replacements() as files:
        files.add(tmp_path / "a", b"new")
        raise KeyError
    assert everything(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_what_a_killed_process_left_is_swept(tmp_path):
    (tmp_path / f"b/{ASIDE}folder").mkdir(parents=True)
    (tmp_path / f"b/{ASIDE}folder/page.html").write_text("half")
    (tmp_path / f"{ASIDE}1-c.html").write_text("half")
    (tmp_path / "b/c.html").write_text("whole")
    sweep(tmp_path)
    assert everything(tmp_path) == ["b", "b/c.html"]


def test_removing(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    (tmp_path / "link").symlink_to(outside)
    for path in (inside, tmp_path / "link", tmp_path / "never was"):
        remove_tree(path)
    assert everything(tmp_path) == ["outside", "outside/kept"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the disk is full"), (errno.EACCES, "Permission denied")],
)
def test_the_systems_refusals_become_sentences(tmp_path, number, words):
    with pytest.raises(PublishError) as caught, disk_sentences("the site", tmp_path):
        raise OSError(number, os.strerror(number))
    assert words in caught.value.message
    assert "the site" in caught.value.message
    assert caught.value.where == str(tmp_path)
    assert "what was published is unchanged" in caught.value.hint


def test_a_refusal_names_the_very_file(tmp_path):
    with pytest.raises(PublishError) as caught, disk_sentences("the site", tmp_path):
        (tmp_path / "no/such/file").read_bytes()
    assert caught.value.where == str(tmp_path / "no/such/file")

"""What a failed run leaves: the notebook, and the end of the kernel's log; never at the cost of the error."""

from __future__ import annotations

import errno

import pytest

from analytics_lib.errors import CellFailed
from analytics_lib.rendering.remains import KEPT_BYTES, LOG_NAME, end_of, kept_remains


@pytest.fixture
def folders(tmp_path):
    scratch, folder = tmp_path / "scratch", tmp_path / "run"
    scratch.mkdir()
    folder.mkdir()
    return scratch, folder


def fail(scratch, folder, save=lambda: None):
    with pytest.raises(CellFailed, match="it broke"), kept_remains(scratch, folder, save):
        raise CellFailed("it broke")


def test_the_log_of_a_run_that_failed_is_kept(folders):
    scratch, folder = folders
    (scratch / LOG_NAME).write_bytes(b"fatal\n")
    fail(scratch, folder)
    assert (folder / LOG_NAME).read_bytes() == b"fatal\n"


def test_that_of_a_run_that_succeeds_is_not(folders):
    scratch, folder = folders
    (scratch / LOG_NAME).write_bytes(b"chatter\n")
    with kept_remains(scratch, folder, lambda: pytest.fail("saved")):
        pass
    assert not (folder / LOG_NAME).exists()


@pytest.mark.parametrize("content", [None, b"", b" \n\n"])
def test_an_empty_log_is_none(folders, content):
    scratch, folder = folders
    if content is not None:
        (scratch / LOG_NAME).write_bytes(content)
    fail(scratch, folder)
    assert list(folder.iterdir()) == []


def test_a_notebook_that_cannot_be_saved_hides_neither_the_error_nor_the_log(folders):
    scratch, folder = folders
    (scratch / LOG_NAME).write_bytes(b"fatal\n")

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    fail(scratch, folder, full)
    assert (folder / LOG_NAME).exists()


def test_of_a_long_log_the_end_is_kept_and_the_rest_counted(tmp_path):
    log = tmp_path / LOG_NAME
    lines = [f"line {number}\n".encode() for number in range(20_000)]
    log.write_bytes(b"".join(lines))
    kept = end_of(log)
    said, _, rest = kept.partition(b"\n")
    assert len(rest) <= KEPT_BYTES
    assert b"".join(lines).endswith(rest)
    assert rest.startswith(b"line ")
    left_out = int(said.decode().removeprefix("[").partition(" ")[0].replace(",", ""))
    assert left_out + len(rest) == log.stat().st_size


def test_a_log_without_line_ends_is_cut_all_the_same(tmp_path):
    log = tmp_path / LOG_NAME
    log.write_bytes(b"x" * (KEPT_BYTES + 10))
    assert end_of(log) == b"[10 bytes before this are left out]\n" + b"x" * KEPT_BYTES

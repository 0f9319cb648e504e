"""A site or a state that cannot be written, and a disk that is full: one sentence, and nothing published changes."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.shop import QUERY

UNCHANGED = "Check the folder and its permissions; what was published is unchanged."
ROOM = "Make room and run it again; what was published is unchanged."


def refused(shop, *arguments):
    ran = shop.call(*arguments or ("build",))
    assert ran.code == 4, ran.out + ran.err
    return ran.error


def test_a_file_where_the_site_should_be(shop):
    before = shop.published()
    shop.replace("analytics.toml", "[site]", '[site]\nfolder = "public"')
    shop.write("public", "no folder")
    assert (
        refused(shop)
        == f"{shop.root / 'public'}: the site cannot be written: it is a file. Move it away, or name another folder."
    )
    assert shop.published() == before
    assert (shop.root / "public").read_text(encoding="utf-8") == "no folder"


def test_a_site_below_a_file(shop):
    before = shop.published()
    shop.replace("analytics.toml", "[site]", '[site]\nfolder = "analytics.toml/site"')
    place = shop.root / "analytics.toml/site"
    assert refused(shop) == f"{place}: the site cannot be written: Not a directory. {UNCHANGED}"
    assert shop.published() == before


def test_a_site_where_nobody_may_write(shop):
    before = shop.published()
    shop.replace("analytics.toml", "[site]", '[site]\nfolder = "/proc/site"')
    assert refused(shop) == f"/proc/site: the site cannot be written: No such file or directory. {UNCHANGED}"
    assert shop.published() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_site_without_permission(shop):
    before = shop.published()
    shop.site.chmod(0o500)
    try:
        assert (
            refused(shop) == f"{shop.site / '.part-probe'}: the site cannot be written: Permission denied. {UNCHANGED}"
        )
    finally:
        shop.site.chmod(0o700)
    assert shop.published() == before


def test_a_file_where_the_state_should_be(shop):
    files = shop.files()
    shutil.rmtree(shop.state)
    shop.state.write_text("no folder")
    assert (
        refused(shop)
        == f"{shop.state}: the state cannot be written: it is a file. Move it away, or name another folder."
    )
    assert shop.files() == files


def test_a_state_database_that_is_none(shop):
    files = shop.files()
    for each in shop.state.glob("state.db*"):
        each.unlink()
    (shop.state / "state.db").write_text("no database, but long enough to be looked at" * 40)
    assert refused(shop) == (
        "setting 'state.url': the state database cannot be opened: file is not a database. Check the state's folder, "
        "and `url` under [state] in analytics.toml; what was published is unchanged."
    )
    assert shop.files() == files


def test_a_state_server_that_cannot_be_reached(shop):
    before = shop.published()
    shop.config('\n[state]\nurl = "postgresql://shop:secret@127.0.0.1:9/state"\n')
    assert refused(shop) == (
        "analytics.toml:8: the state database cannot be opened: connection failed: connection to server at "
        '"127.0.0.1", port 9 failed: Connection refused. '
        "Check the state's folder, and `url` under [state] in analytics.toml; what was published is unchanged."
    )
    assert shop.published() == before


@pytest.fixture
def full_disk(monkeypatch):
    """Make the disk full for files whose path holds a certain part."""

    def full_disk(part):
        sync = os.fsync

        def fsync(descriptor):
            if part in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)

    return full_disk


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("/versions/", "the version"),
        ("/site/orders/", "the site"),
        ("/site/.part-", "the site"),  # the first page, written last
    ],
)
def test_a_disk_that_fills_while_a_page_is_published(shop, full_disk, part, what):
    files = shop.files()
    shop.cell(QUERY, 'orders = db.sql("select * from orders where id = 1")')
    full_disk(part)
    sentence = refused(shop)
    assert sentence.endswith(f": the disk is full: {what} could not be written. {ROOM}")
    assert shop.files() == files
    assert not list(shop.root.rglob(".part-*"))


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of a given size, which only root may do."""
    mounted = []

    def small_disk(folder, kibibytes):
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("a disk can be mounted by root alone")
        mounted.append(folder)

    yield small_disk
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_site_on_a_disk_that_is_full(shop, small_disk):
    small_disk(shop.root / "public", 64)
    shop.replace("analytics.toml", "[site]", '[site]\nfolder = "public"')
    (shop.root / "public/ballast").write_bytes(b"0" * 40 * 1024)
    sentence = refused(shop)
    assert sentence.endswith(f": the disk is full: the site could not be written. {ROOM}")
    assert {path.name for path in (shop.root / "public").rglob("*") if path.is_file()} == {"ballast"}
    (shop.root / "public/ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=8m", str(shop.root / "public")], check=True)
    assert shop.call("build").code == 0
    [(folder,)] = shop.rows("select v.folder from pages p join versions v on v.id = p.version")
    stored = (shop.state / folder / "page.html").read_bytes()
    assert (shop.root / "public/orders/index.html").read_bytes() == stored


@pytest.mark.slow
def test_a_state_on_a_disk_that_is_full(shop, small_disk):
    kept = shop.state.rename(shop.root / "kept")
    small_disk(shop.state, 8192)
    shutil.copytree(kept, shop.state, dirs_exist_ok=True)
    before = shop.published()
    room = shutil.disk_usage(shop.state).free
    ballast = shop.state / "ballast"
    ballast.write_bytes(b"0" * (room - 4096))
    shop.cell(QUERY, 'orders = db.sql("select * from orders where id = 1")')
    assert (
        refused(shop) == f"{shop.state / 'state.db'}: the disk is full: the state database could not be written. {ROOM}"
    )
    ballast.unlink()
    assert shop.published() == before
    assert shop.built() == {"index": "published"}

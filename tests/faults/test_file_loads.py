"""Loads of files that die, or whose disk is full: nothing is half landed, and the next one lands all of it."""

from __future__ import annotations

import random
import tempfile

import fsspec
import pytest
from support.disks import small_disk
from support.load_process import Loader
from support.loading import make_depot
from support.rest_fixtures import api

from analytics_lib.errors import AnalyticsError, PublishError

__all__ = ["api"]

SOURCE = "owner: me\nfile: %s\ninto: {connection: warehouse, table: plans, key: id, mode: upsert}\n"


def write(depot, edition, rows):
    """Write an edition of the file: its rows are more than a page holds, and one is not fit."""
    lines = [f"{number};{number * 2 if number != 3 or edition == 1 else 'many'};e{edition}" for number in range(rows)]
    (depot.root / "plans.csv").write_text("\n".join(["id;n;name", *lines]), encoding="utf-8")


def require_whole(depot, rows):
    """All rows are of one edition, none is there twice, none is lost; return which."""
    names, counts, held = depot.answers(
        "select distinct name from plans where id <> 3", "select count(*), count(distinct id) from plans",
        "select count(*) from plans__quarantine",
    )  # fmt: skip
    ((name,),) = names
    edition = int(name[1:])
    assert counts == [(rows[edition],) * 2]
    assert held == [(edition - 1,)]
    return edition


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_every_point_of_a_load_of_a_file(tmp_path, api, engine):
    rows = {1: 6_000, 2: 11_000}
    depot = make_depot(tmp_path / "depot", api, f"{engine}:///{tmp_path}/depot/warehouse.db")
    depot.source(SOURCE % "plans.csv")
    with Loader() as loader:
        write(depot, 1, rows[1])
        first = loader.load(depot.root)
        assert first["total"] == 6_000
        kept = {path: path.read_bytes() for path in depot.root.rglob("*") if path.is_file()}
        write(depot, 2, rows[2])
        points = loader.load(depot.root)["changes"]
        assert sum("page-" in each and each.startswith("os.rename") for each in points) == 3
        assert require_whole(depot, rows) == 2
        for number, change in enumerate(points, start=1):
            if engine == "duckdb" and change != "commit":
                continue
            for path in depot.root.rglob("*"):
                if path.is_file() and path not in kept:
                    path.unlink()
            for path, content in kept.items():
                path.write_bytes(content)
            write(depot, 2, rows[2])
            assert loader.load(depot.root, crash=number) is None, change
            require_whole(depot, rows)
            assert loader.load(depot.root)["status"] == "loaded", change
            assert require_whole(depot, rows) == 2, change
            assert depot.tables() == ["plans", "plans__quarantine"]
            assert not (depot.root / ".analytics/loads/crm").exists()


@pytest.fixture
def depot(tmp_path, api):
    """A warehouse on a disk of its own, one source on this one, which has been loaded."""
    depot = make_depot(tmp_path / "depot", api, f"sqlite:///{tmp_path}/small/warehouse.db")
    depot.source(SOURCE % "plans.jsonl")
    return depot


def write_large(depot):
    dice = random.Random(1)
    lines = [f'{{"id": {number}, "name": "{dice.randbytes(50_000).hex()}"}}\n' for number in range(50)]
    (depot.root / "plans.jsonl").write_text("".join(lines))


def test_a_full_disk_while_a_file_lands(tmp_path, depot):
    with small_disk(tmp_path / "small", "2m") as resize:
        (depot.root / "plans.jsonl").write_text('{"id": 1, "name": "old"}\n')
        depot.load()
        write_large(depot)
        with pytest.raises(AnalyticsError, match=r"(?i)full") as caught:
            depot.load()
        assert "warehouse" in str(caught.value)
        assert depot.rows("id, name", "plans") == [(1, "old")]
        assert depot.state().status == "failed"
        resize("64m")
        assert depot.load().total == 50
        assert depot.tables() == ["plans", "plans__quarantine"]


def test_a_full_disk_while_a_file_is_read(tmp_path, depot):
    (tmp_path / "small").mkdir()
    write_large(depot)
    with small_disk(depot.root / ".analytics", "1m") as resize:
        with pytest.raises(PublishError, match="the disk is full: what was fetched could not be written"):
            depot.load()
        resize("64m")
        assert depot.load().total == 50


def test_a_full_disk_while_a_file_is_copied(tmp_path, depot, monkeypatch):
    (tmp_path / "small").mkdir()
    write_large(depot)
    with fsspec.open("memory://shop/plans.jsonl", "wb") as stream:
        stream.write((depot.root / "plans.jsonl").read_bytes())
    depot.source(SOURCE % "memory://shop/plans.jsonl")
    with small_disk(tmp_path / "copies", "1m"):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
        with pytest.raises(PublishError) as caught:
            depot.load()
        assert str(caught.value) == (
            f"{tmp_path}/copies: the disk is full: memory://shop/plans.jsonl could not be copied; "
            "make room there, or let TMPDIR name a folder of another disk"
        )
        assert list((tmp_path / "copies").iterdir()) == []
        monkeypatch.undo()
    assert depot.load().total == 50

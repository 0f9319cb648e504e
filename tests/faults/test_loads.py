"""Loads that die: before each of their changes, and by ``kill -9`` at random moments. Nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from contextlib import suppress

import pytest
from support.databases import ALL, database
from support.load_process import Loader
from support.loading import CRM, INCREMENTAL, contacts, make_depot
from support.rest import Api, serve

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def api():
    api = Api(size=4)
    server = serve(api)
    yield api
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def loader():
    with Loader() as loader:
        yield loader


def edition(number):
    """Return ten rows as they are at a time: rows of a key change, one is new, one is not fit."""
    rows = [{**row, "name": f"e{number}"} for row in contacts(10 + number, day=number)]
    rows[3]["score"] = "many" if number > 1 else 40
    return rows


def require_whole(depot, *editions, unfit=True):
    """All rows are of one edition, but for the one that is not fit; none is there twice, none is lost."""
    rows, counts, held = depot.answers(
        "select id, name from contacts", "select count(*), count(distinct id) from contacts",
        "select count(*) from contacts__quarantine",
    )  # fmt: skip
    names = [name for row, name in rows if row != 4 or not unfit]
    assert {int(name[1:]) for name in names} <= set(editions)
    assert len(set(names)) == 1
    assert len(names) == 9 + int(names[0][1:]) + (not unfit)
    assert counts == [(len(names) + unfit,) * 2]
    assert held == [(0,)] if names[0] == "e1" or not unfit else held == [(1,)]
    return int(names[0][1:])


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_every_point_of_a_load(tmp_path, api, loader, engine):
    """Of DuckDB the transactions: what lies on the disk is the same for all."""
    start = make_depot(tmp_path / "start", api, f"{engine}:///{tmp_path}/start/warehouse.db")
    start.source(CRM + INCREMENTAL)
    api.tables = {"/contacts": edition(1)}
    assert loader.load(start.root)["total"] == 11
    api.tables = {"/contacts": edition(2)}
    points = loader.load(copied(start, tmp_path / "whole").root)["changes"]
    assert points.count("commit") >= 4
    assert sum("page-" in each and each.startswith("os.rename") for each in points) == 3
    for number, change in enumerate(points, start=1):
        if engine == "duckdb" and change != "commit":
            continue
        depot = copied(start, tmp_path / "crash")
        assert loader.load(depot.root, crash=number) is None, change
        before = require_whole(depot, 1, 2)
        api.requests.clear()
        again = loader.load(depot.root)
        assert again["status"] == "loaded", change
        assert require_whole(depot, 2) == 2, change
        assert depot.state().status == "loaded"
        assert depot.state().loaded.mark == "2026-03-02T00:00:12Z"
        if before == 2:
            assert len(api.requests) <= 1, "what was fetched is not fetched again"
        assert depot.tables() == ["contacts", "contacts__quarantine"]
        assert not (depot.root / ".analytics/loads/crm").exists()


def copied(depot, root, url=None):
    """Return a copy; its warehouse lies in it, or at `url`."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(depot.root, root)
    made = make_depot(root, depot.api, url or depot.url.replace(str(depot.root), str(root)))
    shutil.copy(depot.root / "sources/crm.yml", root / "sources/crm.yml")
    return made


@pytest.mark.services
@pytest.mark.parametrize("full", [False, True], ids=["a new column", "another table"])
def test_every_point_of_a_load_into_mariadb(tmp_path, api, loader, services, full):
    """There each statement that makes or changes a table is an end of its own."""

    def coming(number):
        rows = [{**row, **({"town": "Ur"} if number > 1 else {})} for row in edition(number)]
        return [{**row, "score": str(row["score"])} for row in rows] if full and number > 1 else rows

    with database("mariadb", tmp_path, services) as kept, database("mariadb", tmp_path, services) as used:
        start = make_depot(tmp_path / "start", api, kept.url)
        start.source(CRM + INCREMENTAL)
        api.tables = {"/contacts": coming(1)}
        assert loader.load(start.root)["total"] == 11
        api.tables = {"/contacts": coming(2)}
        copy_tables(start, used.url)
        points = loader.load(copied(start, tmp_path / "whole", used.url).root, full=full)["changes"]
        assert any(each.startswith("commit by RENAME") for each in points) == full
        assert any(each.startswith("commit by ALTER") and "town" in each for each in points)
        for number, change in enumerate(points, start=1):
            if not change.startswith("commit"):
                continue
            copy_tables(start, used.url)
            depot = copied(start, tmp_path / "crash", used.url)
            assert loader.load(depot.root, crash=number, full=full) is None, change
            require_whole(depot, 1, 2, unfit=not full)
            assert loader.load(depot.root, full=full)["status"] == "loaded", change
            assert require_whole(depot, 2, unfit=not full) == 2, change
            assert depot.rows("count(distinct town)") == [(1,)]
            assert depot.tables() == ["contacts", "contacts__quarantine"]


def copy_tables(depot, url):
    """Let another database of MariaDB hold the same tables, and no others."""
    there, here = url.rpartition("/")[2], depot.url.rpartition("/")[2]
    target = make_depot(depot.root.parent / "target", depot.api, url)
    names = depot.tables()
    for name in target.tables():
        depot.sql(f"drop table {there}.{name}")
    for name in names:
        depot.sql(f"create table {there}.{name} like {here}.{name}")
        depot.sql(f"insert into {there}.{name} select * from {here}.{name}")


@pytest.fixture(params=ALL)
def depot(request, tmp_path, api, services):
    (tmp_path / "depot").mkdir()
    with database(request.param, tmp_path / "depot", services) as made:
        yield make_depot(tmp_path / "depot", api, made.url.replace("postgresql:", "postgresql+psycopg:"))


def test_loads_that_are_killed_at_random_moments(depot, api, loader):
    depot.source(CRM + INCREMENTAL)
    api.tables = {"/contacts": edition(1)}
    assert loader.load(depot.root)["total"] == 11
    api.tables = {"/contacts": edition(2)}
    begun = time.monotonic()
    assert loader.load(depot.root)["total"] == 12
    length = time.monotonic() - begun
    dice, killed, shown, coming = random.Random(2026), 0, 2, 3
    while killed < (8 if depot.url.startswith("duckdb") else 6):
        assert coming < 60, "loads end before they are killed"
        api.tables = {"/contacts": edition(coming)}
        pid = loader.start(depot.root)
        time.sleep(dice.uniform(0, length))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        done = loader.end()
        shown = require_whole(depot, shown, coming)
        if done is not None:
            assert shown == coming
            coming += 1
        killed += done is None
    assert loader.load(depot.root)["status"] == "loaded"
    assert require_whole(depot, coming) == coming
    assert depot.state().loaded.waiting == 1

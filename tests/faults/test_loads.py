"""Loads that die: before each of their changes, and by ``kill -9`` at random moments. Nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
import uuid
from contextlib import suppress

import pytest
import sqlalchemy as sa
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


def require_whole(depot, *editions):
    """All rows are of one edition, but for the one that is not fit; none is there twice, none is lost."""
    rows, counts, held = depot.answers(
        "select id, name from contacts", "select count(*), count(distinct id) from contacts",
        "select count(*) from contacts__quarantine",
    )  # fmt: skip
    names = [name for row, name in rows if row != 4]
    assert {int(name[1:]) for name in names} <= set(editions)
    assert len(set(names)) == 1
    assert len(names) == 9 + int(names[0][1:])
    assert counts == [(len(names) + 1,) * 2]
    assert held == [(0,)] if names[0] == "e1" else held == [(1,)]
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


def copied(depot, root):
    """Return a copy whose warehouse lies in it."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(depot.root, root)
    made = make_depot(root, depot.api, depot.url.replace(str(depot.root), str(root)))
    shutil.copy(depot.root / "sources/crm.yml", root / "sources/crm.yml")
    return made


@pytest.fixture(params=["duckdb", "sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def depot(request, tmp_path, api, services):
    if request.param != "postgresql":
        yield make_depot(tmp_path / "depot", api, f"{request.param}:///{tmp_path}/depot/warehouse.db")
        return
    url = services.postgresql().replace("postgresql:", "postgresql+psycopg:")
    server, schema = sa.create_engine(url, poolclass=sa.NullPool), f"loads_{uuid.uuid4().hex[:12]}"
    with server.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    yield make_depot(tmp_path / "depot", api, f"{url}?options=-csearch_path%3D{schema}")
    with server.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))


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

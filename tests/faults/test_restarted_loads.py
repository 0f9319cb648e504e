"""The warehouse's server is restarted while a load lands: old rows or new ones, never some of both, and none lost."""

from __future__ import annotations

import random
import threading
import time

import psycopg
import pytest
from support.clusters import cluster
from support.loading import CRM, make_depot
from support.rest import Api, serve

from analytics_lib.errors import ConnectionFailed

pytestmark = [pytest.mark.services, pytest.mark.slow]

COUNT = 2_000
SLOW = (
    "create function slow() returns event_trigger language plpgsql as 'begin perform pg_sleep(0.4); end'",
    "create event trigger slow on ddl_command_end execute function slow()",
)
"""Tables then take a while to make, so that a test meets each step."""
STEPS = {
    "staged": "CREATE TABLE contacts__stage",
    "settled": "CREATE TABLE contacts__clean",
    "switched": "DELETE FROM contacts ",
}


@pytest.fixture(scope="module")
def server():
    with cluster("postgresql") as made:
        yield made


@pytest.fixture
def depot(server, tmp_path):
    api = Api(size=COUNT)
    serving = serve(api)
    with server.session() as session:
        session.execute("drop schema public cascade")
        session.execute("create schema public")
    depot = make_depot(tmp_path / "depot", api, server.url.replace("postgresql:", "postgresql+psycopg:"))
    depot.source(CRM)
    publish(depot, "old")
    assert depot.load().total == COUNT
    yield depot
    serving.shutdown()
    serving.server_close()


def publish(depot, name):
    depot.api.tables = {"/contacts": [{"id": number, "name": name} for number in range(COUNT)]}


def require_whole(depot, *names):
    """All rows are of one edition; return which."""
    ((total, different, least, most),) = depot.sql(
        "select count(*), count(distinct id), min(name), max(name) from contacts"
    )
    assert (total, different) == (COUNT, COUNT)
    assert least == most
    assert least in names
    return least


def require_landed(depot, name):
    assert require_whole(depot, name) == name
    assert depot.tables() == ["contacts", "contacts__quarantine"]
    assert depot.state().status == "loaded"


@pytest.mark.parametrize("mode", ["fast", "immediate"])
@pytest.mark.parametrize("step", STEPS)
def test_a_restart_at_each_step(server, depot, mode, step):
    publish(depot, "new")
    with server.session() as session:
        for statement in SLOW:
            session.execute(statement)
    holding = psycopg.connect(server.url)
    holding.execute("lock table contacts in share mode")  # who writes to it waits
    done = []

    def restart():
        until = time.monotonic() + 60
        while not server.active(STEPS[step]):
            if time.monotonic() > until:
                return
        server.restart(mode)
        done.append(mode)

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        with pytest.raises(ConnectionFailed) as caught:
            depot.load()
    finally:
        thread.join()
        holding.close()
    assert done == [mode]
    assert "went away" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert require_whole(depot, "old") == "old"
    assert depot.state().status == "failed"
    with server.session() as session:
        session.execute("drop event trigger slow")
    asked = len(depot.api.requests)
    depot.load()
    assert len(depot.api.requests) <= asked + 1, "what was fetched is not fetched again"
    require_landed(depot, "new")


def test_restarts_at_random_moments(server, depot):
    publish(depot, "1")
    begun = time.monotonic()
    depot.load()
    length, dice, shown = time.monotonic() - begun, random.Random(2026), "1"
    for number in range(2, 6):
        coming = str(number)
        publish(depot, coming)
        timer = threading.Timer(dice.uniform(0, length), server.restart, [dice.choice(["fast", "immediate"])])
        timer.start()
        try:
            depot.load()
        except ConnectionFailed:
            timer.join()
            shown = require_whole(depot, shown, coming)
            depot.load()
        timer.join()
        require_landed(depot, coming)
        shown = coming


def test_a_server_that_is_down(server, depot):
    publish(depot, "new")
    server.stop("fast")
    try:
        with pytest.raises(ConnectionFailed, match="the database of connection 'warehouse' cannot be opened"):
            depot.load()
    finally:
        server.start()
    assert require_whole(depot, "old") == "old"
    depot.load()
    require_landed(depot, "new")

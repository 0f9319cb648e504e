"""PostgreSQL and MariaDB are restarted while they are read from and written to: as an operator does it, and by a crash.

Reads are asked again once the server is up, as long as no row was handed out; writes are whole or were never there.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pytest
from support.clusters import cluster

from analytics_lib.connectors import open_connection
from analytics_lib.connectors.writing.aside import STAGE
from analytics_lib.errors import ConnectionFailed
from analytics_lib.model.connections import ConnectionSpec

pytestmark = [pytest.mark.services, pytest.mark.slow]

SLOW = {
    "postgresql": "select i, pg_sleep(0.3) is null as waited from generate_series(1, 4) i",
    "mariadb": "select seq as i, sleep(0.3) as waited from seq_1_to_4",
}
WIDE = {
    "postgresql": "select i, repeat('x', 1000) as pad from generate_series(1, 300000) i",
    "mariadb": "select seq as i, repeat('x', 1000) as pad from seq_1_to_300000",
}
LOADED = {"postgresql": "copy plans", "mariadb": "insert into plans"}
PLANS = [(1, "a"), (2, "b")]


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def server(request):
    with cluster(request.param) as made:
        made.kind = request.param
        yield made


@pytest.fixture(params=["fast", "immediate"])
def mode(request):
    return request.param


@pytest.fixture
def lab(server):
    with open_connection(ConnectionSpec("lab", server.url, False, "analytics.toml:5")) as lab:
        lab.execute("drop table if exists plans")
        lab.execute("drop table if exists fresh")
        lab.write("plans", pd.DataFrame(PLANS, columns=["id", "plan"]))
        yield lab


def plans(lab):
    return [*lab.sql("select id, plan from plans order by id").itertuples(index=False, name=None)]


def tables(lab):
    return sorted(name.rpartition(".")[2] for name in lab.tables())


@contextmanager
def restarted(server, mode, marker):
    """Restart the server as soon as a statement that holds a text is under way; it is up again after the block."""
    done = []

    def restart():
        until = time.monotonic() + 60
        while not server.active(marker):
            if time.monotonic() > until:
                return
            time.sleep(0.02)
        server.restart(mode)
        done.append(mode)

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert done == [mode], f"no statement with {marker} was seen"


def marked(query, name):
    return f"{query} where '{name}' <> ''"


@pytest.mark.parametrize("values", [{}, {"x": 0}], ids=["plain", "with values"])
@pytest.mark.parametrize("way", ["sql", "arrow", "stream"])
def test_a_read_is_asked_again(server, lab, mode, way, values):
    name = f"again_{way}_{mode}_{len(values)}"
    query = marked(SLOW[server.kind], name) + (" and 1 > :x" if values else "")
    through_cursor = server.kind == "postgresql" and way == "stream" and values
    with restarted(server, mode, "FETCH FORWARD" if through_cursor else name):
        answer = getattr(lab, way)(query, **values)
        rows = sum(len(batch) for batch in answer) if way == "stream" else len(answer)
    assert rows == 4


def test_a_server_that_was_restarted_between_two_reads(server, lab, mode):
    lab.sql("select 1 as a")
    lab.arrow("select 1 as a")
    server.restart(mode)
    assert lab.sql("select 2 as a")["a"].tolist() == [2]
    assert lab.arrow("select 3 as a")["a"].to_pylist() == [3]


def test_a_server_that_stays_down(server, lab, mode):
    server.stop(mode)
    try:
        with pytest.raises(ConnectionFailed, match=r"the database of connection 'lab' (went away|cannot be opened)"):
            lab.write("plans", pd.DataFrame({"id": [3], "plan": ["c"]}))
    finally:
        server.start()
    assert plans(lab) == PLANS


@pytest.mark.parametrize("values", [{}, {"x": 0}], ids=["plain", "with values"])
def test_rows_that_were_handed_out_are_not_handed_out_again(server, lab, mode, values):
    name = f"stream_{mode}_{len(values)}"
    query = marked(WIDE[server.kind], name) + (" and 1 > :x" if values else "")
    rows = lab.stream(query, batch=100, **values)
    seen = next(rows)["i"].to_pylist()
    server.restart(mode)
    with pytest.raises(ConnectionFailed) as caught:
        for batch in rows:
            seen += batch["i"].to_pylist()
    assert str(caught.value).startswith("analytics.toml:5: the database of connection 'lab' went away: ")
    assert "\n" not in str(caught.value)
    assert seen == [*range(1, len(seen) + 1)]
    assert len(seen) < 300_000
    assert lab.sql("select 1 as a")["a"].tolist() == [1]


class Batches:
    """Rows that come slowly; who asks for them a second time is found out."""

    def __init__(self, first=10):
        self.asked = []
        self._first = first

    def __iter__(self):
        for number in range(400):
            self.asked.append(number)
            time.sleep(0.02)
            yield pa.RecordBatch.from_pydict({"id": [self._first + number], "plan": ["x" * 200_000]})


@pytest.mark.parametrize(
    ("table", "options"),
    [
        ("plans", {"mode": "append"}),
        ("plans", {"mode": "replace"}),
        ("plans", {"mode": "upsert", "key": "id"}),
        ("fresh", {"mode": "append"}),
        ("fresh", {"mode": "upsert", "key": "id"}),
    ],
    ids=["append", "replace", "upsert", "a new table", "a new table with a key"],
)
def test_no_write_is_done_again_or_half_done(server, lab, mode, table, options):
    batches = Batches(first=1)
    is_aside = options["mode"] == "upsert" or (server.kind == "mariadb" and table == "fresh")
    marker = STAGE if is_aside else LOADED[server.kind].replace("plans", table)
    with restarted(server, mode, marker), pytest.raises(ConnectionFailed) as caught:
        lab.write(table, batches, **options)
    assert "\n" not in str(caught.value)
    assert batches.asked == [*range(len(batches.asked))]
    assert len(batches.asked) < 400
    assert plans(lab) == PLANS
    assert [name for name in tables(lab) if not name.startswith(STAGE)] == ["plans"]
    lab.write(table, pd.DataFrame({"id": [2, 3], "plan": ["b", "c"]}), mode="upsert", key="id")
    assert len(lab.sql(f"select id from {table}")) == (3 if table == "plans" else 2)
    assert tables(lab) == sorted({"plans", table}), "what was left behind is swept"

"""PostgreSQL ends a session: a read is asked again once, as long as nothing was handed out; a write never is."""

from __future__ import annotations

import threading
import time

import pandas as pd
import psycopg
import pyarrow as pa
import pytest
from support.databases import database

from analytics_lib.errors import ConnectionFailed, DataError

pytestmark = pytest.mark.services

SLOW = "select i, pg_sleep(0.2) is null as waited from generate_series(1, 4) i"


@pytest.fixture
def made(tmp_path, services):
    with database("postgresql", tmp_path, services) as made:
        made.lab = made.open()
        made.lab.write("plans", pd.DataFrame({"id": [1, 2], "plan": ["a", "b"]}))
        yield made


def end(url, marker, times=1):
    """End sessions whose present statement holds the marker, as many as `times`; return their number."""
    ended = 0
    until = time.monotonic() + 20
    with psycopg.connect(url.partition("?")[0], autocommit=True) as connection:
        while ended < times and time.monotonic() < until:
            found = connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where query like %s and pid <> pg_backend_pid() and state = 'active'",
                [f"%{marker}%"],
            ).fetchall()
            ended += len(found)
            time.sleep(0.05 if not found else 0.3)
    return ended


def while_ending(made, marker, work, times=1):
    """Do something while its sessions are ended."""
    ended = []
    thread = threading.Thread(target=lambda: ended.append(end(made.url, marker, times)))
    thread.start()
    try:
        return work()
    finally:
        thread.join()
        assert ended == [times]


@pytest.mark.parametrize("values", [{}, {"x": 0}], ids=["beside", "sqlalchemy"])
@pytest.mark.parametrize("way", ["sql", "arrow"])
def test_a_read_is_asked_again(made, way, values):
    marker = f"lost_{way}_{len(values)}"
    query = f"{SLOW} where '{marker}' <> ''" + (" and i > :x" if values else "")
    answer = while_ending(made, marker, lambda: getattr(made.lab, way)(query, **values))
    assert len(answer) == 4


def test_a_session_that_was_ended_between_two_reads(made):
    made.lab.sql("select 1 as idle_one")
    with psycopg.connect(made.url.partition("?")[0], autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'analytics_lib'"
        )
    assert made.lab.sql("select 1 as a")["a"].tolist() == [1]
    assert made.lab.arrow("select 2 as a")["a"].to_pylist() == [2]


def test_only_once(made):
    marker = "lost_twice"
    with pytest.raises(ConnectionFailed, match=r"went away|cannot be opened") as caught:
        while_ending(made, marker, lambda: made.lab.sql(f"{SLOW} where '{marker}' <> ''"), times=2)
    assert "\n" not in str(caught.value)
    assert made.lab.sql("select 1 as a")["a"].tolist() == [1]


@pytest.mark.parametrize("values", [{}, {"x": 0}], ids=["beside", "sqlalchemy"])
def test_rows_that_were_handed_out_are_not_handed_out_again(made, values):
    marker = f"lost_stream_{len(values)}"
    wide = f"select i, repeat('x', 1000) as pad, '{marker}' as m from generate_series(1, 400000) i"
    rows = made.lab.stream(wide + (" where i > :x" if values else ""), batch=100, **values)
    first = next(rows)["i"].to_pylist()
    with psycopg.connect(made.url.partition("?")[0], autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'analytics_lib'"
        )
    seen = [*first]
    with pytest.raises(ConnectionFailed, match=r"went away|cannot be opened"):
        for batch in rows:
            seen += batch["i"].to_pylist()
    assert seen == [*range(1, len(seen) + 1)]
    assert len(seen) < 400_000


def test_no_write_is_done_again(made):
    asked = []

    def batches():
        for number in range(200):
            asked.append(number)
            time.sleep(0.02)
            yield pa.RecordBatch.from_pydict({"id": [10 + number], "plan": ["x" * 2_000_000]})

    with pytest.raises(DataError):
        while_ending(made, "copy plans", lambda: made.lab.write("plans", batches()))
    assert asked == [*range(len(asked))]
    assert made.lab.sql("select id from plans order by id")["id"].tolist() == [1, 2]

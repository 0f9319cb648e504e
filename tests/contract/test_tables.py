"""Which tables a query reads, and whether they are as they were, as PostgreSQL tells."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from support.tables import OBJECTS, Server

from analytics_lib.connectors import Reads, open_connection
from analytics_lib.errors import QueryError
from analytics_lib.model.connections import ConnectionSpec

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def database(services):
    """A database of its own: functions and types that others make there would be changes here."""
    url = services.postgresql()
    name = f"tables_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield url.rsplit("/", 1)[0] + f"/{name}"
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def server(database):
    schema = f"shop_{uuid.uuid4().hex[:10]}"
    server = Server(database, schema)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create schema {schema}")
        try:
            server.write(OBJECTS)
            yield server
        finally:
            server.connection.close()
            connection.execute(f"drop schema {schema} cascade")


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("select 1", []),
        ("select * from orders", ["orders"]),
        ("select count(*) from orders where exists (select 1 from other)", ["orders", "other"]),
        ('select * from "odd: % ""name"', ['"odd: % ""name"']),
        ("select * from larger", ["larger", "large", "orders"]),
        ("select * from kept", ["kept"]),
        ("select * from parts", ["parts", "parts_1", "parts_2"]),
        ("select * from parts where day = '2026-01-05'", ["parts", "parts_1"]),
        ("select * from base", ["base", "derived"]),
        ("select * from quick", ["quick"]),
        ("select total()", ["orders"]),
        ("select * from totals", ["totals", "orders"]),
        ("with a as (select * from orders) select * from a where false", ["orders"]),
    ],
)
def test_what_a_query_reads(server, query, tables):
    assert server.reads(query) == Reads(server.named(*tables))


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select last_value from ids", "sequence {schema}.ids moves without a trace"),
        ("select count(*) from pg_stat_activity", "pg_catalog.pg_stat_activity shows the server's own state"),
        ("select * from recent", "{schema}.recent asks for current_date"),
    ],
)
def test_what_no_fingerprint_covers(server, query, why):
    assert server.reads(query).untraceable == why.format(schema=server.schema)


def test_a_table_on_another_server(server):
    try:
        server.write(
            [
                "create extension if not exists file_fdw schema pg_catalog",
                "create server files foreign data wrapper file_fdw",
                "create foreign table remote (line text) server files options (filename '/etc/hostname')",
            ]
        )
    except psycopg.Error as error:
        pytest.skip(f"no foreign tables here: {error}")
    try:
        assert server.reads("select * from remote").untraceable.endswith(".remote lies on another server")
    finally:
        server.write("drop server files cascade")


def test_a_policy_that_asks_the_clock(server):
    server.write("create policy late on guarded as restrictive using (day < current_date)")
    told = server.reads("select * from guarded")
    assert told.untraceable.endswith(".guarded asks for current_date")


def test_catalogues_and_errors_leave_it_unknown(server):
    assert server.reads("select count(*) from pg_class").tables is None
    server.watcher.told.clear()
    with pytest.raises(QueryError):
        server.connection.sql("select nothing from orders")
    assert server.watcher.told == [Reads()]


@pytest.mark.parametrize("use", [lambda each: each.engine, lambda each: each.tables()], ids=["engine", "tables"])
def test_so_does_what_nobody_sees(server, use):
    server.watcher.told.clear()
    use(server.connection)
    assert server.watcher.told == [Reads()]


def test_the_watcher_sees_what_stands_behind_a_query(server):
    server.connection.sql("select * from larger where today_of() is not null")
    assert len(server.watcher.texts) == 4
    assert "current_date" in server.watcher.texts[-1] + server.watcher.texts[-2] + server.watcher.texts[-3]


@pytest.mark.parametrize(
    ("table", "tables"),
    [
        ("orders", ["orders"]),
        ("{schema}.larger", ["larger", "large", "orders"]),
        ('"odd: % ""name"', ['"odd: % ""name"']),
        ("parts", ["parts", "parts_1", "parts_2"]),
        ("totals", None),
        ("nowhere", None),
    ],
)
def test_what_stands_behind_a_table(server, table, tables):
    expected = None if tables is None else server.named(*tables)
    assert server.connection.tables_behind(table.format(schema=server.schema)).tables == expected


CHANGES = [
    ("orders", "insert into orders values (101, '2026-06-01', 1)"),
    ("orders", "update orders set amount = amount where id = 1"),
    ("orders", "delete from orders where id = 1"),
    ("orders", ["delete from orders where id = 1", "insert into orders values (1, '2026-01-02', 1)"]),
    ("orders", "truncate orders"),
    ("orders", "alter table orders add column note text default 'x'"),
    ("orders", "alter table orders rename column amount to sum"),
    ("orders", ["drop table orders cascade"]),
    ("orders", ["alter table orders rename to gone", "create table orders as select * from gone"]),
    ("large", "create or replace view large as select * from orders where amount > 60"),
    ("kept", ["update orders set amount = 0 where id = 7", "refresh materialized view kept"]),
    ("parts", "create table parts_3 partition of parts for values from ('2026-03-01') to ('2026-04-01')"),
    ("parts", "alter table parts detach partition parts_2"),
    ("base", "create table another () inherits (base)"),
    ("quick", "update quick set x = 2"),
    ("guarded", "drop policy few on guarded"),
    ("guarded", "alter table guarded disable row level security"),
    ("", "alter type mood rename value 'glad' to 'happy'"),
    ("", "create or replace function total() returns double precision stable language sql as 'select 1.0::float8'"),
    ("", "create function lower(mood) returns text immutable language sql as 'select ''x'''"),
]


@pytest.mark.parametrize(("table", "change"), CHANGES, ids=[str(change)[:60] for _, change in CHANGES])
def test_every_change_is_seen(server, table, change):
    key = f"{server.schema}.{table}" if table else ""
    before = server.fingerprints(table)
    assert before[key] is not None
    server.write(change)
    assert server.fingerprints(table)[key] != before[key]


def test_a_table_that_comes_to_hide_another_is_seen(server):
    """The same query would then read the new one."""
    before = server.fingerprints("orders")
    hiding = f"hiding_{server.schema}"
    server.write([f"create schema {hiding}", f"create table {hiding}.orders as select 1 as id"])
    try:
        assert server.fingerprints("orders") != before
    finally:
        server.write(f"drop schema {hiding} cascade")


@pytest.mark.parametrize(
    "change",
    [
        "insert into other values (2)",
        "truncate other",
        "vacuum orders",
        "analyze orders",
        "create table unrelated as select 1 as x",
        "create temporary table orders as select 1 as x",
        "select nextval('ids')",
        ["begin", "update orders set amount = 0", "rollback"],
        "checkpoint",
    ],
    ids=str,
)
def test_what_happens_elsewhere_is_not(server, change):
    before = server.fingerprints("orders", "large")
    assert None not in before.values()
    server.write(change)
    assert server.fingerprints("orders", "large") == before


def test_a_late_commit_of_an_early_transaction_is_seen(server):
    """The newest transaction in the table and the number of rows are the same before and after."""
    with psycopg.connect(server.url) as early:
        early.execute(f"set search_path = {server.schema}")
        early.execute("update orders set amount = -1 where id = 1")
        server.write("update orders set amount = -2 where id = 2")
        before = server.fingerprints("orders")
        early.commit()
    assert server.fingerprints("orders") != before


def test_what_is_too_large_or_of_another_kind_has_none(server, monkeypatch):
    from analytics_lib.connectors.engines import postgresql

    monkeypatch.setattr(postgresql, "HASHED_UP_TO", 100)
    found = server.fingerprints("orders", "large")
    assert found[f"{server.schema}.orders"] is None
    assert found[f"{server.schema}.large"] is not None
    assert server.connection.table_fingerprints([f"{server.schema}.nowhere"]) == {f"{server.schema}.nowhere": "gone"}


@pytest.fixture
def reader(server):
    """A connection of an account that is no superuser."""
    role = f"reader_{server.schema}"
    server.write([f"create role {role} login", f"grant usage on schema {server.schema} to {role}"])
    url = server.url.replace("postgres@", f"{role}@")
    connection = open_connection(ConnectionSpec("shop", f"{url}?options=-csearch_path%3D{server.schema}"))
    connection.role = role
    yield connection
    connection.close()
    server.write([f"drop owned by {role}", f"drop role {role}"])


def test_any_account_that_may_read_a_table_can_compare_it(server, reader):
    server.write(f"grant select on orders to {reader.role}")
    found = reader.table_fingerprints(["", f"{server.schema}.orders"])
    assert None not in found.values()
    assert reader.fingerprint()


def test_an_account_that_may_not_look_gets_none(server, reader):
    """The query itself may be one that it may run: of some columns only."""
    server.write(f"grant select (id) on orders to {reader.role}")
    assert len(reader.sql("select id from orders")) == 100
    assert reader.table_fingerprints([f"{server.schema}.orders"]) == {f"{server.schema}.orders": None}


def test_a_server_that_keeps_its_log_to_itself_has_no_fingerprint(server, reader):
    server.write("revoke execute on function pg_control_system() from public")
    try:
        assert reader.fingerprint() is None
        assert reader.table_fingerprints([""]) == {"": None}
    finally:
        server.write("grant execute on function pg_control_system() to public")

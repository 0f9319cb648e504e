"""A write through a read-only connection is refused on every engine, by the guard and by the engine itself."""

from __future__ import annotations

import sqlite3

import pytest
from support.shop import QUERY

from analytics_lib.connectors import open_connection
from analytics_lib.errors import QueryError, ReadOnlyError
from analytics_lib.model.connections import ConnectionSpec

HINT = "set `read_only = false` under [connections.shop] in analytics.toml"


class Engine:
    """A database with one table, and statements that write to it past the guard."""

    def __init__(self, url, past_the_guard, row_count):
        self.url = url
        self.past_the_guard = past_the_guard
        self.row_count = row_count

    def connection(self, *, read_only=True):
        return open_connection(ConnectionSpec("shop", self.url, read_only=read_only))


def duckdb(folder, services):
    engine = Engine(f"duckdb:///{folder}/shop.duckdb", ["with added as (select 9) insert into tried from added"], 1)
    return prepared(engine)


def sqlite(folder, services):
    sqlite3.connect(folder / "shop.sqlite").close()
    statement = "with added as (select 9) insert into tried select * from added"
    return prepared(Engine(f"sqlite:///{folder}/shop.sqlite", [statement], 1))


def postgresql(folder, services):
    past_the_guard = [
        "with gone as (delete from tried returning id) select * from gone",
        "select setval('tried_id', 5)",
    ]
    engine = prepared(Engine(services.postgresql(), past_the_guard, 1))
    with engine.connection(read_only=False) as connection:
        connection.execute("create sequence if not exists tried_id")
    return engine


def prepared(engine):
    with engine.connection(read_only=False) as connection:
        connection.execute("drop table if exists tried")
        connection.execute("create table tried (id integer)")
        connection.execute("insert into tried values (1)")
    return engine


@pytest.fixture(
    params=[duckdb, sqlite, pytest.param(postgresql, marks=pytest.mark.services)],
    ids=["duckdb", "sqlite", "postgresql"],
)
def engine(request, tmp_path, services):
    engine = request.param(tmp_path, services)
    yield engine
    with engine.connection(read_only=False) as connection:
        connection.execute("drop table tried")


@pytest.mark.parametrize("word", ["insert into tried values (2)", "drop table tried", "delete from tried"])
def test_the_guard_refuses_a_statement_that_does_not_read(engine, word):
    with engine.connection() as connection, pytest.raises(ReadOnlyError) as refused:
        connection.sql(word)
    assert str(refused.value) == (
        f"connection 'shop': the connection is read-only and the statement starts with {word.split()[0].upper()}; "
        "write one SELECT, or set `read_only = false` for the connection and use .execute()"
    )


def test_the_engine_refuses_what_the_guard_lets_through(engine):
    with engine.connection() as connection:
        for statement in engine.past_the_guard:
            with pytest.raises(ReadOnlyError) as refused:
                connection.sql(statement)
            assert refused.value.message.startswith("the connection is read-only: ")
            assert (refused.value.where, refused.value.hint) == ("connection 'shop'", HINT)
        assert len(connection.sql("select * from tried")) == engine.row_count


def test_the_engine_refuses_what_goes_past_sql(engine):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with (
        engine.connection() as connection,
        pytest.raises(DBAPIError, match=r"(?i)read-?only"),
        connection.engine.begin() as raw,
    ):
        raw.execute(text("insert into tried values (2)"))


def test_a_session_cannot_be_made_writable(engine):
    """A statement that would switch the read-only mode off is no reading one."""
    with engine.connection() as connection:
        for statement in ("set default_transaction_read_only = off", "pragma query_only = off", "begin read write"):
            with pytest.raises(ReadOnlyError):
                connection.sql(statement)
        with pytest.raises((ReadOnlyError, QueryError)):
            connection.sql("select 1; insert into tried values (2)")
        assert len(connection.sql("select * from tried")) == engine.row_count


def test_execute_on_a_read_only_connection(engine):
    with engine.connection() as connection, pytest.raises(ReadOnlyError) as refused:
        connection.execute("insert into tried values (2)")
    assert str(refused.value) == f"connection 'shop': the connection is read-only; {HINT}"


@pytest.mark.slow
def test_a_cell_that_writes(shop):
    shop.cell(QUERY, 'db.sql("delete from orders")')
    assert shop.stopped() == (
        "notebooks/orders.ipynb cell 4, line 1: the cell raised ReadOnlyError: connection 'warehouse': the connection "
        "is read-only and the statement starts with DELETE; write one SELECT, or set `read_only = false` for the "
        "connection and use .execute()."
    )

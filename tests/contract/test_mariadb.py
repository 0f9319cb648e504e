"""What MariaDB keeps besides moments: reads are only reads, statements end, values are bound."""

from __future__ import annotations

import pymysql
import pytest
import sqlalchemy as sa

from analytics_lib.connectors import open_connection
from analytics_lib.errors import ConnectionFailed, QueryError, ReadOnlyError
from analytics_lib.model.connections import ConnectionSpec

pytestmark = pytest.mark.services


@pytest.fixture
def opened(services):
    connections = []

    def opened(ending="", *, read_only=True):
        spec = ConnectionSpec("lab", services.mariadb() + ending, read_only, "analytics.toml:5")
        connections.append(open_connection(spec))
        return connections[-1]

    yield opened
    for connection in connections:
        connection.close()


def test_a_session_only_reads(opened):
    connection = opened()
    with pytest.raises(ReadOnlyError, match="starts with CREATE"):
        connection.sql("create table made (a integer)")
    with pytest.raises(ReadOnlyError, match="the connection is read-only: Cannot execute"):  # past the guard
        connection.run(sa.text("create table made (a integer)"), "", {})


def test_a_statement_ends_in_time(opened):
    with pytest.raises(QueryError, match="max_statement_time exceeded"):
        opened("?statement_limit=1").sql(
            "select count(*) from seq_1_to_100000 a, seq_1_to_100000 b where a.seq > b.seq"
        )
    with pytest.raises(ConnectionFailed, match="statement_limit is 'soon'; it is a number of seconds"):
        opened("?statement_limit=soon").ping()


@pytest.mark.parametrize("hostile", ["' or '1'='1", "\\'; delete from orders; --", ":x", "%s", "%(x)s", '"', "`"])
def test_a_value_is_never_part_of_the_statement(opened, hostile):
    assert opened().sql("select :x as said, 'a\\' as b, '100 %' as c", x=hostile).iloc[0].tolist() == [
        hostile,
        "a\\",
        "100 %",
    ]


def test_names_stand_in_double_quotes(opened):
    assert opened().sql('select 1 as "odd name"').columns.tolist() == ["odd name"]


def test_a_server_that_is_not_there(services):
    services.mariadb()
    spec = ConnectionSpec("lab", "mariadb://root:secret@127.0.0.1:3999/test", True, "analytics.toml:5")
    with pytest.raises(ConnectionFailed) as error:
        open_connection(spec).ping()
    assert "is the server up" in str(error.value)
    assert "secret" not in str(error.value)


def test_views_are_looked_into(opened, services):
    services.mariadb()
    with pymysql.connect(host="127.0.0.1", user="root", database="test").cursor() as cursor:
        cursor.execute("create or replace view recent_test as select now() as moment")
    try:
        seen = []

        class Watcher:
            def query(self, query, values):
                seen.append(query)

            def reads(self, connection, reads):
                pass

        spec = ConnectionSpec("lab", services.mariadb())
        with open_connection(spec, watcher=Watcher()) as connection:
            connection.table("recent_test").count()
    finally:
        with pymysql.connect(host="127.0.0.1", user="root", database="test").cursor() as cursor:
            cursor.execute("drop view recent_test")
    assert any("current_timestamp" in each or "now()" in each for each in seen)

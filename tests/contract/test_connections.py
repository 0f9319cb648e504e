"""What every connection keeps, whatever the engine: values are bound, reads are only reads, changes are noticed."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from analytics_lib.errors import ConnectionFailed, DataError, QueryError, ReadOnlyError


def ids(frame):
    return sorted(int(each) for each in frame["id"])


@pytest.mark.parametrize(
    ("condition", "value", "found"),
    [
        ("id = :x", 2, [2]),
        ("id = :x", np.int64(2), [2]),
        ("amount > :x", 10.5, [2]),
        ("amount = :x", Decimal("20.25"), [2]),
        ("customer = :x", "Ada", [1]),
        ("customer = :x", np.str_("Ada"), [1]),
        ("customer = :x", "O'Hara; --", [3]),
        ("paid = :x", True, [1]),
        ("paid = :x", np.bool_(False), [2]),
        # ISO text compares with dates as a literal does.
        ("day >= :x", "2026-01-02", [2, 3]),
        ("day = :x", date(2026, 1, 1), [1]),
        ("placed >= :x", "2026-01-02 09:00:00", [2, 3]),
        ("placed < :x", datetime(2026, 1, 2, 8, 59), [1]),  # noqa: DTZ001 - the column has no zone
        ("placed < :x", pd.Timestamp("2026-01-02 08:59"), [1]),
        ("id = :x", None, []),
        ("day < :x", pd.NaT, []),
    ],
)
def test_values_of_all_kinds_are_bound(shop, condition, value, found):
    assert ids(shop.sql(f"select id from orders where {condition}", x=value)) == found


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("id in :xs", [1, 3], [1, 3]),
        ("id in :xs", (2,), [2]),
        ("id not in :xs", np.array([1, 2]), [3]),
        ("customer in :xs", ["Ada", "O'Hara; --"], [1, 3]),
        ("day in :xs", ["2026-01-01", "2026-01-02"], [1, 2]),
        ("id in :xs", pd.Series([1, 2]), [1, 2]),
    ],
)
def test_lists_expand(shop, condition, values, found):
    assert ids(shop.sql(f"select id from orders where {condition}", xs=values)) == found


@pytest.mark.parametrize(
    "hostile",
    [
        "' or '1'='1",
        "x'; drop table orders; --",
        "\\'; delete from orders; --",
        ":x",
        "%s",
        "%(x)s",
        "{x}",
        "?",
        "$1",
        "a\x01b",
    ],
)
def test_a_value_is_never_part_of_the_statement(shop, hostile):
    assert ids(shop.sql("select id from orders where customer = :x", x=hostile)) == []
    assert shop.sql("select :x as said", x=hostile)["said"].tolist() == [hostile]
    assert ids(shop.sql("select id from orders where customer in :xs", xs=[hostile, "Bob"])) == [2]
    assert len(shop.sql("select id from orders")) == 3


def test_text_that_looks_like_placeholders_stays(shop):
    frame = shop.sql("select ':no' as a, '100 %' as b, 'c\\:d' as c, :x as d -- :neither", x=1)
    assert frame.iloc[0].tolist() == [":no", "100 %", "c\\:d", 1]


def test_nulls_arrive_as_missing(shop):
    row = shop.sql("select amount, paid, null as empty from orders where id = 3").iloc[0]
    assert row.isna().tolist() == [True, True, True]


def test_numbers_arrive_as_numbers(shop):
    frame = shop.sql("select id, amount, count(*) over () as n from orders where id < 3 order by id")
    assert all(pd.api.types.is_numeric_dtype(frame[column]) for column in frame)
    assert frame["amount"].tolist() == [10.5, 20.25]


def test_no_rows_keep_their_columns(shop):
    frame = shop.sql("select id, customer from orders where id = 99")
    assert list(frame.columns) == ["id", "customer"]
    assert frame.empty


REFUSED = [
    "insert into orders (id) values (4)",
    "update orders set amount = 0",
    "delete from orders",
    "drop table orders",
    "create table copied as select * from orders",
    "alter table orders rename to gone",
    "copy orders to '/tmp/orders.csv'",
    "pragma query_only = off",
    "set default_transaction_read_only = off",
    "attach 'other.db' as other",
    # Behind words that read.
    "with gone as (delete from orders returning *) select * from gone",
    "with one as (select 1) insert into orders (id) select 4 from one",
    "explain analyze insert into orders (id) values (4)",
    "select * into copied from orders",
    "table orders; drop table orders",
    # More than one statement.
    "select 1; drop table orders",
    "select 1 -- ;\n; delete from orders",
    "select ';'; delete from orders where ';' = ';'",
    "select E'\\''; commit; set session characteristics as transaction read write; drop table orders; select '",
    "select 1 as a$$; commit; set session characteristics as transaction read write; drop table orders; select 1 as $$",
    "select 1 /* /* */ ' */ ; commit; drop table orders; -- '",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_reading_is_all_that_a_query_does(shop, statement):
    with pytest.raises(DataError):
        shop.sql(statement)
    assert len(shop.sql("select * from orders")) == 3
    assert [name for name in ("copied", "gone") if name in shop.tables()] == []


@pytest.mark.parametrize("statement", REFUSED[:5])
def test_a_plain_write_is_refused_by_name(shop, statement):
    with pytest.raises(ReadOnlyError, match="read-only") as caught:
        shop.sql(statement)
    assert "read_only = false" in caught.value.hint


@pytest.mark.parametrize(
    "trick",
    [
        "select set_config('default_transaction_read_only', 'off', false)",
        "select set_config('transaction_read_only', 'off', false)",
        "select * from pragma_query_only(0)",
        "select * from pragma_query_only('off')",
    ],
)
def test_a_query_does_not_switch_the_guard_off(shop, trick):
    for _ in range(2):
        with suppress(DataError):  # most engines know no such function
            shop.sql(trick)
        with pytest.raises(DataError):
            shop.sql("with gone as (delete from orders returning *) select * from gone")
        with pytest.raises(DataError):
            shop.sql("with one as (select 1) insert into orders (id) select 4 from one")
    assert len(shop.sql("select * from orders")) == 3


def test_the_engine_itself_is_read_only(shop):
    """The guard in front is for the sentence; behind it the database refuses too."""
    import sqlalchemy as sa

    with shop.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.text("insert into orders (id) values (4)"))


def test_execute_needs_a_writing_connection(engine):
    shop = engine.open()
    with pytest.raises(ReadOnlyError):
        shop.execute("delete from orders")
    shop.close()
    writing = engine.open(read_only=False)
    writing.execute("insert into orders (id, customer) values (:id, :customer)", id=4, customer="Eve'; --")
    writing.close()
    assert engine.open().sql("select customer from orders where id = 4")["customer"].tolist() == ["Eve'; --"]


def test_the_fingerprint_changes_with_the_data_and_only_then(engine):
    shop = engine.open()
    # PostgreSQL's log also moves by itself, rarely: it is enough that it can stand still.
    assert any(shop.fingerprint() == shop.fingerprint() for _ in range(5))
    before = shop.fingerprint()
    shop.sql("select count(*) from orders")
    engine.write("update orders set amount = 11 where id = 1")
    after = shop.fingerprint()
    assert len({before, after}) == 2
    assert before
    assert after


def test_tables_of_the_default_schema_go_without_its_name(shop):
    assert [name for name in shop.tables() if "." not in name] == ["large", "orders"]


def test_tables_of_other_schemas_go_with_it(engine):
    if engine.kind == "sqlite":
        return  # it has no schemas
    name = f"stock_{uuid.uuid4().hex[:8]}"
    engine.write(f"create schema {name}", f"create table {name}.parts (id integer)")
    try:
        assert f"{name}.parts" in engine.open().tables()
    finally:
        engine.write(f"drop schema {name} cascade")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select colour from orders", "colour"),
        ("select * from ordrs", "ordrs"),
        ("selec * from orders", "SELEC"),
        ("select id from where id = 1", "where"),
        ("select 1/0 from orders where id = :x::nothing", "the query names :x"),
    ],
)
def test_a_bad_query_is_a_sentence(shop, query, words):
    with pytest.raises(DataError) as caught:
        shop.sql(query)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "sqlalche.me" not in str(caught.value)


def test_ping_and_reopening(engine):
    shop = engine.open()
    shop.ping()
    shop.close()
    shop.close()
    shop.ping()
    with shop as same:
        assert same is shop


def test_every_query_is_observed_before_it_runs(engine):
    from analytics_lib.connectors import open_connection

    seen = []

    class Watcher:
        def query(self, query, values):
            seen.append((query, dict(values)))

        def reads(self, connection, reads):
            seen.append((connection, reads.tables))

    watched = open_connection(engine.open()._spec, watcher=Watcher())
    engine.opened.append(watched)
    with pytest.raises(QueryError):
        watched.sql("select nothing from orders where id = :x", x=1)
    assert seen == [("select nothing from orders where id = :x", {"x": 1}), ("shop", None)]


def test_what_it_shows_of_itself(engine):
    connection = engine.open(url="postgresql://analyst:s3cret@host/db")
    assert "s3cret" not in repr(connection)
    assert "read-only" in repr(connection)


class TestUnreachable:
    """No server and no engine needed: nothing listens there."""

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("duckdb:////nowhere/at/all.duckdb", "cannot be opened"),
            ("sqlite:////nowhere/at/all.db", "/nowhere/at/all.db"),
            ("postgresql://analyst:s3cret@127.0.0.1:9/db", "cannot be opened"),
            ("postgresql://analyst:s3cret@127.0.0.1:9/db?connect_timeout=1", "cannot be opened"),
            ("oracle://analyst:s3cret@127.0.0.1/db", "unknown kind 'oracle'"),
            ("no url", "cannot be read"),
        ],
    )
    def test_a_sentence_without_the_password(self, url, words):
        from analytics_lib.connectors import open_connection
        from analytics_lib.model.connections import ConnectionSpec

        with pytest.raises(ConnectionFailed) as caught:
            open_connection(ConnectionSpec("shop", url, where="analytics.toml:5")).ping()
        assert words in str(caught.value)
        assert "s3cret" not in str(caught.value)
        assert caught.value.where == "analytics.toml:5"

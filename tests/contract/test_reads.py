"""Ways of reading besides `.sql`: Arrow tables, streams, plans; limits of rows and time; comments for the server."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from analytics_lib.connectors.engines import adbc
from analytics_lib.connectors.engines.comments import comment
from analytics_lib.errors import DataError, InputError, QueryError, ReadOnlyError
from analytics_lib.model.handover import REPORT, RUN_FOLDER

QUERY = "select id, customer, amount from orders order by id"


def limited(engine, **limits):
    from dataclasses import replace

    from analytics_lib.connectors import open_connection

    connection = open_connection(replace(engine.open()._spec, **limits))
    engine.opened.append(connection)
    return connection


def test_an_arrow_table(shop):
    table = shop.arrow(QUERY)
    assert isinstance(table, pa.Table)
    assert table.to_pylist()[0] == {"id": 1, "customer": "Ada", "amount": 10.5}
    assert shop.arrow("select id from orders where customer = :x", x="O'Hara; --").to_pylist() == [{"id": 3}]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_stream_comes_in_batches_of_one_schema(shop, size):
    batches = list(shop.stream(QUERY, batch=size))
    assert all(0 < each.num_rows <= size for each in batches)
    assert pa.Table.from_batches(batches).to_pylist() == shop.arrow(QUERY).to_pylist()
    assert len(batches) == -(-3 // size)


def test_a_stream_with_values(shop):
    (batch,) = shop.stream("select id from orders where id in :ids order by id", ids=[1, 3])
    assert batch.to_pylist() == [{"id": 1}, {"id": 3}]


def test_a_stream_that_is_left_half_way_frees_its_connection(shop):
    for _ in range(30):  # more than a pool holds
        rows = shop.stream(QUERY, batch=1)
        next(rows)
        rows.close()
    assert len(shop.sql(QUERY)) == 3


def test_other_queries_run_while_a_stream_is_open(shop):
    seen = []
    for batch in shop.stream(QUERY, batch=1):
        seen += shop.sql("select customer from orders where id = :x", x=batch["id"][0].as_py())["customer"].tolist()
    assert seen == ["Ada", "Bob", "O'Hara; --"]


@pytest.mark.parametrize("read", ["arrow", "stream", "explain"])
def test_all_ways_refuse_what_sql_refuses(shop, read):
    ask = getattr(shop, read)
    with pytest.raises(ReadOnlyError, match="starts with DELETE"):
        ask("delete from orders")
    with pytest.raises(QueryError, match="more than one statement"):
        ask("select 1; drop table orders")
    with pytest.raises(QueryError, match="no value was given"):
        ask("select :x as x")
    with pytest.raises(DataError, match="colour"):
        list(ask("select colour from orders"))
    assert len(shop.sql(QUERY)) == 3


def test_a_batch_has_rows_and_a_name_of_its_own(shop):
    with pytest.raises(InputError, match="a batch of 0 rows was asked for; give 1 or more"):
        shop.stream(QUERY, batch=0)
    with pytest.raises(QueryError, match="the query names :batch, which is the size of a batch here; call the"):
        shop.stream("select id from orders where id = :batch", batch=3)


def test_a_plan_is_text_and_runs_nothing(shop):
    plan = shop.explain("select customer from orders where id = :x -- one", x=1)
    assert "orders" in plan.lower()


@pytest.mark.parametrize("end", ["", ";", " -- all\n", " -- the last line", "; -- done"])
def test_how_a_query_ends_does_not_matter(shop, end):
    assert len(shop.sql(QUERY + end)) == len(shop.arrow(QUERY + end)) == 3


def test_two_columns_of_one_name(shop):
    frame = shop.sql("select id as a, customer as a from orders order by id")
    assert frame.shape == (3, 2)
    assert frame.iloc[0].tolist() == [1, "Ada"]


def test_a_row_limit_refuses_larger_answers(engine):
    shop = limited(engine, row_limit=2)
    assert len(shop.sql("select id from orders where id < 3")) == 2
    sentence = "the query returns more than 2 rows, which is the row limit; aggregate in the query, read with .stream"
    for ask in (shop.sql, shop.arrow):
        with pytest.raises(QueryError, match=sentence):
            ask(QUERY)
    assert sum(batch.num_rows for batch in shop.stream(QUERY)) == 3


ENDLESS = {
    "duckdb": "select sum(a.range * b.range) from range(3000000) a, range(3000000) b",
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) select sum(i) from n",
    "postgresql": "select pg_sleep(60)",
}


def test_a_time_limit_ends_a_statement(engine):
    shop = limited(engine, time_limit=1)
    with pytest.raises(QueryError, match="ran longer than 1 s and was ended"):
        shop.sql(ENDLESS[engine.kind])
    with pytest.raises(QueryError, match="ran longer than 1 s and was ended"):
        shop.arrow(ENDLESS[engine.kind])
    assert len(shop.sql(QUERY)) == 3


def test_a_block_is_cancelled_from_another_thread_and_leaves_others_alone(engine):
    shop = engine.open()
    with pytest.raises(QueryError, match="the query was ended before it was answered"), shop.time_limit(600) as limit:
        threading.Timer(0.3, limit.cancel).start()
        shop.sql(ENDLESS[engine.kind])
    with (
        ThreadPoolExecutor(1) as other,
        pytest.raises(QueryError, match="ended before it was answered"),
        shop.time_limit(600) as limit,
    ):
        limit.cancel()
        assert len(other.submit(shop.sql, QUERY).result()) == 3
        shop.sql(ENDLESS[engine.kind])
    assert len(shop.sql(QUERY)) == 3


def test_without_the_faster_driver_the_answer_is_the_same(engine, monkeypatch):
    before = engine.open().arrow(QUERY)
    monkeypatch.setattr(adbc, "INSTALLED", False)
    shop = engine.open()
    assert shop._sessions is None
    assert shop.arrow(QUERY).to_pylist() == before.to_pylist()
    assert list(shop.sql(QUERY).columns) == ["id", "customer", "amount"]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("sales", "/* report=sales run=sales-1a */ "),
        ("x */ ; drop table orders; --", "/* report=x_drop_table_orders_-- run=sales-1a */ "),
        ("100 % :x", "/* report=100_:x run=sales-1a */ "),
    ],
)
def test_every_statement_says_who_asks(shop, kind, monkeypatch, report, said):
    monkeypatch.setenv(REPORT, report)
    monkeypatch.setenv(RUN_FOLDER, "/work/runs/sales-1a")
    assert comment() == said
    assert len(shop.sql("select * from orders where id < :x", x=9)) == 3
    assert len(shop.arrow(QUERY)) == len(shop.sql(QUERY)) == 3
    if kind == "postgresql":
        own = "select query from pg_stat_activity where pid = pg_backend_pid()"
        assert said in shop.sql(own)["query"][0]
        assert shop.sql(f"{own} and 1 = :x", x=1)["query"][0].startswith(said)


def test_outside_of_a_run_there_is_no_comment(monkeypatch):
    monkeypatch.delenv(RUN_FOLDER, raising=False)
    assert comment() == ""

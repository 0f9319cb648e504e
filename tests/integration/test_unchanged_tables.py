"""On a server that is written to all the time a page is rendered again only if a table that it reads has changed."""

from __future__ import annotations

import json
import uuid

import psycopg
import pytest

pytestmark = pytest.mark.services

SUITE = {
    "name": "orders",
    "expectations": [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}],
}
LEARNT = "something was written on the server; its tables are compared from the next rendering on"


@pytest.fixture
def server(services, bench):
    """A report of two pages on a server; `write` writes there."""
    url = services.postgresql()
    name = f"shop_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(url, autocommit=True) as outside:
        outside.execute(f"create database {name}")
        own = url.rsplit("/", 1)[0] + f"/{name}"
        try:
            bench.write("analytics.toml", f'[connections.shop]\nurl = "{own}"\n')
            bench.write = Writer(bench.write, own)
            bench.write.sql("create table orders as select 'north' as region, 1 as amount, date '2026-01-31' as day")
            bench.write.sql("insert into orders values ('south', 2, '2026-01-31')")
            bench.write.sql("create table regions as select 'north' as region, 'The north' as label")
            bench.write.sql("insert into regions values ('south', 'The south')")
            bench.write.sql("create table other as select 1 as x")
            bench.notebook(
                "sales",
                "import analytics_lib as al",
                "query = 'select sum(amount) as s from orders where region = :region'",
                "print('Sum:', al.connect('shop').sql(query, region=region)['s'][0])",
                parameters="region: str = 'north'",
            )
            bench.report("sales", **REPORT)
            yield bench
        finally:
            outside.execute(f"drop database {name} with (force)")


class Writer:
    """Writes files as before, and rows besides."""

    def __init__(self, write, url):
        self.write = write
        self.url = url

    def __call__(self, *arguments):
        return self.write(*arguments)

    def sql(self, statement):
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


REPORT = {
    "title": "Sales of {region}",
    "for_each": {"region": {"connection": "shop", "query": "select region, label from regions order by 1"}},
}


def became(bench):
    return {page.page: (page.status, page.reasons) for page in bench.build().pages}


def statuses(bench):
    return {page: status for page, (status, _) in became(bench).items()}


def learn(bench):
    """Build twice: the first time it is found out which tables are read, the second time they are compared with."""
    first = became(bench)
    assert first == dict.fromkeys(["north", "south"], ("published", ("first time",)))
    bench.write.sql("insert into other values (2)")
    assert set(became(bench).values()) == {("published", (f"connection shop: {LEARNT}",))}


def test_writes_elsewhere_do_not_count(server):
    learn(server)
    for _ in range(2):
        server.write.sql("insert into other values (3)")
        assert set(statuses(server).values()) == {"unchanged"}
    server.write.sql("update orders set amount = 5 where region = 'south'")
    changed = became(server)
    assert set(changed.values()) == {("published", ("connection shop: table public.orders changed",))}
    assert "Sum: 5" in server.page("sales/south.html")
    assert set(statuses(server).values()) == {"unchanged"}


def test_a_new_page_leaves_the_others_alone(server):
    learn(server)
    server.write.sql("insert into regions values ('west', 'The west')")
    server.write.sql("update regions set label = 'Far south' where region = 'south'")
    assert became(server) == {
        "north": ("unchanged", (f"connection shop: {LEARNT}",)),
        "south": ("published", (
            "title: Sales of The south → Sales of Far south", "label: south · The south → south · Far south",
        )),
        "west": ("published", ("first time",)),
    }  # fmt: skip
    assert "Far south" in server.page("sales/south.html")


def test_what_checks_and_freshness_read_counts_too(server):
    server.write("expectations/orders.json", json.dumps(SUITE))
    server.write.sql("create view checked as select * from other")
    server.write.sql("create table loads as select timestamp '2026-01-31 06:00' as at")
    server.report(
        "sales", **REPORT, checks=[{"suite": "orders", "connection": "shop", "table": "checked"}],
        freshness={"connection": "shop", "query": "select max(at) from loads"},
    )  # fmt: skip
    first = became(server)
    assert set(first.values()) == {("published", ("first time",))}
    server.write.sql("create table unrelated as select 1 as x")
    assert set(statuses(server).values()) == {"published"}
    server.write.sql("insert into unrelated values (2)")
    assert set(statuses(server).values()) == {"unchanged"}
    server.write.sql("insert into loads values ('2026-02-01 06:00')")
    assert set(became(server).values()) == {("published", ("connection shop: table public.loads changed",))}
    server.write.sql("insert into other values (2)")
    assert set(became(server).values()) == {("published", ("connection shop: table public.other changed",))}


def test_a_function_that_is_made_anew_counts(server):
    server.write.sql("create function rate() returns integer stable language sql as 'select 2'")
    server.notebook(
        "sales",
        "import analytics_lib as al",
        "print(al.connect('shop').sql('select sum(amount) * rate() as s from orders'))",
        parameters="region: str = 'north'",
    )
    learn(server)
    server.write.sql("insert into other values (3)")
    assert set(statuses(server).values()) == {"unchanged"}
    server.write.sql("create or replace function rate() returns integer stable language sql as 'select 3'")
    told = ("connection shop: its functions, types or settings changed",)
    assert set(became(server).values()) == {("published", told)}

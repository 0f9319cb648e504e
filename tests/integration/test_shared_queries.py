"""Pages of one report, rendered in one build: what all of them ask reaches the database once."""

from __future__ import annotations

import duckdb
import pytest

HEAR = """\
import analytics_lib as al
from pathlib import Path
from sqlalchemy import Engine, event

@event.listens_for(Engine, "before_cursor_execute")
def hear(connection, cursor, statement, *rest):
    with open(HEARD, "a") as stream:
        stream.write(" ".join(statement.split()) + "\\n")

db = al.connect("shop")
"""
SHARED = "rows = db.sql('select region, sum(amount) as s from orders group by region order by region')"
OWN = "own = db.sql('select count(*) as n from orders where region = :region', region=region)"
WRITTEN = "rows.loc[rows['region'] == region, 's'] = -1.0\nprint('Sums:', rows['s'].tolist(), 'own:', own['n'][0])"
REGIONS = ["north", "south", "west"]


@pytest.fixture
def shop(bench, tmp_path):
    """A report of three pages; `heard` tells which statements reached the database."""
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    with duckdb.connect(str(bench.root / "shop.duckdb")) as database:
        database.execute("create table orders (region varchar, amount double)")
        database.execute("insert into orders values ('north', 1), ('north', 2), ('south', 4), ('west', 8)")
    bench.heard = tmp_path / "heard"
    bench.sales = lambda *cells: bench.notebook(
        "sales", HEAR.replace("HEARD", repr(str(bench.heard))), *cells, parameters="region: str = 'north'"
    )
    bench.report("sales", for_each={"region": REGIONS})
    return bench


def count(bench, fragment):
    return sum(fragment in line for line in bench.heard.read_text().splitlines())


def test_what_all_pages_ask_is_asked_once(shop):
    shop.sales(SHARED, OWN, WRITTEN)
    assert set(shop.statuses().values()) == {"published"}
    assert count(shop, "sum(amount)") == 1
    assert count(shop, "count(*)") == len(REGIONS)
    # Each page writes into the rows that it was given; none sees what another wrote.
    assert "Sums: [-1.0, 4.0, 8.0] own: 2" in shop.page("sales/north.html")
    assert "Sums: [3.0, -1.0, 8.0] own: 1" in shop.page("sales/south.html")
    assert "Sums: [3.0, 4.0, -1.0] own: 1" in shop.page("sales/west.html")
    assert list((shop.root / ".analytics/runs").iterdir()) == []
    assert set(shop.statuses().values()) == {"unchanged"}


def test_every_page_depends_on_what_another_one_asked_for_it(shop):
    shop.sales(SHARED, WRITTEN.replace("own['n'][0]", "0"))
    shop.build()
    with duckdb.connect(str(shop.root / "shop.duckdb")) as database:
        database.execute("insert into orders values ('west', 100)")
    assert set(shop.statuses().values()) == {"published"}
    assert count(shop, "sum(amount)") == 2
    assert "108.0" in shop.page("sales/north.html")


def test_what_asks_the_clock_is_asked_by_each_page(shop):
    shop.sales("db.sql('select current_date as day, count(*) as n from orders')")
    assert set(shop.statuses().values()) == {"published"}
    assert count(shop, "count(*)") == len(REGIONS)
    # Nor is it ever taken for unchanged.
    result = shop.build()
    assert {page.status for page in result.pages} == {"published"}
    assert result.pages[0].reasons == (
        "its data cannot be traced: a query asks for current_date, whose answer changes by itself",
    )


def test_one_page_shares_with_nobody_and_a_setting_ends_it(shop, monkeypatch):
    shop.sales(SHARED)
    monkeypatch.setenv("ANALYTICS_RENDERING_SHARED_MB", "0")
    shop.build()
    assert count(shop, "sum(amount)") == len(REGIONS)


def test_a_view_that_reads_files_is_traced_to_them(bench):
    """The query names the view alone."""
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    bench.write("data/a.csv", "amount\n1\n")
    with duckdb.connect(str(bench.root / "shop.duckdb")) as database:
        database.execute(f"create view sales as select * from '{bench.root}/data/*.csv'")
        database.execute("create view large as select * from sales where amount > 0")
    bench.notebook(
        "sales", "import analytics_lib as al\nprint(al.connect('shop').sql('select sum(amount) s from large')['s'][0])"
    )
    bench.report("sales")
    assert bench.statuses() == {"sales/index": "published"}
    assert bench.statuses() == {"sales/index": "unchanged"}
    bench.write("data/a.csv", "amount\n9\n")
    assert bench.statuses() == {"sales/index": "published"}
    bench.write("data/b.csv", "amount\n1\n")
    assert bench.statuses() == {"sales/index": "published"}

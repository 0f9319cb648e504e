"""A report that asks the metric model is rendered again when a definition or the data changes, and else is not."""

from __future__ import annotations

import duckdb
import pytest

MODEL = """
owner: finance@example.com
connection: shop
table: orders
time: placed
dimensions:
  placed: {type: time}
measures:
  amount: {aggregate: sum}
metrics:
  revenue: {measure: amount}
"""
CELL = """
import analytics_lib as al
frame = al.metrics().query(["revenue"], by=["month"])
al.finding(f"Revenue is {frame['revenue'].sum():g}.")
"""


@pytest.fixture
def shop(bench):
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    bench.write("metrics/orders.yml", MODEL.lstrip())
    with duckdb.connect(str(bench.root / "shop.duckdb")) as connection:
        connection.execute("create table orders as select date '2026-01-05' as placed, 40 as amount")
    bench.notebook("revenue", CELL)
    bench.report("revenue", owner="finance@example.com")
    return bench


@pytest.mark.slow
def test_a_definition_is_an_input_like_any_other(shop):
    assert shop.statuses() == {"revenue/index": "published"}
    assert "Revenue is 40." in shop.page("revenue/index.html")
    assert shop.statuses() == {"revenue/index": "unchanged"}
    shop.write("metrics/orders.yml", MODEL.lstrip().replace("sum}", "sum, expression: amount * 2}"))
    assert shop.statuses() == {"revenue/index": "published"}
    assert "Revenue is 80." in shop.page("revenue/index.html")
    with duckdb.connect(str(shop.root / "shop.duckdb")) as connection:
        connection.execute("insert into orders values ('2026-02-05', 1)")
    assert shop.statuses() == {"revenue/index": "published"}
    assert "Revenue is 82." in shop.page("revenue/index.html")


def test_a_file_that_is_wrong_is_said_before_a_kernel_starts(shop):
    shop.write("metrics/orders.yml", MODEL.lstrip().replace("aggregate", "agregate"))
    (page,) = shop.build().pages
    assert page.status == "invalid"
    assert str(page.error).startswith("metrics/orders.yml:8: unknown key 'agregate' in measures.amount")

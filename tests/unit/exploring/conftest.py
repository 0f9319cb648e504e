"""A small shop whose metrics are looked around in."""

from __future__ import annotations

import duckdb
import pytest

import analytics_lib as al
from analytics_lib.session import _workspace

MODEL = """\
owner: finance@example.com
connection: shop
table: orders
time: placed
dimensions:
  placed: {type: time}
  channel:
  paid: {type: boolean}
  size:
measures:
  amount: {aggregate: sum}
  orders: {aggregate: count}
  open: {aggregate: count, where: {paid: false}}
metrics:
  revenue: {measure: amount, unit: USD, description: What customers paid.}
  orders: {unit: orders}
  open_orders: {measure: open}
  open_share: {type: ratio, numerator: open_orders, denominator: orders, unit: share}
"""
STOCK = """\
owner: finance@example.com
connection: shop
table: stock
measures:
  pieces: {aggregate: sum}
metrics:
  pieces: {}
"""


@pytest.fixture
def shop(bench, monkeypatch):
    """The metric model of a shop with ninety orders, a few of them of an awkward channel."""
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    bench.write("metrics/orders.yml", MODEL)
    bench.write("metrics/stock.yml", STOCK)
    with duckdb.connect(str(bench.root / "shop.duckdb")) as connection:
        connection.execute(
            "create table orders as select date '2026-01-01' + i::integer as placed, i + 0.5 as amount, "
            "i % 4 = 0 as paid, i % 30 as size, "
            "case when i % 3 = 0 then 'web' when i % 3 = 1 then '=<b>app</b>' end as channel "
            "from range(0, 90) t(i)"
        )
        connection.execute("create table stock as select 5 as pieces")
    monkeypatch.chdir(bench.root)
    _workspace.cache_clear()
    metrics = al.metrics()
    yield metrics
    metrics.close()
    _workspace.cache_clear()

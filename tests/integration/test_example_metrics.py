"""The example's metrics: they hold, and ten of them are what SQL by hand says."""

from __future__ import annotations

import json

import duckdb
import pytest
from support.example import copied_example

from analytics_lib.connectors import open_connection
from analytics_lib.connectors.metrics import Metrics
from analytics_lib.example.loads import load_sources
from analytics_lib.pipeline import Silent
from analytics_lib.workspace import load_workspace
from analytics_lib.workspace.metrics import load_metrics

BY_HAND = {
    ("flights", "carrier"): "select carrier, count(*) from ops.flights group by 1",
    ("on_time_share", "carrier"): """
        select carrier, avg(case when arr_delay < 15 then 1.0 else 0 end) from ops.flights group by 1""",
    ("cancelled_flights", "origin"): "select origin, count(*) filter (dep_time is null) from ops.flights group by 1",
    ("arrival_delay", "airline_name"): """
        select a.name, avg(f.arr_delay) from ops.flights f join ops.airlines a using (carrier) group by 1""",
    ("slow_arrival", "carrier"): "select carrier, quantile_cont(arr_delay, 0.9) from ops.flights group by 1",
    ("flights", "destination_airport.time_zone"): """
        select a.tzone, count(*) from ops.flights f left join ops.airports a on a.faa = f.dest group by 1""",
    ("flights_this_year", "month"): """
        select date_trunc('month', flight_date) m, sum(count(*)) over (order by m) from ops.flights group by 1""",
    ("revenue", "month"): "select date_trunc('month', order_date), sum(amount) from shop.order_lines group by 1",
    ("orders_per_customer", "quarter"): """
        select date_trunc('quarter', order_date),
          count(distinct (customer_id, order_date)) / count(distinct customer_id)
        from shop.order_lines group by 1""",
    ("active_customers", "month"): """
        select date_trunc('month', e.day), (select count(distinct customer_id) from shop.order_lines
          where order_date > e.day - 28 and order_date <= e.day)
        from (select distinct last_day(order_date) as day from shop.order_lines) e""",
    ("came_back", "month"): """
        select date_trunc('month', a.order_date), count(distinct case when b.customer_id is not null then a.customer_id
          end) / count(distinct a.customer_id)
        from shop.order_lines a left join shop.order_lines b on a.customer_id = b.customer_id
          and b.order_date > a.order_date and b.order_date < a.order_date + 90 group by 1""",
}  # fmt: skip


@pytest.fixture(scope="module")
def example(root, tmp_path_factory):
    """The example with its sources loaded."""
    folder = copied_example(root, tmp_path_factory.mktemp("example"))
    load_sources(load_workspace(folder), Silent())
    return folder


@pytest.mark.slow
def test_they_hold(example, analytics):
    ran = analytics("-w", example, "metrics", "check", "--json")
    assert ran.code == 0, ran.out
    found = json.loads(ran.out)
    assert {each["metric"] for each in found} == set(load_metrics(example).metrics)
    assert sum(each["examples"] for each in found) >= 12


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "by"), BY_HAND, ids=["-".join(each) for each in BY_HAND])
def test_sql_by_hand_says_the_same(example, metric, by):
    workspace = load_workspace(example)
    metrics = Metrics(load_metrics(example), lambda name: open_connection(workspace.connection(name)))
    frame = metrics.query([metric], by=[by])
    metrics.close()
    with duckdb.connect(str(example / "data/warehouse.duckdb"), read_only=True) as connection:
        wanted = dict(connection.sql(BY_HAND[metric, by]).fetchall())
    keys = [None if key != key else key for key in frame[by]]  # noqa: PLR0124 - a missing key
    found = dict(zip(keys, frame[metric], strict=True))
    assert set(found) == set(wanted)
    assert all(found[key] == pytest.approx(float(wanted[key]), rel=1e-9) for key in wanted)

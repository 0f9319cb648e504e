"""A small business in each database engine, modelled by the same metric files, with its tables as frames."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from datetime import UTC
from decimal import Decimal

import numpy as np
import pandas as pd
import sqlalchemy as sa

from analytics_lib.connectors import open_connection
from analytics_lib.connectors.metrics import Metrics
from analytics_lib.model.connections import ConnectionSpec
from analytics_lib.model.metrics.audiences import Audience
from analytics_lib.workspace.metrics import load_metrics
from support.trial import plain_url

ZONE = "Europe/Berlin"
FILES = {
    "orders": """
owner: finance@example.com
connection: lab
table: orders
time: placed
entities:
  order: {type: primary, column: id}
  customer: {type: foreign, column: customer_id}
  payer: {type: foreign, column: payer_id, of: customer}
dimensions:
  placed: {type: time, zone: Europe/Berlin}
  booked: {type: time}
  channel:
  paid: {type: boolean}
measures:
  amount: {aggregate: sum}
  booked_amount: {aggregate: sum, column: amount, time: booked}
  orders: {aggregate: count}
  with_amount: {aggregate: count, column: amount}
  buyers: {aggregate: count_distinct, column: customer_id}
  paid_orders: {aggregate: sum, column: paid}
  mean_amount: {aggregate: average, column: amount}
  least: {aggregate: min, column: amount}
  most: {aggregate: max, column: amount}
  middle: {aggregate: median, column: amount}
  ninth: {aggregate: percentile, column: amount, q: 0.9}
  discounted: {aggregate: sum, expression: "case when amount > 50 then amount - 5 else amount end"}
  odd: {aggregate: sum, expression: "id % 2"}
metrics:
  odd: {description: Orders of an odd number.}
  revenue: {measure: amount, unit: EUR, desired: increase, description: What customers paid.}
  booked_revenue: {measure: booked_amount}
  orders:
  with_amount:
  buyers:
  paid_orders:
  mean_amount:
  least:
  most:
  middle:
  ninth:
  discounted:
  web_revenue: {measure: amount, where: {channel: web}}
  eu_revenue: {measure: amount, where: {customer.region: [EU, null]}}
  order_value: {type: ratio, numerator: revenue, denominator: orders}
  orders_per_customer: {type: ratio, numerator: orders, denominator: customers}
  units_per_order: {type: ratio, numerator: units, denominator: orders}
  margin: {type: derived, formula: "(revenue - discounted) / revenue * 100"}
  revenue_so_far: {type: cumulative, measure: amount}
  month_to_date: {type: cumulative, measure: amount, to_date: month}
  buyers_of_week: {type: cumulative, measure: buyers, window: 7 days}
  average_of_month: {type: cumulative, measure: mean_amount, window: 1 month}
  middle_of_fortnight: {type: cumulative, measure: middle, window: 2 weeks}
  growth:
    type: derived
    formula: revenue / revenue_before - 1
    inputs: {revenue_before: {metric: revenue, offset_window: 1 month}}
  orders_of_last_week:
    {type: derived, formula: week_before, inputs: {week_before: {metric: orders, offset_window: 1 week}}}
  value_gained:
    type: derived
    formula: order_value - value_before
    inputs: {value_before: {metric: order_value, offset_window: 1 quarter}}
  pace:
    type: derived
    formula: month_to_date - pace_before
    inputs: {pace_before: {metric: month_to_date, offset_window: 1 month}}
  swing:
    type: derived
    formula: growth - growth_before
    inputs: {growth_before: {metric: growth, offset_window: 1 month}}
  middle_moved:
    type: derived
    formula: middle - middle_before
    inputs: {middle_before: {metric: middle, offset_window: 14 days}}
  came_back_after_such_a_time_that_it_has_50_letters:
    {type: conversion, entity: customer, base: orders, conversion: orders, window: 14 days}
  long_moved:
    type: derived
    formula: came_back_after_such_a_time_that_it_has_50_letters - came_before
    inputs: {came_before: {metric: came_back_after_such_a_time_that_it_has_50_letters, offset_window: 1 month}}
  again_moved:
    type: derived
    formula: again - again_before
    inputs: {again_before: {metric: again, offset_window: 1 month}}
  again: {type: conversion, entity: customer, base: orders, conversion: orders, window: 7 days}
rows:
  partners: {channel: {caller: channel}}
  europe: {customer.region: EU}
  staff: {}
""",
    "lines": """
owner: finance@example.com
connection: lab
query: select order_id, product, quantity, price from order_lines where quantity >= 0
entities:
  order: {type: foreign, column: order_id}
dimensions:
  product:
measures:
  units: {aggregate: sum, column: quantity}
  lines: {aggregate: count}
  value: {aggregate: sum, expression: quantity * price}
metrics:
  units:
  lines:
  value:
""",
    "customers": """
owner: crm@example.com
connection: lab
table: customers
entities:
  customer: {type: primary, column: id}
dimensions:
  region:
measures:
  customers: {aggregate: count}
metrics:
  customers:
rows:
  partners: {}
  europe: {region: EU}
  staff: {}
""",
    "visits": """
owner: web@example.com
connection: lab
table: visits
time: seen
entities:
  customer: {type: foreign, column: customer_id}
dimensions:
  seen: {type: time, column: seen_at}
  channel: {column: source}
measures:
  visits: {aggregate: count}
metrics:
  visits:
  bought: {type: conversion, entity: customer, base: visits, conversion: orders.orders, window: 3 days}
  visits_per_order: {type: ratio, numerator: visits, denominator: orders}
""",
}
COLUMNS = {
    "orders": {
        "id": sa.Integer, "customer_id": sa.Integer, "payer_id": sa.Integer, "channel": sa.String(20),
        "placed": sa.DateTime(timezone=True), "booked": sa.Date, "amount": sa.Numeric(12, 2), "paid": sa.Boolean,
    },
    "order_lines": {
        "order_id": sa.Integer, "product": sa.String(20), "quantity": sa.Integer, "price": sa.Numeric(12, 2),
    },
    "customers": {"id": sa.Integer, "region": sa.String(20)},
    "visits": {"customer_id": sa.Integer, "seen_at": sa.DateTime, "source": sa.String(20)},
}  # fmt: skip


def make_business(rows=260, seed=11):
    """Return table → frame: nulls in every kind of column, a month without orders, clocks that change, decimals."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2025-12-28 00:30:00")
    seconds = np.sort(rng.integers(0, 118 * 86_400, rows))
    placed = start + pd.to_timedelta(seconds, unit="s")
    orders = pd.DataFrame({
        "id": np.arange(1, rows + 1),
        "customer_id": pd.array(rng.integers(1, 31, rows), dtype="Int64"),
        "payer_id": pd.array(rng.integers(1, 31, rows), dtype="Int64"),
        "channel": pd.Series(rng.choice(["web", "app", "O'Hara; --"], rows)).where(rng.random(rows) > 0.1, None),
        "placed": placed,
        "booked": (placed + pd.Timedelta(days=2)).date,
        "amount": [Decimal(int(cents)) / 100 for cents in rng.integers(1, 10_000, rows)],
        "paid": pd.array(rng.random(rows) < 0.6, dtype="boolean"),
    })  # fmt: skip
    orders.loc[rng.random(rows) < 0.05, "amount"] = None
    orders.loc[rng.random(rows) < 0.05, "customer_id"] = pd.NA
    orders.loc[rng.random(rows) < 0.05, "paid"] = pd.NA
    # Moments at which Berlin has another day than UTC; no order at all in February there.
    orders.loc[0:2, "placed"] = pd.to_datetime(["2025-12-31 23:00:00", "2025-12-31 22:59:59", "2026-03-29 22:30:00"])
    orders = orders[~orders["placed"].between("2026-01-31 23:00:00", "2026-02-28 23:00:00", inclusive="left")]
    count = rng.integers(0, 4, len(orders))
    lines = pd.DataFrame({"order_id": np.repeat(orders["id"].to_numpy(), count)})
    lines["product"] = rng.choice(["cup", "pot"], len(lines))
    lines["quantity"] = rng.integers(-1, 5, len(lines))
    lines["price"] = [Decimal(int(cents)) / 100 for cents in rng.integers(1, 2_000, len(lines))]
    regions = [None if number % 7 == 0 else ("EU", "US")[number % 2] for number in range(1, 26)]
    customers = pd.DataFrame({"id": np.arange(1, 26), "region": regions})
    seen = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 100 * 86_400, 300), unit="s")
    visits = pd.DataFrame({
        "customer_id": pd.array(rng.integers(1, 40, 300), dtype="Int64"), "seen_at": seen,
        "source": rng.choice(["web", "app"], 300),
    })  # fmt: skip
    return {"orders": orders.reset_index(drop=True), "order_lines": lines, "customers": customers, "visits": visits}


def write_files(root, files=FILES):
    """Write metric files of a workspace."""
    (root / "metrics").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / "metrics" / f"{name}.yml").write_text(text.lstrip(), encoding="utf-8")
    return load_metrics(root)


@contextmanager
def business(kind, folder, services, frames):
    """Load the business into a database of its kind; yield what makes `Metrics` of it for an audience."""
    if kind in {"postgresql", "mariadb"}:
        server = getattr(services, kind)()
        name = f"metered_{uuid.uuid4().hex[:10]}"
        engine = sa.create_engine(plain_url(server), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(name))
        zoned = f"{server}?options=-csearch_path%3D{name}%20-ctimezone%3DAsia/Tokyo"
        url = zoned if kind == "postgresql" else server.rsplit("/", 1)[0] + f"/{name}"
    else:
        url = f"{kind}:///{folder}/metered.db"
    _fill(url, kind, frames)
    opened = open_connection(ConnectionSpec("lab", url, True, "analytics.toml:5"))
    catalogue = write_files(folder)
    try:
        yield lambda audience="", **values: Metrics(
            catalogue, lambda _: opened, Audience(audience, values, dict(os.environ))
        )
    finally:
        opened.close()
        if kind in {"postgresql", "mariadb"}:
            with engine.begin() as connection:
                connection.execute(sa.schema.DropSchema(name, cascade=kind == "postgresql"))


def _fill(url, kind, frames):
    own = sa.create_engine(plain_url(url), poolclass=sa.NullPool)
    with own.begin() as connection:
        for name, columns in COLUMNS.items():
            table = sa.Table(name, sa.MetaData(), *(sa.Column(column, each) for column, each in columns.items()))
            table.create(connection)
            connection.execute(table.insert(), [_row(row, kind) for row in frames[name].to_dict("records")])
    own.dispose()


def _row(row, kind):
    found = {}
    for name, value in row.items():
        if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
            found[name] = None
        elif isinstance(value, pd.Timestamp):
            moment = value.to_pydatetime()
            has_zone = name == "placed" and kind in {"postgresql", "duckdb"}
            found[name] = moment.replace(tzinfo=UTC) if has_zone else moment
        else:
            found[name] = value.item() if hasattr(value, "item") else value
    return found

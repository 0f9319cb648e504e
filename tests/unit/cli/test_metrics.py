"""The commands about metrics: what they list, what they find wrong, how they leave."""

from __future__ import annotations

import json

import duckdb
import pytest

MODEL = """
owner: finance@example.com
connection: shop
table: orders
time: day
entities:
  order: {type: primary, column: id}
  customer: {type: foreign, column: customer_id}
dimensions:
  day: {type: time}
  channel:
measures:
  amount: {aggregate: sum}
  orders: {aggregate: count}
metrics:
  revenue: {measure: amount, unit: EUR, desired: increase, description: What customers paid., examples: [{value: 60}]}
  orders:
  order_value: {type: ratio, numerator: revenue, denominator: orders, examples: [{value: 20.0, where: {channel: web}}]}
""".replace("  day: {type: time}", "  placed: {type: time, column: day}").replace("time: day", "time: placed")
CUSTOMERS = """
owner: crm@example.com
connection: shop
table: customers
entities:
  customer: {type: primary, column: id}
dimensions:
  region:
"""


@pytest.fixture
def shop(bench):
    """A workspace with two models over three orders."""
    with duckdb.connect(str(bench.root / "shop.duckdb")) as connection:
        connection.execute(
            """
            create table orders as select * from (values (1, 1, date '2026-01-01', 'web', 10), (2, 1, date '2026-01-02',
              'web', 30), (3, 2, date '2026-02-01', null, 20)) as t(id, customer_id, day, channel, amount);
            create table customers as select * from (values (1, 'EU'), (2, 'US')) as t(id, region)
            """
        )
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    bench.write("metrics/orders.yml", MODEL.lstrip())
    bench.write("metrics/customers.yml", CUSTOMERS.lstrip())
    return bench


def change(shop, old, new, name="orders"):
    text = (shop.root / f"metrics/{name}.yml").read_text(encoding="utf-8")
    assert old in text
    shop.write(f"metrics/{name}.yml", text.replace(old, new, 1))


def test_list(shop, analytics):
    ran = analytics("-w", shop.root, "metrics", "list")
    assert ran.code == 0
    assert "revenue" in ran.out
    assert "What customers paid." in ran.out
    found = json.loads(analytics("-w", shop.root, "metrics", "list", "--search", "reven", "--json").out)
    assert [each["metric"] for each in found] == ["revenue"]
    assert found[0] == {
        "metric": "revenue", "title": "Revenue", "type": "simple", "unit": "EUR", "desired": "increase",
        "description": "What customers paid.", "owner": "finance@example.com", "model": "orders",
    }  # fmt: skip
    assert "No metric fits." in analytics("-w", shop.root, "metrics", "list", "--search", "nothing").out


def test_show(shop, analytics):
    ran = analytics("-w", shop.root, "metrics", "show", "revenue")
    assert ran.out.splitlines() == [
        "Revenue (EUR), finance@example.com",
        "What customers paid.",
        "sum of amount (orders); more is better",
        "Told by: placed, channel, region",
        "Defined at metrics/orders.yml:15",
    ]
    shown = json.loads(analytics("-w", shop.root, "metrics", "show", "order_value", "--json").out)
    assert shown["made_of"] == "revenue / orders"
    assert shown["examples"] == [{"value": 20.0, "where": {"channel": "web"}}]


def test_an_unknown_metric(shop, analytics):
    ran = analytics("-w", shop.root, "metrics", "show", "revenu")
    assert ran.code == 2
    assert "there is no metric 'revenu'." in ran.err
    assert "Did you mean 'revenue'?" in ran.err


def test_check_holds(shop, analytics):
    ran = analytics("-w", shop.root, "metrics", "check")
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.splitlines() == [
        "revenue: holds (60, 1 example)",
        "orders: holds (3)",
        "order_value: holds (20, 1 example)",
    ]


def test_an_example_that_does_not_agree(shop, analytics):
    change(shop, "[{value: 60}]", "[{value: 60}, {value: 41, end: 2026-01-31}]")
    ran = analytics("-w", shop.root, "metrics", "check")
    assert ran.code == 3
    assert "metrics/orders.yml:15: metric 'revenue' is 40 until 2026-01-31, and its example says 41" in ran.out
    assert "Error 1 of 3 metrics do not hold." in ran.err
    ran = analytics("-w", shop.root, "metrics", "check", "revenue", "--json")
    assert ran.code == 3
    (found,) = json.loads(ran.out)
    assert (found["metric"], found["holds"], found["examples"], found["value"]) == ("revenue", False, 2, 60.0)
    assert analytics("-w", shop.root, "metrics", "check", "orders").code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  amount: {aggregate: sum}", "  amount: {aggregate: sum, column: amuont}",
         "metrics/orders.yml:12: the database refuses"),
        ("table: orders", "query: select * from orders; drop table orders",
         "metrics/orders.yml:3: the query holds more than one statement; write one SELECT"),
        ("table: orders", "query: delete from orders", "metrics/orders.yml:3: the connection is read-only"),
        ("table: orders", "table: ordres", "metrics/orders.yml:3: the database refuses the query"),
        ("  amount: {aggregate: sum}", "  amount: {aggregate: sum, expression: amount + channel}",
         "metrics/orders.yml:12: "),
        ("  amount: {aggregate: sum}", "  amount: {aggregate: sum, column: channel}",
         "metrics/orders.yml:12: measure 'amount' does not aggregate: sum needs numbers, and 'channel' holds text"),
        ("  amount: {aggregate: sum}", "  amount: {aggregate: max, column: day}",
         "max needs numbers, and 'day' holds times"),
        ("  amount: {aggregate: sum}", "  amount: {aggregate: sum, expression: sum(amount)}", "makes one number of it"),
        ("  customer: {type: foreign, column: customer_id}", "  customer: {type: foreign, column: buyer}",
         "metrics/orders.yml:7: "),
        ("connection: shop", "connection: shopp", "unknown connection 'shopp'; did you mean 'shop'?"),
    ],
)  # fmt: skip
def test_what_does_not_run_is_said_with_its_line(shop, analytics, old, new, said):
    change(shop, old, new)
    ran = analytics("-w", shop.root, "metrics", "check")
    assert ran.code == 3
    assert said in ran.out


def test_a_primary_entity_that_is_none(shop, analytics):
    with duckdb.connect(str(shop.root / "shop.duckdb")) as connection:
        connection.execute("insert into customers values (1, 'US')")
    ran = analytics("-w", shop.root, "metrics", "check", "revenue")
    assert ran.code == 3
    said = "metrics/customers.yml:5: 'customer' of model 'customers' is no primary entity: 3 rows are 2 different ones"
    assert said in ran.out


def test_no_metric_yet(bench, analytics):
    assert "There is no metric yet" in analytics("-w", bench.root, "metrics", "list").out
    assert json.loads(analytics("-w", bench.root, "metrics", "check", "--json").out) == []

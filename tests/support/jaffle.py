"""A shop that sells by the item, in each database engine: tables that multiply each other when joined carelessly."""

from __future__ import annotations

import random
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import sqlalchemy as sa

from analytics_lib.connectors.metrics import Metrics
from analytics_lib.model.metrics.audiences import Audience
from support.databases import database
from support.metered import write_files

FILES = {
    "stores": """
owner: operations@example.com
connection: lab
table: stores
entities:
  store: {type: primary, column: id}
dimensions:
  city:
  number: {column: id}
""",
    "customers": """
owner: crm@example.com
connection: lab
table: customers
time: signed_up
entities:
  customer: {type: primary, column: id}
dimensions:
  region:
  signed_up: {type: time}
measures:
  customers: {aggregate: count}
metrics:
  customers:
  customers_so_far: {type: cumulative, measure: customers}
  orders_per_customer: {type: ratio, numerator: orders, denominator: customers}
rows: {franchise: {region: {caller: region}}}
""",
    "orders": """
owner: finance@example.com
connection: lab
table: orders
time: placed
where: {status: {not: cancelled}}
entities:
  order: {type: primary, column: id}
  customer: {type: foreign, column: customer_id}
  store: {type: foreign, column: store_id}
dimensions:
  placed: {type: time, column: placed_at}
  status:
measures:
  orders: {aggregate: count}
  buyers: {aggregate: count_distinct, column: customer_id}
metrics:
  orders:
  buyers_in_four_weeks: {type: cumulative, measure: buyers, window: 28 days}
  came_back: {type: conversion, entity: customer, base: orders, conversion: orders, window: 30 days}
rows: {franchise: {customer.region: {caller: region}}}
""",
    "items": """
owner: finance@example.com
connection: lab
query: |
  select i.*, o.placed_at, s.unit_cost
  from order_items i
  left join orders o on o.id = i.order_id
  left join (select sku, sum(cost) as unit_cost from supplies group by sku) s on s.sku = i.sku
time: sold
where: {order.status: {not: cancelled}}
entities:
  order: {type: foreign, column: order_id}
  product: {type: foreign, column: sku}
dimensions:
  sold: {type: time, column: placed_at}
  given_away: {type: boolean, expression: price = 0}
measures:
  revenue: {aggregate: sum, expression: quantity * price}
  quantity: {aggregate: sum}
  supply_cost: {aggregate: sum, expression: quantity * unit_cost}
  median_price: {aggregate: median, column: price}
metrics:
  revenue: {unit: USD, desired: increase}
  items_sold: {measure: quantity}
  supply_cost:
  median_price:
  order_value: {type: ratio, numerator: revenue, denominator: orders}
  jaffle_revenue: {measure: revenue, where: {product.kind: jaffle}}
  jaffle_share: {type: ratio, numerator: jaffle_revenue, denominator: revenue}
  margin: {type: derived, formula: (revenue - supply_cost) / revenue}
  net_revenue: {type: derived, formula: "revenue - coalesce(refunded, 0)"}
  revenue_this_year: {type: cumulative, measure: revenue, to_date: year}
rows: {franchise: {customer.region: {caller: region}}}
""",
    "products": """
owner: finance@example.com
connection: lab
table: products
entities:
  product: {type: primary, column: sku}
dimensions:
  name:
  kind:
measures:
  products: {aggregate: count}
metrics:
  products:
""",
    "refunds": """
owner: finance@example.com
connection: lab
table: refunds
time: refunded_at
entities:
  order: {type: foreign, column: order_id}
dimensions:
  refunded_at: {type: time}
measures:
  refunded: {aggregate: sum, column: amount}
metrics:
  refunded: {unit: USD, desired: decrease}
rows: {franchise: {customer.region: {caller: region}}}
""",
    "visits": """
owner: web@example.com
connection: lab
table: visits
time: visited_at
entities:
  customer: {type: foreign, column: customer_id}
dimensions:
  visited_at: {type: time}
  source:
measures:
  visits: {aggregate: count}
metrics:
  visits:
  bought: {type: conversion, entity: customer, base: visits, conversion: orders.orders, window: 3 days}
rows: {franchise: {customer.region: {caller: region}}}
""",
}
_MONEY = sa.Numeric(8, 2)
COLUMNS = {
    "stores": {"id": sa.Integer, "city": sa.String(40)},
    "products": {"sku": sa.String(20), "name": sa.String(40), "kind": sa.String(20), "price": _MONEY},
    "supplies": {"sku": sa.String(20), "cost": _MONEY},
    "customers": {"id": sa.Integer, "region": sa.String(10), "signed_up": sa.Date},
    "orders": {
        "id": sa.Integer, "customer_id": sa.Integer, "store_id": sa.Integer, "placed_at": sa.DateTime,
        "status": sa.String(12),
    },
    "order_items": {"order_id": sa.Integer, "sku": sa.String(20), "quantity": sa.Integer, "price": _MONEY},
    "refunds": {"order_id": sa.Integer, "refunded_at": sa.DateTime, "amount": _MONEY},
    "visits": {"customer_id": sa.Integer, "visited_at": sa.DateTime, "source": sa.String(10)},
}  # fmt: skip
_FIRST, _DAYS, _CLOSED = date(2024, 1, 1), 731, date(2025, 2, 1)
_PRODUCTS = [
    ("JAF-1", "nutellaphone", "jaffle", Decimal("11.00")), ("JAF-2", "doctor stew", "jaffle", Decimal("11.50")),
    ("BEV-1", "tangaroo", "beverage", Decimal("6.00")), ("BEV-2", "chai", "beverage", Decimal("4.90")),
    ("GIF-1", "sticker", None, Decimal("0.00")), ("OLD-1", "never sold", "jaffle", Decimal("9.99")),
]  # fmt: skip


def make_shop(seed=7, visits_a_day=2):
    """Return table → rows of two years.

    There are orders of no store, no customer and no item, items of no order and of an unknown product, items given
    away, customers who never ordered, several supplies a product and several refunds an order, and a closed February.
    """
    chance = random.Random(seed)
    supplies = [
        (sku, Decimal(chance.randint(5, 150)) / 100) for sku, *_ in _PRODUCTS[:4] for _ in range(chance.randint(2, 4))
    ]
    regions = ["north", "south", "south", None]
    made = {
        "stores": [(1, "Philadelphia"), (2, "Malmö"), (3, "O'Fallon"), (4, "never sold")],
        "products": _PRODUCTS,
        "supplies": supplies,
        "customers": [
            (number, chance.choice(regions), _FIRST + timedelta(chance.randint(0, 700))) for number in range(1, 121)
        ],
        "orders": [],
        "order_items": [(99_999, "JAF-1", 1, Decimal("11.00")), (1, "XXX-1", 1, Decimal("3.00"))],
        "refunds": [],
        "visits": [],
    }
    for number in range(_DAYS):
        for _ in range(chance.randint(0, 2 * visits_a_day)):
            at = datetime.combine(_FIRST, time(chance.randint(0, 23), chance.randint(0, 59))) + timedelta(number)
            _visit(made, chance, at)
    return made


def _visit(made, chance, at):
    """Add a visit, and what came of it."""
    customer = chance.randint(1, 100) if chance.random() < 0.95 else None
    made["visits"].append((customer, at, chance.choice(["search", "mail", None])))
    ordered = at + timedelta(minutes=chance.randint(1, 60 * 24 * 5))
    if chance.random() < 0.4 or ordered.year > 2025 or (ordered.year, ordered.month) == (_CLOSED.year, _CLOSED.month):
        return
    order = len(made["orders"]) + 1
    buyer = customer if chance.random() < 0.97 else None
    status = chance.choice([*["paid"] * 9, "cancelled"])
    made["orders"].append((order, buyer, chance.choice([1, 1, 2, 3, None]), ordered, status))
    for _ in range(chance.choice([0, 1, 1, 2, 3, 5])):
        sku, _name, _kind, price = chance.choice(_PRODUCTS[:5])
        paid = price if chance.random() < 0.9 else Decimal("0.00")
        made["order_items"].append((order, sku, chance.randint(1, 4), paid))
    for _ in range(chance.choice([1, 2]) if chance.random() < 0.1 else 0):
        back = ordered + timedelta(days=chance.randint(0, 40))
        made["refunds"].append((order, back, Decimal(chance.randint(50, 900)) / 100))


def fill(engine, made):
    """Write the tables through an SQLAlchemy engine."""
    with engine.begin() as connection:
        for name, columns in COLUMNS.items():
            table = sa.Table(name, sa.MetaData(), *(sa.Column(column, each) for column, each in columns.items()))
            table.create(connection)
            connection.execute(table.insert(), [dict(zip(columns, row, strict=True)) for row in made[name]])


@contextmanager
def shop(kind, folder, services, made):
    """Fill a database of its kind; yield what makes `Metrics` of it for an audience."""
    with database(kind, folder, services) as lab:
        fill(lab.open().engine, made)
        opened = lab.open(read_only=True)
        catalogue = write_files(folder, FILES)

        def ask(audience="", **values):
            return Metrics(catalogue, lambda _: opened, Audience(audience, values))

        yield ask

"""A shop's numbers as an analyst finds them by hand, in SQL that shares nothing with the library's: in every engine."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pandas as pd
import pytest
from support.jaffle import COLUMNS, make_shop, shop

from analytics_lib.errors import MetricError

ROWS = make_shop()
SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")]

BY_HAND = {
    "items by product, two joins away from nothing": (
        {"metrics": ["revenue", "items_sold", "median_price"], "by": ["product.kind"]},
        """select p.kind, sum(i.quantity * i.price), sum(i.quantity), median(i.price)
        from order_items i left join products p using (sku) left join orders o on o.id = i.order_id
        where o.status is distinct from 'cancelled' group by 1""",
    ),
    "orders and their items, with a month in which nothing was sold": (
        {"metrics": ["revenue", "orders", "order_value"], "by": ["month"], "start": "2025-01-01", "end": "2025-04-15"},
        """with paid as (select * from orders where status <> 'cancelled' and placed_at::date <= '2025-04-15'),
        money as (select date_trunc('month', placed_at) as m, sum(quantity * price) as r
                  from paid join order_items on order_id = id group by 1),
        number as (select date_trunc('month', placed_at) as m, count(*) as n from paid group by 1)
        select m, coalesce(r, 0), coalesce(n, 0), r / n
        from generate_series(timestamp '2025-01-01', timestamp '2025-04-01', interval 1 month) as spine(m)
        left join money using (m) left join number using (m)""",
    ),
    "three models by a dimension that all of them join": (
        {"metrics": ["revenue", "refunded", "net_revenue", "orders"], "by": ["city"]},
        """with money as (select store_id as s, sum(quantity * price) as r
                       from orders join order_items on order_id = id where status <> 'cancelled' group by 1),
        lost as (select null as s, sum(quantity * price) as r from order_items
                 where order_id not in (select id from orders)),
        back as (select store_id as s, sum(amount) as r from refunds join orders on id = order_id group by 1),
        number as (select store_id as s, count(*) as n from orders where status <> 'cancelled' group by 1),
        cities as (select id, city from stores where id < 4 union all select null, null)
        select city, coalesce(m.r, 0) + coalesce(l.r, 0), coalesce(b.r, 0),
               coalesce(m.r, 0) + coalesce(l.r, 0) - coalesce(b.r, 0), coalesce(n, 0)
        from cities left join money m on m.s is not distinct from id left join lost l on id is null
        left join back b on b.s is not distinct from id left join number o on o.s is not distinct from id""",
    ),
    "customers who never ordered count among customers": (
        {"metrics": ["customers", "orders", "orders_per_customer"], "by": ["customer.region"]},
        """with people as (select region, count(*) as c from customers group by 1),
        number as (select region, count(*) as n from orders left join customers c on c.id = customer_id
                   where status <> 'cancelled' group by 1)
        select p.region, c, n, n / c from people p left join number o on o.region is not distinct from p.region""",
    ),
    "a product has several supplies": (
        {"metrics": ["revenue", "supply_cost", "margin"], "by": ["product.name"], "where": {"product.kind": "jaffle"}},
        """with cost as (select sku, sum(cost) as each from supplies group by 1),
        sold as (select name, sum(quantity * i.price) as r, sum(quantity * each) as c
                 from order_items i join products using (sku) left join cost using (sku)
                 left join orders o on o.id = order_id
                 where kind = 'jaffle' and status is distinct from 'cancelled' group by 1)
        select name, r, c, (r - c) / r from sold""",
    ),
    "a share of a metric with a condition of its own, filtered over two joins": (
        {
            "metrics": ["jaffle_revenue", "jaffle_share"], "by": ["year"],
            "where": {"store.city": [None, "Malmö", "x' or '1'='1"], "given_away": False},
            "start": "2024-03-01", "end": "2025-11-30",
        },
        """select date_trunc('year', placed_at), sum(quantity * price) filter (kind = 'jaffle'),
               sum(quantity * price) filter (kind = 'jaffle') / sum(quantity * price)
        from order_items i join orders o on o.id = order_id left join stores s on s.id = store_id
        left join (select sku, kind from products) p using (sku)
        where status <> 'cancelled' and (city = 'Malmö' or city is null) and price <> 0
          and placed_at::date between '2024-03-01' and '2025-11-30' group by 1""",
    ),
    "what has added up by each quarter's last day": (
        {
            "metrics": ["customers_so_far", "revenue_this_year", "buyers_in_four_weeks"], "by": ["quarter"],
            "start": "2024-01-01", "end": "2025-11-15",
        },
        """with ends as (
            select q, least(q + interval 3 month, timestamp '2025-11-16') as e
            from generate_series(timestamp '2024-01-01', timestamp '2025-10-01', interval 3 month) as spine(q))
        select q, (select count(*) from customers where signed_up < e),
               (select coalesce(sum(quantity * price), 0) from orders join order_items on order_id = id
                where status <> 'cancelled' and placed_at >= date_trunc('year', q) and placed_at < e),
               (select count(distinct customer_id) from orders
                where status <> 'cancelled' and placed_at >= e - interval 28 day and placed_at < e)
        from ends""",
    ),
    "who ordered within three days of a visit": (
        {"metrics": ["bought"], "by": ["source"], "start": "2025-03-01", "end": "2025-08-31"},
        """select source, count(distinct customer_id) filter (exists (
                   select 1 from orders o where o.customer_id = v.customer_id and status <> 'cancelled'
                   and placed_at >= visited_at and placed_at < visited_at + interval 3 day))
               / count(distinct customer_id)
        from visits v where visited_at::date between '2025-03-01' and '2025-08-31' group by 1""",
    ),
    "who ordered again within thirty days": (
        {"metrics": ["came_back"], "by": ["customer.region"]},
        """select region, count(distinct customer_id) filter (exists (
                   select 1 from orders later where later.customer_id = o.customer_id and status <> 'cancelled'
                   and later.placed_at > o.placed_at and later.placed_at < o.placed_at + interval 30 day))
               / count(distinct customer_id)
        from orders o left join customers c on c.id = customer_id where o.status <> 'cancelled' group by 1""",
    ),
    "orders by the quarter in which their customers came": (
        {"metrics": ["orders"], "by": ["customer.signed_up.quarter"], "start": "2025-06-01"},
        """select date_trunc('quarter', signed_up)::timestamp, count(*)
        from orders left join customers c on c.id = customer_id
        where status <> 'cancelled' and placed_at >= '2025-06-01' group by 1""",
    ),
    "products that were never sold": (
        {"metrics": ["products", "items_sold"], "by": ["product.name"]},
        """with names as (select sku, name, 1 as n from products union all select 'XXX-1', null, 0)
        select name, n, coalesce((select sum(quantity) from order_items i left join orders o on o.id = order_id
                                  where i.sku = names.sku and status is distinct from 'cancelled'), 0)
        from names""",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def by_hand():
    """Run SQL over the same rows, past the library."""
    with duckdb.connect() as database:
        for name, columns in COLUMNS.items():
            kinds = {column: kind() if isinstance(kind, type) else kind for column, kind in columns.items()}
            database.execute(f"create table {name} ({', '.join(f'{each} {kind}' for each, kind in kinds.items())})")
            database.executemany(f"insert into {name} values ({', '.join('?' * len(columns))})", ROWS[name])
        yield lambda text: database.execute(text).fetchall()


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def asked_by(request, tmp_path_factory, services):
    """One engine after the other."""
    with shop(request.param, tmp_path_factory.mktemp("shop"), services, ROWS) as ask:
        ask.kind = request.param
        yield ask


def agree(frame, rows):
    """Compare rows by their first column, a missing key first; numbers to ten digits."""

    def ordered(lines):
        plain = [[None if pd.isna(each) else each for each in line] for line in lines]
        return sorted(plain, key=lambda line: (line[0] is not None, str(line[0])))

    found, wanted = ordered(frame.itertuples(index=False)), ordered(rows)
    if len(wanted) > 1:
        assert [line[0] for line in found] == [line[0] for line in wanted]
    for line, expected in zip(found, wanted, strict=True):
        for number, value in list(zip(line, expected, strict=True))[len(wanted) > 1 :]:
            assert number == (None if value is None else pytest.approx(float(value), rel=1e-10)), line[0]


@pytest.mark.parametrize("asked", BY_HAND)
def test_numbers_are_those_found_by_hand(asked_by, by_hand, asked):
    question, text = BY_HAND[asked]
    rows = by_hand(text)
    assert len(rows) > 1
    agree(asked_by().query(**question), rows)


def test_joined_before_they_are_added_up_revenue_and_refunds_would_be_too_high(asked_by, by_hand):
    [(revenue, refunded)] = by_hand(
        """select (select sum(quantity * price) from order_items left join orders o on o.id = order_id
                   where status is distinct from 'cancelled'), (select sum(amount) from refunds)"""
    )
    [(too_much, far_too_much)] = by_hand(
        """select sum(quantity * price) filter (status <> 'cancelled'), sum(amount)
        from orders o join order_items i on i.order_id = o.id join supplies s using (sku)
        left join refunds r on r.order_id = o.id"""
    )
    assert too_much > 1.5 * float(revenue)
    assert far_too_much > 1.5 * float(refunded)
    row = asked_by().query(["revenue", "refunded", "supply_cost"]).iloc[0]
    assert row["revenue"] == pytest.approx(float(revenue), rel=1e-10)
    assert row["refunded"] == pytest.approx(float(refunded), rel=1e-10)


def test_each_audience_sees_its_own_part(asked_by, by_hand):
    wanted = by_hand(
        """with mine as (select o.* from orders o join customers c on c.id = customer_id where region = 'south')
        select (select count(*) from customers where region = 'south'),
               (select count(*) from mine where status <> 'cancelled'),
               (select sum(quantity * price) from mine join order_items on order_id = id where status <> 'cancelled'),
               (select sum(amount) from mine join refunds on order_id = id),
               (select count(*) from visits join customers c on c.id = customer_id where region = 'south')"""
    )
    names = ["customers", "orders", "revenue", "refunded", "visits"]
    agree(asked_by("franchise", region="south").query(names), wanted)
    nobody = asked_by("franchise", region="south' or '1'='1").query(names)
    assert nobody.iloc[0].tolist() == [0] * len(names)


@pytest.mark.parametrize("value", [0, False, 0.0])
def test_a_value_of_another_kind_opens_no_row(asked_by, value):
    """MariaDB takes text for 0 where it is compared with a number, and finds every row that has a region."""
    franchise = asked_by("franchise", region=value)
    try:
        found = franchise.query(["customers", "orders"]).iloc[0].tolist()
    except MetricError as error:
        assert f"'region' has the value {value!r}, and 'region' holds text; give it text, in quotes" in str(error)
    else:
        assert asked_by.kind == "sqlite"  # its columns have no type: nothing is equal
        assert found == [0, 0]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"given_away": "yes"}, "'given_away' has the value 'yes', and 'given_away' holds true and false"),
        ({"given_away": [True, 1]}, "has the value 1, and 'given_away' holds true and false; give it one of these"),
        ({"sold": "2025-13-01"}, "'sold' has the value '2025-13-01', and 'sold' holds times; give it a day"),
        ({"sold": {"from": 2025}}, "'sold' has the value 2025, and 'sold' holds times; give it a day: 2026-01-31"),
        ({"product.kind": {"not": Decimal("0.5")}}, "has the value 0.5, and 'product.kind' holds text"),
        ({"store.number": "one"}, "'order.store.number' has the value 'one', and 'order.store.number' holds numbers"),
        ({"store.number": date(2026, 1, 1)}, "has the value 2026-01-01, and 'order.store.number' holds numbers"),
    ],
)
def test_values_of_another_kind_are_refused(asked_by, where, said):
    if asked_by.kind == "sqlite" and "holds t" not in said.replace("holds text", ""):
        pytest.skip("columns of SQLite have no type")
    with pytest.raises(MetricError) as raised:
        asked_by().query(["revenue"], where=where)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ({"store.number": "1"}, "store_id = 1"),  # as programs pass on what stands in an address
        ({"store.number": [1, 2.0, None]}, "(store_id in (1, 2) or store_id is null)"),
        (
            {"sold": ("2025-03-01 12:00:00", "2025-03-20")},
            "placed_at >= '2025-03-01 12:00' and placed_at < '2025-03-21'",
        ),
        ({"sold": {"from": pd.Timestamp("2025-03-01 12:00")}}, "placed_at >= '2025-03-01 12:00'"),
    ],
)
def test_values_of_the_kind_in_other_words(asked_by, by_hand, where, condition):
    wanted = by_hand(
        f"""select sum(quantity * price), sum(quantity) from order_items left join orders o on o.id = order_id
        where status is distinct from 'cancelled' and {condition}"""
    )
    agree(asked_by().query(["revenue", "items_sold"], where=where), [(float(wanted[0][0]), wanted[0][1])])


def test_a_year_ago(asked_by, by_hand):
    rows = by_hand(
        """with sold as (select city, placed_at::date as day, quantity * price as r
                      from orders left join stores s on s.id = store_id join order_items i on i.order_id = orders.id
                      where status <> 'cancelled'),
        parts as (select city, sum(r) filter (day between '2025-03-01' and '2025-05-31') as new,
                        sum(r) filter (day between '2024-03-01' and '2024-05-31') as old
                 from sold group by 1)
        select city, new, old, new - old, new / old - 1 from parts"""
    )
    agree(asked_by().compare(["revenue"], ["city"], start="2025-03-01", end="2025-05-31", to="previous_year"), rows)

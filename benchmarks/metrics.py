"""How much longer a question to the metric model takes than the same SQL written by hand.

By hand is a plain SELECT with one GROUP BY, given to the same connection. Ours writes the statement, binds values,
fills periods and gives columns their types. A question is asked anew each time, on other days, so that no statement is
ready; and once more as before.

    python benchmarks/metrics.py [--runs 5] [--quick]
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import measuring
from measuring import Options, Row

from analytics_lib.connectors import open_connection
from analytics_lib.connectors.metrics import Metrics
from analytics_lib.model.connections import ConnectionSpec
from analytics_lib.workspace.metrics import load_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ORDERS, FEW_ORDERS = 1_000_000, 100_000
GOAL_MS = 15
TIMES = 20
"""Questions of each side in a run; their median counts."""
TABLES = """
create table customers as select i as id, 'region ' || i % 7 as region from range({orders} // 20) t(i);
create table orders as select i as id, (random() * {orders} / 20)::integer as customer_id,
    'channel ' || i % 5 as channel, (random() * 100)::decimal(10, 2) as amount,
    date '2024-01-01' + (random() * 730)::integer as day
from range({orders}) t(i)
"""
FILES = {
    "orders": """
owner: shop@example.com
connection: lab
table: orders
time: day
entities: {order: {type: primary, column: id}, customer: {type: foreign, column: customer_id}}
dimensions: {placed: {type: time, column: day}, channel: }
measures: {amount: {aggregate: sum}, orders: {aggregate: count}}
metrics:
  revenue: {measure: amount}
  orders:
  order_value: {type: ratio, numerator: revenue, denominator: orders}
""".replace("time: day", "time: placed"),
    "customers": """
owner: shop@example.com
connection: lab
table: customers
entities: {customer: {type: primary, column: id}}
dimensions: {region: }
""",
}
BY_CHANNEL = """
select date_trunc('month', day)::date as month, channel, sum(amount)::double as revenue, count(*) as orders,
    sum(amount)::double / count(*) as order_value
from orders where day >= :start and day <= :end group by 1, 2 order by 1, 2
"""
BY_REGION = """
select date_trunc('month', o.day)::date as month, c.region, sum(o.amount)::double as revenue, count(*) as orders,
    sum(o.amount)::double / count(*) as order_value
from orders o left join customers c on c.id = o.customer_id
where o.day >= :start and o.day <= :end group by 1, 2 order by 1, 2
"""


def measure(options: Options, root: Path) -> Iterator[Row]:
    """Yield the rows."""
    orders = ORDERS if options.runs >= 5 else FEW_ORDERS
    folder = root / "metrics"
    (folder / "metrics").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / "metrics" / f"{name}.yml").write_text(text.lstrip(), encoding="utf-8")
    import duckdb

    with duckdb.connect(str(folder / "lab.duckdb")) as database:
        database.execute("select setseed(0.5)")
        database.execute(TABLES.format(orders=orders))
    lab = open_connection(ConnectionSpec("lab", f"duckdb:///{folder}/lab.duckdb", True, "the benchmark"))
    metrics = Metrics(load_metrics(folder), lambda _: lab)
    for by, hand in (("channel", BY_CHANNEL), ("region", BY_REGION)):
        yield _asked(
            options, f"3 metrics by month and {by}, asked anew", orders, _pair(metrics, lab, by, hand, anew=True)
        )
        yield _asked(options, f"the same by {by}, asked again", orders, _pair(metrics, lab, by, hand, anew=False))
    times = [_seconds(lambda: Metrics(load_metrics(folder), lambda _: lab)) for _ in range(options.runs * TIMES)]
    opened = 1000 * statistics.median(times)
    yield Row("opening the metric model, files as before", "–", f"{opened:.1f} ms", "–", f"{opened:.1f} ms", "–", None)
    lab.close()


def _pair(metrics: Metrics, lab: Any, by: str, hand: str, *, anew: bool) -> Callable[[int], tuple[float, float]]:
    """Return what times both sides on the same question."""

    def both(number: int) -> tuple[float, float]:
        days = {"start": "2024-01-01", "end": f"2025-{1 + number % 12:02}-{1 + number % 28 if anew else 28:02}"}
        ours = _seconds(lambda: metrics.query(["revenue", "orders", "order_value"], by=["month", by], **days))
        theirs = _seconds(lambda: lab.sql(hand, **days))
        return ours, theirs

    return both if anew else lambda _: both(11)


def _asked(options: Options, work: str, orders: int, both: Callable[[int], tuple[float, float]]) -> Row:
    both(0)
    pairs = [both(number) for number in range(options.runs * TIMES)]
    measuring.note(f"metrics: {work}")
    ours, theirs = (1000 * each for each in measuring.medians(pairs))
    over = 1000 * statistics.median(ours - theirs for ours, theirs in pairs)
    figures = (f"{ours:.1f} ms", f"{theirs:.1f} ms", f"{over:.1f} ms longer", f"≤ {GOAL_MS} ms longer")
    return Row(f"{work}; {orders:,} orders in DuckDB", "SQL written by hand", *figures, over <= GOAL_MS)


def _seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    measuring.main(__doc__, measure)

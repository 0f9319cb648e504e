"""The spine of time: every period of the days asked for, whether or not there are rows in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from analytics_lib.connectors.metrics.aggregates import facts, period_of, time_of
from analytics_lib.connectors.metrics.clocks import SparkClock
from analytics_lib.connectors.metrics.values import written
from analytics_lib.model.metrics.periods import STEPS, floor

if TYPE_CHECKING:
    from sqlalchemy import CTE, ColumnElement

    from analytics_lib.connectors.metrics.rows import Scope
    from analytics_lib.model.metrics.plan import Leaf, Plan

    Column = ColumnElement[Any]

LAST_DAY = "last_day"
"""The column of each period's last day, or of the last day asked for."""


def last_days(scope: Scope, plan: Plan, name: str = "periods") -> CTE:
    """Return a row a period: its first day, by the name of its grain; without a grain, one row.

    Where something adds up over time, each has its `LAST_DAY` as well.

    Parameters
    ----------
    scope, plan
        What is asked.
    name
        What the table is to be called.
    """
    request, clock = plan.request, scope.clock
    if request.grain is None:
        if request.end is not None:
            return sa.select(clock.day(request.end).label(LAST_DAY)).cte(name)
        found = _bounds(scope, plan, f"{name}__bounds")
        return sa.select(found.c.high.label(LAST_DAY)).where(found.c.high.is_not(None)).cte(name)
    steps = _periods(scope, plan, request.grain, name)
    unit, count = STEPS[request.grain]
    begins: Column = steps.c[request.grain]
    columns: list[Column] = [begins.label(request.grain)]
    if any(leaf.defined.metric.type == "cumulative" for leaf in plan.leaves):
        whole, over = clock.add(clock.add(begins, unit, count), "day", -1), steps.c.until
        columns.append(sa.case((whole > over, over), else_=whole).label(LAST_DAY))
    return sa.select(*columns).cte(name)


def _periods(scope: Scope, plan: Plan, grain: str, name: str) -> Any:
    """Return a row a period with the last day of all.

    Numbers are doubled, and doubled and raised by one: seventeen rounds make 100,000. MariaDB stops a recursion after
    1,000 rounds, and says nothing.
    """
    request, clock = plan.request, scope.clock
    unit, count = STEPS[grain]
    bounds = None if request.start and request.end else _bounds(scope, plan, f"{name}__bounds")
    low: Column = clock.day(floor(request.start, grain)) if request.start else clock.floor(bounds.c.low, grain)  # type: ignore[union-attr] # one is open
    high: Column = clock.day(request.end) if request.end else bounds.c.high  # type: ignore[union-attr] # one is open
    first = sa.select(written(0).label("n"), low.label("low"), high.label("until"))
    if bounds is not None:
        first = first.select_from(bounds).where(low.is_not(None), high.is_not(None))
    if isinstance(clock, SparkClock):
        ends = first.subquery(f"{name}__ends")
        step: Column = sa.literal_column(f"INTERVAL '{count}' {unit}")
        every = sa.func.explode(sa.func.sequence(ends.c.low, ends.c.until, step)).label(grain)
        return sa.select(every, ends.c.until).where(ends.c.low <= ends.c.until).cte(f"{name}__steps")
    steps = first.cte(f"{name}__steps", recursive=True)
    both = sa.union_all(sa.select(written(1).label("more")), sa.select(written(2).label("more"))).subquery("both")
    number: Column = steps.c.n * written(2) + both.c.more
    again = sa.select(number.label("n"), steps.c.low, steps.c.until).select_from(steps.join(both, sa.true()))
    steps = steps.union_all(again.where(clock.add(steps.c.low, unit, _times(number, count)) <= steps.c.until))
    begins = clock.add(steps.c.low, unit, _times(steps.c.n, count))
    return sa.select(begins.label(grain), steps.c.until).where(begins <= steps.c.until).subquery(f"{name}__begin")


def _times(number: Column, count: int) -> Column:
    return number if count == 1 else number * written(count)


def _bounds(scope: Scope, plan: Plan, name: str) -> CTE:
    """Return the first and the last day that any of the measures has rows at."""
    ends = []
    for leaf in _by_time(plan):
        time = time_of(leaf.measured)
        if time is None:
            continue
        rows = facts(scope, [leaf], (plan.request.start, plan.request.end))
        day = period_of(scope, time, rows, "day")
        ends.append(rows.select(sa.func.min(day).label("low"), sa.func.max(day).label("high")))
    every = sa.union_all(*ends).subquery(f"{name}__each") if len(ends) > 1 else ends[0].subquery(f"{name}__each")
    return sa.select(sa.func.min(every.c.low).label("low"), sa.func.max(every.c.high).label("high")).cte(name)


def _by_time(plan: Plan) -> list[Leaf]:
    found: dict[tuple[str, str | None], Leaf] = {}
    for leaf in plan.leaves:
        found.setdefault((leaf.measured.file.name, leaf.measured.time), leaf)
    return list(found.values())

"""What adds up over time, and who converts: numbers whose rows lie outside of their own period."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from analytics_lib.connectors.metrics.aggregates import (
    facts,
    groups_of,
    number,
    period_of,
    ranked,
    time_of,
    value_of,
)
from analytics_lib.connectors.metrics.rows import between, measure_label, rows_of
from analytics_lib.connectors.metrics.spine import LAST_DAY
from analytics_lib.connectors.metrics.values import written
from analytics_lib.model.metrics.keys import key_label
from analytics_lib.model.metrics.periods import floor, parse_window, shift
from analytics_lib.model.metrics.unitwise import BASE, CONVERTED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import CTE, ColumnElement, Select, Subquery

    from analytics_lib.connectors.metrics.rows import Scope
    from analytics_lib.model.metrics.defined import Measured
    from analytics_lib.model.metrics.joins import Field
    from analytics_lib.model.metrics.plan import Leaf
    from analytics_lib.model.metrics.requests import MetricRequest

    Column = ColumnElement[Any]

_AGAIN = {"sum": "sum", "count": "sum", "min": "min", "max": "max"}
"""How the numbers of days become one."""


def cumulative(scope: Scope, leaf: Leaf, request: MetricRequest, ends: CTE) -> Select[Any]:
    """Return a row a group with what has added up at each period's last day.

    Days are aggregated first, and each period joined with the days of its window; what cannot be made of days, as
    different customers, is made of the rows themselves.
    """
    days = _days(scope, leaf, request)
    day: Column = days.c.on_day__
    last: Column = ends.c[LAST_DAY]
    joined = ends.join(days, sa.and_(day <= last, *_since(scope, leaf, day, last)))
    own = [days.c[column.name] for column in days.c if column.name not in {"on_day__", "value__"}]
    keys = [*([ends.c[request.grain]] if request.grain else []), *own]
    if leaf.q is not None:
        return ranked(sa.select(*keys, days.c.value__).select_from(joined), keys, leaf)
    again = _AGAIN.get(leaf.measured.measure.aggregate)
    made = getattr(sa.func, again)(days.c.value__) if again else number(leaf, days.c.value__)
    return sa.select(*keys, made.label(leaf.label)).select_from(joined).group_by(*keys)


def _days(scope: Scope, leaf: Leaf, request: MetricRequest) -> Any:
    time = _time(leaf.measured)
    rows = facts(scope, [leaf], (_earliest(leaf, request), request.end))
    day = period_of(scope, time, rows, "day")
    groups = groups_of(scope, leaf, rows, request)
    value = value_of(scope, leaf, rows)
    name = f"{leaf.label}__days"
    aggregate = leaf.measured.measure.aggregate
    if aggregate in _AGAIN:
        made = rows.select(day.label("on_day__"), *groups, number(leaf, value).label("value__"))
        return made.group_by(day, *(each.element for each in groups if isinstance(each, sa.Label))).subquery(name)
    made = rows.select(day.label("on_day__"), *groups, value.label("value__"))
    return (made.distinct() if aggregate == "count_distinct" else made).subquery(name)


def _earliest(leaf: Leaf, request: MetricRequest) -> date | None:
    """Return the first day that any window reaches; None where all days count."""
    metric = leaf.defined.metric
    begins = None if request.start is None else floor(request.start, request.grain or "day")
    if begins is None or (metric.window is None and metric.to_date is None):
        return None
    if request.grain is None and request.end is not None:
        begins = request.end
    if metric.to_date is not None:
        return floor(begins, metric.to_date)
    unit, count = parse_window(str(metric.window))
    return shift(begins, unit, -count) - timedelta(days=1)


def _since(scope: Scope, leaf: Leaf, day: Column, last: Column) -> list[Column]:
    metric, clock = leaf.defined.metric, scope.clock
    if metric.to_date is not None:
        return [day >= clock.floor(last, metric.to_date)]
    if metric.window is None:
        return []
    unit, count = parse_window(metric.window)
    return [day >= clock.add(clock.add(last, "day", 1), unit, -count)]


def conversion(scope: Scope, leaf: Leaf, request: MetricRequest) -> Select[Any]:
    """Return a row a group with how many did the first, and how many of them the second within the window."""
    entity, time = str(leaf.defined.metric.entity), _time(leaf.measured)
    rows = facts(scope, [leaf], (request.start, request.end), key=entity)
    groups = groups_of(scope, leaf, rows, request)
    if request.grain is not None:
        groups = [period_of(scope, time, rows, request.grain).label(request.grain), *groups]
    at = scope.clock.instant(rows.columns[time.label], scope.kind(time.model, time.name))
    key, counts = rows.columns[key_label(entity)], value_of(scope, leaf, rows).is_not(None)
    began = rows.select(key.label("who__"), at.label("at__"), at.label("began__"), sa.null().label("done__"), *groups)
    names = [str(group.name) for group in groups if isinstance(group, sa.Label)]
    seen, converts = begun(scope, leaf, began.where(key.is_not(None), counts), names, (request.start, request.end))
    own = [seen.c[name] for name in names]
    numbers = {BASE: seen.c.who__, CONVERTED: sa.case((converts, seen.c.who__))}
    counted = [sa.func.count(each.distinct()).label(leaf.label + after) for after, each in numbers.items()]
    return sa.select(*own, *counted).where(seen.c.began__.is_not(None)).group_by(*own)


def begun(
    scope: Scope, leaf: Leaf, began: Select[Any], names: Sequence[str], days: tuple[date | None, date | None]
) -> tuple[Subquery, Column]:
    """Return the rows that begin a conversion among those that complete it, and whether each is followed by one.

    Both kinds of rows are put in one order for each entity; looking back from the end, the next time of the second is
    the least one seen so far. What is done at the same moment counts, unless both are rows of one model: no row
    completes itself.

    Parameters
    ----------
    scope, leaf
        The conversion, and what the statement is written for.
    began
        The rows that begin it: ``who__``, ``at__``, ``began__``, the same time again, ``done__``, which is null, and
        `names`.
    names
        What else they have.
    days
        First and last day of these; None leaves one open.
    """
    if leaf.then is None:
        raise AssertionError(leaf)
    _, window = parse_window(str(leaf.defined.metric.window))
    done = _done(scope, leaf.then, leaf, days).add_columns(*(sa.null().label(name) for name in names))
    events = sa.union_all(began, done).subquery(f"{leaf.label}__events")
    second = sa.case((events.c.done__.is_(None), written(0)), else_=written(1))
    ties = second if leaf.then.file is leaf.measured.file else second.desc()
    order = [events.c.at__.desc(), ties]
    soonest = sa.func.min(events.c.done__).over(partition_by=events.c.who__, order_by=order)
    seen = sa.select(events, soonest.label("soonest__")).subquery(f"{leaf.label}__seen")
    return seen, scope.clock.before(seen.c.began__, seen.c.soonest__, window)


def _done(scope: Scope, then: Measured, leaf: Leaf, asked: tuple[date | None, date | None]) -> Select[Any]:
    """Return the rows that complete a conversion: who, when, and nothing begun."""
    entity, time = str(leaf.defined.metric.entity), _time(then)
    _, days = parse_window(str(leaf.defined.metric.window))
    key, made = key_label(entity), measure_label(then.name)
    rows = rows_of(scope, then.file.name, [time], [key, made], leaf.then_filters)
    # A day more on both sides: the two may be told by the clocks of different zones.
    start = None if asked[0] is None else asked[0] - timedelta(days=1)
    end = None if asked[1] is None else asked[1] + timedelta(days=days + 1)
    rows.conditions += between(scope, time, rows.columns[time.label], start, end)
    at = scope.clock.instant(rows.columns[time.label], scope.kind(time.model, time.name))
    who = rows.columns[key]
    picked = rows.select(who.label("who__"), at.label("at__"), sa.null().label("began__"), at.label("done__"))
    return picked.where(who.is_not(None), rows.columns[made].is_not(None))


def _time(measured: Measured) -> Field:
    """Return the time of a measure that has one: files where it is missing are refused."""
    time = time_of(measured)
    if time is None:
        raise AssertionError(measured)
    return time

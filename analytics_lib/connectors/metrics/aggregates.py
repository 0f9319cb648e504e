"""Rows made into numbers, one row a group: aggregates side by side, and percentiles by rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from analytics_lib.connectors.metrics.rows import (
    between,
    holds,
    measure_label,
    rows_of,
    told,
)
from analytics_lib.connectors.metrics.values import written
from analytics_lib.connectors.moments.kinds import BOOLEAN
from analytics_lib.model.metrics.joins import Field
from analytics_lib.model.metrics.keys import key_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Select

    from analytics_lib.connectors.metrics.rows import Rows, Scope
    from analytics_lib.model.metrics.defined import Measured
    from analytics_lib.model.metrics.plan import Leaf
    from analytics_lib.model.metrics.requests import MetricRequest

    Column = ColumnElement[Any]


def time_of(measured: Measured) -> Field | None:
    """Return the time dimension that a measure is told by."""
    name = measured.time
    return Field((), measured.file.name, name, measured.file.model.dimensions[name]) if name is not None else None


def group_label(asked: str) -> str:
    """Return the column's name, within a statement, of what is grouped by."""
    return asked.replace(".", "__")


def facts(
    scope: Scope, leaves: Sequence[Leaf], days: tuple[date | None, date | None], *, key: str | None = None
) -> Rows:
    """Return the rows that some leaves of one model are made of, those of some days.

    Parameters
    ----------
    scope
        What the statement is written for.
    leaves
        Of one model and one time dimension.
    days
        First and last day; None leaves one open.
    key
        An entity whose column is wanted as well.
    """
    first = leaves[0]
    time = time_of(first.measured)
    filtered = [field for leaf in leaves for field, _ in leaf.filters]
    labels = [measure_label(leaf.measured.name) for leaf in leaves] + ([key_label(key)] if key else [])
    fields = [*first.by, *filtered, *([time] if time is not None else [])]
    rows = rows_of(scope, first.measured.file.name, fields, labels, first.where)
    if time is not None:
        low, high = days
        rows.conditions += between(scope, time, rows.columns[time.label], _floored(low, time), high)
    return rows


def _floored(day: date | None, time: Field) -> date | None:
    """Return the first day of what is kept by months, of any of their days."""
    from analytics_lib.model.metrics.periods import floor

    return None if day is None else floor(day, time.dimension.finest)


def groups_of(scope: Scope, leaf: Leaf, rows: Rows, request: MetricRequest) -> list[Column]:
    """Return the dimensions that are grouped by, without the period."""
    columns = zip(request.dimensions, leaf.by, strict=True)
    return [told(scope, field, rows.columns[field.label]).label(group_label(asked)) for asked, field in columns]


def period_of(scope: Scope, time: Field, rows: Rows, grain: str) -> Column:
    """Return the period that each row lies in."""
    kind = scope.kind(time.model, time.name)
    return scope.clock.floor(scope.clock.local(rows.columns[time.label], kind, time.dimension.zone), grain)


def simple(scope: Scope, leaves: Sequence[Leaf], request: MetricRequest) -> Select[Any]:
    """Return a row a group with a number for each leaf; they are of one model and one time dimension.

    A percentile stands alone, for it needs its rows in order.
    """
    rows = facts(scope, leaves, (request.start, request.end))
    keys = groups_of(scope, leaves[0], rows, request)
    time = time_of(leaves[0].measured)
    if request.grain is not None and time is not None:
        keys = [period_of(scope, time, rows, request.grain).label(request.grain), *keys]
    if leaves[0].q is not None:
        return ranked(rows.select(*keys, value_of(scope, leaves[0], rows).label("value__")), keys, leaves[0])
    numbers = [number(leaf, value_of(scope, leaf, rows)).label(leaf.label) for leaf in leaves]
    return rows.select(*keys, *numbers).group_by(*(_plain(key) for key in keys))


# Names of columns that nobody asks for end in two underscores, which no dimension's does.
def ranked(values: Select[Any], keys: Sequence[Column], leaf: Leaf) -> Select[Any]:
    """Return a row a group with a percentile: the values beside its place, weighted by how near they are.

    Of n values in order the place is 1 + (n − 1)·q; between two of them lies the line from one to the other (Hyndman
    and Fan 1996, definition 7).
    """
    given = values.subquery(f"{leaf.label}__values")
    names = [str(key.name) for key in keys if hasattr(key, "name")]
    groups = [given.c[name] for name in names]
    place = sa.func.row_number().over(partition_by=groups or None, order_by=given.c.value__)
    count = sa.func.count().over(partition_by=groups or None)
    inner = sa.select(*groups, given.c.value__, place.label("place__"), count.label("many__"))
    rows = inner.where(given.c.value__.is_not(None)).subquery(f"{leaf.label}__ranked")
    middle = (rows.c.many__ - written(1)) * written(float(leaf.q or 0.5))
    away = sa.cast(sa.func.abs(rows.c.place__ - written(1) - middle), sa.Double)
    near = sa.case((away < written(1), sa.cast(rows.c.value__, sa.Double) * (written(1.0) - away)))
    own = [rows.c[name] for name in names]
    return sa.select(*own, sa.func.sum(near).label(leaf.label)).group_by(*own)


def value_of(scope: Scope, leaf: Leaf, rows: Rows) -> Column:
    """Return what a leaf is made of, of each row; nothing where the row does not count."""
    measured = leaf.measured
    value = rows.columns[measure_label(measured.name)]
    kind = scope.kind(measured.file.name, measure_label(measured.name))
    if kind == BOOLEAN and measured.measure.aggregate not in {"count", "count_distinct"}:
        value = sa.case((value, written(1)), (sa.not_(value), written(0)))
    conditions = [holds(scope, field, rows.columns[field.label], condition) for field, condition in leaf.filters]
    return sa.case((sa.and_(*conditions), value)) if conditions else value


def number(leaf: Leaf, value: Column) -> Column:
    """Return the aggregate of a leaf's values."""
    aggregate = leaf.measured.measure.aggregate
    if aggregate == "count" and leaf.measured.measure.counts_rows and not leaf.filters:
        return sa.func.count()
    if aggregate == "count_distinct":
        return sa.func.count(value.distinct())
    if aggregate == "average":
        return sa.func.avg(sa.cast(value, sa.Double))
    made: Mapping[str, Any] = {"sum": sa.func.sum, "count": sa.func.count, "min": sa.func.min, "max": sa.func.max}
    column: Column = made[aggregate](value)
    return column


def _plain(key: Column) -> Column:
    """Return what a label stands for: engines differ on whether a label can be grouped by."""
    return key.element if isinstance(key, sa.Label) else key

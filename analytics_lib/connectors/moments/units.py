"""How often units stand in a table, and in how many variants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics_lib.connectors.moments.grouping import label_column
from analytics_lib.model.aggregation import UnitCounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.sql import Executable

    from analytics_lib.connectors.moments.grouping import Column, Found, Source
    from analytics_lib.model.aggregation import MomentRequest


def count_units(source: Source, request: MomentRequest, ask: Callable[[Executable], Found]) -> UnitCounts:
    """Return the counts; which units stand twice is asked only where some do."""
    import sqlalchemy as sa

    unit: Column = sa.column(str(request.unit))
    counts: list[Column] = [
        sa.func.count().label("n"),
        sa.func.count(unit).label("present"),
        sa.func.count(unit.distinct()).label("different"),
    ]
    found = ask(sa.select(*counts).select_from(source.rows))
    rows, present, different = (int(found[name][0]) for name in ("n", "present", "different"))
    if present == different:
        return UnitCounts(rows, rows - present, different)
    found = ask(_repeated(source, request))
    repeated, in_two = (int(found[name][0]) for name in ("repeated", "in_two"))
    return UnitCounts(rows, rows - present, different, repeated, in_two)


def _repeated(source: Source, request: MomentRequest) -> Executable:
    """Return the statement that counts units with several rows for the same labels, or several variants."""
    import sqlalchemy as sa

    unit: Column = sa.column(str(request.unit))
    variant: Column = sa.column(request.variant) if request.variant is not None else sa.literal_column("0")
    by = [label_column(source, name) for name in request.by]
    times: list[Column] = [unit.label("unit"), variant.label("variant"), sa.func.count().label("times")]
    keys = [unit, variant, *by] if request.variant is not None else [unit, *by]
    each = sa.select(*times).select_from(source.rows).where(unit.is_not(None)).group_by(*keys)
    rows = each.subquery("each_variant").c
    nameless = sa.func.max(sa.case((rows.variant.is_(None), 1), else_=0))  # a variant that is missing counts as one
    seen: list[Any] = [
        rows.unit,
        sa.func.max(rows.times).label("times"),
        (sa.func.count(rows.variant.distinct()) + nameless).label("variants"),
    ]
    units = sa.select(*seen).group_by(rows.unit).subquery("seen").c
    twice = sa.case((sa.or_(units.times > 1, units.variants > 1), 1), else_=0)
    in_two = sa.case((units.variants > 1, 1), else_=0)
    return sa.select(sa.func.sum(twice).label("repeated"), sa.func.sum(in_two).label("in_two"))

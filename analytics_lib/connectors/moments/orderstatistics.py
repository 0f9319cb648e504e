"""Order statistics by window functions: the few that a quantile and its interval need, wherever they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics_lib.connectors.moments.grouping import blanks, keys_found, keys_of, prepared, shown_keys
from analytics_lib.model.orderstatistics import NEAR, by_group, quantile_table

if TYPE_CHECKING:
    from sqlalchemy import CTE, Select

    from analytics_lib.connectors.moments.grouping import Column, Found, Source, Statement
    from analytics_lib.model.aggregation import MomentRequest, QuantileRequest, QuantileTable


def statement(source: Source, request: MomentRequest, wanted: QuantileRequest) -> Statement:
    """Return the statement that finds the order statistics of one quantile, of all units and of each segment's."""
    import sqlalchemy as sa

    units = prepared(source, request, (wanted.column,)).cte("units")
    groupings = ("", *request.segments)
    branches = [_ranked(units, request, wanted, at) for at in range(len(groupings))]
    return branches[0] if len(branches) == 1 else sa.union_all(*branches)


def table_of(request: MomentRequest, wanted: QuantileRequest, found: Found) -> QuantileTable:
    """Return the quantiles that a statement's result holds."""
    keys = [(segment, values, value) for segment, values, value in keys_found(request, found)]
    rows = zip(keys, found["n"], found["place"], found["value"], strict=True)
    return quantile_table(
        request, wanted, by_group((key, int(n), int(place), float(value)) for key, n, place, value in rows)
    )


def _ranked(units: CTE, request: MomentRequest, wanted: QuantileRequest, at: int) -> Select[Any]:
    import sqlalchemy as sa

    grouping = ("", *request.segments)[at]
    keys = keys_of(units, request, grouping)
    value = units.c[f"x{request.measured.index(wanted.column)}"]
    place = sa.func.row_number().over(partition_by=keys, order_by=value).label("place")
    n = sa.func.count().over(partition_by=keys).label("n")
    inner = sa.select(*keys, value.label("value"), place, n).where(value.is_not(None)).subquery(f"ranked{at}")
    shown = shown_keys(inner, request, grouping, blanks(units, request))
    return sa.select(*shown, inner.c.value, inner.c.place, inner.c.n).where(_wanted(inner, wanted))


def _wanted(ranked: Any, wanted: QuantileRequest) -> Column:
    """Return which ranks are needed: those beside the quantile's place, and those near the interval's ends.

    The ends lie about z·√(n·q·(1 − q)) from n·q; both sides are squared, for not every engine has a square root.
    """
    import sqlalchemy as sa

    n, place = sa.cast(ranked.c.n, sa.Double), sa.cast(ranked.c.place, sa.Double)
    from_quantile = sa.func.abs(place - (1.0 + (n - 1.0) * wanted.q))
    from_middle = sa.func.abs(place - n * wanted.q)
    reach = n * (wanted.q * (1 - wanted.q) * wanted.z**2)
    near = NEAR + 1.0
    inside = sa.or_(from_middle <= near, (from_middle - near) * (from_middle - near) <= reach)
    outside = (from_middle + near) * (from_middle + near) >= reach
    return sa.or_(from_quantile < 1.0, sa.and_(inside, outside))

"""Metrics beside those of an earlier time: two questions in one statement, their rows put side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import sqlalchemy as sa

from analytics_lib.connectors.metrics.answers import typed
from analytics_lib.connectors.metrics.statement import statement
from analytics_lib.connectors.metrics.values import written
from analytics_lib.model.metrics.periods import periods, previous
from analytics_lib.model.metrics.plan import empty_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from analytics_lib.connectors.metrics.rows import Scope
    from analytics_lib.model.metrics.plan import Plan
    from analytics_lib.model.metrics.requests import MetricRequest

_PLACE: Final = "__period"
_EARLIER: Final = "is_earlier__"


def earlier(request: MetricRequest, to: str) -> MetricRequest:
    """Return the same question of an earlier time; both of its days are given."""
    if request.start is None or request.end is None:
        raise AssertionError(request)
    start, end = previous(request.start, request.end, to)
    return replace(request, start=start, end=end)


def together(scopes: Sequence[Scope], plans: Sequence[Plan]) -> Select[Any]:
    """Return the rows of two questions, the second's marked as earlier."""
    both = []
    for place, (scope, plan) in enumerate(zip(scopes, plans, strict=True)):
        rows = statement(scope, plan, ordered=False, suffix="__earlier" if place else "").subquery(f"part{place}")
        both.append(sa.select(*rows.c, written(place).label(_EARLIER)))
    return sa.select(sa.union_all(*both).subquery("both"))


def compared(frame: pd.DataFrame, plan: Plan, before: Plan) -> pd.DataFrame:
    """Return a row a group: each metric, what it was before, the difference, and that as a share of what was before."""
    is_earlier = frame.iloc[:, -1].astype(int) == 1
    now, then = (
        typed(frame[rows].reset_index(drop=True), each) for rows, each in ((~is_earlier, plan), (is_earlier, before))
    )
    grain, names = plan.request.grain, list(plan.formulas)
    keys = [_PLACE if name == grain else name for name in plan.request.by]
    for part, each in ((now, plan), (then, before)):
        if grain is not None:
            part[_PLACE] = _places(part.pop(grain), each, grain)
    then = then.rename(columns={name: f"{name}_before" for name in names})
    if keys:
        joined = now.merge(then, on=keys, how="outer", indicator=True)
    else:
        joined = now.merge(then, how="cross").assign(_merge="both")
    found = {name: _shown(joined, name, plan, grain) for name in plan.request.by}
    for name in names:
        empty = empty_value(plan, name)
        value, old = (
            joined[column].mask(joined["_merge"] == absent, empty).astype("float64")
            for column, absent in ((name, "right_only"), (f"{name}_before", "left_only"))
        )
        change = value - old
        made = {name: value, f"{name}_before": old, f"{name}_change": change}
        found |= {key: each.astype("int64") for key, each in made.items()} if name in plan.counts else made
        found[f"{name}_growth"] = change / old.abs().mask(old == 0)
    answer = pd.DataFrame(found)
    by = list(plan.request.by)
    return answer.sort_values(by, na_position="last", kind="stable").reset_index(drop=True) if by else answer


def _places(days: pd.Series, plan: Plan, grain: str) -> pd.Series:
    """Return the number of each period among those of its question."""
    return days.map({pd.Timestamp(day): place for place, day in enumerate(_periods(plan, grain))})


def _periods(plan: Plan, grain: str) -> list[Any]:
    request = plan.request
    if request.start is None or request.end is None:
        raise AssertionError(request)
    return periods(request.start, request.end, grain)


def _shown(joined: pd.DataFrame, name: str, plan: Plan, grain: str | None) -> pd.Series:
    """Return a key's column; of periods those asked for, or none where the earlier time has one more."""
    if name != grain:
        return joined[name]
    days = dict(enumerate(pd.Timestamp(day) for day in _periods(plan, name)))
    return joined[_PLACE].map(days).astype("datetime64[us]")

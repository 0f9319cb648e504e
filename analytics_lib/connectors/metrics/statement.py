"""The one statement that answers a question: numbers of each model by themselves, put side by side afterwards.

Each model is aggregated to the dimensions asked for before anything is joined with it, so that no row counts twice. The
numbers are stacked, each in a column of its own, and grouped once more; the periods of the spine are stacked with them,
so that none is missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from analytics_lib.connectors.metrics.aggregates import group_label, simple
from analytics_lib.connectors.metrics.running import conversion, cumulative
from analytics_lib.connectors.metrics.spine import last_days
from analytics_lib.connectors.metrics.values import written
from analytics_lib.model.metrics.formulas import Call, Name, Number
from analytics_lib.model.metrics.unitwise import BASE, CONVERTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import CTE, ColumnElement, FromClause, Select

    from analytics_lib.connectors.metrics.rows import Scope
    from analytics_lib.model.metrics.formulas import Formula
    from analytics_lib.model.metrics.offsets import Offset
    from analytics_lib.model.metrics.plan import Leaf, Plan

    Column = ColumnElement[Any]


def statement(scope: Scope, plan: Plan, *, ordered: bool = True, suffix: str = "") -> Select[Any]:
    """Return the SELECT that answers a question: its dimensions and metrics, by the names they were asked by.

    Parameters
    ----------
    scope
        What the statement is written for.
    plan
        What is read, and what is made of it.
    ordered
        Whether rows come in order: by period and dimensions, missing values last.
    suffix
        What follows the names of common tables, where two questions share a statement.
    """
    labels = [group_label(name) for name in plan.request.by]
    needs_spine = plan.request.grain or any(leaf.defined.metric.type == "cumulative" for leaf in plan.leaves)
    ends = last_days(scope, plan, f"periods{suffix}") if needs_spine else None
    branches = [
        (branch, _names(leaves))
        for offset in dict.fromkeys(leaf.offset for leaf in plan.leaves)
        for leaves, branch in _told_at(scope, plan, offset, ends, suffix)
    ]
    if plan.request.grain is None and len(branches) == 1:
        rows: FromClause = branches[0][0].subquery(f"told{suffix}")
    else:
        rows = _together(plan, branches, labels, ends, suffix)
    shown = [rows.c[label].label(name) for label, name in zip(labels, plan.request.by, strict=True)]
    known = {leaf.label: _leaf(leaf, rows) for leaf in plan.leaves}
    made = [formula_column(formula, known).label(name) for name, formula in plan.formulas.items()]
    answer = sa.select(*shown, *made).select_from(rows)
    order = [part for label in labels for part in (sa.case((rows.c[label].is_(None), written(1)), else_=written(0)),
                                                   rows.c[label])]  # fmt: skip
    return answer.order_by(*order) if ordered else answer


def _told_at(
    scope: Scope, plan: Plan, offset: Offset, ends: CTE | None, suffix: str
) -> list[tuple[list[Leaf], Select[Any]]]:
    """Return what is aggregated by itself of the time asked for, or of one so long before, as of the time asked for."""
    leaves = tuple(leaf for leaf in plan.leaves if leaf.offset == offset)
    if not offset:
        return _branches(scope, replace(plan, leaves=leaves), ends)
    start, end = offset.back(plan.request.start, plan.request.end)
    before = replace(plan, leaves=leaves, request=replace(plan.request, start=start, end=end))
    is_running = any(leaf.defined.metric.type == "cumulative" for leaf in leaves)
    own = last_days(scope, before, f"periods{offset.label}{suffix}") if is_running else None
    found = _branches(scope, before, own)
    grain = plan.request.grain
    if grain is None or ends is None:
        return found
    return [
        (each, _moved(scope, branch, offset, ends, grain, f"before_{place}{offset.label}{suffix}"))
        for place, (each, branch) in enumerate(found)
    ]


def _moved(scope: Scope, branch: Select[Any], offset: Offset, ends: CTE, grain: str, name: str) -> Select[Any]:
    """Return the rows of earlier periods as those of the periods asked for."""
    rows = branch.subquery(name)
    begins: Column = ends.c[grain]
    for unit, count in (("month", offset.months), ("day", offset.days)):
        begins = scope.clock.add(begins, unit, -count) if count else begins
    columns = [ends.c[grain] if column.name == grain else column for column in rows.c]
    return sa.select(*columns).select_from(ends.join(rows, rows.c[grain] == begins))


def _branches(scope: Scope, plan: Plan, ends: CTE | None) -> list[tuple[list[Leaf], Select[Any]]]:
    """Return what is aggregated by itself: measures of one model and time together, the others alone."""
    request = plan.request
    together: dict[tuple[str, str | None], list[Leaf]] = {}
    found: list[tuple[list[Leaf], Select[Any]]] = []
    for leaf in plan.leaves:
        kind = leaf.defined.metric.type
        if kind == "cumulative" and ends is not None:
            found.append(([leaf], cumulative(scope, leaf, request, ends)))
        elif kind == "conversion":
            found.append(([leaf], conversion(scope, leaf, request)))
        elif leaf.q is not None:
            found.append(([leaf], simple(scope, [leaf], request)))
        else:
            together.setdefault((leaf.measured.file.name, leaf.measured.time), []).append(leaf)
    return [*((leaves, simple(scope, leaves, request)) for leaves in together.values()), *found]


def _names(leaves: Sequence[Leaf]) -> list[str]:
    return [name for leaf in leaves for name in _columns(leaf)]


def _columns(leaf: Leaf) -> list[str]:
    return [leaf.label] if leaf.then is None else [leaf.label + BASE, leaf.label + CONVERTED]


def _together(
    plan: Plan, branches: Sequence[tuple[Select[Any], list[str]]], labels: list[str], ends: CTE | None, suffix: str
) -> FromClause:
    """Return a row a group with the numbers of all branches, and a row for each period without any."""
    request = plan.request
    blank = {name: _blank(leaf) for leaf in plan.leaves for name in _columns(leaf)}
    stacked = [
        branch
        if [column.name for column in branch.selected_columns] == [*labels, *blank]
        else _padded(branch, names, labels, blank, f"numbers_{place}{suffix}")
        for place, (branch, names) in enumerate(branches)
    ]
    if request.grain is None or ends is None:
        every: FromClause = sa.union_all(*stacked).subquery(f"stacked{suffix}")
    else:
        told = (sa.union_all(*stacked) if len(stacked) > 1 else stacked[0]).cte(f"told{suffix}")
        others = [label for label in labels if label != request.grain]
        groups = sa.select(*(told.c[label] for label in others)).distinct().subquery("groups")
        source = ends.join(groups, sa.true()) if others else ends
        keys = [(ends if label == request.grain else groups).c[label] for label in labels]
        spine = sa.select(*keys, *(empty.label(name) for name, empty in blank.items())).select_from(source)
        every = sa.union_all(sa.select(told), spine).subquery(f"stacked{suffix}")
    keys = [every.c[label] for label in labels]
    return (
        sa.select(*keys, *(sa.func.max(every.c[name]).label(name) for name in blank)).group_by(*keys).subquery("found")
    )


def _padded(
    branch: Select[Any], names: Sequence[str], labels: Sequence[str], blank: Mapping[str, Column], name: str
) -> Select[Any]:
    """Return the rows of a branch with the columns of all, those of others empty."""
    rows = branch.subquery(name)
    numbers = [(rows.c[each] if each in names else empty).label(each) for each, empty in blank.items()]
    return sa.select(*(rows.c[label] for label in labels), *numbers)


def _blank(leaf: Leaf) -> Column:
    """Return no number, of the type that the leaf's numbers have."""
    return sa.cast(sa.null(), sa.BigInteger if leaf.counts or leaf.then is not None else sa.Double)


def _leaf(leaf: Leaf, rows: FromClause) -> Column:
    """Return a leaf's number: zero for no rows, where that is what rows add up to."""
    if leaf.then is not None:
        return _over(rows.c[leaf.label + CONVERTED], rows.c[leaf.label + BASE])
    column: Column = rows.c[leaf.label]
    return sa.func.coalesce(column, written(0)) if leaf.fills else column


def _over(above: Column, below: Column) -> Column:
    """Return a division that keeps its fraction, and has no value where the denominator is zero."""
    return sa.cast(above, sa.Double) / sa.func.nullif(below, written(0))


def formula_column(formula: Formula, known: Mapping[str, Column]) -> Column:
    """Return what a formula makes of columns, by the names that it has for them."""
    if isinstance(formula, Number):
        return written(formula.value)
    if isinstance(formula, Name):
        return known[formula.name]
    if isinstance(formula, Call):
        return getattr(sa.func, formula.function)(*(formula_column(each, known) for each in formula.arguments))  # type: ignore[no-any-return]
    left, right = formula_column(formula.left, known), formula_column(formula.right, known)
    if formula.operator == "/":
        return _over(left, right)
    return {"+": left + right, "-": left - right, "*": left * right}[formula.operator]

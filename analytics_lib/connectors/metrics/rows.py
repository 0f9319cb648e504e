"""The rows of a model with what is asked of them, joined only to models where each is one row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from analytics_lib.connectors.metrics.clocks import UNKNOWN
from analytics_lib.connectors.metrics.fitting import TYPED, require_fit
from analytics_lib.connectors.metrics.values import bound, written
from analytics_lib.connectors.moments.tables import named_rows
from analytics_lib.connectors.statements.binding import bind, inner
from analytics_lib.model.metrics.joins import Field
from analytics_lib.model.metrics.keys import key_label
from analytics_lib.model.metrics.plan import rule_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, FromClause

    from analytics_lib.connectors.metrics.clocks import Clock
    from analytics_lib.model.metrics.audiences import Audience
    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.conditions import Condition
    from analytics_lib.model.metrics.files import MetricModel
    from analytics_lib.model.metrics.joins import Hop
    from analytics_lib.model.metrics.plan import Filter

    Column = ColumnElement[Any]


@dataclass(frozen=True)
class Scope:
    """What a statement is written for.

    Parameters
    ----------
    catalogue, audience
        The metric model, and who asks.
    dialect, clock
        The database's language, and time in it.
    kinds
        Model → column's label → what it holds.
    """

    catalogue: Catalogue
    audience: Audience
    dialect: str
    clock: Clock
    kinds: Mapping[str, Mapping[str, str]]

    def kind(self, model: str, label: str) -> str:
        """Return what a column of a model holds."""
        return self.kinds.get(model, {}).get(label, UNKNOWN)


@dataclass
class Rows:
    """Rows that a SELECT can be made of.

    Parameters
    ----------
    source
        Where they are.
    columns
        Label → column.
    conditions
        What must hold of them.
    """

    source: FromClause
    columns: dict[str, Column]
    conditions: list[Column] = field(default_factory=list)

    def select(self, *columns: Column) -> sa.Select[Any]:
        """Return a SELECT of some columns."""
        return sa.select(*columns).select_from(self.source).where(*self.conditions)


def measure_label(name: str) -> str:
    """Return the column's name of what a measure is made of."""
    return f"{name}__measure"


def own_columns(model: MetricModel) -> dict[str, Column]:
    """Return all that a model reads of a row, by labels that never clash."""
    parts: dict[str, tuple[str, Any]] = {name: (name, each) for name, each in model.dimensions.items()}
    parts |= {key_label(name): (name, each) for name, each in model.entities.items()}
    found = {label: _column(name, each) for label, (name, each) in parts.items()}
    for name, measure in model.measures.items():
        found[measure_label(name)] = written(1) if measure.counts_rows else _column(name, measure)
    return found


def _column(name: str, part: Any) -> Column:
    if part.expression is not None:
        literal: Column = sa.literal_column(f"({part.expression})")
        return literal
    return sa.column(part.column or name)


def source_of(model: MetricModel, name: str) -> FromClause:
    """Return where a model's rows are: its table, or what its query says."""
    if model.table is not None:
        return named_rows(model.table)
    return bind(inner(str(model.query)), {}, model.connection).columns().subquery(name)


def rows_of(
    scope: Scope, model: str, fields: Iterable[Field], labels: Sequence[str], filters: Sequence[Filter] = ()
) -> Rows:
    """Return the rows of a model that an audience may see, with what is asked of each.

    Parameters
    ----------
    scope
        What the statement is written for.
    model
        The model.
    fields
        Dimensions, as seen from it.
    labels
        Other columns of its own: `measure_label`, `key_label`, or a dimension's name.
    filters
        What must hold of the rows.
    """
    rule = rule_of(scope.catalogue, scope.audience, model)
    every = [*fields, *(each for each, _ in (*filters, *rule))]
    file = scope.catalogue.models[model].model
    own, source = own_columns(file), source_of(file, model)
    ways: dict[Hop, list[Field]] = {}
    for each in every:
        if each.hops:
            ways.setdefault(each.hops[0], []).append(each)
    wanted = dict.fromkeys([*(each.name for each in every if not each.hops), *labels])
    if not ways:
        rows = Rows(source, {label: own[label] for label in wanted})
    else:
        keys = [key_label(hop.role) for hop in ways]
        picked = sa.select(*(own[label].label(label) for label in dict.fromkeys([*wanted, *keys])))
        rows = _joined(scope, picked.select_from(source).subquery(model), ways)
    rows.conditions += [
        holds(scope, each, rows.columns[each.label], condition) for each, condition in (*filters, *rule)
    ]
    return rows


def _joined(scope: Scope, own: FromClause, ways: Mapping[Hop, list[Field]]) -> Rows:
    columns: dict[str, Column] = {column.name: column for column in own.c}
    source: FromClause = own
    for hop, fields in ways.items():
        key = key_label(hop.entity)
        tails = list(dict.fromkeys(Field(each.hops[1:], each.model, each.name, each.dimension) for each in fields))
        rows = rows_of(scope, hop.target, tails, [key])
        shown = [rows.columns[each.label].label(each.label) for each in tails]
        joined = rows.select(rows.columns[key].label(key), *shown).subquery(f"{hop.role}__{hop.target}")
        source = source.outerjoin(joined, own.c[key_label(hop.role)] == joined.c[key])
        columns |= {each.label: joined.c["__".join(each.label.split("__")[1:])] for each in fields}
    return Rows(source, columns)


def told(scope: Scope, field: Field, column: Column) -> Column:
    """Return a dimension as it is grouped by: a time cut to its period, or to its day where it has a zone."""
    if field.dimension.type != "time":
        return column
    kind = scope.kind(field.model, field.name)
    if field.grain is None and field.dimension.zone is None:
        return column
    local = scope.clock.local(column, kind, field.dimension.zone)
    return local if field.grain is None else scope.clock.floor(local, field.grain)


def holds(scope: Scope, field: Field, column: Column, condition: Condition) -> Column:
    """Return the condition on a column, its values bound."""
    require_fit(field, scope.kind(field.model, field.name) if scope.dialect in TYPED else UNKNOWN, condition)
    if field.dimension.type == "time":
        return _time_holds(scope, field, column, condition)
    if condition.is_range:
        ends = [column >= bound(condition.low)] if condition.low is not None else []
        ends += [column <= bound(condition.high)] if condition.high is not None else []
        return sa.and_(*ends)
    there = [bound(each) for each in condition.values if each is not None]
    some = len(there) < len(condition.values)
    found: list[Column] = [column == there[0] if len(there) == 1 else column.in_(there)] if there else []
    if condition.negated:
        inside = sa.not_(sa.or_(*found)) if found else sa.true()
        return sa.and_(inside, column.is_not(None)) if some else sa.or_(inside, column.is_(None))
    return sa.or_(*found, *([column.is_(None)] if some else []))


def _time_holds(scope: Scope, field: Field, column: Column, condition: Condition) -> Column:
    """Return the condition on a time; a day stands for all of its moments."""
    kind, zone = scope.kind(field.model, field.name), field.dimension.zone
    compared = scope.clock.compared(column, kind, zone)

    def since(value: Any) -> Column:
        day = _day(value)
        return compared >= (bound(value) if day is None else scope.clock.edge(day, kind, zone))

    def until(value: Any) -> Column:
        day = _day(value)
        if day is None:
            return compared <= bound(value)
        return compared < scope.clock.edge(day + timedelta(days=1), kind, zone)

    if condition.is_range:
        ends = [since(condition.low)] if condition.low is not None else []
        return sa.and_(*ends, *([until(condition.high)] if condition.high is not None else []))
    each = [column.is_(None) if value is None else sa.and_(since(value), until(value)) for value in condition.values]
    if not condition.negated:
        return sa.or_(*each)
    return sa.or_(sa.not_(sa.or_(*each)), *([] if None in condition.values else [column.is_(None)]))


def _day(value: object) -> date | None:
    """Return the day that a value stands for; None for a moment."""
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def between(scope: Scope, field: Field, column: Column, start: date | None, end: date | None) -> list[Column]:
    """Return the conditions that a time lies within some days, the last one included."""
    kind, zone = scope.kind(field.model, field.name), field.dimension.zone
    compared = scope.clock.compared(column, kind, zone)
    found = [compared >= scope.clock.edge(start, kind, zone)] if start is not None else []
    if end is not None and end < date.max:
        found.append(compared < scope.clock.edge(end + timedelta(days=1), kind, zone))
    return found

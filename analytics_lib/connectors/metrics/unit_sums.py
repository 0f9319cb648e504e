"""Metrics told of the units of an experiment: each unit's own rows added up, from its first exposure on.

The rows of a model are read as for any other question, with its conditions, joins and row rules, and the key of the
unit beside them. A row has one key, and first exposures have a row a unit, so that none is added up twice.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from analytics_lib.connectors.metrics.aggregates import facts, time_of, value_of
from analytics_lib.connectors.metrics.clocks import UNKNOWN, clock_of
from analytics_lib.connectors.metrics.columns import column_kind, columns_of, count_keys, said
from analytics_lib.connectors.metrics.rows import Scope, rows_of
from analytics_lib.connectors.metrics.running import begun
from analytics_lib.connectors.metrics.statement import formula_column
from analytics_lib.connectors.metrics.values import written
from analytics_lib.errors import MetricError, QueryError
from analytics_lib.model.metrics.audiences import Audience
from analytics_lib.model.metrics.unitwise import BASE, BEFORE, CONVERTED, COUNT, SUM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sqlalchemy import CTE, ColumnElement, Subquery

    from analytics_lib.connectors.connection import Connection
    from analytics_lib.errors import InputError
    from analytics_lib.model.experiment_parts import Exposures
    from analytics_lib.model.metrics.joins import Field
    from analytics_lib.model.metrics.plan import Leaf
    from analytics_lib.model.modelled import ModelledMetrics

    Column = ColumnElement[Any]


class UnitSums:
    """What the metric model tells of each unit; see `Sums` of `analytics_lib.connectors.moments.exposing`.

    Parameters
    ----------
    connection
        Where the tables are; it is asked what their columns hold.
    metrics
        What is told.
    exposures
        The table of exposures.
    days
        The experiment's first and last day.

    Raises
    ------
    MetricError
        A table or column of the metric model is not there, or a measure has no numbers.
    """

    def __init__(
        self, connection: Connection, metrics: ModelledMetrics, exposures: Exposures, days: tuple[date, date]
    ) -> None:
        self._connection = connection
        self._metrics = metrics
        begin, end = days
        # A day more on both sides of what a window decides: days begin by the clocks of the model's zone.
        after = 0 if metrics.window is None else metrics.window + 1
        self._days = (begin - timedelta(days=1 + (metrics.lookback or 0)), end + timedelta(days=after))
        models = {name: metrics.catalogue.models[name] for name in metrics.taken.models}
        kinds = {name: columns_of(connection, file)[0] for name, file in models.items()}
        clock = clock_of(connection.dialect, *self._days)
        audience = Audience(metrics.audience, {}, dict(os.environ))
        self._scope = Scope(metrics.catalogue, audience, connection.dialect, clock, kinds)
        try:
            self._seen_kind = column_kind(connection, exposures.table, exposures.time)
        except QueryError:  # told with its line when the exposures themselves are looked at
            self._seen_kind = UNKNOWN
        self.query = " union all ".join(said(file) for file in models.values())
        self.windowed = metrics.window is not None

    def told(self, first: CTE) -> tuple[list[Subquery], dict[str, Column]]:
        """Return tables with a row a unit that has rows, to be joined, and column → what is made of theirs.

        Parameters
        ----------
        first
            First exposures: ``unit`` and ``seen``.
        """
        together: dict[tuple[str, str | None, str], list[Leaf]] = {}
        tables: list[Subquery] = []
        for leaf in self._metrics.leaves:
            if leaf.then is not None:
                tables.append(self._conversion(first, leaf, f"converted{len(tables)}"))
            else:
                key = (leaf.measured.file.name, leaf.measured.time, leaf.by[0].label)
                together.setdefault(key, []).append(leaf)
        tables += [self._sums(first, leaves, f"summed{at}") for at, leaves in enumerate(together.values())]
        known: dict[str, Column] = {
            column.name: sa.func.coalesce(column, written(0))
            for table in tables
            for column in table.c
            if column.name != "unit"
        }
        before = {name: known.get(f"{name}{BEFORE}", column) for name, column in known.items()}
        columns = {name: formula_column(each, known) for name, each in self._metrics.columns.items()}
        for name in self._metrics.before:
            columns[f"{name}{BEFORE}"] = formula_column(self._metrics.columns[name], before)
        return tables, columns

    def problems(self) -> Iterator[InputError]:
        """Yield each model whose rows would be joined several times, since its key is not unique."""
        for name, entity in self._metrics.taken.joined.items():
            file = self._metrics.catalogue.models[name]
            there, different = count_keys(self._connection, file, entity)
            if there > different:
                yield MetricError(
                    f"'{entity}' of model '{name}' is no primary entity: {there:,} rows are {different:,} different "
                    "ones, and what is joined to them would count twice", where=file.where("entities", entity),
                    hint="a primary entity is another one in each row",
                )  # fmt: skip

    def over(self, first: CTE) -> list[Column]:
        """Return the conditions that a unit's window is over: by the newest row of each model that is added up."""
        if self._metrics.window is None:
            return []
        times = {(leaf.measured.file.name, leaf.measured.time): leaf for leaf in self._metrics.leaves}
        found: list[Column] = []
        for leaf in times.values():
            time = _time(leaf)
            rows = rows_of(self._scope, leaf.measured.file.name, [time], [])
            newest = rows.select(sa.func.max(self._moment(rows.columns[time.label], time))).scalar_subquery()
            found.append(sa.not_(self._scope.clock.before(self._seen(first), newest, self._metrics.window)))
        return found

    def _sums(self, first: CTE, leaves: list[Leaf], name: str) -> Subquery:
        """Return a row a unit with rows of one model, and what they add up to."""
        done = self._read(leaves, f"{name}__rows")
        after, before = self._after(first, done), done.c.at__ < self._seen(first)
        if self._metrics.lookback is not None:
            before = sa.and_(before, self._scope.clock.before(done.c.at__, self._seen(first), self._metrics.lookback))
        made = [each for leaf in leaves for each in _made(leaf, done.c[leaf.label], after, "")]
        if self._metrics.lookback is not None:
            made += [each for leaf in leaves for each in _made(leaf, done.c[leaf.label], before, BEFORE)]
        joined = first.join(done, done.c.who__ == first.c.unit)
        return sa.select(first.c.unit, *made).select_from(joined).group_by(first.c.unit).subquery(name)

    def _conversion(self, first: CTE, leaf: Leaf, name: str) -> Subquery:
        """Return a row a unit that did the first from its first exposure on, and whether it did the second."""
        done = self._read([leaf], f"{name}__rows")
        at: Column = done.c.at__
        began = sa.select(done.c.who__, at, at.label("began__"), sa.null().label("done__"))
        began = began.select_from(first.join(done, done.c.who__ == first.c.unit))
        began = began.where(self._after(first, done), done.c[leaf.label].is_not(None))
        seen, converts = begun(self._scope, leaf, began, (), self._days)
        both = sa.func.max(sa.case((converts, written(1)), else_=written(0)))
        numbers = [written(1).label(leaf.label + BASE), both.label(leaf.label + CONVERTED)]
        rows = sa.select(seen.c.who__.label("unit"), *numbers).where(seen.c.began__.is_not(None))
        return rows.group_by(seen.c.who__).subquery(name)

    def _read(self, leaves: list[Leaf], name: str) -> Subquery:
        """Return the rows of one model: whose they are, when they were, and what each adds."""
        rows, time = facts(self._scope, leaves, self._days), _time(leaves[0])
        who = rows.columns[leaves[0].by[0].label].label("who__")
        at = self._moment(rows.columns[time.label], time).label("at__")
        values = [value_of(self._scope, leaf, rows).label(leaf.label) for leaf in leaves]
        return rows.select(who, at, *values).subquery(name)

    def _after(self, first: CTE, done: Subquery) -> Column:
        """Return the condition that a row counts: from the first exposure on, within the window."""
        after: Column = done.c.at__ >= self._seen(first)
        if self._metrics.window is None:
            return after
        return sa.and_(after, self._scope.clock.before(self._seen(first), done.c.at__, self._metrics.window))

    def _seen(self, first: CTE) -> Column:
        """Return the time of first exposure, comparable with `_moment`."""
        return self._scope.clock.instant(first.c.seen, self._seen_kind)

    def _moment(self, column: Column, time: Field) -> Column:
        return self._scope.clock.instant(column, self._scope.kind(time.model, time.name))


def _made(leaf: Leaf, value: Column, counts: Column, suffix: str) -> list[Column]:
    """Return what a unit's rows add up to; an average is a sum and a count."""
    counted = sa.case((counts, value))
    aggregate = leaf.measured.measure.aggregate
    if aggregate == "average":
        return [
            sa.func.sum(counted).label(f"{leaf.label}{SUM}{suffix}"),
            sa.func.count(counted).label(f"{leaf.label}{COUNT}{suffix}"),
        ]
    made = {"sum": sa.func.sum(counted), "count": sa.func.count(counted)}
    column: Column = made.get(aggregate, sa.func.count(counted.distinct()))
    return [column.label(f"{leaf.label}{suffix}")]


def _time(leaf: Leaf) -> Field:
    """Return the time of a measure that has one: others are refused before."""
    time = time_of(leaf.measured)
    if time is None:
        raise AssertionError(leaf)
    return time

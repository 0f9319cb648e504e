"""Units of an experiment from a table of exposures and tables of facts: one SELECT with a row a unit.

A unit counts from its first exposure within the experiment's days. Facts are those of the same days, joined from the
first exposure on, or, for covariates, all before it. Units that were seen in several variants are left out and counted:
nobody can say which one they answer to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.tables import Table, named_rows
from analytics_lib.model.aggregation import UnitCounts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import CTE, ColumnElement, Select, Subquery

    from analytics_lib.connectors.connection import Connection
    from analytics_lib.model.aggregation import MomentAnswer, MomentRequest
    from analytics_lib.model.experiment_parts import Exposures, Facts, Measure

    Days = tuple[date, date]
    Column = ColumnElement[Any]

UNIT: Final = "unit"
VARIANT: Final = "variant"
DAY: Final = "day"
"""The columns of the result, besides those of the facts: the day is the time of first exposure."""


@dataclass(frozen=True)
class ExposureCounts:
    """What the table of exposures holds of an experiment.

    Parameters
    ----------
    units
        Different units seen within the experiment's days.
    in_several
        Those of them seen in more than one variant, which are left out.
    without_variant
        Those of them whose variant is always missing, which are left out.
    early
        Different units seen before the first day.
    """

    units: int
    in_several: int
    without_variant: int
    early: int


class ExposedUnits(Table):
    """The units of an experiment, as rows that stay in the database.

    A row a unit: `UNIT`, `VARIANT`, `DAY`, and the facts' columns. Where a unit has no facts they are 0.

    Parameters
    ----------
    connection
        Where the tables are.
    exposures, facts
        The tables.
    days
        The experiment's first and last day.
    """

    def __init__(self, connection: Connection, exposures: Exposures, facts: Sequence[Facts], days: Days) -> None:
        names = ", ".join([exposures.table, *(each.table for each in facts)])
        rows = units_statement(exposures, facts, days).subquery("units")
        super().__init__(connection, rows, f"select * from {names}", {}, is_table=False)  # noqa: S608 - never run: it says what is read
        self._exposures = exposures
        self._days = days

    @property
    def _where(self) -> str:
        return f"the exposures of {self._exposures.table}, connection '{self._connection.name}'"

    @cached_property
    def counts(self) -> ExposureCounts:
        """How many units were seen, in several variants, without one, and too early."""
        query = f"select * from {self._exposures.table}"  # noqa: S608 - never run: it says what is read
        statement = counts_statement(self._exposures, self._days)
        row = self._connection.run(statement, query, {}, lambda result: result.one())
        return ExposureCounts(*(int(value or 0) for value in row))

    def moments(self, request: MomentRequest) -> MomentAnswer:
        """Return the moments asked for; units that were left out are counted among the answer's units."""
        answer = super().moments(replace(request, unit=None))
        counts = self.counts
        several = counts.in_several
        units = UnitCounts(counts.units, 0, counts.units, repeated=several, in_two=several)
        return replace(answer, units=units)


def units_statement(exposures: Exposures, facts: Sequence[Facts], days: Days) -> Select[Any]:
    """Return the SELECT with a row a unit."""
    import sqlalchemy as sa

    first = _first_exposures(exposures, days)
    joined: Any = first
    picked: list[Column] = [first.c.unit.label(UNIT), first.c.variant.label(VARIANT), first.c.seen.label(DAY)]
    for at, each in enumerate(facts):
        sums = _sums(first, each, days, at)
        joined = joined.outerjoin(sums, sums.c.unit == first.c.unit)
        picked += [sa.func.coalesce(sums.c[name], 0).label(name) for name in each.columns]
    return sa.select(*picked).select_from(joined).where(first.c.variants == 1)


def counts_statement(exposures: Exposures, days: Days) -> Select[Any]:
    """Return the SELECT that counts units."""
    import sqlalchemy as sa

    first = _first_exposures(exposures, days)
    unit: Column = sa.column(exposures.unit)
    time: Column = sa.column(exposures.time)
    rows = sa.select(sa.func.count(unit.distinct())).select_from(named_rows(exposures.table))
    early = rows.where(*_picked(exposures), time < _day(days[0])).scalar_subquery()
    several, none = (sa.func.sum(sa.case((each, 1), else_=0)) for each in (first.c.variants > 1, first.c.variants == 0))
    return sa.select(sa.func.count().label("units"), several, none, early).select_from(first)


def _first_exposures(exposures: Exposures, days: Days) -> CTE:
    """Return a row a unit: its variant, its first exposure, and how many variants it was seen in."""
    import sqlalchemy as sa

    unit: Column = sa.column(exposures.unit)
    time: Column = sa.column(exposures.time)
    variant: Column = sa.column(exposures.variant)
    seen: list[Any] = [
        unit.label("unit"),
        sa.func.min(variant).label("variant"),
        sa.func.min(time).label("seen"),
        sa.func.count(variant.distinct()).label("variants"),
    ]
    within = (unit.is_not(None), time >= _day(days[0]), time < _day(days[1] + timedelta(days=1)))
    rows = sa.select(*seen).select_from(named_rows(exposures.table)).where(*within, *_picked(exposures))
    return rows.group_by(unit).cte("first_exposures")


def _sums(first: CTE, facts: Facts, days: Days, at: int) -> Subquery:
    """Return a row a unit with facts: what is made of them."""
    import sqlalchemy as sa

    names = {facts.unit, facts.time, *(each.column for each in facts.columns.values() if each.column)}
    columns: list[Column] = [sa.column(name) for name in sorted(names)]
    rows = sa.select(*columns).select_from(named_rows(facts.table))
    rows = rows.where(sa.column(facts.time) < _day(days[1] + timedelta(days=1)))
    if all(each.when == "after" for each in facts.columns.values()):  # nothing older can follow a first exposure
        rows = rows.where(sa.column(facts.time) >= _day(days[0]))
    done = rows.subquery(f"facts{at}")
    after = done.c[facts.time] >= first.c.seen
    made = [
        _made(each, done.c[each.column] if each.column else None, after if each.when == "after" else ~after).label(name)
        for name, each in facts.columns.items()
    ]
    joined = first.join(done, done.c[facts.unit] == first.c.unit)
    return sa.select(first.c.unit, *made).select_from(joined).group_by(first.c.unit).subquery(f"sums{at}")


def _made(measure: Measure, value: Column | None, counts: Column) -> Column:
    import sqlalchemy as sa

    if measure.take == "sum":
        return sa.func.sum(sa.case((counts, value)))
    if measure.take == "max":
        return sa.func.max(sa.case((counts, value)))
    if measure.take == "any":
        return sa.func.max(sa.case((counts, 1), else_=0))
    return sa.func.sum(sa.case((counts, 1), else_=0))


def _picked(exposures: Exposures) -> list[Column]:
    import sqlalchemy as sa

    return [sa.column(name) == value for name, value in exposures.where.items()]


def _day(day: date) -> Column:
    """Return a day as text without a type, which engines compare with a time as they do a literal."""
    import sqlalchemy as sa

    return sa.bindparam(None, day.isoformat(), type_=sa.types.NullType())

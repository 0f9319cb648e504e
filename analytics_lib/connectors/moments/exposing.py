"""What an experiment's tables of exposures and facts are asked: the statement with a row a unit, and the counts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from analytics_lib.connectors.moments.spans import within
from analytics_lib.connectors.moments.tables import named_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sqlalchemy import CTE, ColumnElement, Select, Subquery

    from analytics_lib.connectors.moments.exposures import Exposed
    from analytics_lib.errors import InputError
    from analytics_lib.model.experiment_parts import Exposures, Facts, Measure

    Days = tuple[date, date]
    Column = ColumnElement[Any]

UNIT: Final = "unit"
VARIANT: Final = "variant"
DAY: Final = "day"
"""The columns of the result, besides those of exposures and facts: the day is the time of first exposure."""


class Sums(Protocol):
    """Columns of units that are not made of `Facts`.

    Parameters
    ----------
    query
        What is read, as a person would write it.
    windowed
        Whether only the units of `over` count.
    """

    query: str
    windowed: bool

    def told(self, first: CTE) -> tuple[list[Subquery], dict[str, Column]]:
        """Return tables to be joined to first exposures by their ``unit``, and column → what is made of theirs."""

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the tables that are read."""

    def over(self, first: CTE) -> list[Column]:
        """Return the conditions that a unit's window is over."""


def units_statement(tables: Exposed, dialect: str) -> Select[Any]:
    """Return the SELECT with a row a unit, for a dialect by SQLAlchemy's name of it."""
    import sqlalchemy as sa

    first = _first_exposures(tables, dialect)
    joined: Any = first
    picked: list[Column] = [first.c.unit.label(UNIT), first.c.variant.label(VARIANT), first.c.seen.label(DAY)]
    if tables.kept:
        rows = _ranked(tables)
        joined = joined.join(rows, sa.and_(rows.c.unit == first.c.unit, rows.c.place == 1))
        picked += [rows.c[f"kept{at}"].label(name) for at, name in enumerate(tables.kept)]
    for at, each in enumerate(tables.facts):
        sums = _sums(first, each, tables.days, (at, dialect))
        joined = joined.outerjoin(sums, sums.c.unit == first.c.unit)
        picked += [sa.func.coalesce(sums.c[name], 0).label(name) for name in each.columns]
    if tables.sums is not None:
        more, columns = tables.sums.told(first)
        for table in more:
            joined = joined.outerjoin(table, table.c.unit == first.c.unit)
        picked += [column.label(name) for name, column in columns.items()]
    return sa.select(*picked).select_from(joined).where(first.c.variants == 1, *_over(first, tables, dialect))


def counts_statement(tables: Exposed, dialect: str) -> Select[Any]:
    """Return the SELECT that counts units."""
    import sqlalchemy as sa

    exposures, first = tables.exposures, _first_exposures(tables, dialect)
    unit: Column = sa.column(exposures.unit)
    time: Column = sa.column(exposures.time)
    rows = sa.select(sa.func.count(unit.distinct())).select_from(named_rows(exposures.table))
    early = rows.where(*_picked(exposures), time < _day(tables.days[0])).scalar_subquery()
    seen = sa.select(unit.label("unit")).select_from(named_rows(exposures.table))
    seen = seen.where(unit.is_not(None), *_picked(exposures)).group_by(unit)
    after = seen.having(sa.func.min(time) >= _day(tables.days[1] + timedelta(days=1))).subquery("after_the_end")
    late = sa.select(sa.func.count()).select_from(after).scalar_subquery()
    over = sa.and_(sa.true(), *_over(first, tables, dialect))
    young = sa.and_(first.c.variants == 1, sa.case((over, 0), else_=1) == 1)
    kinds = [first.c.variants > 1, first.c.variants == 0]
    several, none, recent = (sa.func.sum(sa.case((each, 1), else_=0)) for each in (*kinds, young))
    counts: list[Any] = [sa.func.count().label("units"), several, none, early, late]
    return sa.select(*counts, *([recent] if tables.windowed else [])).select_from(first)


def _first_exposures(tables: Exposed, dialect: str) -> CTE:
    """Return a row a unit: its variant, its first exposure, and how many variants it was seen in."""
    import sqlalchemy as sa

    exposures = tables.exposures
    unit: Column = sa.column(exposures.unit)
    variant: Column = sa.column(exposures.variant)
    named = sa.cast(variant, sa.Text) if dialect == "postgresql" else variant  # which has no least boolean
    seen: list[Any] = [
        unit.label("unit"),
        sa.func.min(named).label("variant"),
        sa.func.min(sa.column(exposures.time)).label("seen"),
        sa.func.count(variant.distinct()).label("variants"),
    ]
    rows = sa.select(*seen).select_from(named_rows(exposures.table)).where(*_during(tables))
    return rows.group_by(unit).cte("first_exposures")


def _ranked(tables: Exposed) -> Subquery:
    """Return the exposures with their place among those of their unit, and the columns that are kept of the first."""
    import sqlalchemy as sa

    exposures = tables.exposures
    unit: Column = sa.column(exposures.unit)
    kept: list[Column] = [sa.column(name) for name in tables.kept]
    order = [sa.column(exposures.time), *kept]  # of several at the same moment always the same one
    place = sa.func.row_number().over(partition_by=unit, order_by=order).label("place")
    columns = [unit.label("unit"), place, *(each.label(f"kept{at}") for at, each in enumerate(kept))]
    return sa.select(*columns).select_from(named_rows(exposures.table)).where(*_during(tables)).subquery("ranked")


def _over(first: CTE, tables: Exposed, dialect: str) -> list[Column]:
    """Return the conditions that a unit's windows are over: by the newest fact of each table."""
    import sqlalchemy as sa

    found: list[Column] = []
    for each in tables.windows:
        time: Column = sa.column(each.time)
        newest = sa.select(sa.func.max(time)).select_from(named_rows(each.table)).scalar_subquery()
        found.append(~within(dialect, first.c.seen, newest, int(each.window or 0)))
    return found + (tables.sums.over(first) if tables.sums is not None else [])


def _sums(first: CTE, facts: Facts, days: Days, place: tuple[int, str]) -> Subquery:
    """Return a row a unit with facts: what is made of them."""
    import sqlalchemy as sa

    at, dialect = place
    names = {facts.unit, facts.time, *(each.column for each in facts.columns.values() if each.column)}
    columns: list[Column] = [sa.column(name) for name in sorted(names)]
    rows = sa.select(*columns).select_from(named_rows(facts.table))
    rows = rows.where(sa.column(facts.time) < _day(days[1] + timedelta(days=1 + (facts.window or 0))))
    begin = days[0] - timedelta(days=facts.lookback or 0)
    if facts.lookback is not None or all(each.when == "after" for each in facts.columns.values()):
        rows = rows.where(sa.column(facts.time) >= _day(begin))  # nothing older can count
    done = rows.subquery(f"facts{at}")
    time: Column = done.c[facts.time]
    after: Column = time >= first.c.seen
    before: Column = time < first.c.seen
    if facts.window is not None:
        after = sa.and_(after, within(dialect, first.c.seen, time, facts.window))
    if facts.lookback is not None:
        before = sa.and_(before, within(dialect, time, first.c.seen, facts.lookback))
    made = [
        _made(each, done.c[each.column] if each.column else None, after if each.when == "after" else before).label(name)
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


def _during(tables: Exposed) -> list[Column]:
    """Return the conditions of an exposure of this experiment, within its days."""
    import sqlalchemy as sa

    time: Column = sa.column(tables.exposures.time)
    unit: Column = sa.column(tables.exposures.unit)
    first, last = tables.days
    within_days = [time >= _day(first), time < _day(last + timedelta(days=1))]
    return [unit.is_not(None), *within_days, *_picked(tables.exposures)]


def _picked(exposures: Exposures) -> list[Column]:
    import sqlalchemy as sa

    return [sa.column(name) == value for name, value in exposures.where.items()]


def _day(day: date) -> Column:
    """Return a day as text without a type, which engines compare with a time as they do a literal."""
    import sqlalchemy as sa

    return sa.bindparam(None, day.isoformat(), type_=sa.types.NullType())

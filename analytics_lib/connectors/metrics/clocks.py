"""Time in each dialect: local days, the beginnings of periods, steps from one to another.

Weeks begin on Monday everywhere. A month added to its 31st day ends at the shorter month's last day, everywhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from analytics_lib.connectors.metrics.values import bound, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement

    Column = ColumnElement[Any]

DAY, TIME, INSTANT, UNKNOWN = "day", "time", "instant", "unknown"
"""What a column of time holds: days; times without a zone; instants, which carry theirs; SQLite does not tell."""

_FIRST_YEAR, _LAST_YEAR = 1970, 2037


class Clock:
    """Time in PostgreSQL, and in DuckDB, which speaks like it.

    Parameters
    ----------
    years
        The first and last year that zones must be known of, where the engine knows none.
    """

    def __init__(self, years: tuple[int, int] = (_FIRST_YEAR, _LAST_YEAR)) -> None:
        self.years = years

    def day(self, day: date) -> Column:
        """Return a day."""
        return sa.cast(bound(day), sa.Date)

    def local(self, column: Column, kind: str, zone: str | None) -> Column:
        """Return a column's times by the clocks of a zone; without one, as they are stored, instants by UTC."""
        if kind == INSTANT:
            return sa.func.timezone(_text(zone or "UTC"), column)
        if zone is None or kind == DAY:
            return column
        return sa.func.timezone(_text(zone), sa.func.timezone(_text("UTC"), sa.cast(column, sa.DateTime)))

    def instant(self, column: Column, kind: str) -> Column:
        """Return a column's times so that they can be put in order with those of another."""
        return sa.cast(self.local(column, kind, None), sa.DateTime)

    def compared(self, column: Column, kind: str, zone: str | None) -> Column:  # noqa: ARG002 - a dialect's own
        """Return a column as it is compared with `edge`."""
        return column

    def edge(self, day: date, kind: str, zone: str | None) -> Column:
        """Return the moment that a day begins at, as the column stores it."""
        if kind == DAY or (zone is None and kind != INSTANT):
            return bound(day)
        begins = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC)
        return bound(begins if kind == INSTANT else begins.replace(tzinfo=None))

    def floor(self, local: Column, grain: str) -> Column:
        """Return the first day of the period that a time lies in."""
        if grain == "day":
            return sa.cast(local, sa.Date)
        return sa.cast(sa.func.date_trunc(_text(grain), sa.cast(local, sa.DateTime)), sa.Date)

    def add(self, day: Column, unit: str, count: Column | int) -> Column:
        """Return the day so many days or months later."""
        steps = written(count) if isinstance(count, int) else count
        interval: Column = sa.literal_column(f"INTERVAL '1 {unit}'")
        return sa.cast(day + steps * interval, sa.Date)

    def later(self, moment: Column, days: int) -> Column:
        """Return the moment so many times 24 hours later."""
        return moment + sa.literal_column(f"INTERVAL '{days * 24} hours'")

    def before(self, first: Column, second: Column, days: int) -> Column:
        """Return whether `second` comes less than so many times 24 hours after `first`."""
        return second < self.later(first, days)


class SQLiteClock(Clock):
    """Time in SQLite: text in ISO 8601, and functions that read it; it knows no zones."""

    def day(self, day: date) -> Column:
        """Return a day, as text."""
        return bound(day)

    def local(self, column: Column, kind: str, zone: str | None) -> Column:  # noqa: ARG002
        """Return a column's times by the clocks of a zone, whose changes are written out."""
        if zone is None:
            return column
        moment = sa.func.datetime(column)
        return sa.func.datetime(moment, _joined(_offset(moment, zone, self.years), " seconds"))

    def instant(self, column: Column, kind: str) -> Column:  # noqa: ARG002
        """Return a column's times as text of one form."""
        return sa.func.strftime(_text("%Y-%m-%d %H:%M:%f"), column)

    def compared(self, column: Column, kind: str, zone: str | None) -> Column:  # noqa: ARG002
        """Return the column's times in one form, where the day's beginning has hours."""
        return column if zone is None else sa.func.datetime(column)

    def floor(self, local: Column, grain: str) -> Column:
        """Return the first day of the period that a time lies in."""
        if grain == "week":  # the Monday that follows the day six days before
            return sa.func.date(local, _text("-6 days"), _text("weekday 1"))
        if grain == "quarter":
            months = (sa.cast(sa.func.strftime(_text("%m"), local), sa.Integer) - written(1)) % written(3)
            return sa.func.date(local, _text("start of month"), _joined(-months, " months"))
        return sa.func.date(local) if grain == "day" else sa.func.date(local, _text(f"start of {grain}"))

    def add(self, day: Column, unit: str, count: Column | int) -> Column:
        """Return the day so many days or months later; SQLite itself goes over the end of a shorter month."""
        steps = written(count) if isinstance(count, int) else sa.cast(count, sa.Integer)
        if unit == "day":
            return sa.func.date(day, _joined(steps, " days"))
        last = _joined(steps + written(1), " months")
        return sa.func.min(
            sa.func.date(day, _joined(steps, " months")),
            sa.func.date(day, _text("start of month"), last, _text("-1 day")),
        )

    def before(self, first: Column, second: Column, days: int) -> Column:
        """Return whether `second` comes less than so many days after `first`, to the millisecond."""
        seconds = (sa.func.julianday(second) - sa.func.julianday(first)) * written(86_400.0)
        return sa.func.round(seconds, written(3)) < written(days * 86_400)


class MariaDBClock(Clock):
    """Time in MariaDB and MySQL; their tables of zones are often empty, so that zones are written out."""

    def instant(self, column: Column, kind: str) -> Column:
        """Return a column's times to the microsecond, which a plain cast would cut off."""
        return sa.cast(self.local(column, kind, None), mysql.DATETIME(fsp=6))

    def local(self, column: Column, kind: str, zone: str | None) -> Column:
        """Return a column's times by the clocks of a zone, whose changes are written out."""
        if zone is None or kind == DAY:
            return column
        return sa.func.timestampadd(_word("second"), _offset(column, zone, self.years), column)

    def floor(self, local: Column, grain: str) -> Column:
        """Return the first day of the period that a time lies in."""
        day = sa.cast(local, sa.Date)
        if grain == "week":
            return sa.func.timestampadd(_word("day"), -sa.func.weekday(local), day)
        if grain == "month":
            return sa.func.timestampadd(_word("day"), written(1) - sa.func.dayofmonth(local), day)
        if grain == "day":
            return day
        year = sa.func.makedate(sa.func.year(local), written(1))
        if grain == "year":
            return year
        return sa.func.timestampadd(_word("quarter"), sa.func.quarter(local) - written(1), year)

    def add(self, day: Column, unit: str, count: Column | int) -> Column:
        """Return the day so many days or months later."""
        return sa.func.timestampadd(_word(unit), written(count) if isinstance(count, int) else count, day)

    def later(self, moment: Column, days: int) -> Column:
        """Return the moment so many times 24 hours later."""
        return sa.func.timestampadd(_word("hour"), written(days * 24), moment)


class SparkClock(Clock):
    """Time in Spark SQL; its session is to have the time zone UTC."""

    def local(self, column: Column, kind: str, zone: str | None) -> Column:
        """Return a column's times by the clocks of a zone."""
        return column if zone is None or kind == DAY else sa.func.from_utc_timestamp(column, _text(zone))

    def add(self, day: Column, unit: str, count: Column | int) -> Column:
        """Return the day so many days or months later."""
        steps = written(count) if isinstance(count, int) else sa.cast(count, sa.Integer)
        return sa.func.date_add(day, steps) if unit == "day" else sa.func.add_months(day, steps)


_CLOCKS: Final[dict[str, Callable[[tuple[int, int]], Clock]]] = {
    "sqlite": SQLiteClock, "mariadb": MariaDBClock, "mysql": MariaDBClock, "spark": SparkClock,
}  # fmt: skip


def clock_of(dialect: str, start: date | None, end: date | None) -> Clock:
    """Return the clock of a dialect.

    Parameters
    ----------
    dialect
        SQLAlchemy's name of it.
    start, end
        The days that are asked for; None leaves one open.
    """
    years = (start.year - 1 if start else _FIRST_YEAR, end.year + 1 if end else _LAST_YEAR)
    return _CLOCKS.get(dialect, Clock)(years)


def _offset(moment: Column, zone: str, years: tuple[int, int]) -> Column:
    """Return the seconds that a zone's clocks are ahead of UTC at a moment, change by change."""
    first, changes = _changes(zone, *years)
    if not changes:
        return written(first)
    whens, before = [], first
    for at, after in changes:
        whens.append((moment < sa.literal_column(f"'{at:%Y-%m-%d %H:%M:%S}'"), written(before)))
        before = after
    return sa.case(*whens, else_=written(before))


@lru_cache(maxsize=64)
def _changes(zone: str, first: int, last: int) -> tuple[int, tuple[tuple[datetime, int], ...]]:
    """Return a zone's first offset, and when it changes to which, in UTC."""
    place = ZoneInfo(zone)
    day = datetime(first, 1, 1, tzinfo=UTC)
    began = before = _seconds(day, place)
    found = []
    while day.year <= last:
        after = day + timedelta(days=7)
        if _seconds(after, place) != before:
            low, high = day, after
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (low, middle) if _seconds(middle, place) != before else (middle, high)
            before = _seconds(high, place)
            found.append((high, before))
            after = high
        day = after
    return began, tuple(found)


def _seconds(moment: datetime, zone: ZoneInfo) -> int:
    return int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds())


def _text(text: str) -> Column:
    literal: Column = sa.literal_column(f"'{text}'")
    return literal


def _joined(number: Column, text: str) -> Column:
    """Return a number with text behind it; || binds closer than the number's own operators."""
    joined: Column = number.self_group().op("||", precedence=20)(_text(text))
    return joined


def _word(word: str) -> Column:
    literal: Column = sa.literal_column(word)
    return literal

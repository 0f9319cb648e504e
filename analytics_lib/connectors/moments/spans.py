"""Spans of time, in each dialect's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_SECONDS: Final = 86_400


def within(dialect: str, earlier: ColumnElement[Any], later: ColumnElement[Any], days: int) -> ColumnElement[bool]:
    """Return the condition that `later` lies less than so many days, of 24 hours each, behind `earlier`.

    Parameters
    ----------
    dialect
        SQLAlchemy's name of the dialect.
    earlier, later
        Times or days; in SQLite texts of them.
    days
        How many.
    """
    import sqlalchemy as sa

    if dialect == "sqlite":  # whose times are texts of several forms, and exact to the millisecond
        apart = (sa.func.julianday(later) - sa.func.julianday(earlier)) * float(_SECONDS)
        return sa.func.round(apart, 3) < days * _SECONDS
    words = f"interval {days * 24} hour" if dialect in {"mysql", "mariadb"} else f"interval '{days * 24} hours'"
    span: ColumnElement[Any] = sa.literal_column(words)
    return later < earlier + span

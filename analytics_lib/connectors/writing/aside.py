"""New tables of servers that cannot undo one: filled under another name, and renamed once they are whole."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

STAGE: Final = "analytics_stage_"
"""What names of tables begin with that nobody but a write knows."""


def stage_name() -> str:
    """Return a name that no other table has."""
    return STAGE + secrets.token_hex(6)


@contextmanager
def made_aside(connection: sa.Connection, target: sa.Table) -> Iterator[str]:
    """Give a new table's rows a place; after the block it has the target's name, or is gone.

    A lock of the session goes with it: what a session that died has left behind is known by a lock that is free, and
    goes at the next write.

    Parameters
    ----------
    connection
        To MariaDB or MySQL.
    target
        The table that will be there.

    Yields
    ------
    str
        The name of the table to make and to fill.
    """
    _sweep(connection, target.schema)
    name, prepared = stage_name(), connection.dialect.identifier_preparer
    aside = target.to_metadata(target.metadata, name=name)
    connection.exec_driver_sql("select get_lock(%s, 0)", (name,))
    connection.commit()
    try:
        yield name
        connection.exec_driver_sql(f"rename table {prepared.format_table(aside)} to {prepared.format_table(target)}")
    except BaseException:
        _drop(connection, aside)
        raise
    connection.exec_driver_sql("select release_lock(%s)", (name,))
    connection.commit()


def _sweep(connection: sa.Connection, schema: str | None) -> None:
    """Remove what dead sessions have left behind."""
    import sqlalchemy as sa

    left = connection.exec_driver_sql(
        "select table_name from information_schema.tables where table_schema = coalesce(%s, database()) "
        "and left(table_name, %s) = %s and is_free_lock(table_name)",
        (schema, len(STAGE), STAGE),
    ).scalars()
    for name in left.all():
        sa.Table(name, sa.MetaData(), schema=schema).drop(connection, checkfirst=True)
    connection.commit()


def _drop(connection: sa.Connection, aside: sa.Table) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    with suppress(SQLAlchemyError):  # the server may be down: the next write sweeps
        connection.rollback()
        aside.drop(connection, checkfirst=True)
        connection.commit()

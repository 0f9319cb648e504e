"""The steps of a switch: each a few statements within its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics_lib.connectors.landing.tables import Columns, Names, add_column, quarantine_table, target_table
from analytics_lib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy import Connection as SqlConnection


@dataclass(frozen=True)
class Switch:
    """What is to become of the rows that stand ready.

    Parameters
    ----------
    source, load
        Who brings them; kept with quarantined rows.
    mode
        ``replace``: all that is there goes. ``upsert``: rows of the same key go. ``append``: rows of a new key come.
        ``add``: all come.
    key
        Columns that tell rows apart.
    forget
        Whether quarantined rows of earlier loads of this source go as well.
    rebuild
        Whether the table is made anew, its columns' types having changed.
    """

    source: str
    load: str
    mode: str
    key: tuple[str, ...] = ()
    forget: bool = False
    rebuild: bool = False


def ready_quarantine(connection: SqlConnection, names: Names, columns: Columns, clean: Table, switch: Switch) -> Table:
    """Return the quarantine without what the load makes obsolete: its own rows, if it is repeated, and old ones."""
    import sqlalchemy as sa

    quarantine = quarantine_table(names, columns)
    if not is_there(connection, names.quarantine, names.schema):
        quarantine.create(connection)
        return quarantine
    known = {each["name"] for each in sa.inspect(connection).get_columns(names.quarantine, schema=names.schema)}
    for column in quarantine.columns:
        if column.name not in known:
            add_column(connection, quarantine, column)
    gone = quarantine.c["_load"] == switch.load
    if switch.forget:
        gone = sa.true()
    elif switch.key:
        same = (sa.cast(clean.c[name], sa.Text) == quarantine.c[name] for name in switch.key)
        gone |= sa.exists().where(*same).correlate(quarantine)
    connection.execute(sa.delete(quarantine).where(quarantine.c["_source"] == switch.source, gone))
    return quarantine


def keep_newest(connection: SqlConnection, quarantine: Table, switch: Switch) -> None:
    """Remove older rows of a key that this load has quarantined: a replay must not bring them back."""
    import sqlalchemy as sa

    if not switch.key:
        return
    newer = quarantine.alias("newer")
    same = sa.and_(newer.c["_load"] == switch.load, *(newer.c[name] == quarantine.c[name] for name in switch.key))
    older = sa.exists().where(newer.c["_source"] == switch.source, same).correlate(quarantine)
    connection.execute(
        sa.delete(quarantine).where(
            quarantine.c["_source"] == switch.source, quarantine.c["_load"] != switch.load, older
        )
    )


def ready_target(connection: SqlConnection, names: Names, columns: Columns, *, rebuild: bool) -> Table:
    """Return the table that rows land in, made first where there is none, with all columns."""
    import sqlalchemy as sa

    target = target_table(names, columns, connection)
    there = is_there(connection, names.table, names.schema)
    if there and rebuild:
        target.drop(connection)
    if rebuild or not there:
        target.create(connection)
        return target
    known = {each["name"] for each in sa.inspect(connection).get_columns(names.table, schema=names.schema)}
    for column in target.columns:
        if column.name not in known:
            add_column(connection, target, column)
    return target


def has_twin(one: Table, other: Table, key: Sequence[str], connection: SqlConnection) -> ColumnElement[bool]:
    """Return the condition that a row of `one` has one of the same key in `other`.

    SQLite looks through all of a table for each row of another where EXISTS asks; for IN it makes an index first.
    """
    import sqlalchemy as sa

    if connection.dialect.name != "sqlite":
        same = (other.c[name] == one.c[name] for name in key)
        return sa.exists().where(*same).correlate(one)
    keys = sa.select(*(other.c[name] for name in key)).where(*(other.c[name].is_not(None) for name in key))
    return sa.tuple_(*(one.c[name] for name in key)).in_(keys)


def make_schema(connection: SqlConnection, names: Names) -> None:
    """Make the schema that a table is to lie in.

    Raises
    ------
    SourceError
        The engine has none.
    """
    import sqlalchemy as sa

    if names.schema is None:
        return
    if connection.dialect.name == "sqlite":
        raise SourceError(f"SQLite has no schemas, and the table is {names.schema}.{names.table}",
                          hint=f"write into: {{table: {names.table}}}")  # fmt: skip
    connection.execute(sa.schema.CreateSchema(names.schema, if_not_exists=True))


def is_there(connection: SqlConnection, table: str, schema: str | None) -> bool:
    """Return whether there is a table of that name."""
    import sqlalchemy as sa

    return bool(sa.inspect(connection).has_table(table, schema=schema))


def drop_tables(connection: SqlConnection, names: Names, tables: Sequence[str]) -> None:
    """Remove tables of a schema, where they are there."""
    import sqlalchemy as sa

    for table in tables:
        gone = sa.Table(table, sa.MetaData(), schema=names.schema)
        connection.execute(sa.schema.DropTable(gone, if_exists=True))


def count_rows(connection: SqlConnection, table: Table) -> int:
    """Return the number of rows of a table."""
    import sqlalchemy as sa

    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())

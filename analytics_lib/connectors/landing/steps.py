"""The steps of a switch: each a few statements within its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics_lib.connectors.landing.tables import (
    Columns,
    Names,
    add_column,
    index_key,
    is_mariadb,
    quarantine_table,
    target_table,
)
from analytics_lib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy.sql import Executable


@dataclass(frozen=True)
class Landed:
    """What a switch has done.

    Parameters
    ----------
    rows
        Rows that came into the table.
    updated
        Those of them that took the place of one of their key.
    total
        Rows of the table now.
    waiting
        Rows of the source in the quarantine now.
    """

    rows: int
    updated: int
    total: int
    waiting: int = 0


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


def ready_quarantine(connection: SqlConnection, names: Names, columns: Columns, key: Sequence[str]) -> Table:
    """Return the table of refused rows, made first where there is none, with all columns."""
    return _ready(connection, quarantine_table(names, columns, connection), key)


def copied_quarantine(connection: SqlConnection, names: Names, columns: Columns, key: Sequence[str]) -> Table:
    """Return a copy of the quarantine beside it; the one that is there is made or widened first."""
    import sqlalchemy as sa

    there = ready_quarantine(connection, names, columns, key)
    drop_tables(connection, names, (names.held,))
    copy = quarantine_table(names, columns, connection, is_aside=True)
    copy.create(connection)
    index_key(connection, copy, key)
    listed = [column.name for column in copy.columns]
    connection.execute(sa.insert(copy).from_select(listed, sa.select(*(there.c[name] for name in listed))))
    return copy


def forget_quarantined(connection: SqlConnection, quarantine: Table, clean: Table, switch: Switch) -> None:
    """Remove from the quarantine what the load makes obsolete: its own rows, if it is repeated, and old ones."""
    import sqlalchemy as sa

    ours = quarantine.c["_source"] == switch.source
    gone = sa.true() if switch.forget else quarantine.c["_load"] == switch.load
    connection.execute(sa.delete(quarantine).where(ours, gone))
    if switch.key and not switch.forget:
        same = [sa.cast(clean.c[name], sa.Text) == quarantine.c[name] for name in switch.key]
        _delete_twins(connection, quarantine, same, [ours])


def keep_newest(connection: SqlConnection, quarantine: Table, switch: Switch) -> None:
    """Remove older rows of a key that this load has quarantined: a replay must not bring them back."""
    if not switch.key:
        return
    newer = quarantine.alias("newer")
    same = [newer.c[name] == quarantine.c[name] for name in switch.key]
    same += [newer.c["_source"] == switch.source, newer.c["_load"] == switch.load]
    older = [quarantine.c["_source"] == switch.source, quarantine.c["_load"] != switch.load]
    _delete_twins(connection, quarantine, same, older)


def ready_target(
    connection: SqlConnection, names: Names, columns: Columns, key: Sequence[str], *, rebuild: bool
) -> Table:
    """Return the table that rows land in, made first where there is none, with all columns."""
    target = target_table(names, columns, connection)
    if rebuild:
        target.drop(connection, checkfirst=True)
    return _ready(connection, target, key)


def land_rows(connection: SqlConnection, target: Table, clean: Table, columns: Columns, switch: Switch) -> Landed:
    """Let the clean rows into the table, in place of those that go."""
    import sqlalchemy as sa

    rows, updated = sa.select(*(clean.c[name] for name in columns)), 0
    if switch.mode == "replace":
        connection.execute(sa.delete(target))
    elif switch.mode == "upsert" and connection.dialect.name == "sqlite":
        updated = _changed(connection, sa.delete(target).where(_has_twin(target, clean, switch.key, connection)))
    elif switch.mode == "upsert":
        updated = _delete_twins(connection, target, [clean.c[name] == target.c[name] for name in switch.key], [])
    elif switch.mode == "append":
        rows = rows.where(~_has_twin(clean, target, switch.key, connection))
    came = _changed(connection, sa.insert(target).from_select(list(columns), rows))
    return Landed(came, updated, count_rows(connection, target))


def swap_tables(connection: SqlConnection, names: Names) -> None:
    """Let the clean rows and the copy of the quarantine take the places of both, in one statement of MariaDB.

    Names change all together or not at all, even when the server dies; views and grants go by name, and stay.
    """
    table, quarantine = names.switched
    pairs = [(names.clean, names.table), (names.quarantine, quarantine), (names.held, names.quarantine)]
    if is_there(connection, names.table, names.schema):
        pairs.insert(0, (names.table, table))
    quoted = [[_quoted(connection, names, name) for name in pair] for pair in pairs]
    connection.exec_driver_sql("RENAME TABLE " + ", ".join(f"{old} TO {new}" for old, new in quoted))


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
    if not sa.inspect(connection).has_schema(names.schema):  # IF NOT EXISTS asks for the right to make one all the same
        connection.execute(sa.schema.CreateSchema(names.schema, if_not_exists=True))


def is_there(connection: SqlConnection, table: str, schema: str | None) -> bool:
    """Return whether there is a table of that name."""
    import sqlalchemy as sa

    return bool(sa.inspect(connection).has_table(table, schema=schema))


def drop_tables(connection: SqlConnection, names: Names, tables: Sequence[str]) -> None:
    """Remove tables of a schema, where they are there."""
    import sqlalchemy as sa

    if is_mariadb(connection):  # each statement waits for the disk; one takes all tables
        listed = ", ".join(_quoted(connection, names, table) for table in tables)
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {listed}")
        return
    for table in tables:
        gone = sa.Table(table, sa.MetaData(), schema=names.schema)
        connection.execute(sa.schema.DropTable(gone, if_exists=True))


def count_rows(connection: SqlConnection, table: Table, *where: ColumnElement[bool]) -> int:
    """Return the number of rows of a table, of those that a condition holds for."""
    import sqlalchemy as sa

    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())


def _quoted(connection: SqlConnection, names: Names, table: str) -> str:
    import sqlalchemy as sa

    named = sa.Table(table, sa.MetaData(), schema=names.schema)
    return connection.dialect.identifier_preparer.format_table(named)


def _ready(connection: SqlConnection, table: Table, key: Sequence[str]) -> Table:
    """Return a table, made first where there is none, with all columns."""
    import sqlalchemy as sa

    if not is_there(connection, table.name, table.schema):
        table.create(connection)
    else:
        known = {each["name"] for each in sa.inspect(connection).get_columns(table.name, schema=table.schema)}
        for column in table.columns:
            if column.name not in known:
                add_column(connection, table, column)
    index_key(connection, table, key)
    return table


def _delete_twins(
    connection: SqlConnection, table: Table, same: Sequence[ColumnElement[bool]], only: Sequence[ColumnElement[bool]]
) -> int:
    """Delete the rows of a table that have a twin in another one, and return their number.

    Parameters
    ----------
    connection, table
        Where.
    same
        What makes a row of the other table a twin.
    only
        Which rows of the table are looked at.
    """
    import sqlalchemy as sa

    if is_mariadb(connection):  # it looks through all of the other table for each row where EXISTS asks
        return _changed(connection, sa.delete(table).where(*same, *only))
    return _changed(connection, sa.delete(table).where(sa.exists().where(*same).correlate(table), *only))


def _changed(connection: SqlConnection, statement: Executable) -> int:
    """Run a statement, and return the number of rows that it has put in or taken out."""
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _has_twin(one: Table, other: Table, key: Sequence[str], connection: SqlConnection) -> ColumnElement[bool]:
    """Return the condition that a row of `one` has one of the same key in `other`.

    SQLite looks through all of a table for each row of another where EXISTS asks; for IN it makes an index first.
    """
    import sqlalchemy as sa

    if connection.dialect.name != "sqlite":
        same = (other.c[name] == one.c[name] for name in key)
        return sa.exists().where(*same).correlate(one)
    keys = sa.select(*(other.c[name] for name in key)).where(*(other.c[name].is_not(None) for name in key))
    return sa.tuple_(*(one.c[name] for name in key)).in_(keys)

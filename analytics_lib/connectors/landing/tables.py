"""The tables of a load: their names, their columns in each engine, and the fastest way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from analytics_lib.model.columns import RESERVED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Column, Connection, Table
    from sqlalchemy.types import TypeEngine

    from analytics_lib.model.source_parts import Kind

Columns: TypeAlias = "Mapping[str, Kind]"
"""Column → type, in the table's order."""


@dataclass(frozen=True)
class Names:
    """A table's name, and those beside it."""

    schema: str | None
    table: str

    @property
    def stage(self) -> str:
        """Rows as they came."""
        return f"{self.table}__stage"

    @property
    def bad(self) -> str:
        """Numbers of rows that are not wanted."""
        return f"{self.table}__bad"

    @property
    def clean(self) -> str:
        """Rows that will be switched."""
        return f"{self.table}__clean"

    @property
    def quarantine(self) -> str:
        """Rows that were refused."""
        return f"{self.table}__quarantine"

    @property
    def beside(self) -> tuple[str, str, str]:
        """What a load leaves behind only when it is killed."""
        return self.stage, self.bad, self.clean


def names_of(table: str) -> Names:
    """Return the names of ``table`` or ``schema.table``."""
    schema, _, name = table.rpartition(".")
    return Names(schema or None, name)


def stage_table(names: Names, columns: Columns, connection: Connection) -> Table:
    """Return the table of rows as they came, numbered."""
    import sqlalchemy as sa

    return _table(names, names.stage, [sa.Column("_row", sa.BigInteger), *_columns(columns, connection)])


def clean_table(names: Names, columns: Columns, connection: Connection) -> Table:
    """Return the table of rows that will be switched."""
    return _table(names, names.clean, _columns(columns, connection))


def target_table(names: Names, columns: Columns, connection: Connection) -> Table:
    """Return the table that people read."""
    return _table(names, names.table, _columns(columns, connection))


def quarantine_table(names: Names, columns: Sequence[str] | Columns) -> Table:
    """Return the table of refused rows: all columns as text, who brought them, why they were refused, as they came."""
    import sqlalchemy as sa

    own = [sa.Column(name, sa.Text) for name in RESERVED]
    return _table(names, names.quarantine, [*(sa.Column(name, sa.Text) for name in columns), *own])


def add_column(connection: Connection, table: Table, column: Column[Any]) -> None:
    """Add a column to a table that is there."""
    preparer = connection.dialect.identifier_preparer
    kind = column.type.compile(connection.dialect)
    connection.exec_driver_sql(
        f"ALTER TABLE {preparer.format_table(table)} ADD COLUMN {preparer.format_column(column)} {kind}"
    )


def insert_rows(connection: Connection, table: Table, columns: Columns, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows the fastest way that the engine has.

    Parameters
    ----------
    connection, table
        Where.
    columns
        Column → type, in the order of each row's values.
    rows
        Rows, few enough to be held.
    """
    import sqlalchemy as sa

    if not rows:
        return
    if connection.dialect.name == "duckdb":
        _insert_arrow(connection, table, columns, rows)
        return
    names = [f"v{at}" for at in range(len(columns))]  # a column's own name need not be fit for a placeholder
    bound: dict[str, Any] = {column: sa.bindparam(name) for column, name in zip(columns, names, strict=True)}
    connection.execute(sa.insert(table).values(bound), [dict(zip(names, row, strict=True)) for row in rows])


def _insert_arrow(connection: Connection, table: Table, columns: Columns, rows: Sequence[tuple[Any, ...]]) -> None:
    """Hand rows to DuckDB as one Arrow table: a statement a row would take a thousand times as long."""
    import pyarrow as pa

    kinds = {
        "boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "decimal": pa.decimal128(38, 10),
        "date": pa.date32(), "timestamp": pa.timestamp("us"),
    }  # fmt: skip
    values = zip(columns.values(), zip(*rows, strict=True), strict=True)
    arrays = [pa.array(each, kinds.get(kind, pa.string())) for kind, each in values]
    preparer = connection.dialect.identifier_preparer
    listed = ", ".join(preparer.quote(name) for name in columns)
    duckdb: Any = connection.connection.dbapi_connection
    duckdb.register("analytics_incoming", pa.Table.from_arrays(arrays, names=[f"v{at}" for at in range(len(arrays))]))
    try:
        connection.exec_driver_sql(
            f"INSERT INTO {preparer.format_table(table)} ({listed}) SELECT * FROM analytics_incoming"  # noqa: S608 - names are quoted
        )
    finally:
        duckdb.unregister("analytics_incoming")


def _table(names: Names, table: str, columns: Sequence[Column[Any]]) -> Table:
    import sqlalchemy as sa

    return sa.Table(table, sa.MetaData(), *columns, schema=names.schema)


def _columns(columns: Columns, connection: Connection) -> list[Column[Any]]:
    import sqlalchemy as sa

    return [sa.Column(name, _type(kind, connection.dialect.name)) for name, kind in columns.items()]


def _type(kind: Kind, dialect: str) -> TypeEngine[Any]:
    import sqlalchemy as sa

    if kind == "decimal":  # SQLite has none; PostgreSQL's has no limit
        decimals: dict[str, TypeEngine[Any]] = {"sqlite": sa.Float(), "postgresql": sa.Numeric()}
        return decimals.get(dialect, sa.Numeric(38, 10))
    types: dict[str, TypeEngine[Any]] = {
        "boolean": sa.Boolean(), "integer": sa.BigInteger(), "number": sa.Double(), "date": sa.Date(),
        "timestamp": sa.DateTime(),
    }  # fmt: skip
    return types.get(kind, sa.Text())

"""The tables of a load: their names, their columns in each engine, and the way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from analytics_lib.connectors.writing.incoming import Incoming
from analytics_lib.connectors.writing.loading import load
from analytics_lib.model.columns import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Column, Connection, Table
    from sqlalchemy.types import TypeEngine

    from analytics_lib.model.source_parts import Kind

Columns: TypeAlias = "Mapping[str, Kind]"
"""Column → type, in the table's order."""

MARIADB: Final = ("mysql", "mariadb")
"""Names of its dialects."""
_KEY: Final = "analytics_key"
_INDEXED: Final = 700
"""Characters of a key's columns, together, that InnoDB indexes: it takes 3072 bytes, and a character has up to four."""


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
    def held(self) -> str:
        """The quarantine that will be switched, where that is done by names."""
        return f"{self.table}__held"

    @property
    def switched(self) -> tuple[str, str]:
        """The table and the quarantine that were, where that is done by names."""
        return f"{self.table}__switched", f"{self.table}__switched_held"

    @property
    def beside(self) -> tuple[str, ...]:
        """What a load leaves behind only when it is killed."""
        return self.stage, self.bad, self.clean, self.held, *self.switched


def names_of(table: str) -> Names:
    """Return the names of ``table`` or ``schema.table``."""
    schema, _, name = table.rpartition(".")
    return Names(schema or None, name)


def stage_table(names: Names, columns: Columns, connection: Connection) -> Table:
    """Return the table of rows as they came, numbered."""
    return _table(names.schema, names.stage, [_number(connection), *_columns(columns, connection)], connection)


def bad_table(names: Names, connection: Connection) -> Table:
    """Return the table of the numbers of rows that are not wanted."""
    return _table(names.schema, names.bad, [_number(connection)], connection)


def clean_table(names: Names, columns: Columns, connection: Connection) -> Table:
    """Return the table of rows that will be switched."""
    return _table(names.schema, names.clean, _columns(columns, connection), connection)


def target_table(names: Names, columns: Columns, connection: Connection) -> Table:
    """Return the table that people read."""
    return _table(names.schema, names.table, _columns(columns, connection), connection)


def quarantine_table(
    names: Names, columns: Sequence[str] | Columns, connection: Connection, *, is_aside: bool = False
) -> Table:
    """Return the table of refused rows: all columns as text, who brought them, why they were refused, as they came."""
    kinds: dict[str, Kind] = dict.fromkeys((*columns, *RESERVED), "text")
    name = names.held if is_aside else names.quarantine
    return _table(names.schema, name, _columns(kinds, connection), connection)


def add_column(connection: Connection, table: Table, column: Column[Any]) -> None:
    """Add a column to a table that is there."""
    preparer = connection.dialect.identifier_preparer
    kind = column.type.compile(connection.dialect)
    connection.exec_driver_sql(
        f"ALTER TABLE {preparer.format_table(table)} ADD COLUMN {preparer.format_column(column)} {kind}"
    )


def insert_rows(
    connection: Connection, table: Table, columns: Columns, batches: Iterable[Sequence[tuple[Any, ...]]]
) -> int:
    """Insert rows the fastest way that the engine has, and return their number.

    Parameters
    ----------
    connection, table
        Where.
    columns
        Column → type, in the order of each row's values.
    batches
        Rows, many at a time; one batch is held.
    """
    import pyarrow as pa

    is_exact = connection.dialect.name == "postgresql"  # its decimals have no scale: text keeps the one that came
    kinds: dict[str, Any] = {
        "boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "date": pa.date32(),
        "decimal": pa.string() if is_exact else pa.decimal128(38, 10), "timestamp": pa.timestamp("us"),
    }  # fmt: skip
    schema = pa.schema([(name, kinds.get(kind, pa.string())) for name, kind in columns.items()])
    texts = [is_exact and kind == "decimal" for kind in columns.values()]

    def arrow() -> Iterator[pa.RecordBatch]:
        for rows in batches:
            if not rows:
                continue
            arrays = []
            for field, values, is_text in zip(schema, zip(*rows, strict=True), texts, strict=True):
                plain = [None if value is None else str(value) for value in values] if is_text else values
                arrays.append(pa.array(plain, field.type))
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return load(connection, table, Incoming(schema, arrow()))


def is_mariadb(connection: Connection) -> bool:
    """Return whether it is MariaDB or MySQL: there a statement that makes or changes a table ends the transaction."""
    return connection.dialect.name in MARIADB


def index_key(connection: Connection, table: Table, key: Sequence[str]) -> None:
    """Index the key of a table in MariaDB, unless it is; the other engines hash what is joined, MariaDB loops."""
    import sqlalchemy as sa

    if not key or not is_mariadb(connection):
        return
    there = sa.inspect(connection).get_indexes(table.name, schema=table.schema)
    if any(each["column_names"][: len(key)] == [*key] for each in there):
        return
    lengths = {name: _INDEXED // len(key) for name in key if isinstance(table.c[name].type, sa.Text)}
    options: dict[str, Any] = {f"{connection.dialect.name}_length": lengths}
    index = sa.Index(_KEY, *(table.c[name] for name in key), **options)
    if any(each["name"] == _KEY for each in there):  # of a key that the source had before
        index.drop(connection)
    index.create(connection)


def _table(schema: str | None, name: str, columns: Sequence[Column[Any]], connection: Connection) -> Table:
    import sqlalchemy as sa

    options: dict[str, Any] = {}
    if is_mariadb(connection):  # texts are told apart as everywhere else: by case, and by spaces at their end
        dialect: Any = connection.dialect
        collation = "utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin"
        given = {"engine": "InnoDB", "charset": "utf8mb4", "collate": collation}
        options = {f"{dialect.name}_{option}": value for option, value in given.items()}
    return sa.Table(name, sa.MetaData(), *columns, schema=schema, **options)


def _number(connection: Connection) -> Column[int]:
    import sqlalchemy as sa

    return sa.Column("_row", sa.BigInteger, primary_key=is_mariadb(connection), autoincrement=False)


def _columns(columns: Columns, connection: Connection) -> list[Column[Any]]:
    import sqlalchemy as sa

    return [sa.Column(name, _type(kind, connection.dialect.name)) for name, kind in columns.items()]


def _type(kind: Kind, dialect: str) -> TypeEngine[Any]:
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql

    if kind == "decimal":  # SQLite has none; PostgreSQL's has no limit
        decimals: dict[str, TypeEngine[Any]] = {"sqlite": sa.Float(), "postgresql": sa.Numeric()}
        return decimals.get(dialect, sa.Numeric(38, 10))
    types: dict[str, TypeEngine[Any]] = {
        "boolean": sa.Boolean(), "integer": sa.BigInteger(), "number": sa.Double(), "date": sa.Date(),
        "timestamp": sa.DateTime().with_variant(mysql.DATETIME(fsp=6), *MARIADB),
    }  # fmt: skip
    return types.get(kind, sa.Text().with_variant(mysql.LONGTEXT(), *MARIADB))

"""The fastest way of rows into a table, engine by engine; all within the transaction that is open."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from analytics_lib.connectors.engines.failures import Failed
from analytics_lib.connectors.reading.rows import duck_failures
from analytics_lib.connectors.writing.incoming import as_json, is_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    import sqlalchemy as sa

    from analytics_lib.connectors.writing.incoming import Incoming

_ROWS: Final = 10_000
_SENT: Final = 1024 * 1024
_DUCK_ROWS: Final = "analytics_incoming"


def load(connection: sa.Connection, table: sa.Table, rows: Incoming) -> int:
    """Append rows to a table and return their number.

    Parameters
    ----------
    connection
        In a transaction, which the caller ends.
    table
        Where to; columns that the rows do not have get their defaults.
    rows
        What is appended.

    Raises
    ------
    Failed, DBAPIError
        The database refuses a row.
    """
    return _WAYS[connection.dialect.name](connection, table, rows)


def _names(connection: sa.Connection, rows: Incoming) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return ", ".join(quote(name) for name in rows.schema.names)


def _scan(connection: sa.Connection, table: sa.Table, rows: Incoming) -> int:
    """Let DuckDB read Arrow's memory."""
    import duckdb
    import pyarrow as pa

    raw: Any = connection.connection.driver_connection
    counted = 0
    broken: list[BaseException] = []

    def batches() -> Any:
        nonlocal counted
        try:
            for batch in rows.batches:
                counted += batch.num_rows
                yield batch
        except BaseException as error:
            broken.append(error)  # Arrow passes its text on, and nothing else
            raise

    target = connection.dialect.identifier_preparer.format_table(table)
    names = _names(connection, rows)
    reader = pa.RecordBatchReader.from_batches(rows.schema, batches())
    with duck_failures():
        raw.register(_DUCK_ROWS, reader)
        try:
            raw.execute(f"insert into {target} ({names}) select {names} from {_DUCK_ROWS}")  # noqa: S608 - quoted names
        except Exception:
            if broken:
                raise broken[0] from None
            raise
        finally:
            with suppress(
                duckdb.Error
            ):  # a transaction that has failed refuses this too; the next write takes the name
                raw.unregister(_DUCK_ROWS)
    return counted


def _copy(connection: sa.Connection, table: sa.Table, rows: Incoming) -> int:
    """Send CSV, which PostgreSQL reads into whatever types the table has."""
    import psycopg
    from pyarrow import csv

    raw: Any = connection.connection.driver_connection
    target = connection.dialect.identifier_preparer.format_table(table)
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    arrays = {column.name for column in table.columns if type(column.type).__name__ == "ARRAY"}
    counted = 0
    connection.exec_driver_sql("set local time zone 'UTC'")  # times with a zone are written in it
    try:
        with (
            raw.cursor() as cursor,
            cursor.copy(f"copy {target} ({_names(connection, rows)}) from stdin (format csv)") as copy,
        ):
            for batch in rows.batches:
                counted += batch.num_rows
                buffer = io.BytesIO()
                csv.write_csv(_as_text(batch, arrays), buffer, options)
                view = buffer.getbuffer()
                for start in range(0, len(view), _SENT):
                    copy.write(view[start : start + _SENT])
    except psycopg.Error as error:
        raise Failed(str(error)) from None
    return counted


def _as_text(batch: pa.RecordBatch, arrays: set[str]) -> pa.RecordBatch:
    """Return a batch of what Arrow writes into CSV fast; all else is text as PostgreSQL reads it."""
    import pyarrow as pa

    columns = []
    for array, field in zip(batch.columns, batch.schema, strict=True):
        kind = array.type
        if pa.types.is_dictionary(kind):
            array, kind = array.dictionary_decode(), kind.value_type  # noqa: PLW2901 - the same values
        if pa.types.is_timestamp(kind):
            columns.append(array.cast(pa.timestamp(kind.unit)))  # the session is in UTC
        elif kind == pa.json_():
            columns.append(array.storage)
        elif _is_written(kind):
            columns.append(array)
        elif pa.types.is_decimal(kind) or pa.types.is_time(kind):
            columns.append(array.cast(pa.string()))
        else:
            write = _array_literal if field.name in arrays else _literal
            columns.append(pa.array([None if each is None else write(each) for each in array.to_pylist()], pa.string()))
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _is_written(kind: pa.DataType) -> bool:
    """Return whether Arrow's CSV holds values as PostgreSQL reads them."""
    import pyarrow as pa

    tests = (
        pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_date32, pa.types.is_string,
        pa.types.is_large_string,
    )  # fmt: skip
    return any(test(kind) for test in tests)


def _literal(value: Any) -> str:
    """Return a value as PostgreSQL reads it."""
    if isinstance(value, (bytes, bytearray)):
        return "\\x" + value.hex()
    if isinstance(value, timedelta):
        return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
    if hasattr(value, "months"):  # pyarrow's interval
        return f"{value.months} months {value.days} days {value.nanoseconds // 1000} microseconds"
    if isinstance(value, (dict, list)):
        return str(as_json(value))
    return str(value)


def _array_literal(value: Any) -> str:
    """Return a list as PostgreSQL reads arrays: ``{1,NULL,"a"}``."""
    if isinstance(value, list):
        return "{" + ",".join("NULL" if each is None else _array_literal(each) for each in value) + "}"
    text = _literal(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _insert(connection: sa.Connection, table: sa.Table, rows: Incoming) -> int:
    """Insert Python's values, thousands at a time."""
    quote = connection.dialect.identifier_preparer
    is_sqlite = connection.dialect.name == "sqlite"
    marks = ", ".join(["?" if is_sqlite else "%s"] * len(rows.schema))
    names = _names(connection, rows)
    statement = f"insert into {quote.format_table(table)} ({names}) values ({marks})"  # noqa: S608 - quoted names
    if not is_sqlite:
        statement = statement.replace(names, names.replace("%", "%%"))
    convert = _sqlite_value if is_sqlite else _mariadb_value
    counted = 0
    for whole in rows.batches:
        for start in range(0, whole.num_rows, _ROWS):
            batch = whole.slice(start, _ROWS)
            columns = [_values(array, convert) for array in batch.columns]
            connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))
            counted += batch.num_rows
    return counted


def _values(array: pa.Array, convert: Callable[[Any], Any]) -> Sequence[Any]:
    import pyarrow as pa

    kind, types = array.type, pa.types
    values: list[Any] = array.to_pylist()
    if types.is_integer(kind) or types.is_floating(kind) or types.is_string(kind) or types.is_boolean(kind):
        return values
    if kind == pa.json_():
        return values
    change = as_json if is_json(kind) else convert
    return [None if value is None else change(value) for value in values]


def _mariadb_value(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return str(value) if isinstance(value, UUID) else value


def _sqlite_value(value: Any) -> Any:
    """Return what SQLite can hold: text in ISO form, which sorts as the values do."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, (bytes, str, int, float)) else str(value)


_WAYS: Final[Mapping[str, Callable[[sa.Connection, sa.Table, Incoming], int]]] = {
    "postgresql": _copy, "duckdb": _scan, "sqlite": _insert, "mysql": _insert, "mariadb": _insert,
}  # fmt: skip
LOADED: Final = frozenset(_WAYS)
"""Dialects of the engines that rows are written to."""

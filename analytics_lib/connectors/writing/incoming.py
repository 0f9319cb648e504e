"""Rows that are to be written: frames, tables and streams as Arrow batches, and columns as SQL types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    import pyarrow as pa
    from sqlalchemy.types import TypeEngine

_KEY_LENGTH: Final = 255
"""Characters of a text column that MariaDB can index."""


@dataclass(frozen=True)
class Incoming:
    """Rows on their way into a table.

    Parameters
    ----------
    schema
        Their columns.
    batches
        The rows; they can be taken once.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def incoming(rows: object) -> Incoming:
    """Return anything that holds rows as Arrow batches.

    Raises
    ------
    InputError
        It holds none, or a column's values do not share a type.
    """
    import pandas as pd
    import pyarrow as pa

    if isinstance(rows, pd.DataFrame):
        rows = _table(rows)
    if isinstance(rows, pa.RecordBatch):
        rows = pa.Table.from_batches([rows])
    if isinstance(rows, pa.Table):
        found = Incoming(rows.schema, iter(rows.to_batches()))
    elif isinstance(rows, pa.RecordBatchReader):
        found = Incoming(rows.schema, iter(rows))
    elif isinstance(rows, Iterable):
        found = _streamed(iter(rows))
    else:
        raise InputError(f"a {type(rows).__name__} cannot be written", hint="give a DataFrame or an Arrow table")
    names = found.schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        what = f"has two columns '{twice[0]}'" if twice else "has no columns"
        raise InputError(f"what is to be written {what}", hint="give each column a name of its own")
    return found


def _streamed(batches: Iterator[object]) -> Incoming:
    import pyarrow as pa

    first = next(batches, None)
    if not isinstance(first, pa.RecordBatch):
        raise InputError(
            f"a stream of {type(first).__name__} cannot be written", hint="give Arrow record batches, as .stream() does"
        )

    def all_of_them() -> Iterator[pa.RecordBatch]:
        yield first
        for batch in batches:
            if not isinstance(batch, pa.RecordBatch) or batch.schema != first.schema:
                raise InputError("the stream's batches do not have the same columns", hint="give them one schema")
            yield batch

    return Incoming(first.schema, all_of_them())


def _table(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    content = {}
    for place, name in enumerate(frame.columns):
        if not isinstance(name, str):
            raise InputError(
                f"column {name!r} has no name of text", hint='rename it: frame.rename(columns={0: "name"})'
            )
        content[name] = _array(frame.iloc[:, place])
    if len(content) < frame.shape[1]:
        raise InputError("two columns of the frame share a name", hint="give each column a name of its own")
    return pa.table(content)


def _array(column: pd.Series[Any]) -> pa.Array:
    import pyarrow as pa

    if column.dtype == object and any(isinstance(value, dict) for value in column):
        return _json_array(column)
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError) as error:
        if any(isinstance(value, list) for value in column):
            return _json_array(column)  # a list of several types is none of a database's arrays
        raise InputError(
            f"column '{column.name}' cannot be written: {str(error).splitlines()[0]}", hint="give its values one type"
        ) from None


def _json_array(values: Iterable[object]) -> pa.Array:
    import pyarrow as pa

    return pa.ExtensionArray.from_storage(pa.json_(), pa.array(map(as_json, values), pa.string()))


def as_json(value: object) -> str | None:
    """Return a value as JSON text; None for a missing one."""
    missing = value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN is unequal to itself
    return None if missing else json.dumps(value, ensure_ascii=False, default=str)


def is_json(type_: pa.DataType) -> bool:
    """Return whether values are, or have to become, JSON: lists and structures where a database has none."""
    import pyarrow as pa

    nested = (
        pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_struct(type_) or pa.types.is_map(type_)
    )
    return nested or getattr(type_, "extension_name", "") == "arrow.json"


def sql_type(  # noqa: PLR0911 - a return for each family of types
    field: pa.Field, dialect: str, keys: Collection[str] = ()
) -> TypeEngine[Any]:
    """Return the type of a new column that holds a field's values without loss.

    Raises
    ------
    InputError
        The database has none.
    """
    import pyarrow as pa
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql

    type_ = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    types, has_times = pa.types, dialect != "mysql"
    if dialect == "sqlite":
        return _sqlite_type(type_)
    if is_json(type_):
        return _nested(type_, dialect)
    if getattr(type_, "extension_name", "") == "arrow.uuid":
        return sa.Uuid() if dialect in {"postgresql", "duckdb"} else sa.CHAR(36)
    if types.is_decimal(type_):
        return sa.Numeric(type_.precision, type_.scale)
    if types.is_timestamp(type_):
        return sa.TIMESTAMP(timezone=type_.tz is not None) if has_times else mysql.DATETIME(fsp=6)
    if types.is_time(type_) or (types.is_duration(type_) and not has_times):
        return sa.Time() if has_times else mysql.TIME(fsp=6)
    if types.is_duration(type_) or type_ == pa.month_day_nano_interval():
        if not has_times:
            raise InputError(f"column '{field.name}' holds intervals, which MariaDB has no type for")
        return sa.Interval()
    if (types.is_string(type_) or types.is_large_string(type_)) and field.name in keys and not has_times:
        return sa.String(_KEY_LENGTH)
    for test, found in _plain_types():
        if test(type_):
            return found
    raise InputError(f"column '{field.name}' holds {type_}, which no column of the database can", hint="leave it out")


def _plain_types() -> list[tuple[Any, TypeEngine[Any]]]:
    import pyarrow as pa
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql

    types = pa.types
    text, blob = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb"), sa.LargeBinary()
    return [
        (types.is_boolean, sa.Boolean()), (types.is_int8, sa.SmallInteger()), (types.is_int16, sa.SmallInteger()),
        (types.is_uint8, sa.SmallInteger()), (types.is_int32, sa.Integer()), (types.is_uint16, sa.Integer()),
        (types.is_uint64, sa.Numeric(20, 0)), (types.is_integer, sa.BigInteger()), (types.is_float32, sa.REAL()),
        (types.is_floating, sa.Double()), (types.is_date, sa.Date()), (types.is_null, text), (types.is_string, text),
        (types.is_large_string, text), (types.is_string_view, text),
        (types.is_binary, blob.with_variant(mysql.LONGBLOB(), "mysql", "mariadb")), (types.is_large_binary, blob),
        (types.is_fixed_size_binary, blob),
    ]  # fmt: skip


def _sqlite_type(type_: pa.DataType) -> TypeEngine[Any]:
    """Return one of SQLite's types: whole numbers, floats, bytes, and text, which alone keeps decimals exact."""
    import pyarrow as pa
    import sqlalchemy as sa

    types = pa.types
    if types.is_integer(type_) or types.is_boolean(type_):
        return sa.Integer()
    if types.is_floating(type_):
        return sa.Double()
    if types.is_binary(type_) or types.is_large_binary(type_):
        return sa.LargeBinary()
    return sa.Text()


def _nested(type_: pa.DataType, dialect: str) -> TypeEngine[Any]:
    import pyarrow as pa
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql

    if dialect in {"postgresql", "duckdb"} and (pa.types.is_list(type_) or pa.types.is_large_list(type_)):
        within = type_.value_type
        if not is_json(within):
            return sa.ARRAY(sql_type(pa.field("item", within), dialect))
    return postgresql.JSONB() if dialect == "postgresql" else sa.JSON()

"""Rows of an answer as Arrow: the whole of it, or one batch after the other in bounded memory."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from analytics_lib.connectors.engines.failures import Failed
from analytics_lib.connectors.reading.arrowframes import ENGINE_TYPE, frame_of
from analytics_lib.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    import pandas as pd
    import pyarrow as pa
    from sqlalchemy import CursorResult

BATCH_ROWS: Final = 65_536
"""Rows of a batch where nothing else is said."""

_MAX_DIGITS: Final = 38
_DUCKDB_ROWS: Final = 122_880
"""DuckDB hands out whole row groups; smaller batches are cut from them."""


class Rows(Protocol):
    """An answer that has not been fetched yet. It is fetched once, in one of the two ways."""

    def whole(self, limit: int | None = None) -> pa.Table:
        """Return all rows; where there are more than `limit`, at least one more than that."""

    def pieces(self, size: int) -> Generator[pa.RecordBatch]:
        """Yield batches of at most `size` rows, all with one schema; one without rows where there are none."""


@dataclass(frozen=True)
class Column:
    """A column of a cursor's rows.

    Parameters
    ----------
    name
        Its name.
    type
        Arrow's type; None where the values decide.
    convert
        Turns a value that is not missing into one that Arrow takes for the type.
    """

    name: str
    type: pa.DataType | None = None
    convert: Callable[[Any], Any] | None = None

    def array(self, values: Sequence[Any], type_: pa.DataType | None) -> pa.Array:
        """Return values as an Arrow array.

        Raises
        ------
        ArrowInvalid, ArrowTypeError, OverflowError
            They do not fit.
        """
        import pyarrow as pa

        if self.convert is not None:
            values = [None if value is None else self.convert(value) for value in values]
        if isinstance(type_, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(type_, pa.array(values, type_.storage_type))
        array = pa.array(values, type_)
        if type_ is None and pa.types.is_decimal128(array.type):
            return array.cast(pa.decimal128(_MAX_DIGITS, array.type.scale))  # the digits of the widest, not of these
        return array


class CursorRows:
    """Python rows of a DBAPI cursor.

    Parameters
    ----------
    result
        The answer.
    columns
        What is known of its columns.
    """

    def __init__(self, result: CursorResult[Any], columns: Sequence[Column]) -> None:
        self._result = result
        self._columns = columns

    def whole(self, limit: int | None = None) -> pa.Table:
        """Return all rows; where there are more than `limit`, one more than that."""
        rows = self._result.fetchall() if limit is None else self._result.fetchmany(limit + 1)
        return self._table(rows)

    def frame(self, limit: int | None, *, widen: bool) -> pd.DataFrame:
        """Return all rows as a frame; a column of several types, which Arrow does not know, holds Python's objects."""
        import pandas as pd

        rows = self._result.fetchall() if limit is None else self._result.fetchmany(limit + 1)
        try:
            return frame_of(self._table(rows), widen=widen)
        except QueryError:
            names = [column.name for column in self._columns]
            return pd.DataFrame.from_records(rows, columns=names, coerce_float=True)

    def pieces(self, size: int) -> Generator[pa.RecordBatch]:
        """Yield batches; the first decides the types that the engine does not tell."""
        import pyarrow as pa

        schema: pa.Schema | None = None
        done = 0
        while (rows := self._result.fetchmany(size)) or schema is None:
            types = [column.type for column in self._columns] if schema is None else schema.types
            arrays = self._arrays(rows, types, after=done)
            if schema is None:
                schema = pa.schema(
                    [pa.field(each.name, array.type) for each, array in zip(self._columns, arrays, strict=True)]
                )
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            done += len(rows)
            if not rows:
                return

    def _table(self, rows: Sequence[Any]) -> pa.Table:
        import pyarrow as pa

        arrays = self._arrays(rows, [column.type for column in self._columns])
        return pa.Table.from_arrays(arrays, names=[column.name for column in self._columns])

    def _arrays(self, rows: Sequence[Any], types: Sequence[pa.DataType | None], *, after: int = 0) -> list[pa.Array]:
        import pyarrow as pa

        listed = list(zip(*rows, strict=True)) if rows else [()] * len(self._columns)
        arrays = []
        for column, values, type_ in zip(self._columns, listed, types, strict=True):
            try:
                arrays.append(column.array(values, type_))
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError) as error:
                if column.type is not None and type_ is column.type and not after:
                    arrays.append(self._as_it_is(column, values, error))
                    continue
                before = f" after {after:,} rows of {type_}" if after else ""
                raise QueryError(
                    f"column '{column.name}' holds values of several types{before}: {_short(error)}",
                    hint="give it one type in the query: cast(… as …)",
                ) from None
        return arrays

    def _as_it_is(self, column: Column, values: Sequence[Any], error: Exception) -> pa.Array:
        """Return values that do not fit the type that the engine has told, as Arrow sees them: 7 is no boolean."""
        import pyarrow as pa

        try:
            return pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            raise QueryError(f"column '{column.name}' cannot be read: {_short(error)}") from None


class DuckRows:
    """What DuckDB hands out by itself.

    Parameters
    ----------
    answer
        A relation, or a connection after a statement.
    """

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._kinds = [str(each[1]) for each in answer.description]

    def whole(self, limit: int | None = None) -> pa.Table:
        """Return all rows; where there are more than `limit`, at least one more than that."""
        import pyarrow as pa

        if limit is None:
            with duck_failures():
                told = self._answer.to_arrow_table()
            schema = self._schema(told.schema)
            return pa.Table.from_batches([_typed(batch, schema) for batch in told.to_batches()], schema)
        batches: list[pa.RecordBatch] = []
        with closing(self.pieces(_DUCKDB_ROWS)) as pieces:
            for batch in pieces:
                batches.append(batch)
                if sum(each.num_rows for each in batches) > limit:
                    break
        return pa.Table.from_batches(batches)

    def pieces(self, size: int) -> Generator[pa.RecordBatch]:
        """Yield batches of at most `size` rows."""
        with duck_failures():
            reader = self._answer.to_arrow_reader(size)
            schema = self._schema(reader.schema)
            with reader:  # DuckDB waits for a reader that nobody reads
                yield from cut((_typed(batch, schema) for batch in reader), schema, size)

    @property
    def is_plain(self) -> bool:
        """Whether pandas holds all columns without loss as DuckDB itself makes them."""
        return not any(kind.startswith("DECIMAL") or "INTERVAL" in kind for kind in self._kinds)

    def _schema(self, told: pa.Schema) -> pa.Schema:
        import pyarrow as pa

        own = {"UUID": pa.uuid()}
        wide = {ENGINE_TYPE: b"HUGEINT"}  # Arrow has no whole numbers of 128 bits
        fields = [
            pa.field(field.name, own.get(kind, field.type), metadata=wide if kind.endswith("HUGEINT") else None)
            for field, kind in zip(told, self._kinds, strict=True)
        ]
        return pa.schema(fields)


@contextmanager
def duck_failures() -> Iterator[None]:
    """Turn DuckDB's errors into `Failed`: these ways to it are none of SQLAlchemy's."""
    import duckdb
    import pyarrow as pa

    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise Failed(str(error)) from None


def cut(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
    """Yield batches of at most `size` rows; one without rows where there are none."""
    import pyarrow as pa

    seen = False
    for batch in batches:
        for start in range(0, batch.num_rows, size):
            seen = True
            yield batch.slice(start, size)
    if not seen:
        yield pa.RecordBatch.from_arrays([empty(field.type) for field in schema], schema=schema)


def empty(type_: pa.DataType) -> pa.Array:
    """Return an array without values."""
    import pyarrow as pa

    if isinstance(type_, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(type_, pa.array([], type_.storage_type))
    return pa.array([], type_)


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch whose UUIDs are no text."""
    import pyarrow as pa

    arrays = [
        _uuids(array) if field.type == pa.uuid() and array.type != field.type else array
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _uuids(array: pa.Array) -> pa.Array:
    import pyarrow as pa

    told = [None if value is None else UUID(value).bytes for value in array.to_pylist()]
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(told, pa.binary(16)))


def _short(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")

"""PostgreSQL through ADBC: rows come as Arrow in the server's own binary form and never become Python objects."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.engines.adbc_values import Unbindable, row_of
from analytics_lib.connectors.engines.failures import LOST_STATES, Failed, Lost
from analytics_lib.connectors.reading.arrowframes import decimals_of
from analytics_lib.connectors.reading.rows import cut
from analytics_lib.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    import pyarrow as pa

INSTALLED: Final = find_spec("adbc_driver_postgresql") is not None
_LOST_WORDS: Final = (
    "server closed the connection",
    "no connection to the server",
    "connection to server",
    "SSL SYSCALL",
    "terminating connection",
)
_STREAMED_DIGITS: Final = (76, 38)
_OWN_TYPES: Final = frozenset({b"money", b"oid", b"xid", b"cid", b"regclass", b"regproc", b"regtype"})
"""What the driver reads as other numbers than the server shows."""


class Unsuited(Exception):
    """A statement that the driver does not read, or not exactly: the database is asked through psycopg."""


class Sessions:
    """Sessions that read through ADBC; one stays open between questions.

    Parameters
    ----------
    conninfo
        What libpq is told, as psycopg is.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, query: str, hold: Callable[[Any], Any], values: Sequence[Any] = ()) -> Iterator[AdbcRows]:
        """Ask; the rows can be fetched, and the locks be looked at, until the block is left.

        Parameters
        ----------
        query
            One statement; ``$1``, ``$2`` … stand for values.
        values
            In their order. Such an answer is in memory as a whole before its first row can be fetched.
        hold
            Called with the connection once it is there: whoever ends what takes too long.

        Raises
        ------
        Unsuited
            The statement is refused, or answers with types that the driver does not read exactly.
        Lost
            The session has ended.
        """
        session = self._taken()
        try:
            hold(session)
            with session.cursor() as cursor, _failures():
                bound = _require_suited(cursor, query, values)
                cursor.execute(query, bound)
                yield AdbcRows(session, cursor)
            session.rollback()
        except BaseException:
            with suppress(Exception):  # it may be lost already
                session.close()
            raise
        with self._lock:
            self._idle.append(session)

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            while self._idle:
                with suppress(Exception):  # as above
                    self._idle.pop().close()

    def _taken(self) -> Any:
        from adbc_driver_postgresql import dbapi

        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            return dbapi.connect(self._conninfo)
        except dbapi.Error as error:
            raise Unsuited(str(error)) from None  # psycopg says in better words why nobody gets in


class AdbcRows:
    """An answer that arrives as Arrow.

    Parameters
    ----------
    session, cursor
        Where it comes from.
    """

    def __init__(self, session: Any, cursor: Any) -> None:
        self._session = session
        self._cursor = cursor

    def whole(self, limit: int | None = None) -> pa.Table:
        """Return all rows; where there are more than `limit`, at least one more than that."""
        import pyarrow as pa

        batches: list[pa.RecordBatch] = []
        rows = 0
        with _failures():
            reader = self._cursor.fetch_record_batch()
            for batch in reader:
                batches.append(batch)
                rows += batch.num_rows
                if limit is not None and rows > limit:
                    break
        return _exact(pa.Table.from_batches(batches, reader.schema))

    def pieces(self, size: int) -> Generator[pa.RecordBatch]:
        """Yield batches of at most `size` rows."""
        import pyarrow as pa

        with _failures():
            reader = self._cursor.fetch_record_batch()
            types = [_streamed(field) for field in reader.schema]
            schema = pa.schema([pa.field(each.name, type_) for each, type_ in zip(reader.schema, types, strict=True)])
            yield from cut((_cast(batch, schema) for batch in reader), schema, size)

    def locked(self) -> list[int]:
        """Return the relations that the transaction holds locks on, as the server numbers them."""
        from analytics_lib.connectors.engines.postgresql import LOCKED

        with _failures(), self._session.cursor() as cursor:
            cursor.execute(LOCKED)
            return [int(row[0]) for row in cursor.fetchall()]


def _require_suited(cursor: Any, query: str, values: Sequence[Any]) -> pa.RecordBatch | None:
    """Return the values as the driver binds them."""
    from adbc_driver_postgresql import dbapi

    try:
        bound = row_of(values, cursor.adbc_prepare(query)) if values else None
        schema = cursor.adbc_execute_schema(query, bound)
    except Unbindable as error:
        raise Unsuited(str(error)) from None
    except dbapi.Error as error:
        if _is_lost(error):
            raise Lost(_said(error)) from None
        raise Unsuited(_said(error)) from None
    for field in schema:
        told = (field.metadata or {}).get(b"POSTGRESQL:type", b"")
        if told.startswith(b"_") or told in _OWN_TYPES or (_is_opaque(field.type) and not _is_number(field)):
            raise Unsuited(f"column {field.name} is of type {told.decode()}")
    return bound


def _is_opaque(type_: pa.DataType) -> bool:
    return getattr(type_, "extension_name", "") == "arrow.opaque"


def _is_number(field: pa.Field) -> bool:
    return (field.metadata or {}).get(b"POSTGRESQL:type") == b"numeric"


def _declared(field: pa.Field) -> tuple[int, int] | None:
    """Return precision and scale of a number, where its column declares them.

    PostgreSQL keeps them in one number: precision · 2¹⁶ + scale + 4; see ``numeric_typmod_precision`` in its source.
    """
    told = int(field.metadata.get(b"POSTGRESQL:typmod", b"-1")) - 4
    precision, scale = told >> 16, told & 0x7FF
    return (precision, scale) if told >= 0 and precision <= _STREAMED_DIGITS[0] and scale <= precision else None


def _decimal(digits: tuple[int, int]) -> pa.DataType:
    import pyarrow as pa

    return pa.decimal128(*digits) if digits[0] <= 38 else pa.decimal256(*digits)  # noqa: PLR2004 - what 128 bits hold


def _exact(table: pa.Table) -> pa.Table:
    """Return a table whose numbers are no text, and whose fields carry no more than name and type."""
    import pyarrow as pa

    columns = [_numbers(column, field) for column, field in zip(table.columns, table.schema, strict=True)]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _numbers(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    import pyarrow as pa

    if not _is_number(field):
        return column
    text = pa.chunked_array([chunk.storage for chunk in column.chunks], pa.string())
    digits = _declared(field)
    if digits is not None:
        with suppress(pa.ArrowInvalid):  # NaN is a number to PostgreSQL
            return text.cast(_decimal(digits))
    return decimals_of(text)


def _streamed(field: pa.Field) -> pa.DataType:
    """Return a type that is known before the rows are: a number without declared digits gets as many as there are."""
    return _decimal(_declared(field) or _STREAMED_DIGITS) if _is_number(field) else field.type


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    arrays = []
    for array, field in zip(batch.columns, schema, strict=True):
        try:
            arrays.append(array.storage.cast(field.type) if _is_opaque(array.type) else array)
        except pa.ArrowInvalid as error:
            raise QueryError(
                f"column '{field.name}' does not fit {field.type}: {error}",
                hint="cast it in the query: cast(… as numeric(30, 10)), or as double precision",
            ) from None
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn the driver's errors into `Lost` and `Failed`."""
    import pyarrow as pa
    from adbc_driver_postgresql import dbapi

    try:
        yield
    except (dbapi.Error, pa.ArrowException, OSError) as error:
        raise (Lost if _is_lost(error) else Failed)(_said(error)) from None


def _is_lost(error: Exception) -> bool:
    state = getattr(error, "sqlstate", None) or ""
    return state.startswith(LOST_STATES) or any(words in str(error) for words in _LOST_WORDS)


def _said(error: Exception) -> str:
    """Return what the server says, without what the driver adds."""
    details = dict(getattr(error, "details", None) or ())
    told = details.get(b"PG_DIAG_MESSAGE_PRIMARY", b"")
    text = (told if isinstance(told, bytes) else b"").decode(errors="replace")
    return text or re.split(r"(?:ERROR|FATAL):\s*", str(error))[-1].strip()

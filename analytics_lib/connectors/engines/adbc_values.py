"""Values of a statement as ADBC binds them: numbered placeholders and one row of Arrow.

Numbers, dates and the like are sent with the types that psycopg gives them, so that both drivers ask the same question.
Text is sent with the type that the server expects where it stands, which is what a literal in quotes gets.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from sqlalchemy import TextClause

_WHOLE_BITS: Final = (16, 32, 64)
_READ_FROM_TEXT: Final = frozenset({"text", "date", "timestamp"})
"""What the driver sends text as; blanks at the end of a char(n), time zones and the like are the server's to read."""


class Unbindable(Exception):
    """A value that the driver does not bind as psycopg does."""


def numbered(clause: TextClause) -> tuple[str, list[Any]]:
    """Return a statement with ``$1``, ``$2`` … for its values, and the values in that order.

    Parameters
    ----------
    clause
        A statement with bound values; lists are written out.

    Examples
    --------
    >>> from sqlalchemy import bindparam, text
    >>> listed = bindparam("b", [2, 3], expanding=True)
    >>> clause = text("select :a where x in :b and y > :a").bindparams(listed, a=1)
    >>> numbered(clause)
    ('select $1 where x in ($2, $3) and y > $1', [1, 2, 3])
    """
    from sqlalchemy.dialects.postgresql.base import PGDialect

    dialect = PGDialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call] # SQLAlchemy types no dialects
    compiled = clause.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    values = compiled.params
    return str(compiled), [values[name] for name in compiled.positiontup or ()]


def row_of(values: Sequence[Any], expected: pa.Schema) -> pa.RecordBatch:
    """Return values as one row.

    Parameters
    ----------
    values
        In the order of their numbers.
    expected
        What the server takes a literal in quotes for where each of them stands, as the driver's preparing tells it.

    Raises
    ------
    Unbindable
        A value is of a type that is left to psycopg.
    """
    import pyarrow as pa

    try:
        arrays = [_array(value, field) for value, field in zip(values, expected, strict=True)]
    except (pa.ArrowException, OverflowError) as error:
        raise Unbindable(str(error)) from None
    return pa.RecordBatch.from_arrays(arrays, names=[str(number) for number in range(1, len(arrays) + 1)])


def _array(value: object, expected: pa.Field) -> pa.Array:
    if isinstance(value, str):
        return _text(value, expected)
    import pyarrow as pa

    return pa.array([value], _type_of(value))


def _type_of(value: object) -> pa.DataType:
    import pyarrow as pa

    match value:
        case bool():
            return pa.bool_()
        case int():
            return _whole(value)
        case float():
            return pa.float64()
        case bytes():
            return pa.binary()
        case datetime():
            return pa.timestamp("us", None if value.tzinfo is None else "UTC")
        case date():
            return pa.date32()
    raise Unbindable(f"a value of type {type(value).__name__}")


def _whole(value: int) -> pa.DataType:
    """Return the shortest type that holds a whole number, which is psycopg's choice too."""
    import pyarrow as pa

    for bits, type_ in zip(_WHOLE_BITS, (pa.int16(), pa.int32(), pa.int64()), strict=True):
        if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            return type_
    raise Unbindable("a whole number beyond 64 bits")


def _text(value: str, expected: pa.Field) -> pa.Array:
    """Return text as the server expects it; a day or a time only in ISO's form, which every server reads alike."""
    import pyarrow as pa

    told = (expected.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    if told not in _READ_FROM_TEXT:
        raise Unbindable(f"text where the server expects {told}")
    return pa.array([value], pa.string()).cast(expected.type)

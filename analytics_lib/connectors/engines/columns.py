"""The types of a cursor's columns, as servers tell them, in Arrow's terms."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.reading.rows import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    from sqlalchemy import CursorResult

_MAX_DIGITS: Final = 38
_MOST_DIGITS: Final = 76
_NO_CHARACTERS: Final = 63
"""The character set of bytes, ``binary``, in MariaDB's protocol."""


def postgresql_columns(result: CursorResult[Any]) -> list[Column]:
    """Return the columns of psycopg's answer; a type that is not listed comes as the text that the server shows."""
    import pyarrow as pa

    known = _postgresql()
    columns = []
    described: Sequence[Any] = result.cursor.description or ()
    for each in described:
        type_, convert = known.get(each.type_code, (pa.string(), _text))
        if each.type_code == _NUMERIC and each.precision:
            type_ = decimal(each.precision, each.scale or 0)
        if each.type_code in _ARRAYS:
            type_, convert = None, None
        columns.append(Column(each.name, type_, convert))
    return columns


_NUMERIC: Final = 1700
_ARRAYS: Final = frozenset({1000, 1001, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1115, 1182, 1185, 1231, 2951})
"""Arrays of numbers, text, times and UUIDs, by the numbers that PostgreSQL gives its own types (``pg_type``)."""


def _postgresql() -> Mapping[int, tuple[pa.DataType | None, Callable[[Any], Any] | None]]:
    import pyarrow as pa

    text = pa.string()
    return {
        16: (pa.bool_(), None), 17: (pa.binary(), None), 18: (text, None), 19: (text, None), 20: (pa.int64(), None),
        21: (pa.int16(), None), 23: (pa.int32(), None), 25: (text, None), 26: (pa.int64(), None),
        114: (pa.json_(), json.dumps), 700: (pa.float32(), None), 701: (pa.float64(), None), 1042: (text, None),
        1043: (text, None), 1082: (pa.date32(), None), 1083: (pa.time64("us"), None),
        1114: (pa.timestamp("us"), None), 1184: (pa.timestamp("us", "UTC"), None),
        1186: (pa.month_day_nano_interval(), None), _NUMERIC: (None, None), 2950: (pa.uuid(), _bytes),
        3802: (pa.json_(), json.dumps),
    }  # fmt: skip


def mariadb_columns(result: CursorResult[Any]) -> list[Column]:
    """Return the columns of PyMySQL's answer; text and bytes share their numbers, but not their character set."""
    import pyarrow as pa
    from pymysql.constants import FIELD_TYPE as TYPE

    known: Mapping[int, pa.DataType] = {
        TYPE.SHORT: pa.int16(), TYPE.LONG: pa.int32(), TYPE.INT24: pa.int32(), TYPE.LONGLONG: pa.int64(),
        TYPE.YEAR: pa.int16(), TYPE.FLOAT: pa.float32(), TYPE.DOUBLE: pa.float64(), TYPE.DATE: pa.date32(),
        TYPE.DATETIME: pa.timestamp("us"), TYPE.TIMESTAMP: pa.timestamp("us"), TYPE.TIME: pa.duration("us"),
    }  # fmt: skip
    fields = getattr(vars(result.cursor).get("_result"), "fields", ())  # PyMySQL has no other way to the character set
    columns = []
    described: Sequence[Any] = result.cursor.description or ()
    for (name, code, _, _, length, scale, _), field in zip_longest(described, fields):
        is_binary = getattr(field, "charsetnr", None) == _NO_CHARACTERS
        type_ = known.get(code, pa.binary() if is_binary else pa.string())
        if code == TYPE.TINY:
            type_ = pa.bool_() if length == 1 else pa.int8()  # BOOLEAN is its name for TINYINT(1)
        elif code == TYPE.NEWDECIMAL:
            type_ = pa.decimal128(_MAX_DIGITS, scale) if scale <= _MAX_DIGITS else None
        columns.append(Column(name, type_, _truth if type_ == pa.bool_() else None))
    return columns


def decimal(precision: int, scale: int) -> pa.DataType | None:
    """Return Arrow's type for declared digits; None where it has none."""
    import pyarrow as pa

    if scale < 0 or scale > precision or precision > _MOST_DIGITS:
        return None
    return pa.decimal128(precision, scale) if precision <= _MAX_DIGITS else pa.decimal256(precision, scale)


def _truth(value: int) -> bool:
    if value not in {0, 1}:
        raise ValueError(f"{value} is no boolean")
    return bool(value)


def _bytes(value: Any) -> bytes:
    return bytes(value.bytes)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)

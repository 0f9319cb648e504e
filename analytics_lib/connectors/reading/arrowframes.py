"""From Arrow to pandas without loss: missing whole numbers stay whole, decimals exact, dates in their range."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ENGINE_TYPE: Final = b"engine_type"
"""Key in a field's metadata: the engine's own name of a type that Arrow does not tell apart."""

_NULLABLE: Final = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
_MAX_DIGITS: Final = 38
_MOST_DIGITS: Final = 76
_NOT_FINITE: Final = ("NaN", "nan", "Infinity", "-Infinity", "inf", "-inf")


def frame_of(table: pa.Table, *, widen: bool = False) -> pd.DataFrame:
    """Return a table as a frame.

    Whole numbers and booleans with missing values become pandas' nullable types, decimals ``decimal128[pyarrow]``,
    dates midnights, intervals without months ``timedelta64[us]``, JSON what it says, UUIDs and lists Python's own.

    Parameters
    ----------
    table
        The rows.
    widen
        Give all whole numbers 64 bits, and floats too: Python knows no others, and arithmetic then does not overflow.
    """
    import pandas as pd

    content = {place: _values(column, table.schema.field(place), widen) for place, column in enumerate(table.columns)}
    frame = pd.DataFrame(content, index=pd.RangeIndex(table.num_rows), copy=False)
    frame.columns = pd.Index(table.column_names)
    return frame


def _values(column: pa.ChunkedArray, field: pa.Field, widen: bool) -> Any:  # noqa: PLR0911 - a case for each kind
    import pandas as pd
    import pyarrow as pa

    kind, types = column.type, pa.types
    if types.is_decimal(kind):
        if (field.metadata or {}).get(ENGINE_TYPE) == b"HUGEINT":
            return column.cast(pa.float64()).to_pandas()
        return pd.Series(pd.array(column, dtype=pd.ArrowDtype(kind)), copy=False)
    if types.is_integer(kind) or types.is_boolean(kind):
        wide = column.cast(pa.int64()) if widen and types.is_signed_integer(kind) else column
        return wide.to_pandas(types_mapper=_nullable().get if column.null_count else None)
    if types.is_floating(kind):
        return (column.cast(pa.float64()) if widen else column).to_pandas()
    if types.is_date(kind):
        return column.cast(pa.timestamp("us")).to_pandas()
    if kind == pa.month_day_nano_interval():
        return _intervals(column)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return objects(column.to_pylist())
    if types.is_map(kind):
        return objects([None if value is None else dict(value) for value in column.to_pylist()])
    if isinstance(kind, pa.BaseExtensionType):
        told = column.to_pylist()
        if kind.extension_name == "arrow.json":
            told = [None if value is None else json.loads(value) for value in told]
        return objects(told)
    return column.to_pandas()


def objects(values: list[Any]) -> pd.Series[Any]:
    """Return Python objects as a column, lists and dictionaries too."""
    import numpy as np
    import pandas as pd

    held = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        held[place] = value
    return pd.Series(held, dtype=object, copy=False)


def _nullable() -> dict[pa.DataType, Any]:
    import pandas as pd
    import pyarrow as pa

    found: dict[pa.DataType, Any] = {
        pa.type_for_alias(name.lower()): pd.api.types.pandas_dtype(name) for name in _NULLABLE
    }
    return {**found, pa.bool_(): pd.BooleanDtype()}


def _intervals(column: pa.ChunkedArray) -> Any:
    """Return lengths of time where they are that; a month has none, and is a ``DateOffset``."""
    import pyarrow as pa

    told = column.to_pylist()
    if any(value is not None and value.months for value in told):
        return column.to_pandas()
    day = 86_400_000_000
    lengths = [None if value is None else value.days * day + value.nanoseconds // 1000 for value in told]
    return pa.chunked_array([pa.array(lengths, pa.int64()).cast(pa.duration("us"))]).to_pandas()


def decimals_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return numbers written as text as decimals of the digits that they need.

    Returns
    -------
    ChunkedArray
        Of 38 digits, or 76 where these do not do; floats where a value is no number or infinite, and the text itself
        where it has more digits.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pc.any(pc.is_in(column, pa.array(_NOT_FINITE, column.type))).as_py():
        return column.cast(pa.float64())
    point = pc.find_substring(column, ".")
    lengths = pc.utf8_length(column)
    without = pc.less(point, 0)
    fraction = pc.max(pc.if_else(without, 0, pc.subtract(pc.subtract(lengths, point), 1))).as_py() or 0
    whole = pc.max(pc.if_else(without, lengths, point)).as_py() or 0
    if whole + fraction <= _MAX_DIGITS:
        return column.cast(pa.decimal128(_MAX_DIGITS, fraction))
    if whole + fraction <= _MOST_DIGITS:
        return column.cast(pa.decimal256(_MOST_DIGITS, fraction))
    return column

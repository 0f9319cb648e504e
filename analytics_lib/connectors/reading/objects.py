"""Columns of Python objects as Arrow arrays, where each object comes back with its type and its value."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np
    import pyarrow as pa

_NOTHING: Final = "nothing"
_INT64: Final = 2**63


def pack_objects(values: np.ndarray) -> tuple[dict[str, str], pa.Array] | None:
    """Return what the objects are, and an array of them; None where they would not come back as they are."""
    import pandas as pd
    import pyarrow as pa

    listed = values.tolist()
    kinds = {type(value) for value in listed}
    missing = kinds & {type(None), type(pd.NA)}
    kinds -= missing
    kind = "json" if kinds and kinds <= {dict, list} else next(iter(kinds)).__name__ if kinds else _NOTHING
    if len(missing) > 1 or (len(kinds) > 1 and kind != "json") or kind not in _WAYS:
        return None
    arrow, out, _ = _WAYS[kind]
    absent = pd.NA if type(pd.NA) in missing else None
    try:
        told = [None if value is absent else out(value) for value in listed]
        array = pa.array(told, getattr(pa, arrow)())
    except (ValueError, TypeError, OverflowError, pa.ArrowException):
        return None
    return {"of": kind, "missing": "NA" if absent is pd.NA else "None"}, array


def unpack_objects(said: Mapping[str, str], column: pa.ChunkedArray) -> np.ndarray:
    """Return the objects that `pack_objects` has packed, none of them shared with anybody."""
    import numpy as np
    import pandas as pd

    back = _WAYS[said["of"]][2]
    absent = pd.NA if said["missing"] == "NA" else None
    listed = [absent if value is None else back(value) for value in column.to_pylist()]
    values = np.empty(len(listed), dtype=object)
    for place, value in enumerate(listed):
        values[place] = value
    return values


def _same(value: Any) -> Any:
    return value


def _whole(value: int) -> int:
    if not -_INT64 <= value < _INT64:
        raise ValueError("too large")
    return value


def _plain_time(value: time) -> int:
    if value.tzinfo is not None or value.fold:
        raise ValueError("more than a time of day")
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def _time(value: int) -> time:
    seconds, microsecond = divmod(value, 1_000_000)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, microsecond)


def _json(value: dict[str, Any] | list[Any]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if not _alike(json.loads(text), value):
        raise ValueError("more than JSON")
    return text


def _alike(one: Any, other: Any) -> bool:
    """Return whether two values are the same in type and content, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN is unequal to itself


def _ordinals(value: date) -> int:
    return value.toordinal()


def _of_bytes(value: Iterable[int]) -> bytes:
    return bytes(value)


# Name of the type → Arrow's type, the way there and the way back.
_WAYS: Final[dict[str, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "str": ("large_string", _same, _same),
    "bytes": ("large_binary", _same, _same),
    "bytearray": ("large_binary", _of_bytes, bytearray),
    "bool": ("bool_", _same, _same),
    "int": ("int64", _whole, _same),
    "date": ("int32", _ordinals, date.fromordinal),
    "time": ("int64", _plain_time, _time),
    "Decimal": ("large_string", str, Decimal),
    "UUID": ("large_binary", lambda value: value.bytes, lambda value: UUID(bytes=value)),
    "json": ("large_string", _json, json.loads),
    _NOTHING: ("null", _same, _same),
}

"""Frames in Arrow files, to the bit: what is read back is what was written, or it is not written at all.

Arrow's own way from pandas and back is not exact: a missing whole number becomes a float, text that is no text becomes
text, a decimal gets other digits. Here a column of fixed width travels as its bits, text as Arrow keeps it, and objects
only where each comes back with its type and its value.
"""

from __future__ import annotations

import json
import mmap
from typing import TYPE_CHECKING, Any, Final, Literal

from analytics_lib.connectors.reading.objects import pack_objects, unpack_objects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo
    from pathlib import Path

    import numpy as np
    import pandas as pd
    import pyarrow as pa

Part = dict[str, Any]

_SPEC: Final = b"analytics_lib"
_WIDTHS: Final = frozenset({1, 2, 4, 8})
_MANY_COLUMNS: Final = 64
_MANY_CATEGORIES: Final = 10_000


class Inexact(Exception):
    """A frame that would not come back as it is."""


def pack(frame: pd.DataFrame, notes: Mapping[str, Any]) -> pa.Table:
    """Return a frame as an Arrow table, with `notes` beside it.

    Raises
    ------
    Inexact
        It would not come back as it is.
    """
    import pandas as pd
    import pyarrow as pa

    if type(frame) is not pd.DataFrame or frame.attrs or not frame.flags.allows_duplicate_labels:
        raise Inexact("more than rows and columns")
    if not frame.index.equals(pd.RangeIndex(len(frame))) or type(frame.index) is not pd.RangeIndex or frame.index.name:
        raise Inexact("an index of its own")
    arrays: list[pa.Array] = []
    parts = [_packed(frame.iloc[:, place], arrays) for place in range(frame.shape[1])]
    spec = {"rows": len(frame), "names": _names(frame.columns), "parts": parts, "notes": dict(notes)}
    names = [str(number) for number in range(len(arrays))]
    return pa.table(dict(zip(names, arrays, strict=True))).replace_schema_metadata({_SPEC: json.dumps(spec).encode()})


def write(table: pa.Table, path: Path) -> None:
    """Write a table as an Arrow file whose columns lie in one piece each.

    Raises
    ------
    OSError
        There is no room, or no right.
    """
    import pyarrow as pa

    with path.open("wb") as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def read(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the frame in a file, and the notes beside it; its memory is mapped.

    What is written into the frame stays in this process: the system copies a piece of memory when it is written to.

    Raises
    ------
    OSError
        The file is gone, or cannot be mapped.
    """
    import pandas as pd
    import pyarrow as pa

    with path.open("rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    whole = pa.py_buffer(mapped)
    table = pa.ipc.open_file(pa.BufferReader(whole)).read_all()
    spec = json.loads(table.schema.metadata[_SPEC])
    columns = iter(table.columns)
    bits = _Bits(mapped, whole.address, spec["rows"])
    content = {place: _unpacked(part, columns, bits) for place, part in enumerate(spec["parts"])}
    frame = pd.DataFrame(content, index=pd.RangeIndex(spec["rows"]), copy=False)
    dtype, names = spec["names"]
    frame.columns = pd.Index(names, dtype=dtype)
    # pandas warns of a frame in many pieces once a column is added; a direct answer is in few.
    return (frame.copy() if frame.shape[1] > _MANY_COLUMNS else frame), spec["notes"]


class _Bits:
    """The bits of columns, where they lie in the mapped file."""

    def __init__(self, mapped: mmap.mmap, start: int, rows: int) -> None:
        self._mapped = mapped
        self._start = start
        self._rows = rows

    def view(self, column: pa.ChunkedArray, dtype: str) -> np.ndarray:
        """Return a column's bits as values of `dtype`; they may be written to, and belong to this process."""
        import numpy as np

        if not self._rows:
            return np.empty(0, dtype)
        (chunk,) = column.chunks
        offset = chunk.buffers()[1].address - self._start
        return np.frombuffer(self._mapped, dtype, self._rows, offset)


def _names(columns: pd.Index) -> tuple[Literal["str", "object"], Sequence[str]]:
    import pandas as pd

    dtype = str(columns.dtype)
    names = columns.tolist()
    if type(columns) is not pd.Index or columns.name is not None or any(type(name) is not str for name in names):
        raise Inexact("columns without plain names")
    if dtype == "str":
        return "str", names
    if dtype == "object":
        return "object", names
    raise Inexact("columns without plain names")


def _packed(column: pd.Series[Any], arrays: list[pa.Array]) -> Part:
    """Add a column's arrays to `arrays` and return how to read them."""
    import pandas as pd
    import pyarrow as pa

    dtype, values = column.dtype, column.array
    if type(values) is pd.arrays.NumpyExtensionArray and dtype.kind == "O":
        packed = pack_objects(values.to_numpy())
        if packed is None:
            raise Inexact(f"objects in column {column.name!r}")
        arrays.append(packed[1])
        return {"kind": "objects", **packed[0]}
    if type(values) in {pd.arrays.NumpyExtensionArray, pd.arrays.DatetimeArray, pd.arrays.TimedeltaArray}:
        zone = getattr(dtype, "tz", None)
        plain = values.asi8.view(f"M8[{values.unit}]") if zone is not None else values.to_numpy()
        arrays.append(_bits(plain))
        return {"kind": "plain", "dtype": plain.dtype.str, "zone": _zone(zone)}
    if isinstance(values, (pd.arrays.IntegerArray, pd.arrays.BooleanArray, pd.arrays.FloatingArray)):
        data, mask = vars(values)["_data"], vars(values)["_mask"]  # pandas has no other way to both
        arrays.extend((_bits(data), _bits(mask)))
        return {"kind": "masked", "dtype": data.dtype.str}
    if isinstance(values, pd.arrays.ArrowStringArray) and dtype == "str":
        arrays.append(pa.chunked_array(pa.array(values)).combine_chunks())
        return {"kind": "text"}
    if isinstance(dtype, pd.ArrowDtype) and pa.types.is_decimal(dtype.pyarrow_dtype):
        arrays.append(pa.chunked_array(pa.array(values)).combine_chunks())
        return {"kind": "decimal"}
    if isinstance(values, pd.Categorical):
        return _packed_categories(values, arrays)
    raise Inexact(f"a column of {dtype}")


def _packed_categories(values: pd.Categorical, arrays: list[pa.Array]) -> Part:
    names = values.categories
    if len(names) > _MANY_CATEGORIES:
        raise Inexact("many categories")
    dtype, listed = _names(names)
    arrays.append(_bits(values.codes))
    return {
        "kind": "category",
        "dtype": values.codes.dtype.str,
        "categories": (dtype, listed),
        "ordered": values.ordered,
    }


def _unpacked(part: Part, columns: Any, bits: _Bits) -> Any:  # noqa: PLR0911 - a return for each kind of column
    """Return a column's values."""
    import pandas as pd

    kind = part["kind"]
    if kind == "objects":
        return pd.Series(unpack_objects(part, next(columns)), dtype=object, copy=False)
    if kind == "plain":
        plain = bits.view(next(columns), part["dtype"])
        if part["zone"] is None:
            return plain
        return pd.Series(plain, copy=False).dt.tz_localize("UTC").dt.tz_convert(_zoned(part["zone"]))
    if kind == "masked":
        arrays = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}
        made = arrays.get(part["dtype"][1], pd.arrays.IntegerArray)
        return made(bits.view(next(columns), part["dtype"]), bits.view(next(columns), "|b1"), copy=False)
    if kind == "decimal":
        decimals = next(columns)
        return pd.Series(pd.array(decimals, dtype=pd.ArrowDtype(decimals.type)), copy=False)
    if kind == "text":
        text = pd.StringDtype("pyarrow", na_value=float("nan"))
        return text.__from_arrow__(next(columns))  # type: ignore[attr-defined] # the way that pandas documents
    dtype, names = part["categories"]
    codes = bits.view(next(columns), part["dtype"])
    categories = pd.CategoricalDtype(pd.Index(names, dtype=dtype), ordered=part["ordered"])
    return pd.Categorical.from_codes(codes, dtype=categories)


def _bits(values: np.ndarray) -> pa.Array:
    """Return values of fixed width as unsigned numbers of the same bits."""
    import numpy as np
    import pyarrow as pa

    if values.dtype.kind not in "biufmM" or values.dtype.itemsize not in _WIDTHS or not values.dtype.isnative:
        raise Inexact(f"values of {values.dtype}")
    return pa.array(np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}"))


def _zone(zone: object) -> str | float | None:
    """Return a time zone as text or seconds from UTC."""
    from datetime import UTC, timezone
    from zoneinfo import ZoneInfo

    if zone is None:
        return None
    if type(zone) is ZoneInfo and zone.key and ZoneInfo(zone.key) is zone:
        return zone.key
    if type(zone) is timezone and zone is UTC:
        return 0.0
    raise Inexact(f"time zone {zone!r}")


def _zoned(zone: str | float) -> tzinfo:
    from datetime import UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(zone) if isinstance(zone, str) else UTC

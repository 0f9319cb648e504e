"""Columns of frames as arrays: numbers, and labels as codes. One way in for DataFrames and Arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.model.labels import plain_label

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

_NOT_NUMBERS: Final = "column '{name}' holds {what}, no numbers"
_NOT_FINITE: Final = "column '{name}' holds NaN, infinite or too large values"


class Columns:
    """The columns of a DataFrame or an Arrow table.

    Parameters
    ----------
    data
        One row a unit.

    Raises
    ------
    InputError
        It is neither.
    """

    def __init__(self, data: pd.DataFrame | pa.Table) -> None:
        kind = type(data).__module__.split(".")[0]
        if kind not in {"pandas", "pyarrow"} or not hasattr(data, "columns"):
            raise InputError(
                f"data of type {type(data).__name__} have no moments",
                hint="give a DataFrame, an Arrow table, or connect(…).table(…) or .query(…)",
            )
        self._data: Any = data
        self._is_arrow = kind == "pyarrow"

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self._data)

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return [str(name) for name in (self._data.column_names if self._is_arrow else self._data.columns)]

    def numbers(self, name: str) -> Floats:
        """Return a column as floats, missing values as NaN.

        Raises
        ------
        InputError
            It holds no numbers, or values that are not finite.
        """
        values, missing = self._arrow_numbers(name) if self._is_arrow else self._pandas_numbers(name)
        if not (np.isfinite(values) | missing).all():
            raise InputError(
                _NOT_FINITE.format(name=name),
                where="the frame",
                hint="leave these rows out, or put a number in their place",
            )
        if missing.any():
            values = values.copy()
            values[missing] = np.nan
        return values

    def codes(self, name: str, *, days: bool = False) -> tuple[Codes, list[Any]]:
        """Return a column as codes and the labels that they stand for, None for missing ones.

        Parameters
        ----------
        name
            The column.
        days
            Whether times are cut to days.
        """
        codes, found = self._arrow_codes(name, days=days) if self._is_arrow else self._pandas_codes(name, days=days)
        labels: dict[Any, int] = {}
        place = np.array([labels.setdefault(plain_label(each), len(labels)) for each in found], dtype=np.intp)
        if (codes < 0).any():
            place = np.append(place, labels.setdefault(None, len(labels)))  # the code −1 is the last place
        return (place[codes] if len(place) else codes), list(labels)

    def _one(self, name: str) -> Any:
        column = self._data[name]
        if not self._is_arrow and column.ndim > 1:
            raise InputError(f"there are {column.shape[1]} columns '{name}'", where="the frame", hint="rename one")
        return column

    def _pandas_numbers(self, name: str) -> tuple[Floats, NDArray[np.bool_]]:
        import pandas as pd

        column = self._one(name)
        missing = column.isna().to_numpy()
        if column.dtype == object:
            what = pd.api.types.infer_dtype(column, skipna=True)
            fits = what in {"boolean", "integer", "floating", "mixed-integer-float", "decimal", "empty"}
        else:
            what, fits = str(column.dtype), _is_number(column)
        if not fits:
            raise InputError(_NOT_NUMBERS.format(name=name, what=what), where="the frame", hint="convert it first")
        if not missing.any():
            return column.to_numpy(dtype=float), missing
        if column.dtype == object:
            return column.where(~missing, 0.0).to_numpy(dtype=float), missing
        return column.to_numpy(dtype=float, na_value=np.nan), missing

    def _arrow_numbers(self, name: str) -> tuple[Floats, NDArray[np.bool_]]:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._one(name)
        types = pa.types
        if types.is_null(column.type):
            return np.zeros(len(column)), np.ones(len(column), dtype=bool)
        if types.is_boolean(column.type):
            column = column.cast(pa.int8())
        elif not (types.is_integer(column.type) or types.is_floating(column.type) or types.is_decimal(column.type)):
            raise InputError(
                _NOT_NUMBERS.format(name=name, what=str(column.type)), where="the frame", hint="convert it first"
            )
        missing = column.is_null().to_numpy() if column.null_count else np.zeros(len(column), dtype=bool)
        column = pc.fill_null(column.cast(pa.float64(), safe=False), 0.0)
        return column.to_numpy(), missing

    def _pandas_codes(self, name: str, *, days: bool) -> tuple[Codes, list[Any]]:
        import pandas as pd

        column = self._one(name)
        if days and column.dtype.kind == "M":
            local = column.dt.tz_localize(None) if getattr(column.dtype, "tz", None) is not None else column
            column = local.astype("datetime64[s]").dt.floor("D")
        codes, labels = pd.factorize(column)
        return codes, list(labels)

    def _arrow_codes(self, name: str, *, days: bool) -> tuple[Codes, list[Any]]:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._one(name)
        if pa.types.is_timestamp(column.type) and days:
            column = (pc.local_timestamp(column) if column.type.tz else column).cast(pa.date32(), safe=False)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        coded = column.combine_chunks().dictionary_encode()
        coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.intp)
        return codes, coded.dictionary.to_pylist()


def _is_number(column: pd.Series[Any]) -> bool:
    import pandas as pd

    types = pd.api.types
    return bool(types.is_bool_dtype(column) or (types.is_numeric_dtype(column) and not types.is_complex_dtype(column)))

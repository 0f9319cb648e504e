"""Rows of a file, many at a time, as plain values; no more than that are held."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.files.lines import csv_rows, json_rows
from analytics_lib.connectors.files.places import known_format, on_disk
from analytics_lib.connectors.files.sheets import sheet_rows
from analytics_lib.errors import QueryError
from analytics_lib.model.files import Notation

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from analytics_lib.model.files import FileSpec
    from analytics_lib.model.source_parts import Kind

BATCH: Final = 5000

Row = dict[str, Any]


def file_rows(spec: FileSpec) -> Generator[tuple[list[Row], Mapping[str, Kind]]]:
    """Yield rows of a file, and the types of those columns of which the file itself says them, as Parquet does.

    Parameters
    ----------
    spec
        The file. Values of CSV are text, as `notation_of` says; nothing between two separators is None.

    Raises
    ------
    ConnectionFailed
        There is no such file, or its ending tells no format.
    QueryError
        It is none of its format, or a line of it is broken; the error names the line.
    """
    format_ = known_format(spec)
    with on_disk(spec) as path:
        if format_ == "parquet":
            yield from _parquet(path, spec)
            return
        rows = json_rows(path, spec) if format_ == "jsonl" else _named(path, spec, format_)
        while batch := list(islice(rows, BATCH)):
            yield batch, {}


def notation_of(spec: FileSpec) -> Notation | None:
    """Return how a file writes numbers, where all its values are text; None where they have types."""
    if known_format(spec) != "csv":
        return None
    return Notation(str(spec.options.get("decimal", ".")), str(spec.options.get("thousands", "")))


def _named(path: Path, spec: FileSpec, format_: str) -> Iterator[Row]:
    rows = (values for _, values in csv_rows(path, spec)) if format_ == "csv" else sheet_rows(path, spec)
    names = [str(name).strip() for name in next(rows)]
    require_names(names, spec)
    for row in rows:
        yield {name: None if value == "" else value for name, value in zip(names, row, strict=True)}


def require_names(names: list[str], spec: FileSpec) -> None:
    """Refuse columns that cannot be told apart.

    Raises
    ------
    QueryError
        A column has no name, or two have the same.
    """
    for at, name in enumerate(names):
        if not name or name in names[:at]:
            said = f"has two columns '{name}'" if name else f"has no name for column {at + 1}"
            raise QueryError(f"the header {said}", where=spec.shown, hint="give each column a name of its own")


def _parquet(path: Path, spec: FileSpec) -> Iterator[tuple[list[Row], Mapping[str, Kind]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    said = "it is no Parquet file"
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            schema, said = file.schema_arrow, "its rows cannot be read"
            require_names(schema.names, spec)
            kinds = {field.name: kind for field in schema if (kind := _kind(field.type)) is not None}
            for batch in file.iter_batches(BATCH):
                yield batch.to_pylist(), kinds
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:  # the last two: a time that Python has not
        raise QueryError(f"{said}: {str(error).splitlines()[0]}", where=spec.shown) from None


def _kind(type_: Any) -> Kind | None:
    """Return what columns of an Arrow type land as; None where their values decide."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(type_):
        return _kind(type_.value_type)
    tests: list[tuple[Any, Kind]] = [
        (types.is_boolean, "boolean"), (types.is_integer, "integer"), (types.is_floating, "number"),
        (types.is_decimal, "decimal"), (types.is_date, "date"), (types.is_timestamp, "timestamp"),
        (types.is_string, "text"), (types.is_large_string, "text"), (types.is_nested, "json"),
    ]  # fmt: skip
    return next((kind for test, kind in tests if test(type_) and not types.is_uint64(type_)), None)

"""Files of rows as tables of DuckDB."""

from __future__ import annotations

import re
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.files.lines import csv_rows, encoding_of, json_rows, separator_of, short
from analytics_lib.connectors.files.places import copies, known_format, on_disk
from analytics_lib.connectors.files.rows import notation_of, require_names
from analytics_lib.connectors.files.sheets import sheet_rows
from analytics_lib.errors import QueryError
from analytics_lib.model.columns import fit, kind_of, wider
from analytics_lib.model.files import Notation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import duckdb

    from analytics_lib.model.files import FileSpec
    from analytics_lib.model.source_parts import Kind

_CSV_ERROR: Final = re.compile(
    r"Line: (?P<line>\d+).*?column \"(?P<column>[^\"]*)\"."
    r"*?Could not convert string \"(?P<value>.*?)\" to '(?P<type>\w+)",
    re.DOTALL,
)
_NUMBERS: Final = "mend the line; or say how numbers are written: decimal, thousands"
_TYPES: Final = {"BIGINT": "whole numbers", "DOUBLE": "numbers", "DATE": "dates", "BOOLEAN": "true and false"}


def load_file(database: duckdb.DuckDBPyConnection, name: str, spec: FileSpec) -> None:
    """Make a table of a file's rows.

    Parameters
    ----------
    database
        Where the table is made.
    name
        What it is called.
    spec
        The file.

    Raises
    ------
    ConnectionFailed
        There is no such file, or its ending tells no format.
    QueryError
        A line of it cannot be read.
    """
    ways: Mapping[str, Callable[[duckdb.DuckDBPyConnection, str, Path, FileSpec], None]] = {
        "csv": _csv, "parquet": _parquet, "jsonl": _jsonl, "excel": _excel,
    }  # fmt: skip
    make = ways[known_format(spec)]
    with on_disk(spec) as path:
        make(database, '"' + name.replace('"', '""') + '"', path, spec)


def _csv(database: duckdb.DuckDBPyConnection, table: str, path: Path, spec: FileSpec) -> None:
    """Look at the lines first, so that a broken one is named; then let DuckDB find the types."""
    import duckdb

    doubtful = _doubtful(path, spec)
    given = {"delim": separator_of(spec, path), "quote": '"', "escape": '"', "header": True, "auto_detect": True}
    for option, name in (("decimal", "decimal_separator"), ("thousands", "thousands")):
        if option in spec.options:
            given[name] = str(spec.options[option])
    options = ", ".join(f"{name} = {_quoted(value)}" for name, value in given.items())
    with copies(spec) as folder:
        aside = folder / "rows.csv"  # DuckDB reads UTF-8 alone
        with (
            path.open(encoding=encoding_of(spec), newline="") as text,
            aside.open("w", encoding="utf-8", newline="") as copy,
        ):
            shutil.copyfileobj(text, copy)
        try:
            database.execute(
                f"create table {table} as select * from read_csv({_quoted(str(aside))}, {options})"  # noqa: S608 - quoted
            )
        except duckdb.Error as error:
            raise _csv_refusal(str(error), spec.shown) from None
    for at, column in enumerate(database.table(table).description):
        if at in doubtful and str(column[1]) in {"BIGINT", "DOUBLE"}:
            line, value = doubtful[at]
            raise QueryError(
                f"column '{column[0]}' holds {short(value)!r}, where other values have their thousands marked",
                where=f"{spec.shown}:{line}", hint=_NUMBERS,
            )  # fmt: skip


def _doubtful(path: Path, spec: FileSpec) -> dict[int, tuple[int, str]]:
    """Return for columns by their place the first line and value whose digits are grouped as no thousands are.

    DuckDB takes such marks for nothing: 1.5 would be read as 15.
    """
    notation, found = notation_of(spec) or Notation(), {}
    mark, lines = notation.thousands, csv_rows(path, spec)
    next(lines)
    for line, values in lines:
        for at, value in enumerate(values) if mark else ():
            if mark in value and at not in found and notation.number(value.strip()) is None:
                found[at] = line, value
    return found


def _csv_refusal(said: str, shown: str) -> QueryError:
    found = _CSV_ERROR.search(said)
    if found is None:
        return QueryError(f"the file cannot be read: {said.splitlines()[0]}", where=shown)
    lines = _TYPES.get(found["type"], found["type"].lower())
    return QueryError(
        f"column '{found['column']}' holds {short(found['value'])!r} where the lines before hold {lines}",
        where=f"{shown}:{found['line']}",
        hint=_NUMBERS,
    )


def _parquet(database: duckdb.DuckDBPyConnection, table: str, path: Path, spec: FileSpec) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            rows = file.read()
    except (pa.ArrowException, OSError) as error:
        raise QueryError(f"it is no Parquet file: {str(error).splitlines()[0]}", where=spec.shown) from None
    _take(database, table, rows)


def _jsonl(database: duckdb.DuckDBPyConnection, table: str, path: Path, spec: FileSpec) -> None:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    try:
        with path.open("rb") as stream:
            rows = arrow_json.read_json(stream)
    except pa.ArrowException as error:
        for _ in json_rows(path, spec):
            pass
        raise QueryError(
            f"the lines do not share their types: {str(error).splitlines()[0]}",
            where=spec.shown,
            hint="give each key values of one type",
        ) from None
    _take(database, table, rows)


def _excel(database: duckdb.DuckDBPyConnection, table: str, path: Path, spec: FileSpec) -> None:
    """Give each column the type that holds all its cells: text, where they share none."""
    import pyarrow as pa

    types = {
        "boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }  # fmt: skip
    names, *rows = sheet_rows(path, spec)
    require_names(names, spec)
    columns = []
    for values in zip(*rows, strict=True) if rows else [()] * len(names):
        kind: Kind | None = None
        for value in values:
            kind = wider(kind, kind_of(value))
        fitted = [_fitted(value, kind or "text") for value in values]
        columns.append(pa.array(fitted, types.get(kind or "", pa.string())))
    _take(database, table, pa.table(columns, names=names))


def _fitted(value: Any, kind: Kind) -> Any:
    return fit(value.isoformat() if kind == "text" and isinstance(value, date) else value, kind)


def _take(database: duckdb.DuckDBPyConnection, table: str, rows: Any) -> None:
    database.register("rows_of_the_file", rows)
    database.execute(f"create table {table} as select * from rows_of_the_file")  # noqa: S608 - a quoted name
    database.unregister("rows_of_the_file")


def _quoted(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "'" + str(value).replace("'", "''") + "'"

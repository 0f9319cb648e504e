"""Files of rows: CSV, Parquet, JSON lines and Excel, here or at any address that fsspec knows, as tables of DuckDB."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.request import urlopen

from analytics_lib.errors import ConnectionFailed, QueryError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import duckdb

    from analytics_lib.model.connections import ConnectionSpec

FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "csv": (".csv", ".tsv", ".txt"), "parquet": (".parquet", ".pq"), "jsonl": (".jsonl", ".ndjson"),
    "excel": (".xlsx", ".xls", ".xlsb", ".ods"),
}  # fmt: skip
_SEPARATORS: Final = ",;\t|"
_SHOWN: Final = 60
_TIMEOUT_S: Final = 60
_CSV_ERROR: Final = re.compile(
    r"Line: (?P<line>\d+).*?column \"(?P<column>[^\"]*)\"."
    r"*?Could not convert string \"(?P<value>.*?)\" to '(?P<type>\w+)",
    re.DOTALL,
)
_TYPES: Final = {"BIGINT": "whole numbers", "DOUBLE": "numbers", "DATE": "dates", "BOOLEAN": "true and false"}


def load_file(database: duckdb.DuckDBPyConnection, spec: ConnectionSpec) -> None:
    """Make a table of a file's rows; it is called as the connection is.

    Parameters
    ----------
    database
        Where the table is made.
    spec
        The connection: ``file:`` and a path or an address, and how the file is written.

    Raises
    ------
    ConnectionFailed
        There is no such file, or its ending tells no format.
    QueryError
        A line of it cannot be read.
    """
    address = spec.url.removeprefix("file:")
    format_ = str(spec.options.get("format") or _format(address, spec))
    ways: dict[str, Callable[[duckdb.DuckDBPyConnection, ConnectionSpec, bytes], None]] = {
        "csv": _csv, "parquet": _parquet, "jsonl": _jsonl, "excel": _excel,
    }  # fmt: skip
    if format_ not in ways:
        raise ConnectionFailed(f"there is no format '{format_}'", where=spec.where, hint=nearest(format_, ways))
    ways[format_](database, spec, _content(address, spec))


def _format(address: str, spec: ConnectionSpec) -> str:
    ending = PurePosixPath(address.partition("?")[0]).suffix.lower()
    for name, endings in FORMATS.items():
        if ending in endings:
            return name
    raise ConnectionFailed(
        f"the ending '{ending}' of {name_of(address)} tells no format",
        where=spec.where,
        hint=f'write format = "csv", or another of {", ".join(FORMATS)}',
    )


def _content(address: str, spec: ConnectionSpec) -> bytes:
    import fsspec

    try:
        if address.startswith(("http://", "https://")):  # fsspec would need another package for these
            with urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - no other scheme comes here
                return bytes(answer.read())
        with fsspec.open(address, "rb") as stream:
            content: bytes = stream.read()
    except FileNotFoundError:
        raise ConnectionFailed(f"there is no file {name_of(address)}", where=spec.where, hint="check the url") from None
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConnectionFailed(f"{name_of(address)} cannot be read: {said}", where=spec.where) from None
    except Exception as error:  # noqa: BLE001 - each file system of fsspec has errors of its own
        raise ConnectionFailed(f"{name_of(address)} cannot be read: {type(error).__name__}", where=spec.where) from None
    return content


def name_of(address: str) -> str:
    """Return an address as errors show it: without an account, without a query that may hold a key.

    Examples
    --------
    >>> name_of("https://ada:secret@example.com/a/b.csv?key=1")
    'https://example.com/a/b.csv'
    """
    return re.sub(r"://[^/@]*@", "://", address.partition("?")[0])


def _csv(database: duckdb.DuckDBPyConnection, spec: ConnectionSpec, content: bytes) -> None:
    """Look at the lines first, so that a broken one is named; then let DuckDB find the types."""
    import duckdb

    place = PurePosixPath(name_of(spec.url.removeprefix("file:"))).name
    text = _decoded(content, str(spec.options.get("encoding", "utf-8-sig")), place)
    separator = str(spec.options.get("separator") or max(_SEPARATORS, key=text.partition("\n")[0].count))
    _require_lines(text, separator, place)
    given = {"delim": separator, "quote": '"', "escape": '"', "header": True, "auto_detect": True}
    for option, name in (("decimal", "decimal_separator"), ("thousands", "thousands")):
        if option in spec.options:
            given[name] = str(spec.options[option])
    with tempfile.TemporaryDirectory(prefix="analytics-") as folder:
        aside = Path(folder) / "rows.csv"
        aside.write_text(text, encoding="utf-8", newline="")
        options = ", ".join(f"{name} = {_quoted(value)}" for name, value in given.items())
        try:
            database.execute(
                f"create table {_name(spec)} as select * from read_csv({_quoted(str(aside))}, {options})"  # noqa: S608 - quoted
            )
        except duckdb.Error as error:
            raise _csv_refusal(str(error), place) from None


def _decoded(content: bytes, encoding: str, place: str) -> str:
    try:
        return content.decode(encoding)
    except LookupError:
        raise QueryError(f"there is no encoding '{encoding}'", where=place, hint='"utf-8" or "cp1252", say') from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise QueryError(
            f"byte {content[error.start]:#04x} is no {encoding.removesuffix('-sig')}",
            where=f"{place}:{line}",
            hint='name the encoding that the file has: encoding = "cp1252", say',
        ) from None


def _require_lines(text: str, separator: str, place: str) -> None:
    """Refuse a file whose lines do not have the header's fields.

    Raises
    ------
    QueryError
        A line has more or fewer, or a quote is never closed.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] = []
    begun = 1
    try:
        for fields in reader:
            if not header:
                header = fields
            elif fields and len(fields) != len(header):
                raise QueryError(
                    f"the line has {len(fields)} fields where the header has {len(header)}: "
                    f"{_short(separator.join(fields))}",
                    where=f"{place}:{begun}",
                    hint="a field that holds the separator stands in double quotes",
                )
            begun = reader.line_num + 1
    except csv.Error as error:
        raise QueryError(
            f"the line cannot be read: {error}",
            where=f"{place}:{begun}",
            hint='close the quote, and write " within it as ""',
        ) from None
    if not header:
        raise QueryError("the file is empty", where=place, hint="its first line names the columns")


def _csv_refusal(said: str, place: str) -> QueryError:
    found = _CSV_ERROR.search(said)
    if found is None:
        return QueryError(f"the file cannot be read: {said.splitlines()[0]}", where=place)
    lines = _TYPES.get(found["type"], found["type"].lower())
    return QueryError(
        f"column '{found['column']}' holds {_short(found['value'])!r} where the lines before hold {lines}",
        where=f"{place}:{found['line']}",
        hint="mend the line; or say how numbers are written: decimal, thousands",
    )


def _parquet(database: duckdb.DuckDBPyConnection, spec: ConnectionSpec, content: bytes) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        _take(database, spec, pq.read_table(pa.BufferReader(content)))
    except (pa.ArrowException, OSError) as error:
        raise QueryError(f"it is no Parquet file: {str(error).splitlines()[0]}", where=_place(spec)) from None


def _jsonl(database: duckdb.DuckDBPyConnection, spec: ConnectionSpec, content: bytes) -> None:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    try:
        _take(database, spec, arrow_json.read_json(pa.BufferReader(content)))
    except pa.ArrowException as error:
        _require_json(content.splitlines(), _place(spec))
        raise QueryError(
            f"the lines do not share their types: {str(error).splitlines()[0]}",
            where=_place(spec),
            hint="give each key values of one type",
        ) from None


def _require_json(lines: Iterable[bytes], place: str) -> None:
    for number, line in enumerate(lines, start=1):
        try:
            told = json.loads(line) if line.strip() else {}
        except ValueError as error:
            raise QueryError(
                f"the line is no JSON: {error}", where=f"{place}:{number}", hint="each line is one object: {…}"
            ) from None
        if not isinstance(told, dict):
            raise QueryError(
                f"the line holds {_short(str(told))!r}", where=f"{place}:{number}", hint="each line is one object: {…}"
            )


def _excel(database: duckdb.DuckDBPyConnection, spec: ConnectionSpec, content: bytes) -> None:
    import pandas as pd

    try:
        import python_calamine
    except ImportError:
        raise ConnectionFailed(
            "spreadsheets need the package python-calamine",
            where=spec.where,
            hint="pip install 'analytics-lib[excel]'",
        ) from None
    try:
        with pd.ExcelFile(io.BytesIO(content), engine="calamine") as book:
            sheet = str(spec.options.get("sheet", book.sheet_names[0]))
            if sheet not in book.sheet_names:
                names = [str(name) for name in book.sheet_names]
                raise QueryError(f"there is no sheet '{sheet}'", where=_place(spec), hint=nearest(sheet, names))
            frame: Any = book.parse(sheet)
    except (python_calamine.CalamineError, ValueError) as error:
        raise QueryError(f"it is no spreadsheet: {str(error).splitlines()[0]}", where=_place(spec)) from None
    from analytics_lib.connectors.writing.incoming import incoming

    found = incoming(frame.rename(columns=str))
    import pyarrow as pa

    _take(database, spec, pa.Table.from_batches(found.batches, found.schema))


def _take(database: duckdb.DuckDBPyConnection, spec: ConnectionSpec, rows: Any) -> None:
    database.register("rows_of_the_file", rows)
    database.execute(f"create table {_name(spec)} as select * from rows_of_the_file")  # noqa: S608 - a quoted name
    database.unregister("rows_of_the_file")


def _place(spec: ConnectionSpec) -> str:
    return PurePosixPath(name_of(spec.url.removeprefix("file:"))).name


def _name(spec: ConnectionSpec) -> str:
    return '"' + spec.name.replace('"', '""') + '"'


def _quoted(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "'" + str(value).replace("'", "''") + "'"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

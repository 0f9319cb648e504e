"""Rows of files and of queries, many at a time, as plain values."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.statements.binding import bind, inner, require_single_select
from analytics_lib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from analytics_lib.connectors.connection import Connection

BATCH: Final = 5000
_LINES: Final = (".jsonl", ".ndjson")
_SEPARATORS: Final = ",;\t|"

Row = dict[str, Any]


def is_text(path: Path) -> bool:
    """Return whether all values of a file come as text, so that types are told by their look."""
    return path.suffix.lower() == ".csv"


def file_rows(path: Path, shown: str) -> Iterator[list[Row]]:
    """Yield the rows of a file of the workspace: CSV with a header, or JSON lines; UTF-8.

    Parameters
    ----------
    path
        The file.
    shown
        The file as errors name it.

    Raises
    ------
    SourceError
        It cannot be read, or a line of it is broken; the error names the line.
    """
    ending = path.suffix.lower()
    if ending not in {".csv", *_LINES}:
        raise SourceError(f"'{path.name}' is of no kind that can be loaded", where=shown,
                          hint="CSV (.csv) and JSON lines (.jsonl) are right")  # fmt: skip
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = _csv(stream, shown) if ending == ".csv" else _json_lines(stream, shown)
            yield from _batches(rows)
    except FileNotFoundError:
        raise SourceError("there is no such file", where=shown, hint="check the key file") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"the file is not UTF-8 text: {error.reason}", where=shown, hint="save it as UTF-8") from None
    except OSError as error:
        raise SourceError(f"the file cannot be read: {error.strerror}", where=shown) from None


def query_rows(
    connection: Connection, query: str, values: Mapping[str, object], take: Callable[[list[Row]], None]
) -> None:
    """Hand the rows of a query to `take`, many at a time; no more than that are held.

    Raises
    ------
    ConnectionFailed
        The database cannot be reached.
    QueryError
        It refuses the query, or two columns have one name.
    ReadOnlyError
        The query is none that reads.
    """
    require_single_select(query, connection.name)
    statement = bind(inner(query), values, connection.name).execution_options(stream_results=True)

    def read(result: Any) -> None:
        names = list(result.keys())
        twin = next((name for name in names if names.count(name) > 1), None)
        if twin is not None:
            raise SourceError(f"the query has two columns '{twin}'", hint="name one of them otherwise: … as …")
        for part in result.partitions(BATCH):
            take([dict(zip(names, row, strict=True)) for row in part])

    connection.run(statement, query, values, read)


def _csv(stream: IO[str], shown: str) -> Iterator[Row]:
    first = stream.readline()
    counts = {separator: first.count(separator) for separator in _SEPARATORS}
    separator = max(counts, key=lambda each: counts[each])
    stream.seek(0)
    reader = csv.reader(stream, delimiter=separator if counts[separator] else ",", strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if not names or not all(names):
            said = "is empty" if not names else f"has no name for column {names.index('') + 1}"
            raise SourceError(f"the first line {said}", where=f"{shown}:1", hint="it holds the columns' names")
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                raise SourceError(
                    f"the line has {len(row)} values, and there are {len(names)} columns",
                    where=f"{shown}:{reader.line_num}", hint="put text that holds the separator in quotes",
                )  # fmt: skip
            yield {name: value or None for name, value in zip(names, row, strict=True)}
    except csv.Error as error:
        raise SourceError(f"the line is no CSV: {error}", where=f"{shown}:{reader.line_num}") from None


def _json_lines(stream: IO[str], shown: str) -> Iterator[Row]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise SourceError(f"the line is no JSON: {error}", where=f"{shown}:{number}") from None
        if not isinstance(row, dict):
            raise SourceError("the line is no object", where=f"{shown}:{number}", hint='write {"id": 1, …}')
        yield row


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
